//! recording-policy.md §4, §9.15–21.

use serde_json::json;

use crate::notation::{plays, refusals};

#[test]
fn point_15_main_starts_though_every_gate_is_closed_and_its_length_does_not_care() {
    plays(
        json!({ "consent": "per_party" }),
        "0 join a1 agent
         0 join c1 customer
         4 a1 consent_grant
         6 c1 consent_grant
         9 a1 pause
         10 a1 resume
         12 end",
        "main end 11: a1 4-9, a1 10-12, c1 6-9, c1 10-12
         states 0 awaiting_consent, 4 recording, 9 paused, 10 recording, 12 stopped",
    );
    plays(
        json!({ "pause_behavior": "silence" }),
        "0 join a1 agent
         2 a1 pause
         5 a1 resume
         9 end",
        "main end 9: a1 0-2, a1 2-5 masked, a1 5-9
         states 0 recording, 2 paused, 5 recording, 9 stopped",
    );
    // Silence stands in for what was erased: the length stays.
    plays(
        json!({}),
        "0 join a1 agent
         0 join c1 customer
         4 c1 consent_decline
         9 end",
        "main end 9: a1 0-9
         states 0 recording, 9 stopped",
    );
}

#[test]
fn point_16_an_automatic_trigger_starts_the_first_main_only() {
    plays(
        json!({}),
        "0 join c1 customer
         5 join a1 agent
         6 a1 stop
         7 join a2 agent
         9 end",
        "main stop 6: c1 0-6, a1 5-6
         states 0 recording, 6 stopped",
    );
    plays(
        json!({ "trigger": "auto_second", "conference_mode": "all" }),
        "0 join t1 third_party
         5 leave t1
         6 join c1 customer
         8 join t1 third_party
         11 end",
        "main end 3: t1 8-11, c1 8-11
         states 0 idle, 8 recording, 11 stopped",
    );
    // A main of one's own counts: the second participant starts none.
    plays(
        json!({ "kind": "room", "trigger": "auto_second" }),
        "0 join a1 agent
         0 a1 start
         3 a1 stop
         4 join c1 customer
         9 end",
        "main stop 3: a1 0-3
         states 0 recording, 3 stopped",
    );
    // Nor after everybody has left.
    plays(
        json!({}),
        "0 join c1 customer
         5 leave c1
         6 join c1 customer
         9 end",
        "main last_left 5: c1 0-5
         states 0 recording, 5 stopped",
    );
}

#[test]
fn point_17_start_paused_holds_for_every_main() {
    plays(
        json!({ "start_paused": true, "kind": "room" }),
        "0 join a1 agent
         0 a1 start
         2 a1 resume
         5 a1 stop
         6 a1 start
         9 end",
        "main stop 3: a1 2-5
         main:2 not kept, too_short, end 0
         states 0 paused, 2 recording, 5 stopped, 6 paused, 9 stopped",
    );
    // Unless forced.
    plays(
        json!({ "start_paused": true, "kind": "room", "queue": { "forced": true }, "max_duration_s": 3 }),
        "0 join a1 agent
         0 join c1 customer
         4 a1 start
         6 end",
        "main max_duration 3: a1 0-3, c1 0-3
         main:2 end 2: a1 4-6, c1 4-6
         states 0 recording, 3 stopped, 4 recording, 6 stopped",
    );
}

#[test]
fn point_18_every_started_main_takes_a_number() {
    plays(
        json!({ "kind": "room" }),
        "0 join a1 agent
         0 a1 start
         1 a1 stop
         2 a1 start
         5 leave a1
         6 join a1 agent
         6 a1 start
         9 end",
        "main not kept, too_short, stop 1
         main:2 host_left 3: a1 2-5
         main:3 end 3: a1 6-9
         states 0 recording, 1 stopped, 2 recording, 5 stopped, 6 recording, 9 stopped",
    );
}

