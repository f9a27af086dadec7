//! A2: `recording`, `processing` with its progress, `ready`; or `failed` with a reason, and a retry that makes it `ready` once what was missing is there.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferric::app::load::whip::{Film, publish};
use ferric::model::redact::Secret;
use serde_json::{Value, json};

use crate::running_node::RunningNode;
use crate::siprec::Call;
use crate::tus::{Sender, ffmpeg};

const PARTIES: [crate::siprec::Who; 2] = [("sip:+4791799300@example.net", "Kari"), ("sip:paal@example.com", "Paal")];

/// What the row says until it is in this state, each once.
async fn seen_until(node: &RunningNode, id: &str, last: &str) -> Vec<(String, u64)> {
    let deadline = Instant::now() + Duration::from_secs(90);
    let mut seen: Vec<(String, u64)> = Vec::new();
    loop {
        let row: Value = node.get(&format!("/v1/recordings/{id}")).await;
        let now = (row["state"].as_str().unwrap().to_owned(), row["progress"].as_u64().unwrap());
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        if row["state"] == last {
            return seen;
        }
        assert!(Instant::now() < deadline, "{seen:?}: {row:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_a_call_is_recording_then_processing_then_ready_within_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    let call = Call::place(node.sip.parse().unwrap(), PARTIES, "").await;
    let growing = node.recordings_in("recording", 1, Duration::from_secs(20)).await;
    let id = growing[0]["id"].as_str().unwrap().to_owned();
    assert_eq!((growing[0]["progress"].as_u64(), growing[0]["ended_at"].is_null()), (Some(0), true));
    tokio::time::sleep(Duration::from_secs(2)).await;
    call.hang_up().await;
    let over = Instant::now();
    let seen = seen_until(&node, &id, "ready").await;
    assert!(over.elapsed() < Duration::from_secs(20), "ready {:?} after the end", over.elapsed());
    let states: Vec<&str> = seen.iter().map(|(state, _)| state.as_str()).collect();
    let order = ["recording", "processing", "ready"];
    let places: Vec<usize> = states.iter().map(|state| order.iter().position(|known| known == state).expect("no other state")).collect();
    assert!(places.is_sorted(), "{seen:?}");
    assert!(seen.iter().map(|(_, percent)| *percent).is_sorted(), "progress never falls: {seen:?}");
    assert_eq!(seen.last().unwrap().1, 100);
    let (status, problem) = node.post(&format!("/v1/recordings/{id}/retry"), json!({})).await;
    assert_eq!((status, problem["reason"].as_str()), (409, Some("nothing_to_retry")), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_a_file_that_is_sent_in_shows_its_progress() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    let arguments = ["-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30:d=20", "-c:v", "libvpx", "-deadline", "realtime", "-b:v", "1M"];
    let film = ffmpeg(dir.path(), "film.webm", &arguments);
    let id = Sender::admin(&node).file(&node, &film, &[]).await;
    let seen = seen_until(&node, &id, "ready").await;
    let between = seen.iter().filter(|(state, percent)| state == "processing" && (1..100).contains(percent)).count();
    assert!(between >= 2 && seen.iter().map(|(_, percent)| *percent).is_sorted(), "{seen:?}");
}

/// A machine whose GStreamer has no plug-ins until somebody installs them.
fn without_plug_ins(into: &Path) -> (PathBuf, [(String, String); 3]) {
    let plug_ins = into.join("plug-ins");
    std::fs::create_dir(&plug_ins).unwrap();
    let text = |path: &Path| path.display().to_string();
    let environment = [
        ("GST_PLUGIN_SYSTEM_PATH_1_0".to_owned(), text(&plug_ins)),
        ("GST_PLUGIN_PATH_1_0".to_owned(), text(&plug_ins)),
        ("GST_REGISTRY_1_0".to_owned(), text(&into.join("registry.bin"))),
    ];
    (plug_ins, environment)
}

fn install(plug_ins: &Path) {
    let folders = ["/usr/lib/x86_64-linux-gnu/gstreamer-1.0", "/usr/lib/aarch64-linux-gnu/gstreamer-1.0", "/usr/lib/gstreamer-1.0"];
    let from = folders.iter().find(|folder| Path::new(folder).is_dir()).expect("GStreamer's plug-ins");
    for file in std::fs::read_dir(from).unwrap().flatten() {
        let _ = std::os::unix::fs::symlink(file.path(), plug_ins.join(file.file_name()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_a_recording_that_failed_says_why_and_is_made_when_it_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let (plug_ins, environment) = without_plug_ins(dir.path());
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let node = RunningNode::start_with(&dir.path().join("data"), &environment);
    let (_, session) = node.post("/v1/sessions", json!({ "project": "default", "kind": "room" })).await;
    let session = session["id"].as_str().unwrap().to_owned();
    let (_, host) = node.post(&format!("/v1/sessions/{session}/participants"), json!({ "role": "agent", "name": "Host" })).await;
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/room");
    let film = Film::read(&fixtures.join("flash_beep.ivf")).unwrap().with(Film::read(&fixtures.join("flash_beep.opus")).unwrap());
    let token = Secret::new(host["token"].as_str().unwrap());
    let publisher =
        publish(Arc::new(film), IpAddr::V4(Ipv4Addr::LOCALHOST), host["whip_url"].as_str().unwrap(), token, false).await.unwrap();
    assert_eq!(node.command(&session, host["id"].as_str().unwrap(), "start").await.0, 200);
    tokio::time::sleep(Duration::from_secs(3)).await;
    publisher.stop().await.unwrap();
    assert!(node.post(&format!("/v1/sessions/{session}/end"), json!({})).await.0 < 300);

    let failed = node.recordings_in("failed", 1, Duration::from_secs(60)).await;
    let id = failed[0]["id"].as_str().unwrap().to_owned();
    assert!(failed[0]["failure"].as_str().unwrap().contains("gstreamer1.0-plugins"), "it says what is missing: {failed:#?}");
    let retry = format!("/v1/recordings/{id}/retry");
    install(&plug_ins);
    let deadline = Instant::now() + Duration::from_secs(60);
    while node.get(&format!("/v1/recordings/{id}")).await["state"] == "failed" {
        let (status, problem) = node.post(&retry, json!({})).await;
        assert!(status == 202 || status == 409, "{problem}");
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let seen = seen_until(&node, &id, "ready").await;
    assert_eq!(seen.last().unwrap(), &("ready".to_owned(), 100));
    let row = node.get(&format!("/v1/recordings/{id}")).await;
    assert!(row["failure"].is_null() && row["resolution"]["width"].as_u64().unwrap() > 0, "{row:#}");
}
