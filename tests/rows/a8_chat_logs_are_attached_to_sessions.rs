//! A8: a chat log (JSON) can be attached to a session and is shown under the same rights as its recordings.

use ferric::archive::chats::{Chat, ChatLine};
use ferric::archive::{Recording, RecordingState};
use ferric::model::id::{RecordingId, SessionId};
use ferric::model::redact::Personal;
use ferric::model::time::WallClock;
use reqwest::Method;
use serde_json::json;

use crate::forms::{page, send};
use crate::people::{Browser, user};
use crate::running_node::RunningNode;
use crate::sharing::{Sharing, now};
use crate::started::{Started, recording};
use crate::tus::{Sender, ffmpeg};

/// Puts a chat log of one line to a session.
async fn chatted(node: &Started, session: &SessionId) {
    let line = ChatLine {
        at: WallClock::from_unix_ms(1_767_225_600_000),
        from: Personal::new("Kari"),
        text: Personal::new("Where is my <lamp>?"),
        participant: None,
        role: None,
        id: None,
    };
    let project = "default".parse().unwrap();
    let chat = Chat { session: session.clone(), project, started_at: line.at, put_at: now(), lines: vec![line] };
    node.node.catalogue.put_chat(chat).await.unwrap();
}

/// A ready recording of a queue.
fn of_queue(queue: &str) -> Recording {
    Recording { queue: Some(queue.to_owned()), ..recording(RecordingState::Ready) }
}

#[tokio::test]
async fn a8_a_log_is_open_to_whom_every_recording_of_its_session_is_open_to_however_many_there_are() {
    let node = Started::new().await;
    user(&node, json!({ "name": "anna", "role": "reviewer", "filter": { "queues": ["sales"] } })).await;
    let anna = Browser::of(&node, "anna").await;
    let first = of_queue("support");
    let mut rows: Vec<Recording> = (0..230)
        .map(|n| Recording {
            session: first.session.clone(),
            started_at: WallClock::from_unix_ms(1_767_225_600_000 + 1_000 * (n + 1)),
            ..of_queue("sales")
        })
        .collect();
    node.node.catalogue.put_recordings(&rows).await.unwrap();
    chatted(&node, &first.session).await;
    let at = format!("/v1/sessions/{}/chat", first.session);
    assert_eq!(anna.get(&at).await.0, 200);
    assert_eq!(anna.get("/v1/chats").await.1["items"].as_array().unwrap().len(), 1);
    // The oldest of all is none of hers: neither is the log.
    rows.push(first.clone());
    node.node.catalogue.put_recording(&first).await.unwrap();
    assert_eq!(anna.get(&at).await.0, 404);
    assert_eq!(anna.get("/v1/chats").await.1["items"], json!([]));
    let page = format!("/chats/{}", first.session);
    assert_eq!(anna.request(Method::GET, &page).send().await.unwrap().status(), 404);
    let list = anna.request(Method::GET, "/archive").send().await.unwrap().text().await.unwrap();
    assert!(list.contains(rows[229].id.as_str()) && !list.contains("name=\"chat\""), "{list}");
    let list = anna.request(Method::GET, "/archive?show=chats").send().await.unwrap().text().await.unwrap();
    assert!(!list.contains(first.session.as_str()), "{list}");
    // Nor is it anybody's to send whom one of them is kept from.
    let (status, _) = anna.post("/v1/internal-links", json!({ "sessions": [first.session], "to": "anna" })).await;
    assert!(status == 403 || status == 404, "{status}");
    assert_eq!(node.get("/v1/chats").await["items"].as_array().unwrap().len(), 1, "whoever sees all sees it");
}

