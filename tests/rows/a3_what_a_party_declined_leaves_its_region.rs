//! A3 beside a decline: what was stored in a region's bucket before is taken out of it, also where that store was away at first, and what is made anew
//! lies in the same region.

use std::time::Duration;

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient};
use reqwest::Method;
use serde_json::json;

use crate::declined::{decline, files_with, participant, ready_without, session_of_the_call, until};
use crate::heard::Heard;
use crate::running_node::RunningNode;
use crate::server::{ACCESS, SECRET, Server};
use crate::two_tones::two_tones;

const CUSTOMER_HZ: f64 = 440.0;
const AGENT_HZ: f64 = 1250.0;

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_party_leaves_the_bucket_of_the_region() {
    let europe = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let line = europe.line();
    let environment = [("FERRIC_REGIONS_EUROPE", line.as_str()), ("AWS_ACCESS_KEY_ID", ACCESS), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let node = RunningNode::start_with(&folder.path().join("data"), &environment);
    assert_eq!(node.send(Method::PUT, "/v1/workspace", json!({ "settings": { "region": "europe" } })).await.0, 200);
    let may_start = json!({ "name": "agent", "addresses": ["sip:agent@test.example"], "properties": { "manual_recording_allowed": true } });
    assert_eq!(node.post("/v1/agents", may_start).await.0, 201);

    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    let session = session_of_the_call(&node).await;
    let (agent, customer) = (participant(&node, &session, "agent").await, participant(&node, &session, "customer").await);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(node.command(&session, &agent, "stop").await.0, 200);
    let id = node.recordings_in("ready", 1, Duration::from_secs(60)).await[0]["id"].as_str().unwrap().to_owned();
    let before = node.fetch_mp4(&id, folder.path()).await;
    assert!(Heard::decode(&before, 2).tone(1, CUSTOMER_HZ, 0.5, 2.0) > 0.15, "the customer is in it");
    let bytes = std::fs::read(&before).unwrap();
    let piece = bytes[bytes.len() / 2..bytes.len() / 2 + 64].to_vec();
    let bucket = europe.file_of(&format!("recordings/{id}"));
    assert_eq!(files_with(&bucket, &piece).len(), 1, "the search finds what is there");

    europe.away(true);
    decline(&node, &session, &customer).await;
    let refused = node.open(&format!("/v1/recordings/{id}/files/recording.mp4")).await;
    assert!(!refused.status().is_success(), "what was stored before is served: {}", refused.status());
    europe.away(false);
    until("the copy leaves the bucket", Duration::from_secs(60), async || files_with(&bucket, &piece).is_empty().then_some(())).await;
    call.hang_up(&pump).await.unwrap();

    let manifest = ready_without(&node, &id, &customer, Duration::from_secs(60)).await;
    assert_eq!(manifest["region"], "europe");
    let after = Heard::decode(&node.fetch_mp4(&id, folder.path()).await, 2);
    assert!(after.tone(0, AGENT_HZ, 0.5, after.seconds() - 0.5) > 0.15, "the agent stays");
    assert!(after.spans(1, CUSTOMER_HZ, 0.01).is_empty() && after.spans(0, CUSTOMER_HZ, 0.01).is_empty(), "the customer is heard");
    assert!(bucket.join("recording.mp4").exists(), "it lies in its region again");
    assert!(!node.data.join("store").join(format!("recordings/{id}")).exists(), "and nowhere else");
    assert!(files_with(&node.data, &piece).is_empty());
}
