//! A1: a recording keeps its files with their hashes, who was in it and when, why it ended, and what its session said of it. Of a SIPREC call.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::running_node::RunningNode;
use crate::siprec::Call;

const FIELDS: &str = "X-Ferric-Queue: support\r\nX-Ferric-Ticket: T-1042\r\nX-Ferric-Customer-Email: Kari@Example.com\r\nX-Ferric-Order: O-77\r\n\
     X-Ferric-Title: The lamp that never came\r\nX-Ferric-External-Id: call-9\r\nP-Called-Party-ID: <sip:21492979@example.net>\r\n\
     P-Asserted-Identity: \"Kari\" <sip:+4791799300@example.net>\r\nSET-RESTRICTED: 1\r\nX-Ferric-Set-Restricted: yes\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_a_call_s_recording_says_everything_of_itself() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    let (status, agent) = node.send(Method::PUT, "/v1/agents/paal", json!({ "addresses": ["sip:paal@example.com"] })).await;
    assert!(status < 300, "{agent}");
    let call =
        Call::place(node.sip.parse().unwrap(), [("sip:+4791799300@example.net", "Kari"), ("sip:paal@example.com", "Paal")], FIELDS).await;
    // It begins with the first party; the second comes a moment later.
    let growing = node.recordings_in("recording", 1, Duration::from_secs(20)).await;
    assert_eq!(growing[0]["queue"], "support", "known from the beginning");
    let at = format!("/v1/recordings/{}", growing[0]["id"].as_str().unwrap());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while node.get(&at).await["agents"] != json!(["paal"]) {
        assert!(tokio::time::Instant::now() < deadline, "known while it grows");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    call.hang_up().await;

    let id = node.recordings_in("ready", 1, Duration::from_secs(60)).await[0]["id"].as_str().unwrap().to_owned();
    let row = node.get(&format!("/v1/recordings/{id}")).await;
    for (name, value) in [
        ("source", json!("live")),
        ("kind", json!("call")),
        ("progress", json!(100)),
        ("ended_by", json!("end")),
        ("external_id", json!("call-9")),
        ("ticket", json!("T-1042")),
        ("customer_email", json!("Kari@Example.com")),
        ("queue", json!("support")),
        ("access_number", json!("21492979")),
        ("caller_number", json!("+4791799300")),
        ("orders", json!(["O-77"])),
        ("agents", json!(["paal"])),
        ("title", json!("The lamp that never came")),
        ("restricted", json!(true)),
        ("legal_hold", json!(false)),
        ("labels", json!([])),
    ] {
        assert_eq!(row[name], value, "{name}: {row:#}");
    }
    let (began, ended): (jiff::Timestamp, jiff::Timestamp) =
        (row["started_at"].as_str().unwrap().parse().unwrap(), row["ended_at"].as_str().unwrap().parse().unwrap());
    let lasted_ms = ended.as_millisecond() - began.as_millisecond();
    let duration_ms = row["duration_ms"].as_i64().unwrap();
    assert!((2_500..6_000).contains(&duration_ms) && (lasted_ms - duration_ms).abs() < 500, "{duration_ms} of {lasted_ms}");
    assert!(row["codecs"].as_array().unwrap().iter().any(|codec| codec.as_str().unwrap().starts_with("mp4a")), "{row:#}");

    let parties: Vec<(&str, &str)> =
        row["parties"].as_array().unwrap().iter().map(|p| (p["role"].as_str().unwrap(), p["name"].as_str().unwrap())).collect();
    assert!(parties.contains(&("agent", "Paal")) && parties.contains(&("customer", "Kari")), "{parties:?}");
    for party in row["parties"].as_array().unwrap() {
        let spans = row["spans"][party["id"].as_str().unwrap()].as_array().unwrap();
        let open: i64 =
            spans.iter().filter(|s| s["gate"] == "open").map(|s| s["to_ms"].as_i64().unwrap() - s["from_ms"].as_i64().unwrap()).sum();
        assert!((duration_ms - open).abs() < 600, "recorded for {open} of {duration_ms} ms");
    }

    let files = row["files"].as_array().unwrap();
    let mut bytes = 0;
    for file in files {
        let name = file["name"].as_str().unwrap();
        let body = node.bytes(&format!("/v1/recordings/{id}/files/{name}")).await;
        let sha256 = hex::encode(ring::digest::digest(&ring::digest::SHA256, &body));
        assert_eq!((file["sha256"].as_str().unwrap(), file["bytes"].as_u64().unwrap()), (sha256.as_str(), body.len() as u64), "{name}");
        bytes += body.len() as u64;
    }
    assert_eq!(row["bytes"].as_u64(), Some(bytes), "the size of all of them");
    let has = |name: &str| files.iter().any(|file| file["name"] == name);
    for wanted in ["recording.mp4", "poster.jpg", "waveform.png", "peaks.json"] {
        assert!(has(wanted), "{wanted}: {files:#?}");
    }

    // What people say of it stays, whatever the node does; and it is found by all of it.
    let (status, changed) = node.send(Method::PATCH, &format!("/v1/recordings/{id}"), json!({ "labels": ["lamp"] })).await;
    assert_eq!((status, &changed["labels"]), (200, &json!(["lamp"])), "{changed}");
    for query in
        ["q=t-10", "q=917", "q=lamp%20never", "email=kari@example.com", "label=lamp", "order=O-77", "agent=paal", "restricted=true"]
    {
        let found: Value = node.get(&format!("/v1/recordings?{query}")).await;
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{query}");
    }
}
