//! C3: copies lie in a store of their own; at the end and when called back they are gone, and the link stops, at once.

use std::time::{Duration, Instant};

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient};
use ferric::model::id::RecordingId;
use reqwest::Method;
use serde_json::json;

use crate::declined::{decline, files_with, participant, ready_without, session_of_the_call, until};
use crate::running_node::RunningNode;
use crate::server::{ACCESS, SECRET, Server};
use crate::sharing::{Sharing, players, to_bob};
use crate::smtp::{PASSWORD, Smtp, USER, Way};
use crate::tus::{Sender, ffmpeg};
use crate::two_tones::two_tones;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn cancelling_stops_the_link_and_removes_the_copies_in_the_same_second() {
    let sharing = Sharing::new().await;
    let id = sharing.recording().await;
    let (row, bob) = sharing.with_bob(&[&id]).await;
    let page = bob.come_in().await;
    let src = players(&page).remove(0);
    assert_eq!(bob.piece(&src, "bytes=0-").await.status(), 206);
    assert_eq!(sharing.external().len(), 1);

    let cancel = format!("/v1/shares/{}/cancel", row["id"].as_str().unwrap());
    let asked = Instant::now();
    let (status, cancelled) = sharing.node.post(&cancel, json!({})).await;
    assert_eq!((status, &cancelled["status"], &cancelled["cancelled_by"]), (200, &json!("cancelled"), &json!("key:admin")), "{cancelled}");
    assert!(sharing.external().is_empty() && asked.elapsed() < SECOND, "{:?} after {:?}", sharing.external(), asked.elapsed());
    assert_eq!(bob.piece(&src, "bytes=0-").await.status(), 404, "also for the page that is open");
    let over = bob.get("").await;
    assert_eq!(over.status(), 410);
    assert!(over.text().await.unwrap().contains("withdrawn"));
    let standing: serde_json::Value = bob.get("/standing").await.json().await.unwrap();
    assert_eq!((&standing["valid"], standing["over"].as_object().unwrap().values().next()), (&json!([]), Some(&json!("over-cancelled"))));
    assert_eq!(sharing.audit("action=cancel").await[0]["subject"], format!("share:{}", row["id"].as_str().unwrap()));

    // Nobody comes in by it any more, and it cannot be called back twice.
    let known = sharing.smtp.arrived().len();
    let eve = bob.elsewhere();
    assert_eq!(eve.form("/code", &[("l", "en")]).await.status(), 303);
    assert_eq!(sharing.node.post(&cancel, json!({})).await.0, 409);
    // A later share has another page: the old link opens nothing of it, and the old web session neither.
    let (_, again) = sharing.with_bob(&[&id]).await;
    assert_eq!(sharing.smtp.arrived().len(), known + 1, "no code went out for the link that is over");
    assert_ne!(again.path, bob.path);
    assert_eq!(bob.get("").await.status(), 410);
}

#[tokio::test]
async fn at_the_end_of_the_last_day_the_copies_go_in_the_same_second() {
    let sharing = Sharing::new().await;
    let id = sharing.recording().await;
    let (_, bob) = sharing.with_bob(&[&id]).await;
    let src = players(&bob.come_in().await).remove(0);
    assert_eq!(bob.piece(&src, "bytes=0-").await.status(), 206);
    // Its last second is over now.
    sharing.sql("UPDATE shares SET until = 1000000000").await;
    assert_eq!(bob.piece(&src, "bytes=0-").await.status(), 404);
    sharing.until("the copies are gone in a second", SECOND, async || sharing.external().is_empty()).await;
    assert_eq!(sharing.node.get("/v1/shares?status=expired").await["items"].as_array().unwrap().len(), 1);
    let over = bob.get("").await;
    assert_eq!(over.status(), 410);
    assert!(over.text().await.unwrap().contains("are over"));
}