#[tokio::test]
async fn a8_logs_are_picked_in_the_archive_and_read_on_a_page_of_their_own() {
    let sharing = Sharing::new().await;
    let node = &sharing.node;
    let key = node.key.clone();
    let (id, alone) = (sharing.recording().await, sharing.chat().await);
    let session = node.node.catalogue.recording(&id).await.unwrap().session;
    chatted(node, &session).await;
    // Beside the recording, and in a list of logs, also of a session without any recording.
    let (_, list) = page(node, &key, "/archive").await;
    assert!(
        list.contains(&format!("name=\"recording\" value=\"{id}\"")) && list.contains(&format!("name=\"chat\" value=\"{session}\"")),
        "{list}"
    );
    assert!(!list.contains(alone.as_str()), "{list}");
    let (_, logs) = page(node, &key, "/archive?show=chats").await;
    for one in [&session, &alone] {
        assert!(logs.contains(&format!("name=\"chat\" value=\"{one}\"")), "{logs}");
    }
    assert!(!logs.contains("name=\"recording\""), "{logs}");
    for (narrowed, there) in [
        ("&session=x", false),
        ("&from=2026-01-02", false),
        ("&to=2026-01-01", true),
        ("&project=default", true),
        ("&project=other", false),
    ] {
        let (_, logs) = page(node, &key, &format!("/archive?show=chats{narrowed}")).await;
        assert_eq!(logs.contains(alone.as_str()), there, "{narrowed}: {logs}");
    }
    // What the form picks goes on to the letter, each once, and out.
    let (recording, chat, other) = (id.to_string(), session.to_string(), alone.to_string());
    let picked = [("csrf", ""), ("recording", recording.as_str()), ("chat", &chat), ("chat", &other), ("chat", &chat)];
    for path in ["/archive/send", "/archive/send-internal"] {
        let (status, leads, _) = send(node, &key, &format!("{path}/picked"), &picked).await;
        assert_eq!((status, leads), (303, format!("{path}?r={recording}&s={chat}&s={other}")));
    }
    let (_, form) = page(node, &key, &format!("/archive/send?r={recording}&s={chat}&s={other}")).await;
    assert!(form.contains("3 recordings and chat logs") && form.contains(&format!("href=\"/chats/{chat}\"")), "{form}");
    let (row, letter) = sharing
        .share(json!({ "recordings": [recording], "sessions": [chat, other],
        "recipient": { "name": "Bob Smith", "email": "bob@example.com" }, "reason": "complaint 4711" }))
        .await;
    assert_eq!((row["kind"].as_str(), row["items"].as_array().unwrap().len()), (Some("both"), 3));
    assert!(sharing.recipient(&letter).come_in().await.contains("/media/"));
    let many: Vec<String> = (0..41).map(|_| RecordingId::random().to_string()).collect();
    let mut fields: Vec<(&str, &str)> = many[..40].iter().map(|id| ("recording", id.as_str())).collect();
    fields.push(("chat", &chat));
    let (_, leads, _) = send(node, &key, "/archive/send/picked", &fields).await;
    assert!(
        leads.matches("r=").count() == 40 && leads.ends_with(&format!("&s={chat}")),
        "one too many goes on, so that it is said: {leads}"
    );
    let (status, problem) = node.post("/v1/shares", json!({ "recordings": many[..40], "sessions": [chat] })).await;
    assert!(status == 422 && problem["detail"].as_str().unwrap().contains("at most 40"), "logs count too: {problem}");
    // Sorting is for recordings.
    let (status, _, sorting) = send(node, &key, "/archive/sort", &picked).await;
    assert!(status == 200 && sorting.contains("2 chat logs that were picked stay as they are"), "{sorting}");

    // Read, noted, and a reason first where one is asked for.
    let path = format!("/chats/{session}");
    let (status, read) = page(node, &key, &path).await;
    assert!(status == 200 && read.contains("Where is my &#60;lamp&#62;?") && read.contains(&format!("/recordings/{id}")), "{read}");
    assert_eq!(page(node, &key, &format!("/chats/{alone}")).await.0, 200);
    assert_eq!(page(node, &key, "/chats/none").await.0, 404);
    let noted = |session: SessionId| {
        let sharing = &sharing;
        async move { sharing.audit(&format!("action=play&subject=session:{session}")).await.len() }
    };
    assert_eq!(noted(session.clone()).await, 1);
    user(node, json!({ "name": "anna", "role": "reviewer" })).await;
    assert_eq!(node.send(Method::PUT, "/v1/workspace/properties", json!({ "playback_reason": "#txt" })).await.0, 200);
    let anna = Browser::of(node, "anna").await;
    let text = |path: String| {
        let anna = &anna;
        async move { anna.request(Method::GET, &path).send().await.unwrap().text().await.unwrap() }
    };
    let asked = text(path.clone()).await;
    assert!(asked.contains("id=\"reason\"") && !asked.contains("Where is my"), "{asked}");
    let plays = format!("{path}/plays");
    let none = anna.form(&plays, &[("reason", "")]).await;
    assert!(none.status() == 422 && none.text().await.unwrap().contains("aria-invalid=\"true\""));
    assert_eq!(noted(session.clone()).await, 1);
    assert_eq!(anna.form(&plays, &[("reason", "complaint")]).await.status(), 303);
    assert!(text(path.clone()).await.contains("Where is my"));
    assert_eq!(noted(session.clone()).await, 2);
    assert_eq!(node.send(Method::PUT, "/v1/users/anna", json!({ "role": "reviewer", "properties": { "play": false } })).await.0, 200);
    let barred = text(path).await;
    assert!(barred.contains("not among your rights") && !barred.contains("Where is my"), "{barred}");
}

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
