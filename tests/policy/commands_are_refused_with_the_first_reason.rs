//! recording-policy.md §6, §9.7–14.

use serde_json::{Value, json};

use crate::notation::{plays, refusals};

const BY_AGENTS: [&str; 12] = [
    "start",
    "stop",
    "pause",
    "resume",
    "customer_on",
    "customer_off",
    "censor_on",
    "censor_off",
    "receipt_start O",
    "receipt_stop",
    "prompt_accept",
    "prompt_decline",
];

/// What one command at the end of a history is answered with.
fn reason(settings: &Value, history: &str, command: &str) -> Option<String> {
    let given = refusals(settings.clone(), &format!("{history}\n9 {command}"));
    let verb = command.split_whitespace().nth(1).unwrap();
    let prefix = format!("9 {} {verb} ", command.split_whitespace().next().unwrap());
    given.iter().find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned)
}

#[track_caller]
fn refused(settings: &Value, history: &str, command: &str, why: &str) {
    assert_eq!(reason(settings, history, command).as_deref(), Some(why), "{settings} {history} {command}");
}

#[track_caller]
fn accepted(settings: &Value, history: &str, command: &str) {
    assert_eq!(reason(settings, history, command), None, "{settings} {history} {command}");
}

const BOTH_IN: &str = "0 join a1 agent\n0 join c1 customer";

#[test]
fn point_7_every_agent_may_work_a_running_recording() {
    let plain = json!({ "record_mode": "receipts_allow" });
    for command in ["a1 stop", "a1 pause", "a1 customer_on", "a1 receipt_start O", "a1 censor_on"] {
        accepted(&plain, BOTH_IN, command);
    }
    accepted(&plain, &format!("{BOTH_IN}\n1 a1 pause"), "a1 resume");
    accepted(&plain, &format!("{BOTH_IN}\n1 a1 customer_on"), "a1 customer_off");
    accepted(&plain, &format!("{BOTH_IN}\n1 a1 receipt_start O"), "a1 receipt_stop O");
    accepted(&plain, &format!("{BOTH_IN}\n1 a1 censor_on"), "a1 censor_off");
    for who in ["a1", "c1"] {
        for verb in ["consent_grant", "consent_decline", "consent_withdraw"] {
            accepted(&plain, BOTH_IN, &format!("{who} {verb}"));
        }
    }
}

#[test]
fn point_8_not_host_is_for_roles_and_not_permitted_for_properties() {
    let plain = json!({ "record_mode": "receipts_allow", "conference_mode": "all" });
    for command in BY_AGENTS {
        refused(&plain, BOTH_IN, &format!("c1 {command}"), "not_host");
        refused(&plain, &format!("{BOTH_IN}\n0 join t1 third_party"), &format!("t1 {command}"), "not_host");
    }
    refused(&plain, BOTH_IN, "a1 start", "not_permitted");
    refused(&plain, BOTH_IN, "a1 prompt_accept", "not_permitted");
    refused(&plain, BOTH_IN, "a1 prompt_decline", "not_permitted");
    let no_censor = json!({ "agents": { "a1": { "censor_allowed": false } } });
    refused(&no_censor, BOTH_IN, "a1 censor_on", "not_permitted");
    refused(&no_censor, BOTH_IN, "a1 censor_off", "not_permitted");
    refused(&plain, &format!("{BOTH_IN}\n1 c1 consent_decline"), "c1 consent_grant", "not_permitted");
}

#[test]
fn point_8_in_a_room_any_host_may_start_and_in_a_call_only_the_permitted() {
    let room = json!({ "kind": "room" });
    accepted(&room, BOTH_IN, "a1 start");
    refused(&json!({ "trigger": "manual" }), BOTH_IN, "a1 start", "not_permitted");
    accepted(&json!({ "trigger": "manual", "agents": { "a1": { "manual_recording_allowed": true } } }), BOTH_IN, "a1 start");
}

