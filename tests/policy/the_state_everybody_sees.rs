//! recording-policy.md §7, §9.38, §9.39.

use serde_json::json;

use crate::notation::states;

#[test]
fn point_38_disabled_stays_also_after_the_end() {
    assert_eq!(states(json!({ "recording_enabled": false }), "0 join a1 agent\n1 join t1 third_party\n5 end"), "0 disabled");
    assert_eq!(states(json!({ "record_mode": "none", "conference_mode": "none" }), "0 join t1 third_party\n5 end"), "0 disabled");
}

#[test]
fn point_38_with_no_output_running_it_is_stopped_if_one_ever_ran_else_idle() {
    assert_eq!(states(json!({ "trigger": "manual", "consent": "all_party" }), "0 join a1 agent\n5 end"), "0 idle");
    assert_eq!(states(json!({}), "0 join a1 agent\n2 a1 stop\n5 end"), "0 recording, 2 stopped");
    assert_eq!(
        states(json!({ "trigger": "manual", "conference_mode": "none" }), "0 join a1 agent\n2 join t1 third_party\n5 end"),
        "0 idle, 2 stopped"
    );
    // One that ran for no time ran.
    assert_eq!(
        states(json!({ "trigger": "manual" }), "0 join a1 agent\n1 a1 receipt_start O\n1 a1 receipt_stop\n5 end"),
        "0 idle, 1 stopped"
    );
}

#[test]
fn point_38_paused_is_said_only_while_no_receipt_runs_and_before_anything_else() {
    assert_eq!(
        states(
            json!({ "consent": "per_party" }),
            "0 join a1 agent
             1 a1 pause
             2 a1 censor_on
             3 a1 receipt_start O
             4 a1 consent_grant
             5 a1 receipt_stop
             6 a1 resume
             7 a1 censor_off
             9 end"
        ),
        "0 awaiting_consent, 1 paused, 3 awaiting_consent, 4 censored, 5 paused, 6 censored, 7 recording, 9 stopped"
    );
}

#[test]
fn point_38_nobody_open_is_awaiting_consent_only_while_somebody_has_not_answered() {
    assert_eq!(
        states(
            json!({ "consent": "per_party" }),
            "0 join a1 agent\n0 join c1 customer\n1 a1 consent_withdraw\n2 c1 consent_withdraw\n5 end"
        ),
        "0 awaiting_consent, 2 idle, 5 stopped"
    );
    assert_eq!(states(json!({}), "0 join c1 customer\n1 c1 consent_withdraw\n5 end"), "0 recording, 1 idle, 5 stopped");
    // A censor over nobody is no censored state.
    assert_eq!(
        states(json!({ "record_mode": "agent_only_forbid" }), "0 join c1 customer\n1 join a1 agent\n2 a1 censor_on\n3 leave a1\n5 end"),
        "0 idle, 1 recording, 2 censored, 3 idle, 5 stopped"
    );
}

#[test]
fn point_38_censored_comes_before_automatic_without_caller() {
    assert_eq!(
        states(
            json!({ "agents": { "a1": { "forced": true, "record_agent_if_denied": true } } }),
            "0 join a1 agent\n0 join c1 customer\n1 c1 consent_decline\n2 a1 censor_on\n3 a1 censor_off\n4 leave c1\n9 end"
        ),
        "0 recording, 1 automatic_without_caller, 2 censored, 3 automatic_without_caller, 4 recording, 9 stopped"
    );
}

#[test]
fn point_38_a_receipt_alone_is_recording() {
    assert_eq!(
        states(json!({ "trigger": "manual" }), "0 join a1 agent\n1 a1 receipt_start O\n2 a1 receipt_stop\n3 end"),
        "0 idle, 1 recording, 2 stopped"
    );
}

#[test]
fn point_39_states_hold_what_is_after_all_events_of_an_instant() {
    assert_eq!(
        states(json!({}), "3 join a1 agent\n3 a1 pause\n3 a1 resume\n4 a1 pause\n4 a1 resume\n5 a1 stop\n5 end"),
        "3 recording, 5 stopped"
    );
    assert_eq!(states(json!({}), "3 a1 stop\n4 join a1 agent\n7 end"), "3 idle, 4 recording, 7 stopped");
}

#[test]
fn point_39_an_instant_may_be_one_without_events() {
    assert_eq!(states(json!({ "max_duration_s": 4 }), "0 join a1 agent\n9 end"), "0 recording, 4 stopped");
}
