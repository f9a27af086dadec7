//! Each conference mode, with a third party who comes, goes and comes again; and the cut to the packet.

use serde_json::json;

use crate::agreement::hold;
use crate::scenario::scenario;

#[tokio::test(flavor = "multi_thread")]
async fn a_conference_is_recorded_as_its_mode_says() {
    hold(vec![
        scenario(
            "all",
            json!({ "conference_mode": "all" }),
            "c1 a1",
            &["1.5 t1 comes", "2.5 a1 receipt_start O-1", "3.5 a1 receipt_stop", "4 t1 goes", "5.5 t1 comes", "7.5 end"],
            &["main end", "receipt:O-1:1 receipt_stop"],
        ),
        scenario(
            "all-of-two",
            json!({ "conference_mode": "all", "record_mode": "agent_only_forbid" }),
            "c1 a1",
            &["1.5 t1 comes", "3 t2 comes", "4.5 a1 censor_on", "5.5 a1 censor_off", "6 t1 goes", "7.5 end"],
            &["main end"],
        ),
        // A new offer in the middle of a pause starts nothing.
        scenario(
            "pause-and-offer",
            json!({ "conference_mode": "all" }),
            "c1 a1",
            &["1.5 a1 pause", "2.5 t1 comes", "3.5 t1 goes", "4 t2 comes", "5 a1 resume", "7 end"],
            &["main end"],
        ),
        scenario(
            "agent-and-customer",
            json!({ "conference_mode": "agent_and_customer" }),
            "c1 a1",
            &["1.5 t1 comes", "3 a1 receipt_start O-1", "4.5 a1 receipt_stop", "5 t1 goes", "6 t1 comes", "7.5 end"],
            &["main end", "receipt:O-1:1 receipt_stop"],
        ),
        scenario(
            "stop-on-third",
            json!({ "conference_mode": "stop_on_third_party", "agents": { "a1": { "manual_recording_allowed": true } } }),
            "c1 a1",
            &["3 t1 comes", "4 a1 start ! conference_stopped", "5 t1 goes", "5.5 a1 start ! conference_stopped", "7 end"],
            &["main third_party"],
        ),
        scenario(
            "stop-with-receipt",
            json!({ "conference_mode": "stop_on_third_party", "queue": { "forced": true } }),
            "c1 a1",
            &["1.5 a1 receipt_start O-1", "3.5 t1 comes", "5 a1 receipt_start O-1 ! conference_stopped", "6 end"],
            &["main third_party", "receipt:O-1:1 third_party"],
        ),
        scenario(
            "conference-none",
            json!({ "conference_mode": "none", "agents": { "a1": { "manual_recording_allowed": true } } }),
            "c1 a1",
            &[
                "1 a1 receipt_start O-1",
                "2.3 a1 receipt_stop",
                "3 a1 stop",
                "3.5 a1 start",
                "4 a1 receipt_start O-2",
                "5.5 t1 comes",
                "6.5 a1 receipt_start O-3 ! conference_stopped",
                "7.5 end",
            ],
            &[
                "main stop ! conference_none",
                "main:2 third_party ! conference_none",
                "receipt:O-1:1 receipt_stop",
                "receipt:O-2:1 third_party ! conference_none",
            ],
        ),
        scenario(
            "third-before-main",
            json!({ "conference_mode": "stop_on_third_party", "trigger": "manual",
                "agents": { "a1": { "manual_recording_allowed": true } } }),
            "c1 a1",
            &["1 t1 comes", "2 t1 goes", "3 a1 start ! conference_stopped", "4 end"],
            &[],
        ),
    ])
    .await;
}
