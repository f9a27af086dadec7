//! Voice receipts beside main, without it and during its pause; of one order one after the other.

use serde_json::json;

use crate::agreement::hold;
use crate::scenario::scenario;

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_recordings_of_their_own() {
    hold(vec![
        scenario(
            "many-receipts",
            json!({ "multiple_receipts_per_order": true, "record_mode": "receipts_forbid" }),
            "c1 a1",
            &[
                "1 a1 receipt_start O-1",
                "2.2 a1 receipt_stop",
                "3 a1 receipt_start O-1",
                "4.2 a1 receipt_stop",
                "5 a1 receipt_start O-2",
                "6.5 end",
            ],
            &["main end", "receipt:O-1:1 receipt_stop", "receipt:O-1:2 receipt_stop", "receipt:O-2:1 end"],
        ),
        scenario(
            "one-receipt",
            json!({}),
            "c1 a1",
            &["1 a1 receipt_start O-1", "2.2 a1 receipt_stop", "3 a1 receipt_start O-1", "4.5 a1 receipt_stop", "6 end"],
            &["main end", "receipt:O-1:1 receipt_stop ! replaced", "receipt:O-1:2 receipt_stop"],
        ),
        scenario(
            "empty-successor",
            json!({ "record_mode": "receipts_forbid" }),
            "c1 a1",
            &[
                "1 a1 receipt_start O-1",
                "2.2 a1 receipt_stop",
                "3 c1 consent_withdraw",
                "3.3 a1 consent_withdraw",
                "3.6 a1 receipt_start O-1",
                "4.6 a1 receipt_stop",
                "6 end",
            ],
            &["main end", "receipt:O-1:1 receipt_stop", "receipt:O-1:2 receipt_stop ! too_short"],
        ),
        scenario(
            "receipt-without-main",
            json!({ "trigger": "manual", "agents": { "a1": { "manual_recording_allowed": true } } }),
            "c1 a1",
            &[
                "0.7 a1 receipt_stop ! no_such_receipt",
                "1 a1 receipt_start O-1",
                "1.5 a1 receipt_start O-2 ! already",
                "2 a1 start",
                "2.5 a1 receipt_stop O-2 ! no_such_receipt",
                "3 a1 pause",
                "4 a1 receipt_stop O-1",
                "4.8 a1 resume",
                "6.5 a1 stop",
                "7 a1 receipt_start O-2",
                "8 end",
            ],
            &["main stop", "receipt:O-1:1 receipt_stop", "receipt:O-2:1 end"],
        ),
    ])
    .await;
}