#[test]
fn point_8_only_the_prompted_agent_answers_the_prompt() {
    let prompt = json!({ "trigger": "prompt", "agents": { "a2": { "manual_recording_allowed": true }, "a3": { "manual_recording_allowed": true } } });
    let history = "0 join a1 agent\n0 join a2 agent\n0 join a3 agent";
    refused(&prompt, history, "a1 prompt_accept", "not_permitted");
    accepted(&prompt, history, "a2 prompt_accept");
    refused(&prompt, history, "a3 prompt_accept", "not_permitted");
    // It passes to nobody else, also not when the prompted agent has left, and waits for them to come back.
    refused(&prompt, &format!("{history}\n1 leave a2"), "a3 prompt_accept", "not_permitted");
    accepted(&prompt, &format!("{history}\n1 leave a2\n2 join a2 agent"), "a2 prompt_accept");
}

#[test]
fn point_9_the_first_reason_in_the_order_is_given() {
    let off = json!({ "recording_enabled": false, "record_mode": "none", "queue": { "forced": true } });
    // ended before no_such_participant
    refused(&off, "0 join a1 agent\n1 end", "nobody stop", "ended");
    // no_such_participant before recording_disabled
    refused(&off, BOTH_IN, "nobody stop", "no_such_participant");
    // recording_disabled before mode_forbids, forced, not_host
    refused(&off, BOTH_IN, "c1 stop", "recording_disabled");
    // mode_forbids before forced and not_host
    let forced = json!({ "queue": { "forced": true }, "max_duration_s": 1 });
    refused(&forced, BOTH_IN, "c1 customer_on", "mode_forbids");
    // forced before not_host and not_recording (max_duration has ended main)
    refused(&forced, BOTH_IN, "c1 stop", "forced");
    refused(&forced, BOTH_IN, "a1 pause", "forced");
    // not_host before not_recording and already
    refused(&forced, BOTH_IN, "c1 resume", "not_host");
    refused(&json!({ "trigger": "auto_first" }), BOTH_IN, "c1 resume", "not_host");
    // not_permitted before already and conference_stopped
    refused(&json!({}), BOTH_IN, "a1 start", "not_permitted");
    let conference = json!({ "trigger": "prompt", "conference_mode": "none", "agents": { "a1": { "manual_recording_allowed": true } } });
    refused(&json!({ "conference_mode": "none" }), &format!("{BOTH_IN}\n1 join t1 third_party"), "a1 start", "not_permitted");
    // not_recording before already
    refused(&json!({ "trigger": "manual" }), BOTH_IN, "a1 resume", "not_recording");
    // already before conference_stopped
    refused(&conference, &format!("{BOTH_IN}\n1 a1 prompt_decline\n2 join t1 third_party"), "a1 prompt_accept", "already");
    refused(&conference, &format!("{BOTH_IN}\n2 join t1 third_party"), "a1 prompt_accept", "conference_stopped");
    refused(&conference, &format!("{BOTH_IN}\n2 join t1 third_party"), "a1 start", "conference_stopped");
    refused(&conference, &format!("{BOTH_IN}\n2 join t1 third_party"), "a1 receipt_start O", "conference_stopped");
    refused(&conference, &format!("{BOTH_IN}\n2 join t1 third_party"), "a1 receipt_stop", "no_such_receipt");
}

#[test]
fn point_10_who_has_left_is_nobody() {
    refused(&json!({}), &format!("{BOTH_IN}\n1 leave a1"), "a1 stop", "no_such_participant");
    refused(&json!({}), &format!("{BOTH_IN}\n1 leave c1"), "c1 consent_decline", "no_such_participant");
}

