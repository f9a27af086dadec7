//! Each record mode, with every command that it knows and with those that it does not.

use serde_json::json;

use crate::agreement::hold;
use crate::scenario::scenario;

#[tokio::test(flavor = "multi_thread")]
async fn every_record_mode_records_whom_it_says() {
    hold(vec![
        scenario(
            "both",
            json!({}),
            "c1 a1",
            &["1.5 a1 customer_on ! mode_forbids", "2 c1 pause ! not_host", "2.5 a1 pause", "3 a1 pause ! already", "4 a1 resume", "7 end"],
            &["main end"],
        ),
        scenario(
            "agent-only-allow",
            json!({ "record_mode": "agent_only_allow" }),
            "c1 a1",
            &[
                "1.5 a1 customer_on",
                "3 a1 customer_off",
                "3.2 a1 customer_off ! already",
                "3.6 a1 receipt_start O-1",
                "4.8 a1 customer_on",
                "6 a1 receipt_stop",
                "7 end",
            ],
            &["main end", "receipt:O-1:1 receipt_stop"],
        ),
        scenario(
            "agent-only-forbid",
            json!({ "record_mode": "agent_only_forbid" }),
            "a1 c1",
            &[
                "1 a1 customer_on ! mode_forbids",
                "2 a1 receipt_start O-1",
                "4 a1 receipt_stop",
                "5 a1 censor_on",
                "6 a1 censor_off",
                "7.5 end",
            ],
            &["main end", "receipt:O-1:1 receipt_stop"],
        ),
        scenario(
            "receipts-allow",
            json!({ "record_mode": "receipts_allow" }),
            "c1 a1",
            &[
                "1.5 a1 customer_on",
                "2.7 a1 customer_off",
                "3.5 a1 receipt_start O-1",
                "4.5 a1 pause",
                "5.5 a1 receipt_stop",
                "6.2 a1 resume",
                "7.5 end",
            ],
            &["main end", "receipt:O-1:1 receipt_stop"],
        ),
        scenario(
            "receipts-forbid",
            json!({ "record_mode": "receipts_forbid", "agents": { "a1": { "manual_recording_allowed": true } } }),
            "c1 a1",
            &[
                "1 a1 customer_on ! mode_forbids",
                "1.5 a1 receipt_start O-1",
                "3 a1 receipt_stop",
                "4 a1 stop",
                "4.8 a1 start",
                "5.2 a1 receipt_start O-2",
                "6.2 a1 receipt_stop O-2",
                "7.5 end",
            ],
            &["main stop", "main:2 end", "receipt:O-1:1 receipt_stop", "receipt:O-2:1 receipt_stop"],
        ),
        scenario(
            "none",
            json!({ "record_mode": "none", "agents": { "a1": { "manual_recording_allowed": true } } }),
            "c1 a1",
            &["1 a1 start ! mode_forbids", "1.5 a1 receipt_start O-1 ! mode_forbids", "2 c1 consent_decline", "3 t1 comes", "4 end"],
            &[],
        ),
        scenario(
            "disabled",
            json!({ "recording_enabled": false, "queue": { "forced": true } }),
            "c1 a1",
            &["1 a1 start ! recording_disabled", "1.5 a1 censor_on ! recording_disabled", "4 end"],
            &[],
        ),
        scenario(
            "silence-and-censor",
            json!({ "pause_behavior": "silence", "start_paused": true, "agents": { "a2": { "censor_allowed": false } } }),
            "c1 a1 a2",
            &[
                "1.5 a2 resume",
                "3 a1 pause",
                "3.5 a2 censor_on ! not_permitted",
                "4 a1 censor_on",
                "4.8 a1 resume",
                "6 a1 censor_off",
                "7.5 end",
            ],
            &["main end"],
        ),
        scenario(
            "start-paused",
            json!({ "record_mode": "agent_only_allow", "start_paused": true }),
            "c1 a1",
            &[
                "1 a1 customer_on",
                "1.5 a1 receipt_start O-1",
                "2.5 a1 receipt_stop",
                "3.5 a1 resume",
                "5 a1 customer_off",
                "6 a1 receipt_start O-1",
                "7.5 end",
            ],
            &["main end", "receipt:O-1:1 receipt_stop ! replaced", "receipt:O-1:2 end"],
        ),
    ])
    .await;
}
