//! recording-policy.md §3.4, §9.22–26.

use serde_json::json;

use crate::notation::{plays, refusals};

#[test]
fn point_22_forcing_is_in_force_only_while_the_call_is_answered() {
    // Alone, the agent may stop; the customer's coming starts main anew.
    plays(
        json!({ "agents": { "a1": { "forced": true } } }),
        "0 join a1 agent
         2 a1 stop
         3 join c1 customer
         5 a1 stop
         6 leave c1
         7 a1 stop
         9 end",
        "main stop 2: a1 0-2
         main:2 stop 4: a1 3-7, c1 3-6
         states 0 recording, 2 stopped, 3 recording, 7 stopped
         refused 5 a1 stop forced",
    );
    // A customer and a third party are no answered call.
    plays(
        json!({ "trigger": "manual", "queue": { "forced": true } }),
        "0 join c1 customer
         1 join t1 third_party
         3 join a1 agent
         6 end",
        "main end 3: c1 3-6, a1 3-6
         states 0 idle, 3 recording, 6 stopped",
    );
    // Two agents are.
    plays(
        json!({ "trigger": "manual", "queue": { "forced": true } }),
        "0 join a1 agent
         1 join a2 agent
         5 end",
        "main end 4: a1 1-5, a2 1-5
         states 0 idle, 1 recording, 5 stopped",
    );
}

#[test]
fn point_22_forcing_stands_in_for_the_mode_only_while_in_force() {
    plays(
        json!({ "record_mode": "agent_only_forbid", "agents": { "a1": { "forced": true } } }),
        "0 join a1 agent
         0 join c1 customer
         3 join a2 agent
         5 leave a1
         9 end",
        "main end 9: a1 0-5, c1 0-5, a2 3-9
         states 0 recording, 9 stopped",
    );
    // Mode none and a switched off recording stay.
    plays(json!({ "record_mode": "none", "queue": { "forced": true } }), "0 join a1 agent\n0 join c1 customer\n5 end", "states 0 disabled");
}

#[test]
fn point_23_when_it_begins_a_pause_from_start_paused_is_lifted() {
    plays(
        json!({ "start_paused": true, "agents": { "a1": { "forced": true } } }),
        "0 join a1 agent
         3 join c1 customer
         6 end",
        "main end 3: a1 3-6, c1 3-6
         states 0 paused, 3 recording, 6 stopped",
    );
}

#[test]
fn point_23_a_commanded_pause_stays_until_resume() {
    plays(
        json!({ "agents": { "a1": { "forced": true } } }),
        "0 join a1 agent
         2 a1 pause
         3 join c1 customer
         5 a1 resume
         8 end",
        "main end 5: a1 0-2, a1 5-8, c1 5-8
         states 0 recording, 2 paused, 5 recording, 8 stopped",
    );
    // Also a pause commanded after a start_paused was resumed.
    plays(
        json!({ "start_paused": true, "agents": { "a1": { "forced": true } } }),
        "0 join a1 agent
         1 a1 resume
         2 a1 pause
         3 join c1 customer
         8 end",
        "main not kept, too_short, end 1
         states 0 paused, 1 recording, 2 paused, 8 stopped",
    );
}

#[test]
fn point_23_it_begins_with_a_transfer_to_a_forced_agent() {
    plays(
        json!({ "trigger": "manual", "agents": { "a2": { "forced": true } } }),
        "0 join a1 agent
         0 join c1 customer
         2 join a2 agent
         4 leave a1
         8 end",
        "main end 4: c1 4-8, a2 4-8
         states 0 idle, 4 recording, 8 stopped",
    );
}

#[test]
fn point_23_nothing_restarts_while_forcing_goes_on() {
    // From one forced agent to the next it goes on, and does not begin anew.
    plays(
        json!({ "max_duration_s": 3, "agents": { "a1": { "forced": true }, "a2": { "forced": true } } }),
        "0 join a1 agent
         0 join c1 customer
         5 join a2 agent
         6 leave a1
         9 end",
        "main max_duration 3: a1 0-3, c1 0-3
         states 0 recording, 3 stopped",
    );
}

