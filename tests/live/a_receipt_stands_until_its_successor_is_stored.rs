//! An order that keeps one receipt: while the store takes nothing, the second receipt is complete and the first still stands.

use std::time::{Duration, Instant};

use ferric::app::load::siprec::{CallPlan, Pump, SipFlow, SiprecCall, SiprecClient};
use serde_json::{Value, json};

use crate::party;
use crate::running_node::RunningNode;

/// The recording of an output, once it is in a state.
async fn in_state(node: &RunningNode, session: &str, output: &str, state: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        let list = node.get(&format!("/v1/recordings?session={session}")).await;
        let found = list["items"].as_array().unwrap().iter().find(|row| row["output"] == output && row["state"] == state);
        if let Some(found) = found {
            return found.clone();
        }
        assert!(Instant::now() < deadline, "{output} does not become {state}: {list:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_stands_until_its_successor_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&folder.path().join("data"));
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    assert_eq!(node.post("/v1/projects", json!({ "slug": "orders", "kind": "call" })).await.0, 201);
    let legs = vec![party::leg("c1", 1, "orders"), party::leg("a1", 2, "orders")];
    let call = SiprecCall::place(&client, &pump, CallPlan { project: "orders".into(), legs, ..CallPlan::default() }).await.unwrap();
    let sessions = node.get("/v1/sessions").await;
    let session = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    let people = sessions["items"][0]["participants"].as_array().unwrap();
    let agent = people.iter().find(|p| p["role"] == "agent").unwrap()["id"].as_str().unwrap().to_owned();
    let receipt = async |verb: &str, order: Value| {
        let body = json!({ "do": verb, "by": agent, "order": order });
        let (status, told) = node.post(&format!("/v1/sessions/{session}/commands"), body).await;
        assert_eq!(status, 200, "{told}");
        tokio::time::sleep(Duration::from_millis(1200)).await;
    };
    receipt("receipt_start", json!("O-1")).await;
    receipt("receipt_stop", Value::Null).await;
    let first = in_state(&node, &session, "receipt:O-1:1", "ready").await;
    let first = first["id"].as_str().unwrap();

    // A folder that is a file takes nothing.
    let (store, aside) = (node.data.join("store/recordings"), node.data.join("aside"));
    std::fs::rename(&store, &aside).unwrap();
    std::fs::write(&store, b"").unwrap();
    receipt("receipt_start", json!("O-1")).await;
    receipt("receipt_stop", Value::Null).await;
    let second = in_state(&node, &session, "receipt:O-1:2", "processing").await;
    let second = second["id"].as_str().unwrap();
    // Whole, and not to be got rid of into the store.
    let whole = node.data.join("render").join(second).join("manifest.json");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !whole.exists() {
        assert!(Instant::now() < deadline, "{} is not there", whole.display());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    call.hang_up(&pump).await.unwrap();
    in_state(&node, &session, "main", "processing").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let stands = node.get(&format!("/v1/recordings/{first}")).await;
    assert_eq!(stands["state"], "ready", "{stands:#}");
    in_state(&node, &session, "receipt:O-1:2", "processing").await;

    std::fs::remove_file(&store).unwrap();
    std::fs::rename(&aside, &store).unwrap();
    assert!(store.join(first).join("recording.mp4").exists(), "the first one's files stand too");
    in_state(&node, &session, "receipt:O-1:2", "ready").await;
    let gone = in_state(&node, &session, "receipt:O-1:1", "discarded").await;
    assert_eq!(gone["discarded"], "replaced");
    assert!(!store.join(first).join("recording.mp4").exists());
}