#[test]
fn point_11_what_needs_a_main_and_what_is_so_already() {
    let manual = json!({ "trigger": "manual", "record_mode": "receipts_allow", "agents": { "a1": { "manual_recording_allowed": true } } });
    for verb in ["stop", "pause", "resume"] {
        refused(&manual, BOTH_IN, &format!("a1 {verb}"), "not_recording");
        refused(&manual, &format!("{BOTH_IN}\n1 a1 start\n2 a1 stop"), &format!("a1 {verb}"), "not_recording");
    }
    let running = format!("{BOTH_IN}\n1 a1 start");
    refused(&manual, &running, "a1 start", "already");
    refused(&manual, &running, "a1 resume", "already");
    let paused = format!("{running}\n2 a1 pause");
    refused(&manual, &paused, "a1 start", "already");
    refused(&manual, &paused, "a1 pause", "already");
    accepted(&manual, &paused, "a1 stop");
    refused(&manual, BOTH_IN, "a1 customer_off", "already");
    refused(&manual, &format!("{BOTH_IN}\n1 a1 customer_on"), "a1 customer_on", "already");
    refused(&manual, BOTH_IN, "a1 censor_off", "already");
    refused(&manual, &format!("{BOTH_IN}\n1 a1 censor_on"), "a1 censor_on", "already");
}

#[test]
fn point_12_a_project_that_does_not_record_refuses_all_but_consent() {
    for (settings, why) in [
        (json!({ "recording_enabled": false, "queue": { "forced": true }, "kind": "room" }), "recording_disabled"),
        (json!({ "record_mode": "none", "queue": { "forced": true }, "kind": "room" }), "mode_forbids"),
    ] {
        for command in BY_AGENTS {
            refused(&settings, BOTH_IN, &format!("a1 {command}"), why);
        }
        for verb in ["consent_grant", "consent_decline", "consent_withdraw"] {
            accepted(&settings, BOTH_IN, &format!("c1 {verb}"));
        }
        plays(settings, &format!("{BOTH_IN}\n5 join t1 third_party\n9 end"), "states 0 disabled");
    }
}

#[test]
fn point_13_the_customer_switch_is_one_for_the_session() {
    for mode in ["both", "agent_only_forbid", "receipts_forbid"] {
        refused(&json!({ "record_mode": mode }), BOTH_IN, "a1 customer_on", "mode_forbids");
        refused(&json!({ "record_mode": mode }), BOTH_IN, "a1 customer_off", "mode_forbids");
    }
    // Set before anything records, it outlives a pause, a stop, a later main and a transfer, and holds for a customer who comes later.
    plays(
        json!({ "trigger": "manual", "record_mode": "agent_only_allow", "agents": {
            "a1": { "manual_recording_allowed": true }, "a2": { "manual_recording_allowed": true } } }),
        "0 join a1 agent
         0 join c1 customer
         1 a1 customer_on
         2 a1 start
         4 a1 pause
         5 a1 resume
         6 a1 stop
         7 join a2 agent
         7 leave a1
         8 a2 start
         9 join c2 customer
         12 a2 customer_off
         13 end",
        "main stop 3: a1 2-4, a1 5-6, c1 2-4, c1 5-6
         main:2 end 5: c1 8-12, a2 8-13, c2 9-12
         states 0 idle, 2 recording, 4 paused, 5 recording, 6 stopped, 8 recording, 13 stopped",
    );
}

#[test]
fn point_14_the_censor_is_one_switch_and_outlives_its_setter() {
    // Set while idle and under forcing; outputs that start later are masked too; an agent without the right cannot take it back.
    plays(
        json!({ "trigger": "manual", "agents": { "a1": { "forced": true }, "a2": { "censor_allowed": false }, "a3": {} } }),
        "0 join a1 agent
         0 a1 censor_on
         1 join c1 customer
         3 a1 receipt_start O
         4 join a2 agent
         4 leave a1
         5 a2 censor_off
         6 a2 receipt_stop
         7 join a3 agent
         8 a3 censor_off
         9 end",
        "main end 8: a1 1-4 masked, c1 1-8 masked, c1 8-9, a2 4-8 masked, a2 8-9, a3 7-8 masked, a3 8-9
         receipt:O:1 receipt_stop 3: a1 3-4 masked, c1 3-6 masked, a2 4-6 masked
         states 0 idle, 1 censored, 8 recording, 9 stopped
         refused 5 a2 censor_off not_permitted",
    );
}
