//! recording-policy.md §3.3, §9.27–30.

use serde_json::json;

use crate::notation::{plays, refusals};

#[test]
fn rule_3_per_party_each_waits_for_their_own_yes() {
    plays(
        json!({ "consent": "per_party", "conference_mode": "all" }),
        "0 join a1 agent
         0 join c1 customer
         0 join t1 third_party
         2 t1 consent_grant
         3 a1 consent_grant
         4 c1 consent_decline
         9 end",
        "main end 9: a1 3-9, t1 2-9
         states 0 awaiting_consent, 2 recording, 9 stopped",
    );
}

#[test]
fn rule_3_all_party_everybody_waits_for_everybody() {
    plays(
        json!({ "consent": "all_party" }),
        "0 join a1 agent
         0 join c1 customer
         2 a1 consent_grant
         3 c1 consent_grant
         5 join t1 third_party
         7 t1 consent_grant
         9 end",
        "main end 9: a1 3-5, a1 7-9, c1 3-5, c1 7-9
         states 0 awaiting_consent, 3 recording, 5 awaiting_consent, 7 recording, 9 stopped",
    );
}

#[test]
fn point_27_an_answer_holds_across_leaving_and_rejoining() {
    plays(
        json!({ "consent": "per_party" }),
        "0 join a1 agent
         0 join c1 customer
         1 c1 consent_grant
         3 leave c1
         5 join c1 customer
         9 end",
        "main end 9: c1 1-3, c1 5-9
         states 0 awaiting_consent, 1 recording, 3 awaiting_consent, 5 recording, 9 stopped",
    );
    plays(
        json!({}),
        "0 join a1 agent
         0 join c1 customer
         1 c1 consent_withdraw
         3 leave c1
         5 join c1 customer
         9 end",
        "main end 9: a1 0-9, c1 0-1
         states 0 recording, 9 stopped",
    );
}

#[test]
fn point_28_under_all_party_a_no_closes_everybody_until_they_leave() {
    plays(
        json!({ "consent": "all_party", "agents": { "a1": { "forced": true, "record_agent_if_denied": true } } }),
        "0 join a1 agent
         0 join c1 customer
         0 join c2 customer
         1 a1 consent_grant
         1 c1 consent_grant
         1 c2 consent_grant
         4 c1 consent_decline
         6 leave c1
         9 end",
        "main end 9: a1 1-4, a1 6-9, c2 1-4
         states 0 awaiting_consent, 1 recording, 4 idle, 6 automatic_without_caller, 9 stopped",
    );
    plays(
        json!({ "consent": "all_party" }),
        "0 join a1 agent
         0 join c1 customer
         1 a1 consent_grant
         1 c1 consent_grant
         4 a1 consent_withdraw
         6 leave a1
         9 end",
        "main end 9: a1 1-4, c1 1-4, c1 6-9
         states 0 awaiting_consent, 1 recording, 4 idle, 6 recording, 9 stopped",
    );
}

#[test]
fn point_29_which_answers_follow_which() {
    let one = |said: &str, then: &str| {
        let first = if said.is_empty() { String::new() } else { format!("1 c1 consent_{said}\n") };
        refusals(json!({}), &format!("0 join c1 customer\n{first}2 c1 consent_{then}"))
            .first()
            .map(|r| r.rsplit(' ').next().unwrap().to_owned())
    };
    for (said, then, answered) in [
        ("", "grant", None),
        ("", "decline", None),
        ("", "withdraw", None),
        ("grant", "grant", Some("already")),
        ("grant", "decline", None),
        ("grant", "withdraw", None),
        ("decline", "grant", Some("not_permitted")),
        ("decline", "decline", Some("already")),
        ("decline", "withdraw", Some("already")),
        ("withdraw", "grant", None),
        ("withdraw", "decline", None),
        ("withdraw", "withdraw", Some("already")),
    ] {
        assert_eq!(one(said, then).as_deref(), answered, "{said} then {then}");
    }
}

#[test]
fn point_29_a_withdrawal_keeps_what_was_and_a_grant_opens_again() {
    plays(
        json!({ "consent": "per_party" }),
        "0 join c1 customer
         0 c1 consent_grant
         3 c1 consent_withdraw
         5 c1 consent_grant
         9 end",
        "main end 9: c1 0-3, c1 5-9
         states 0 recording, 3 idle, 5 recording, 9 stopped",
    );
    plays(
        json!({}),
        "0 join a1 agent
         0 join c1 customer
         3 c1 consent_withdraw
         5 c1 consent_decline
         9 end",
        "main end 9: a1 0-9
         states 0 recording, 9 stopped",
    );
}

#[test]
fn point_30_a_decline_erases_from_every_output_finished_ones_too() {
    plays(
        json!({ "kind": "room", "pause_behavior": "silence" }),
        "0 join a1 agent
         0 join c1 customer
         0 a1 start
         1 a1 pause
         2 a1 resume
         3 a1 receipt_start O
         5 a1 receipt_stop
         6 a1 stop
         7 a1 start
         9 c1 consent_decline
         12 end",
        "main stop 6: a1 0-1, a1 1-2 masked, a1 2-6
         main:2 end 5: a1 7-12
         receipt:O:1 receipt_stop 2: a1 3-5
         states 0 recording, 1 paused, 2 recording, 6 stopped, 7 recording, 12 stopped",
    );
    // What is left without any span is not kept, and says that somebody declined.
    plays(
        json!({}),
        "0 join c1 customer
         5 c1 consent_decline
         9 end",
        "main not kept, declined, end 9
         states 0 recording, 5 idle, 9 stopped",
    );
}
