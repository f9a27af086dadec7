//! Forced by the queue or by the agent: what it starts, what it refuses, and what a caller's refusal leaves.

use serde_json::json;

use crate::agreement::hold;
use crate::scenario::scenario;

#[tokio::test(flavor = "multi_thread")]
async fn forced_recording_and_its_limits() {
    hold(vec![
        scenario(
            "queue-forced",
            json!({ "trigger": "manual", "record_mode": "agent_only_allow", "queue": { "forced": true } }),
            "c1 a1",
            &[
                "1 a1 stop ! forced",
                "1.3 a1 pause ! forced",
                "1.6 a1 customer_on ! forced",
                "2 a1 start ! not_permitted",
                "3 a1 censor_on",
                "4.5 a1 censor_off",
                "6 end",
            ],
            &["main end"],
        ),
        scenario(
            "agent-forced",
            json!({ "start_paused": true, "record_mode": "agent_only_forbid", "agents": { "a1": { "forced": true } } }),
            "a1",
            &["2 c1 comes", "4.5 a1 pause ! forced", "6 end"],
            &["main end"],
        ),
        scenario(
            "agent-alone-if-denied",
            json!({ "agents": { "a1": { "forced": true, "record_agent_if_denied": true } } }),
            "c1 a1",
            &["2 c1 consent_decline", "3 t1 comes", "4 a1 receipt_start O-1", "5 a1 receipt_stop", "6 end"],
            &["main end", "receipt:O-1:1 receipt_stop"],
        ),
        scenario(
            "nobody-if-denied",
            json!({ "agents": { "a1": { "forced": true } } }),
            "c1 a1",
            &["3 c1 consent_decline", "6 end"],
            &["main end"],
        ),
        scenario(
            "withdrawn-caller",
            json!({ "queue": { "forced": true }, "agents": { "a1": { "record_agent_if_denied": true } } }),
            "c1 a1",
            &["2 c1 consent_withdraw", "4 c1 consent_grant", "6 end"],
            &["main end"],
        ),
        scenario(
            "transfer-to-forced",
            json!({ "trigger": "manual", "agents": { "a2": { "forced": true } } }),
            "c1 a1",
            &["1.5 a2 comes", "3 a1 goes", "4.5 a2 stop ! forced", "6.5 end"],
            &["main end"],
        ),
        scenario(
            "agents-unforced-starter",
            json!({ "trigger": "manual", "agents": { "a2": { "forced": true } } }),
            "a1 a2",
            &["2 a2 stop ! not_recording", "4 end"],
            &[],
        ),
        scenario(
            "agents-forced-starter",
            json!({ "trigger": "manual", "agents": { "a1": { "forced": true } } }),
            "a1 a2",
            &["2 a2 stop ! forced", "5 end"],
            &["main end"],
        ),
    ])
    .await;
}
