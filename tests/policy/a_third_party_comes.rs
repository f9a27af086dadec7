//! recording-policy.md §3.5, §9.31–33.

use serde_json::json;

use crate::notation::{plays, refusals};

#[test]
fn rule_5_all_and_agent_and_customer() {
    let history = "0 join a1 agent
         0 join c1 customer
         3 join t1 third_party
         5 a1 receipt_start O
         7 leave t1
         9 end";
    plays(
        json!({ "conference_mode": "all", "record_mode": "agent_only_forbid" }),
        history,
        "main end 9: a1 0-9, t1 3-7
         receipt:O:1 end 4: a1 5-9, t1 5-7
         states 0 recording, 9 stopped",
    );
    plays(
        json!({ "conference_mode": "agent_and_customer" }),
        history,
        "main end 9: a1 0-9, c1 0-9
         receipt:O:1 end 4: a1 5-9, c1 5-9
         states 0 recording, 9 stopped",
    );
}

#[test]
fn point_31_stop_on_third_party_ends_main_and_receipt_for_good() {
    plays(
        json!({ "kind": "room", "conference_mode": "stop_on_third_party", "queue": { "forced": true } }),
        "0 join a1 agent
         0 join c1 customer
         2 a1 receipt_start O
         4 join t1 third_party
         5 a1 start
         5 a1 receipt_start O
         6 leave t1
         7 a1 start
         8 leave c1
         8 join c1 customer
         9 end",
        "main third_party 4: a1 0-4, c1 0-4
         receipt:O:1 third_party 2: a1 2-4, c1 2-4
         states 0 recording, 4 stopped
         refused 5 a1 start conference_stopped
         refused 5 a1 receipt_start conference_stopped
         refused 7 a1 start conference_stopped",
    );
}

#[test]
fn point_31_a_third_party_who_is_there_first_means_nothing_is_made() {
    for mode in ["stop_on_third_party", "none"] {
        plays(
            json!({ "conference_mode": mode, "queue": { "forced": true } }),
            "0 join t1 third_party
             1 leave t1
             2 join a1 agent
             3 join c1 customer
             9 end",
            "states 0 stopped",
        );
    }
}

#[test]
fn point_32_none_discards_every_main_and_the_running_receipt_and_keeps_complete_ones() {
    plays(
        json!({ "kind": "room", "conference_mode": "none", "multiple_receipts_per_order": false }),
        "0 join a1 agent
         0 join c1 customer
         0 a1 start
         2 a1 receipt_start O
         3 a1 receipt_stop
         4 a1 stop
         5 a1 start
         6 a1 receipt_start O
         8 join t1 third_party
         9 end",
        "main not kept, conference_none, stop 4
         main:2 not kept, conference_none, third_party 3
         receipt:O:1 receipt_stop 1: a1 2-3, c1 2-3
         receipt:O:2 not kept, conference_none, third_party 2
         states 0 recording, 4 stopped, 5 recording, 8 stopped",
    );
}

#[test]
fn point_33_the_record_mode_says_nothing_about_third_parties() {
    for mode in ["both", "agent_only_allow", "agent_only_forbid", "receipts_allow", "receipts_forbid"] {
        plays(
            json!({ "record_mode": mode, "conference_mode": "all" }),
            "0 join t1 third_party
             4 end",
            "main end 4: t1 0-4
             states 0 recording, 4 stopped",
        );
    }
}

#[test]
fn the_second_third_party_stops_nothing_more() {
    assert!(
        refusals(json!({ "conference_mode": "none" }), "0 join a1 agent\n1 join t1 third_party\n2 join t2 third_party\n3 a1 censor_on")
            .is_empty()
    );
}
