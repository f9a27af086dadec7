//! recording-policy.md §5, §9.34–37.

use serde_json::json;

use crate::notation::{plays, refusals};

#[test]
fn point_34_a_receipt_does_not_depend_on_main() {
    plays(
        json!({ "trigger": "manual" }),
        "0 join a1 agent
         1 a1 receipt_start O
         3 a1 receipt_stop O
         5 end",
        "receipt:O:1 receipt_stop 2: a1 1-3
         states 0 idle, 1 recording, 3 stopped",
    );
    for pause in ["skip", "silence"] {
        let masked = if pause == "skip" { "" } else { ", a1 2-6 masked" };
        let duration = if pause == "skip" { 2 } else { 6 };
        plays(
            json!({ "pause_behavior": pause }),
            "0 join a1 agent
             2 a1 pause
             3 a1 receipt_start O
             5 a1 receipt_stop
             6 a1 stop
             8 end",
            &format!(
                "main stop {duration}: a1 0-2{masked}
                 receipt:O:1 receipt_stop 2: a1 3-5
                 states 0 recording, 2 paused, 3 recording, 5 paused, 6 stopped"
            ),
        );
    }
}

#[test]
fn point_34_one_at_a_time_and_the_right_one() {
    assert_eq!(
        refusals(
            json!({}),
            "0 join a1 agent
             1 a1 receipt_stop
             2 a1 receipt_start O
             3 a1 receipt_start P
             4 a1 receipt_stop P
             5 a1 receipt_stop O
             6 a1 receipt_stop O"
        ),
        [
            "1 a1 receipt_stop no_such_receipt",
            "3 a1 receipt_start already",
            "4 a1 receipt_stop no_such_receipt",
            "6 a1 receipt_stop no_such_receipt"
        ]
    );
}

#[test]
fn point_35_a_second_receipt_of_an_order_replaces_the_first_once_complete() {
    let history = "0 join a1 agent
         0 a1 receipt_start O
         1 a1 receipt_stop
         2 a1 receipt_start P
         3 a1 receipt_stop
         4 a1 receipt_start O
         6 end";
    plays(
        json!({ "trigger": "manual" }),
        history,
        "receipt:O:1 not kept, replaced, receipt_stop 1
         receipt:P:1 receipt_stop 1: a1 2-3
         receipt:O:2 end 2: a1 4-6
         states 0 recording, 1 stopped, 2 recording, 3 stopped, 4 recording, 6 stopped",
    );
    plays(
        json!({ "trigger": "manual", "multiple_receipts_per_order": true }),
        history,
        "receipt:O:1 receipt_stop 1: a1 0-1
         receipt:P:1 receipt_stop 1: a1 2-3
         receipt:O:2 end 2: a1 4-6
         states 0 recording, 1 stopped, 2 recording, 3 stopped, 4 recording, 6 stopped",
    );
}

#[test]
fn point_35_one_that_holds_nothing_replaces_nothing() {
    plays(
        json!({ "trigger": "manual" }),
        "0 join a1 agent
         0 a1 receipt_start O
         1 a1 receipt_stop
         2 a1 receipt_start O
         2 a1 receipt_stop
         3 a1 consent_withdraw
         3 a1 receipt_start O
         5 end",
        "receipt:O:1 receipt_stop 1: a1 0-1
         receipt:O:2 not kept, too_short, receipt_stop 0
         receipt:O:3 not kept, too_short, end 2
         states 0 recording, 1 stopped, 3 idle, 5 stopped",
    );
}

#[test]
fn point_35_what_was_replaced_stays_replaced_though_a_decline_empties_both() {
    plays(
        json!({ "trigger": "manual" }),
        "0 join a1 agent
         0 a1 receipt_start O
         1 a1 receipt_stop
         2 a1 receipt_start O
         3 a1 receipt_stop
         4 a1 consent_decline
         5 end",
        "receipt:O:1 not kept, replaced, receipt_stop 1
         receipt:O:2 not kept, declined, receipt_stop 1
         states 0 recording, 1 stopped, 2 recording, 3 stopped",
    );
}

#[test]
fn point_35_one_that_ends_otherwise_is_complete_too() {
    plays(
        json!({ "trigger": "manual", "conference_mode": "stop_on_third_party" }),
        "0 join a1 agent
         0 a1 receipt_start O
         1 a1 receipt_stop
         2 a1 receipt_start O
         4 join t1 third_party
         5 end",
        "receipt:O:1 not kept, replaced, receipt_stop 1
         receipt:O:2 third_party 2: a1 2-4
         states 0 recording, 1 stopped, 2 recording, 4 stopped",
    );
}

#[test]
fn point_36_an_output_without_a_span_is_not_kept_and_a_masked_span_counts() {
    plays(
        json!({ "trigger": "manual" }),
        "0 join a1 agent
         0 a1 censor_on
         1 a1 receipt_start O
         3 end",
        "receipt:O:1 end 2: a1 1-3 masked
         states 0 idle, 1 censored, 3 stopped",
    );
    // `declined` is said of every empty output, whoever declined.
    plays(
        json!({ "record_mode": "agent_only_forbid", "start_paused": true }),
        "0 join a1 agent
         0 join c1 customer
         5 c1 consent_decline
         9 end",
        "main not kept, declined, end 0
         states 0 paused, 9 stopped",
    );
    // A main that holds something but is too short says so, although somebody declined.
    plays(
        json!({ "min_duration_s": 60 }),
        "0 join a1 agent
         0 join c1 customer
         5 c1 consent_decline
         9 end",
        "main not kept, too_short, end 9
         states 0 recording, 9 stopped",
    );
}

#[test]
fn the_last_column_of_the_table_says_who_is_in_a_receipt() {
    let history = "0 join a1 agent
         0 join c1 customer
         2 a1 receipt_start O
         4 a1 receipt_stop
         9 end";
    for (mode, main_customer, receipt_customer) in [
        ("both", ", c1 0-9", ", c1 2-4"),
        ("agent_only_allow", "", ""),
        ("agent_only_forbid", "", ""),
        ("receipts_allow", ", c1 2-4", ", c1 2-4"),
        ("receipts_forbid", ", c1 2-4", ", c1 2-4"),
    ] {
        plays(
            json!({ "record_mode": mode }),
            history,
            &format!(
                "main end 9: a1 0-9{main_customer}
                 receipt:O:1 receipt_stop 2: a1 2-4{receipt_customer}
                 states 0 recording, 9 stopped"
            ),
        );
    }
}

#[test]
fn point_37_in_agent_only_allow_the_switch_alone_opens_the_customer() {
    plays(
        json!({ "record_mode": "agent_only_allow" }),
        "0 join a1 agent
         0 join c1 customer
         2 a1 receipt_start O
         4 a1 customer_on
         6 a1 customer_off
         8 a1 receipt_stop
         9 end",
        "main end 9: a1 0-9, c1 4-6
         receipt:O:1 receipt_stop 6: a1 2-8, c1 4-6
         states 0 recording, 9 stopped",
    );
}