#[tokio::test]
async fn what_is_deleted_leaves_every_share() {
    let sharing = Sharing::new().await;
    let (one, two, chat) = (sharing.recording().await, sharing.recording().await, sharing.chat().await);
    let mut body = to_bob(&[&one, &two]);
    body["sessions"] = json!([chat]);
    let (row, letter) = sharing.share(body).await;
    let bob = sharing.recipient(&letter);
    let sources = players(&bob.come_in().await);
    assert_eq!((sources.len(), sharing.external().len()), (2, 3));
    assert_eq!(sharing.node.send(Method::DELETE, &format!("/v1/recordings/{one}"), json!({})).await.0, 204);
    assert_eq!(bob.piece(&sources[0], "bytes=0-").await.status(), 404);
    assert_eq!(bob.piece(&sources[1], "bytes=0-").await.status(), 206, "the other stays");
    sharing.until("its copies are gone", SECOND, async || sharing.external().len() == 2).await;
    assert_eq!(sharing.node.send(Method::DELETE, &format!("/v1/sessions/{chat}/chat"), json!({})).await.0, 204);
    sharing.until("the chat's too", SECOND, async || sharing.external().len() == 1).await;
    let shown = sharing.node.get(&format!("/v1/shares/{}", row["id"].as_str().unwrap())).await;
    let gone: Vec<bool> = shown["items"].as_array().unwrap().iter().map(|item| item["gone"] == true).collect();
    assert_eq!(gone, [true, false, true]);
    assert_eq!(players(&bob.page().await).len(), 1);
}

