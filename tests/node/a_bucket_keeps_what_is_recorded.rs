//! The whole node with a real S3 server as its store: what is recorded lies in the bucket and plays from there; while the bucket is away nothing is
//! lost, whatever else happens.

use std::path::Path;
use std::time::{Duration, Instant};

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient};
use serde_json::Value;

use crate::heard::Heard;
use crate::running_node::RunningNode;
use crate::server::{ACCESS, SECRET, Server};
use crate::two_tones::two_tones;

fn node_of(server: &Server, data: &Path) -> RunningNode {
    let line = server.line();
    let keys = [("AWS_ACCESS_KEY_ID", ACCESS), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    RunningNode::start_with(data, &[("FERRIC_DATA_STORE", line.as_str()), keys[0], keys[1]])
}

async fn call(node: &RunningNode, lasts: Duration, before_the_end: impl FnOnce()) {
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    tokio::time::sleep(lasts).await;
    before_the_end();
    call.hang_up(&pump).await.unwrap();
}

fn tapes(node: &RunningNode) -> usize {
    std::fs::read_dir(node.data.join("spool")).unwrap().count()
}

async fn no_tape_is_left(node: &RunningNode) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while tapes(node) > 0 {
        assert!(Instant::now() < deadline, "{} tapes are left", tapes(node));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Everything that the manifest names lies in the bucket, and the node serves it from there, whole and in parts.
async fn is_in_the_bucket(node: &RunningNode, server: &Server, row: &Value, folder: &Path) {
    let id = row["id"].as_str().unwrap();
    let manifest = node.get(&format!("/v1/recordings/{id}/files/manifest.json")).await;
    for file in manifest["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        let there = std::fs::metadata(server.file_of(&format!("recordings/{id}/{name}"))).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(Some(there.len()), file["bytes"].as_u64(), "{name}");
    }
    let stored = std::fs::read(server.file_of(&format!("recordings/{id}/recording.mp4"))).unwrap();
    let path = format!("/v1/recordings/{id}/files/recording.mp4");
    let (status, told, part) = node.part(&path, "bytes=1000-4999").await;
    assert_eq!((status, told), (206, format!("bytes 1000-4999/{}", stored.len())));
    assert!(part == stored[1000..5000], "the part is the part");
    let (status, _, tail) = node.part(&path, "bytes=-500").await;
    assert!(status == 206 && tail == stored[stored.len() - 500..], "the last 500 bytes");
    let heard = Heard::decode(&node.fetch_mp4(id, folder).await, 2);
    assert!((heard.seconds() - row["duration_ms"].as_f64().unwrap() / 1000.0).abs() < 0.15);
    let to = heard.seconds() - 0.3;
    assert!(heard.tone(0, 1250.0, 0.3, to) > 0.15 && heard.tone(1, 440.0, 0.3, to) > 0.15, "both parties are heard");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_plays_from_the_bucket_and_the_tape_goes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let node = node_of(&server, &folder.path().join("data"));
    call(&node, Duration::from_secs(2), || ()).await;
    let ready = node.recordings_in("ready", 1, Duration::from_secs(60)).await;
    is_in_the_bucket(&node, &server, &ready[0], folder.path()).await;
    no_tape_is_left(&node).await;
    assert!(!node.data.join("store").exists(), "nothing lies in a folder beside the bucket");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_away_costs_nothing_but_time() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let node = node_of(&server, &folder.path().join("data"));
    call(&node, Duration::from_secs(2), || server.away(true)).await;
    node.recordings_in("processing", 1, Duration::from_secs(60)).await;
    assert_eq!(tapes(&node), 1, "the tape stays while its recording is not stored");

    // The node dies too, comes back while the bucket is still away, and takes the next call.
    let data = node.data.clone();
    node.kill();
    let node = node_of(&server, &data);
    call(&node, Duration::from_secs(2), || ()).await;
    node.recordings_in("processing", 2, Duration::from_secs(60)).await;
    assert_eq!(tapes(&node), 2);
    server.away(false);

    let ready = node.recordings_in("ready", 2, Duration::from_secs(120)).await;
    for row in &ready {
        is_in_the_bucket(&node, &server, row, folder.path()).await;
    }
    no_tape_is_left(&node).await;
}
