//! Grants, refusals and withdrawals, of one and of all, before and after, of those who stay and of those who come back.

use serde_json::json;

use crate::agreement::hold;
use crate::scenario::scenario;

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_kept_to_the_packet() {
    hold(vec![
        scenario(
            "per-party",
            json!({ "consent": "per_party" }),
            "c1 a1",
            &["1.5 a1 consent_grant", "2.5 c1 consent_grant", "4.5 c1 consent_withdraw", "6 c1 consent_grant", "7.5 end"],
            &["main end"],
        ),
        scenario(
            "per-party-decline",
            json!({ "consent": "per_party" }),
            "c1 a1",
            &[
                "1 c1 consent_grant",
                "1.5 a1 consent_grant",
                "2 a1 receipt_start O-1",
                "3 a1 receipt_stop",
                "4.5 c1 consent_decline",
                "5.5 c1 consent_grant ! not_permitted",
                "6 c1 consent_withdraw ! already",
                "7 end",
            ],
            &["main end", "receipt:O-1:1 receipt_stop"],
        ),
        scenario(
            "all-party",
            json!({ "consent": "all_party", "conference_mode": "all" }),
            "c1 a1",
            &["1 a1 consent_grant", "2 c1 consent_grant", "3.5 t1 comes", "5 t1 consent_grant", "6.5 t1 goes", "7.5 end"],
            &["main end"],
        ),
        scenario(
            "all-party-decline",
            json!({ "consent": "all_party" }),
            "c1 a1",
            &["1 a1 consent_grant", "2 c1 consent_decline", "5 end"],
            &["main end ! declined"],
        ),
        scenario(
            "all-party-third",
            json!({ "consent": "all_party", "conference_mode": "all" }),
            "c1 a1",
            &["0.7 a1 consent_grant", "1 c1 consent_grant", "3 t1 comes", "4 t1 consent_decline", "5.5 t1 goes", "7.5 end"],
            &["main end"],
        ),
        scenario(
            "unasked-decline",
            json!({}),
            "c1 a1",
            &["2.5 a1 receipt_start O-1", "4 c1 consent_decline", "5 a1 receipt_stop", "6 end"],
            &["main end", "receipt:O-1:1 receipt_stop"],
        ),
        scenario(
            "both-decline",
            json!({ "consent": "per_party" }),
            "c1 a1",
            &["0.7 a1 consent_grant", "1 c1 consent_grant", "3 c1 consent_decline", "4 a1 consent_decline", "5 end"],
            &["main end ! declined"],
        ),
        // Whoever declined, left and came back is the same person, and has declined.
        scenario(
            "decline-and-return",
            json!({}),
            "c1 a1",
            &["2 c1 consent_decline", "3 c1 goes", "4 c1 comes", "5 c1 consent_grant ! not_permitted", "7 end"],
            &["main end"],
        ),
        scenario(
            "grant-and-return",
            json!({ "consent": "per_party" }),
            "c1 a1",
            &["0.7 a1 consent_grant", "1 c1 consent_grant", "3 c1 goes", "4.5 c1 comes", "5.5 c1 consent_withdraw", "7 end"],
            &["main end"],
        ),
    ])
    .await;
}
