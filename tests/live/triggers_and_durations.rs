//! How main begins and what ends it.

use serde_json::json;

use crate::agreement::hold;
use crate::scenario::scenario;

#[tokio::test(flavor = "multi_thread")]
async fn triggers_and_durations() {
    let manual = json!({ "a1": { "manual_recording_allowed": true } });
    hold(vec![
        scenario(
            "manual",
            json!({ "trigger": "manual", "agents": manual }),
            "c1 a1",
            &["1.5 a1 start", "2 a1 start ! already", "4 a1 stop", "4.5 a1 stop ! not_recording", "5 a1 start", "7.5 end"],
            &["main stop", "main:2 end"],
        ),
        scenario(
            "manual-forbidden",
            json!({ "trigger": "manual" }),
            "c1 a1",
            &["1 a1 start ! not_permitted", "1.5 c1 start ! not_host", "2 a1 pause ! not_recording", "3 end"],
            &[],
        ),
        scenario(
            "prompt",
            json!({ "trigger": "prompt", "agents": manual }),
            "c1 a1 a2",
            &[
                "1 a2 prompt_accept ! not_permitted",
                "1.5 c1 prompt_accept ! not_host",
                "2 a1 prompt_accept",
                "3 a1 prompt_decline ! already",
                "5.5 end",
            ],
            &["main end"],
        ),
        scenario(
            "prompt-declined",
            json!({ "trigger": "prompt", "agents": manual }),
            "c1 a1",
            &["1 a1 prompt_decline", "2 a1 prompt_accept ! already", "3 a1 start", "6 end"],
            &["main end"],
        ),
        scenario(
            "auto-second",
            json!({ "trigger": "auto_second" }),
            "a1",
            &["2.5 c1 comes", "4 c1 goes", "5.5 c1 comes", "7 end"],
            &["main end"],
        ),
        scenario(
            "auto-first-alone",
            json!({ "trigger": "auto_first", "record_mode": "agent_only_allow" }),
            "a1",
            &["2 a1 customer_on", "3.5 c1 comes", "6 end"],
            &["main end"],
        ),
        scenario(
            "max-duration",
            json!({ "max_duration_s": 3, "agents": manual }),
            "c1 a1",
            &["1 a1 pause", "2 a1 resume", "4.5 a1 receipt_start O-1", "5.5 a1 start", "7 end"],
            &["main max_duration", "main:2 end ! too_short", "receipt:O-1:1 end"],
        ),
        scenario(
            "max-duration-silence",
            json!({ "max_duration_s": 3, "pause_behavior": "silence" }),
            "c1 a1",
            &["1 a1 pause", "2 a1 resume", "5 a1 pause ! not_recording", "6 end"],
            &["main max_duration"],
        ),
        scenario(
            "min-duration",
            json!({ "min_duration_s": 3, "agents": manual }),
            "c1 a1",
            &["2 a1 stop", "3 a1 start", "7 end"],
            &["main stop ! too_short", "main:2 end"],
        ),
        scenario(
            "host-leaves",
            json!({ "stop_when_host_leaves": true }),
            "c1 a1 a2",
            &["1.5 a1 goes", "2.5 a2 receipt_start O-1", "4 a2 goes", "6 end"],
            &["main host_left", "receipt:O-1:1 host_left"],
        ),
        scenario("last-leaves", json!({}), "c1 a1", &["2 a1 goes", "4 c1 goes", "6 end"], &["main last_left"]),
    ])
    .await;
}
