//! Rooms of a real browser: everybody's colour and tone, composed, only while their gate is open.

use serde_json::json;

use crate::agreement::hold;
use crate::scenario::scenario;

#[tokio::test(flavor = "multi_thread")]
async fn a_room_shows_nobody_beyond_their_spans() {
    hold(vec![
        scenario(
            "room-both",
            json!({ "kind": "room" }),
            "a1 c1",
            &["0.5 c1 start ! not_host", "1 a1 start", "3.5 a1 pause", "5 a1 resume", "7.5 a1 stop", "8 end"],
            &["main stop"],
        ),
        scenario(
            "room-agent-only-allow",
            json!({ "kind": "room", "record_mode": "agent_only_allow" }),
            "a1 c1",
            &["0.5 a1 start", "2.5 a1 customer_on", "5 a1 customer_off", "7.5 end"],
            &["main end"],
        ),
        scenario(
            "room-declined",
            json!({ "kind": "room", "consent": "per_party", "trigger": "auto_first" }),
            "a1 c1",
            &["0.5 a1 consent_grant", "1 c1 consent_grant", "4 c1 consent_decline", "7.5 end"],
            &["main end"],
        ),
        scenario(
            "room-censored",
            json!({ "kind": "room", "pause_behavior": "silence", "conference_mode": "all" }),
            "a1 c1",
            &["0.5 a1 start", "2.5 a1 censor_on", "4 a1 censor_off", "6 a1 pause", "7 a1 resume", "9 end"],
            &["main end"],
        ),
    ])
    .await;
}
