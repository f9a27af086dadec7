//! recording-policy.md §9.1–6: how a scenario is read and what an answer holds.

use ferric::policy::scenario::simulate;
use serde_json::json;

use crate::notation::{answer, events, plays};

#[test]
fn point_1_use_global_counts_as_absent() {
    let all = json!({ "kind": "use_global", "record_mode": "use_global", "conference_mode": "use_global", "pause_behavior": "use_global",
        "consent": "use_global", "trigger": "use_global" });
    let history = events("0 join a1 agent\n0 join c1 customer\n1 join t1 third_party\n2 a1 pause\n5 a1 resume\n9 end");
    assert_eq!(answer(&all, &history), answer(&json!({}), &history));
}

#[test]
fn point_1_modes_of_one_kind_of_project_are_not_refused_to_another() {
    plays(
        json!({ "kind": "room", "trigger": "auto_first", "record_mode": "receipts_allow" }),
        "0 join a1 agent
         5 end",
        "main end 5: a1 0-5
         states 0 recording, 5 stopped",
    );
    plays(json!({ "kind": "room", "record_mode": "none" }), "0 join a1 agent\n5 end", "states 0 disabled");
}

#[test]
fn point_2_names_of_participants_may_be_any_text() {
    let scenario = json!({ "settings": { "min_duration_s": 0, "agents": { "Åse Ødegård / 1": { "forced": true } } }, "events": [
        { "at_ms": 0, "join": { "participant": "Åse Ødegård / 1", "role": "agent" } },
        { "at_ms": 3, "command": { "by": "who?", "do": "stop" } } ] });
    let given: serde_json::Value = serde_json::from_str(&simulate(&scenario.to_string()).unwrap()).unwrap();
    assert_eq!(given["outputs"][0]["spans"], json!({ "Åse Ødegård / 1": [ { "from_ms": 0, "to_ms": 3, "gate": "open" } ] }));
    assert_eq!(given["refused"], json!([ { "at_ms": 3, "by": "who?", "do": "stop", "reason": "no_such_participant" } ]));
}

#[test]
fn point_2_any_whole_number_is_a_time() {
    let late = u64::MAX;
    let scenario = json!({ "settings": { "max_duration_s": late, "min_duration_s": late }, "events": [
        { "at_ms": 0, "join": { "participant": "a1", "role": "agent" } },
        { "at_ms": late, "end": {} } ] });
    let given: serde_json::Value = serde_json::from_str(&simulate(&scenario.to_string()).unwrap()).unwrap();
    assert_eq!(
        given["outputs"],
        json!([{ "output": "main", "kept": false, "reason": "too_short", "ended_by": "end", "duration_ms": late, "spans": {} }])
    );
}

#[test]
fn point_3_events_of_one_instant_take_effect_in_the_order_of_the_file() {
    plays(
        json!({ "record_mode": "agent_only_allow" }),
        "0 join a1 agent
         0 join c1 customer
         5 a1 customer_off
         5 a1 customer_on
         9 end",
        "main end 9: a1 0-9, c1 5-9
         states 0 recording, 9 stopped
         refused 5 a1 customer_off already",
    );
    plays(
        json!({ "record_mode": "agent_only_allow" }),
        "0 join a1 agent
         0 join c1 customer
         5 a1 customer_on
         5 a1 customer_off
         9 end",
        "main end 9: a1 0-9
         states 0 recording, 9 stopped",
    );
}

#[test]
fn point_3_max_duration_at_an_instant_comes_before_its_events() {
    plays(
        json!({ "max_duration_s": 5 }),
        "0 join a1 agent
         5 a1 pause
         8 end",
        "main max_duration 5: a1 0-5
         states 0 recording, 5 stopped
         refused 5 a1 pause not_recording",
    );
    plays(json!({ "max_duration_s": 5 }), "0 join a1 agent\n5 end", "main max_duration 5: a1 0-5\nstates 0 recording, 5 stopped");
}

