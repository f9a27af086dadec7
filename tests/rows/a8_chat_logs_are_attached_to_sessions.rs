//! A8: a chat log (JSON) can be attached to a session and is shown under the same rights as its recordings.

use reqwest::Method;
use serde_json::json;

use crate::running_node::RunningNode;
use crate::tus::{Sender, ffmpeg};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a8_a_chat_log_is_kept_listed_read_and_goes_with_its_session() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    let file = ffmpeg(dir.path(), "a.wav", &["-f", "lavfi", "-i", "sine=440:d=1"]);
    let id = Sender::admin(&node).file(&node, &file, &[]).await;
    node.recordings_in("ready", 1, std::time::Duration::from_secs(60)).await;
    let row = node.get(&format!("/v1/recordings/{id}")).await;
    let at = format!("/v1/sessions/{}/chat", row["session"].as_str().unwrap());
    assert_eq!(node.open(&at).await.status().as_u16(), 404);

    for (bad, word) in [
        (json!([]), "lines"),
        (json!([{ "at": "now", "from": "Kari", "text": "x" }]), "[0].at"),
        (json!([{ "at": "2026-01-01T12:00:00Z", "from": "Kari", "text": "" }]), "[0].text"),
        (json!([{ "at": "2026-01-01T12:00:00Z", "from": "Kari", "text": "x", "colour": 1 }]), "[0].colour"),
        (json!({ "lines": [] }), "invalid type"),
    ] {
        let (status, problem) = node.send(Method::PUT, &at, bad.clone()).await;
        assert_eq!(status, 422, "{bad}: {problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with(word), "{problem}");
    }
    assert_eq!(node.send(Method::PUT, &format!("/v1/sessions/{}/chat", "0".repeat(32)), json!([])).await.0, 404);
    let log = json!([
        { "at": "2026-01-01T12:00:09Z", "from": "Paal", "role": "agent", "text": "Of course." },
        { "at": "2026-01-01T12:00:05Z", "from": "Kari", "role": "customer", "text": "Can you see my screen?" },
    ]);
    let (status, kept) = node.send(Method::PUT, &at, log).await;
    assert_eq!(status, 200, "{kept}");
    assert_eq!(kept["lines"][0]["from"], "Kari", "in order of time");
    assert_eq!(kept["recordings"], json!([id]));
    let list = node.get("/v1/chats?project=default").await;
    assert_eq!((list["items"][0]["lines"].as_u64(), list["next"].is_null()), (Some(2), true), "{list}");
    assert_eq!(node.get("/v1/chats?to=2020-01-01T00:00:00Z").await["items"], json!([]));
    assert_eq!(node.get(&at).await["lines"].as_array().unwrap().len(), 2);
    let audit = node.get(&format!("/v1/audit?subject=session:{}", row["session"].as_str().unwrap())).await;
    assert!(audit["items"].as_array().unwrap().iter().any(|e| e["action"] == "play" && e["detail"]["what"] == "chat"), "{audit}");

    assert_eq!(node.send(Method::DELETE, &format!("/v1/recordings/{id}"), json!({})).await.0, 204);
    assert_eq!(node.open(&at).await.status().as_u16(), 404, "it goes with the last recording of its session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a8_the_lines_of_whoever_declines_go_and_do_not_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    let project = json!({ "slug": "asks", "kind": "room", "settings": { "consent": "per_party" } });
    assert_eq!(node.post("/v1/projects", project).await.0, 201);
    let (_, session) = node.post("/v1/sessions", json!({ "project": "asks", "kind": "room" })).await;
    let session = session["id"].as_str().unwrap().to_owned();
    let mut ids = Vec::new();
    for (role, name) in [("agent", "Paal"), ("customer", "Kari")] {
        let (status, invited) = node.post(&format!("/v1/sessions/{session}/participants"), json!({ "role": role, "name": name })).await;
        assert_eq!(status, 201, "{invited}");
        ids.push(invited["id"].as_str().unwrap().to_owned());
    }
    let at = format!("/v1/sessions/{session}/chat");
    let line = |from: &str, id: &str| json!({ "at": "2026-01-01T12:00:05Z", "from": from, "participant": id, "text": "words" });
    let log = json!([line("Paal", &ids[0]), line("Kari", &ids[1])]);
    assert_eq!(node.send(Method::PUT, &at, log.clone()).await.0, 200);
    let (status, answer) = node.command(&session, &ids[1], "consent_decline").await;
    assert!(status < 300, "{answer}");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let kept = node.get(&at).await;
        if kept["lines"].as_array().unwrap().iter().all(|l| l["from"] == "Paal") {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{kept}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let (status, kept) = node.send(Method::PUT, &at, log).await;
    assert_eq!((status, kept["lines"].as_array().unwrap().len()), (200, 1), "{kept}");
    let (status, problem) = node.send(Method::PUT, &at, json!([line("Kari", &ids[1])])).await;
    assert_eq!((status, problem["reason"].as_str()), (409, Some("declined")));
}