/// The environment of a node that sends letters by this server.
fn sending<'e>(port: &'e str, root: &'e str) -> Vec<(&'e str, &'e str)> {
    vec![
        ("FERRIC_MAIL_HOST", "localhost"),
        ("FERRIC_MAIL_PORT", port),
        ("FERRIC_MAIL_USER", USER),
        ("FERRIC_MAIL_PASSWORD", PASSWORD),
        ("FERRIC_MAIL_FROM", "no-reply@example.com"),
        ("FERRIC_MAIL_TLS_ROOT", root),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_party_declined_leaves_what_was_shared_of_it() {
    let (smtp, folder) = (Smtp::start(Way::Starttls).await, tempfile::tempdir().unwrap());
    let (port, root) = (smtp.port.to_string(), smtp.root().display().to_string());
    let node = RunningNode::start_with(&folder.path().join("data"), &sending(&port, &root));
    let may_start = json!({ "name": "agent", "addresses": ["sip:agent@test.example"], "properties": { "manual_recording_allowed": true } });
    assert_eq!(node.post("/v1/agents", may_start).await.0, 201);
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    let session = session_of_the_call(&node).await;
    let (agent, customer) = (participant(&node, &session, "agent").await, participant(&node, &session, "customer").await);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(node.command(&session, &agent, "stop").await.0, 200);
    let id: RecordingId = node.recordings_in("ready", 1, Duration::from_secs(60)).await[0]["id"].as_str().unwrap().parse().unwrap();
    let (status, row) = node.post("/v1/shares", to_bob(&[&id])).await;
    assert_eq!(status, 201, "{row}");
    let copies = node.data.join("external");
    until("the copy lies there", Duration::from_secs(30), async || (files_with(&copies, b"ftyp").len() == 1).then_some(())).await;
    decline(&node, &session, &customer).await;
    until("the copy is gone", Duration::from_secs(30), async || files_with(&copies, b"ftyp").is_empty().then_some(())).await;
    let shown = node.get(&format!("/v1/shares/{}", row["id"].as_str().unwrap())).await;
    assert_eq!(shown["items"][0]["gone"], true);
    call.hang_up(&pump).await.unwrap();
    // It is made anew without them, and can be shared again.
    ready_without(&node, id.as_str(), &customer, Duration::from_secs(60)).await;
    assert_eq!(node.post("/v1/shares", to_bob(&[&id])).await.0, 201);
}

/// Where a node's copies lie in a bucket, whatever becomes of the node.
struct InABucket {
    bucket: Server,
    smtp: Smtp,
    folder: tempfile::TempDir,
}

impl InABucket {
    async fn new() -> Self {
        Self { bucket: Server::start().await, smtp: Smtp::start(Way::Starttls).await, folder: tempfile::tempdir().unwrap() }
    }

    /// Starts the node, or starts it again.
    fn start(&self) -> RunningNode {
        let (line, port, root) = (self.bucket.line(), self.smtp.port.to_string(), self.smtp.root().display().to_string());
        let mut environment = sending(&port, &root);
        environment.extend([("FERRIC_EXTERNAL_STORE", line.as_str()), ("AWS_ACCESS_KEY_ID", ACCESS), ("AWS_SECRET_ACCESS_KEY", SECRET)]);
        RunningNode::start_with(&self.folder.path().join("data"), &environment)
    }

    /// A recording of two seconds.
    async fn recording(&self, node: &RunningNode) -> RecordingId {
        let sound = ffmpeg(self.folder.path(), "two.wav", &["-f", "lavfi", "-i", "sine=frequency=440:duration=2"]);
        let id = Sender::admin(node).file(node, &sound, &[("filename", "two.wav")]).await.parse().unwrap();
        node.recordings_in("ready", 1, Duration::from_secs(60)).await;
        id
    }
}

#[tokio::test]
async fn what_a_store_that_is_away_keeps_is_removed_later_also_after_a_restart() {
    let place = InABucket::new().await;
    let (node, bucket) = (place.start(), &place.bucket);
    let id = place.recording(&node).await;
    let (status, row) = node.post("/v1/shares", to_bob(&[&id])).await;
    assert_eq!(status, 201, "{row}");
    let copies = bucket.file_of(&format!("shares/{}", row["id"].as_str().unwrap()));
    let there = || files_with(&copies, b"ftyp").len();
    until("the copy lies in the bucket", Duration::from_secs(30), async || (there() == 1).then_some(())).await;

    bucket.away(true);
    let (status, cancelled) = node.post(&format!("/v1/shares/{}/cancel", row["id"].as_str().unwrap()), json!({})).await;
    assert_eq!((status, &cancelled["status"]), (200, &json!("cancelled")), "what is called back is called back whatever the store does");
    assert_eq!(there(), 1);
    node.kill();
    let again = place.start();
    assert_eq!(there(), 1);
    bucket.away(false);
    until("the copy leaves the bucket", Duration::from_secs(60), async || (there() == 0).then_some(())).await;
    assert_eq!(again.terminate(), 0);
}

/// A folder is away, as a share that is not mounted, until what is answered is called.
fn taken_away(root: &std::path::Path) -> impl FnOnce() {
    let (root, aside) = (root.to_owned(), root.with_extension("aside"));
    std::fs::rename(&root, &aside).unwrap();
    std::fs::write(&root, b"no folder").unwrap();
    move || {
        std::fs::remove_file(&root).unwrap();
        std::fs::rename(&aside, &root).unwrap();
    }
}

#[tokio::test]
async fn an_order_is_answered_at_once_and_its_letter_goes_once_the_copies_are_there() {
    let sharing = Sharing::new().await;
    let id = sharing.recording().await;
    let root = sharing.node.dir.path().join("external");
    let back = taken_away(&root);
    let (status, row) = sharing.node.post("/v1/shares", to_bob(&[&id])).await;
    assert_eq!((status, &row["delivery"]["state"], &row["copies"]["state"]), (201, &json!("held"), &json!("copying")), "{row}");
    let at = format!("/v1/shares/{}", row["id"].as_str().unwrap());
    let failed = async || sharing.node.get(&at).await["copies"]["failure"].is_string();
    sharing.until("the log says why", 10 * SECOND, failed).await;
    assert!(sharing.smtp.arrived().is_empty());
    let log = crate::forms::page(&sharing.node, &sharing.node.key, "/external").await.1;
    assert!(log.contains("Copies on their way (0 of 1)") && log.contains("could not be copied"), "{log}");
    back();
    let letter = sharing.smtp.after(0).await;
    let row = sharing.node.get(&at).await;
    assert_eq!(
        (&row["copies"]["state"], &row["copies"]["copied"], &row["copies"]["failure"]),
        (&json!("there"), &json!(1), &json!(null)),
        "{row}"
    );
    assert_eq!(players(&sharing.recipient(&letter).come_in().await).len(), 1);
}

#[tokio::test]
async fn what_is_called_back_while_it_is_copied_leaves_nothing() {
    let sharing = Sharing::new().await;
    let bytes = vec![7_u8; 12 << 20];
    let (one, two, three) = (sharing.recording_of(&bytes).await, sharing.recording_of(&bytes).await, sharing.recording_of(&bytes).await);
    for wait_ms in [0, 5, 15, 40, 90] {
        let (status, row) = sharing.node.post("/v1/shares", to_bob(&[&one, &two, &three])).await;
        assert_eq!(status, 201, "{row}");
        // At one moment of copying or another.
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        let at = format!("/v1/shares/{}", row["id"].as_str().unwrap());
        let (status, cancelled) = sharing.node.post(&format!("{at}/cancel"), json!({})).await;
        assert_eq!((status, &cancelled["status"]), (200, &json!("cancelled")), "{cancelled}");
        sharing.until("nothing is left of it", 5 * SECOND, async || sharing.external().is_empty()).await;
        let row = sharing.node.get(&at).await;
        assert!(row["copies"]["state"] == "gone" && row["delivery"]["state"] != "held" && row["delivery"]["state"] != "waiting", "{row}");
    }
    // Nor does anything come later.
    let (_, row) = sharing.node.post("/v1/shares", to_bob(&[&one])).await;
    let at = format!("/v1/shares/{}", row["id"].as_str().unwrap());
    // A letter of those before may have been under way when it was called back: this one's is the last.
    sharing.until("its letter is sent", 20 * SECOND, async || sharing.node.get(&at).await["delivery"]["state"] == "sent").await;
    let letter = sharing.smtp.arrived().pop().unwrap();
    assert_eq!((players(&sharing.recipient(&letter).come_in().await).len(), sharing.external().len()), (1, 1));
}

#[tokio::test]
async fn what_is_deleted_while_it_is_copied_is_not_shared() {
    let sharing = Sharing::new().await;
    let (one, two) = (sharing.recording().await, sharing.recording().await);
    let root = sharing.node.dir.path().join("external");
    let back = taken_away(&root);
    let (_, both) = sharing.node.post("/v1/shares", to_bob(&[&one, &two])).await;
    let (_, alone) = sharing.node.post("/v1/shares", to_bob(&[&one])).await;
    let _ = sharing.node.send(Method::DELETE, &format!("/v1/recordings/{one}"), json!({})).await;
    back();
    let letter = sharing.smtp.after(0).await;
    assert_eq!(players(&sharing.recipient(&letter).come_in().await).len(), 1, "the other one is");
    let at = |row: &serde_json::Value| format!("/v1/shares/{}", row["id"].as_str().unwrap());
    assert_eq!(sharing.node.get(&at(&both)).await["items"][0]["gone"], true);
    let failed = async || sharing.node.get(&at(&alone)).await["delivery"]["state"] == "failed";
    sharing.until("a letter with nothing behind it does not go", 20 * SECOND, failed).await;
    assert_eq!(sharing.external().len(), 1);
}

#[tokio::test]
async fn copying_goes_on_after_a_restart() {
    let place = InABucket::new().await;
    let (node, bucket) = (place.start(), &place.bucket);
    let id = place.recording(&node).await;
    bucket.away(true);
    let asked = Instant::now();
    let (status, row) = node.post("/v1/shares", to_bob(&[&id])).await;
    assert!(status == 201 && asked.elapsed() < 2 * SECOND, "{:?}: {row}", asked.elapsed());
    node.kill();
    bucket.away(false);
    let again = place.start();
    assert_eq!(place.smtp.after(0).await.to, "bob@example.com");
    let copies = bucket.file_of(&format!("shares/{}", row["id"].as_str().unwrap()));
    assert_eq!(files_with(&copies, b"ftyp").len(), 1, "the copy was there before the letter");
    assert_eq!(again.terminate(), 0);
}