#[test]
fn point_24_the_active_agent_of_an_agent_to_agent_call_began_it() {
    let a1_forced = json!({ "trigger": "manual", "agents": { "a1": { "forced": true } } });
    let a2_forced = json!({ "trigger": "manual", "agents": { "a2": { "forced": true } } });
    // The first to join, where nobody is marked.
    plays(
        a1_forced.clone(),
        "0 join a1 agent\n1 join a2 agent\n5 end",
        "main end 4: a1 1-5, a2 1-5\nstates 0 idle, 1 recording, 5 stopped",
    );
    plays(a2_forced.clone(), "0 join a1 agent\n1 join a2 agent\n5 end", "states 0 idle");
    // The first marked one, also if they joined later.
    plays(
        a2_forced.clone(),
        "0 join a1 agent\n1 join a2 agent initiator\n5 end",
        "main end 4: a1 1-5, a2 1-5\nstates 0 idle, 1 recording, 5 stopped",
    );
    plays(a1_forced.clone(), "0 join a1 agent\n1 join a2 agent initiator\n5 end", "states 0 idle");
    // Even after leaving.
    assert_eq!(refusals(a1_forced, "0 join a1 agent\n1 join a2 agent\n2 join t1 third_party\n3 leave a1\n4 a2 stop"), ["4 a2 stop forced"]);
}

#[test]
fn point_24_with_a_customer_the_active_agent_is_the_one_present_longest() {
    // The mark counts for nothing once a customer came; a rejoin counts anew.
    let a2_forced = json!({ "agents": { "a2": { "forced": true } } });
    assert!(refusals(a2_forced.clone(), "0 join a1 agent\n0 join a2 agent initiator\n1 join c1 customer\n2 a1 stop").is_empty());
    assert_eq!(
        refusals(a2_forced.clone(), "0 join a1 agent\n0 join a2 agent\n1 join c1 customer\n2 leave a1\n2 join a1 agent\n3 a1 stop"),
        ["3 a1 stop forced"]
    );
    // A customer who came and left is enough.
    assert!(refusals(a2_forced, "0 join a1 agent\n0 join c1 customer\n1 leave c1\n1 join a2 agent initiator\n2 a1 stop").is_empty());
}

#[test]
fn point_25_forcing_refuses_stop_pause_and_the_switch_and_nothing_else() {
    assert_eq!(
        refusals(
            json!({ "record_mode": "agent_only_allow", "queue": { "forced": true }, "max_duration_s": 20, "kind": "room" }),
            "0 join a1 agent
             0 join c1 customer
             1 a1 stop
             1 a1 pause
             1 a1 customer_on
             1 a1 customer_off
             2 a1 start
             2 a1 resume
             2 a1 censor_on
             2 a1 censor_off
             3 a1 receipt_start O
             4 a1 receipt_stop
             5 c1 consent_grant
             6 c1 consent_withdraw
             7 c1 consent_decline"
        ),
        [
            "1 a1 stop forced",
            "1 a1 pause forced",
            "1 a1 customer_on forced",
            "1 a1 customer_off forced",
            "2 a1 start already",
            "2 a1 resume already"
        ]
    );
}

#[test]
fn point_26_where_the_caller_refuses_the_active_agent_is_open_alone() {
    plays(
        json!({ "conference_mode": "all", "agents": { "a1": { "forced": true, "record_agent_if_denied": true }, "a2": { "record_agent_if_denied": true } } }),
        "0 join a1 agent
         0 join c1 customer
         1 join a2 agent
         1 join t1 third_party
         1 join c2 customer
         3 a1 receipt_start O
         5 c1 consent_decline
         7 leave c1
         9 end",
        "main end 9: a1 0-9, a2 1-5, t1 1-5, c2 1-5
         receipt:O:1 end 6: a1 3-9, a2 3-5, t1 3-5, c2 3-5
         states 0 recording, 5 automatic_without_caller, 9 stopped",
    );
}

#[test]
fn point_26_without_the_property_nobody_is_recorded() {
    plays(
        json!({ "agents": { "a1": { "forced": true } } }),
        "0 join a1 agent
         0 join c1 customer
         5 c1 consent_decline
         9 end",
        "main end 9: a1 0-5
         states 0 recording, 5 idle, 9 stopped",
    );
}

#[test]
fn point_26_a_withdrawal_refuses_until_it_is_taken_back() {
    plays(
        json!({ "agents": { "a1": { "forced": true, "record_agent_if_denied": true } } }),
        "0 join a1 agent
         0 join c1 customer
         3 c1 consent_withdraw
         6 c1 consent_grant
         9 end",
        "main end 9: a1 0-9, c1 0-3, c1 6-9
         states 0 recording, 3 automatic_without_caller, 6 recording, 9 stopped",
    );
}

#[test]
fn rule_4_not_forced_only_who_declined_is_closed() {
    plays(
        json!({}),
        "0 join a1 agent
         0 join c1 customer
         0 join c2 customer
         5 c1 consent_decline
         9 end",
        "main end 9: a1 0-9, c2 0-9
         states 0 recording, 9 stopped",
    );
}