#[test]
fn point_19_the_prompt_is_answered_once() {
    let prompt = json!({ "trigger": "prompt", "kind": "room" });
    plays(
        prompt.clone(),
        "0 join c1 customer
         1 join a1 agent
         2 a1 prompt_accept
         3 a1 prompt_accept
         3 a1 prompt_decline
         6 end",
        "main end 4: c1 2-6, a1 2-6
         states 0 idle, 2 recording, 6 stopped
         refused 3 a1 prompt_accept already
         refused 3 a1 prompt_decline already",
    );
    // A decline does nothing, and a manual start stays possible.
    plays(
        prompt.clone(),
        "0 join a1 agent
         1 a1 prompt_decline
         2 a1 start
         6 end",
        "main end 4: a1 2-6
         states 0 idle, 2 recording, 6 stopped",
    );
    // Accepting while main runs is refused and uses nothing up; declining then is an answer.
    plays(
        prompt,
        "0 join a1 agent
         1 a1 start
         2 a1 prompt_accept
         4 a1 stop
         5 a1 prompt_accept
         8 end",
        "main stop 3: a1 1-4
         main:2 end 3: a1 5-8
         states 0 idle, 1 recording, 4 stopped, 5 recording, 8 stopped
         refused 2 a1 prompt_accept already",
    );
    assert!(refusals(json!({ "trigger": "prompt", "kind": "room" }), "0 join a1 agent\n1 a1 start\n2 a1 prompt_decline").is_empty());
}

#[test]
fn point_20_the_longest_counts_mains_own_timeline_and_ends_main_only() {
    plays(
        json!({ "max_duration_s": 5 }),
        "0 join a1 agent
         1 a1 receipt_start O
         2 a1 pause
         6 a1 resume
         12 end",
        "main max_duration 5: a1 0-2, a1 6-9
         receipt:O:1 end 11: a1 1-12
         states 0 recording, 12 stopped",
    );
    plays(
        json!({ "max_duration_s": 5, "pause_behavior": "silence" }),
        "0 join a1 agent
         2 a1 pause
         12 end",
        "main max_duration 5: a1 0-2, a1 2-5 masked
         states 0 recording, 2 paused, 5 stopped, 12 stopped"
            .replace(", 12 stopped", "")
            .as_str(),
    );
}

#[test]
fn point_20_exactly_the_shortest_is_kept_and_receipts_have_no_shortest() {
    plays(json!({}), "0 join a1 agent\n2 end", "main end 2: a1 0-2\nstates 0 recording, 2 stopped");
    plays(json!({}), "0 join a1 agent\n1.999 end", "main not kept, too_short, end 1.999\nstates 0 recording, 1.999 stopped");
    plays(
        json!({ "trigger": "manual" }),
        "0 join a1 agent
         0 a1 receipt_start O
         0.001 end",
        "receipt:O:1 end 0.001: a1 0-0.001
         states 0 recording, 0.001 stopped",
    );
    // The shortest counts main's own timeline as well: four seconds of session, one of recording.
    plays(
        json!({}),
        "0 join a1 agent
         1 a1 pause
         4 end",
        "main not kept, too_short, end 1
         states 0 recording, 1 paused, 4 stopped",
    );
}

#[test]
fn point_21_the_host_has_left_when_the_last_agent_has() {
    plays(
        json!({ "stop_when_host_leaves": true }),
        "0 join a1 agent
         0 join a2 agent
         0 join c1 customer
         2 a1 receipt_start O
         3 leave a1
         5 leave a2
         9 end",
        "main host_left 5: a1 0-3, a2 0-5, c1 0-5
         receipt:O:1 host_left 3: a1 2-3, a2 2-5, c1 2-5
         states 0 recording, 5 stopped",
    );
    // In a call it does not by default; the last participant does.
    plays(
        json!({}),
        "0 join a1 agent
         0 join c1 customer
         2 a1 receipt_start O
         5 leave a1
         7 leave c1
         9 end",
        "main last_left 7: a1 0-5, c1 0-7
         receipt:O:1 last_left 5: a1 2-5, c1 2-7
         states 0 recording, 7 stopped",
    );
    // In a room it does by default.
    plays(
        json!({ "kind": "room", "trigger": "auto_first" }),
        "0 join a1 agent
         0 join c1 customer
         5 leave a1
         9 end",
        "main host_left 5: a1 0-5, c1 0-5
         states 0 recording, 5 stopped",
    );
}