#[test]
fn point_3_a_join_is_presence_then_conference_then_trigger_then_forcing() {
    // Were the trigger first, a main would begin and be ended by the third party.
    plays(
        json!({ "trigger": "auto_second", "conference_mode": "stop_on_third_party", "queue": { "forced": true } }),
        "0 join a1 agent
         2 join t1 third_party
         9 end",
        "states 0 idle, 2 stopped",
    );
    // Were forcing before the trigger, main would not have been started paused and then be lifted; the outcome is one unpaused main.
    plays(
        json!({ "trigger": "auto_second", "start_paused": true, "queue": { "forced": true } }),
        "0 join a1 agent
         2 join c1 customer
         9 end",
        "main end 7: a1 2-9, c1 2-9
         states 0 idle, 2 recording, 9 stopped",
    );
}

#[test]
fn point_3_a_leave_is_presence_then_host_then_last_then_forcing() {
    plays(
        json!({ "stop_when_host_leaves": true }),
        "0 join a1 agent
         4 leave a1
         9 end",
        "main host_left 4: a1 0-4
         states 0 recording, 4 stopped",
    );
}

#[test]
fn point_4_without_an_end_the_session_ends_at_its_last_event() {
    plays(
        json!({}),
        "0 join a1 agent
         0 join c1 customer
         7 c1 stop",
        "main end 7: a1 0-7, c1 0-7
         states 0 recording, 7 stopped
         refused 7 c1 stop not_host",
    );
    plays(json!({}), "3 join a1 agent", "main not kept, too_short, end 0\nstates 3 stopped");
    let nothing: serde_json::Value = serde_json::from_str(&simulate(r#"{ "events": [] }"#).unwrap()).unwrap();
    assert_eq!(nothing, json!({ "outputs": [], "states": [], "refused": [] }));
}

#[test]
fn point_5_mains_come_by_number_then_receipts_in_order_of_start() {
    plays(
        json!({ "agents": { "a1": { "manual_recording_allowed": true } }, "multiple_receipts_per_order": true }),
        "0 a1 start
         0 join a1 agent
         1 a1 receipt_start B
         2 a1 receipt_stop
         3 a1 stop
         3 a1 receipt_start A
         4 a1 receipt_stop
         4 a1 start
         5 a1 receipt_start B
         8 end",
        "main stop 3: a1 0-3
         main:2 end 4: a1 4-8
         receipt:B:1 receipt_stop 1: a1 1-2
         receipt:A:1 receipt_stop 1: a1 3-4
         receipt:B:2 end 3: a1 5-8
         states 0 recording, 8 stopped
         refused 0 a1 start no_such_participant",
    );
}

#[test]
fn point_5_a_participant_without_spans_is_left_out_and_a_discarded_output_keeps_its_length() {
    plays(
        json!({ "record_mode": "agent_only_forbid" }),
        "0 join a1 agent
         0 join c1 customer
         5 end",
        "main end 5: a1 0-5
         states 0 recording, 5 stopped",
    );
    plays(
        json!({ "min_duration_s": 6 }),
        "0 join a1 agent
         5 end",
        "main not kept, too_short, end 5
         states 0 recording, 5 stopped",
    );
}

#[test]
fn point_6_every_reason_for_an_end_is_told() {
    let agents = json!({ "a1": { "manual_recording_allowed": true } });
    plays(
        json!({ "agents": agents, "max_duration_s": 3 }),
        "0 join a1 agent
         4 a1 start
         6 a1 stop
         6 a1 receipt_start O
         7 a1 receipt_stop
         7 a1 start
         9 leave a1
         9 join a1 agent
         9 a1 start
         11 end",
        "main max_duration 3: a1 0-3
         main:2 stop 2: a1 4-6
         main:3 last_left 2: a1 7-9
         main:4 end 2: a1 9-11
         receipt:O:1 receipt_stop 1: a1 6-7
         states 0 recording, 3 stopped, 4 recording, 11 stopped",
    );
    plays(
        json!({ "conference_mode": "stop_on_third_party" }),
        "0 join a1 agent
         4 join t1 third_party
         9 end",
        "main third_party 4: a1 0-4
         states 0 recording, 4 stopped",
    );
    plays(
        json!({ "stop_when_host_leaves": true }),
        "0 join a1 agent
         0 join c1 customer
         4 leave a1
         9 end",
        "main host_left 4: a1 0-4, c1 0-4
         states 0 recording, 4 stopped",
    );
}
