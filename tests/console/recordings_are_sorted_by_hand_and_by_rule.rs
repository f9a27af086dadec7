use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;

use crate::running_node::RunningNode;
use crate::script::{run, script};

fn made(file: &Path, arguments: &[&str]) {
    let said = Command::new("ffmpeg").args(["-v", "error", "-y"]).args(arguments).arg(file).output().expect("ffmpeg runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

/// Sends a file in whole.
async fn sent(node: &RunningNode, key: &str, file: &Path, metadata: &[(&str, &str)]) {
    let bytes = std::fs::read(file).expect("readable");
    let encode = |value: &str| base64::engine::general_purpose::STANDARD.encode(value);
    let said = metadata.iter().map(|(name, value)| format!("{name} {}", encode(value))).collect::<Vec<_>>().join(",");
    let client = reqwest::Client::new();
    let begun = client.post(format!("{}/v1/uploads", node.http)).bearer_auth(key).header("Tus-Resumable", "1.0.0");
    let begun = begun.header("Upload-Length", bytes.len()).header("Upload-Metadata", said).send().await.expect("answered");
    assert_eq!(begun.status(), 201);
    let place = begun.headers().get("location").and_then(|v| v.to_str().ok()).expect("a place").to_owned();
    let piece = client.patch(format!("{}{place}", node.http)).bearer_auth(key).header("Tus-Resumable", "1.0.0");
    let piece = piece.header("Content-Type", "application/offset+octet-stream").header("Upload-Offset", 0).body(bytes);
    assert_eq!(piece.send().await.expect("answered").status(), 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_makes_rules_and_people_sort_what_they_find() {
    let dir = tempfile::tempdir().expect("a folder");
    let film = dir.path().join("lamp.mp4");
    let picture = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=65", "-f", "lavfi", "-i", "sine=440:beep_factor=4:d=65"];
    made(&film, &[&picture[..], &["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-c:a", "aac"]].concat());
    let sound = dir.path().join("note.wav");
    made(&sound, &["-f", "lavfi", "-i", "sine=660:d=3"]);
    let node = RunningNode::start(&dir.path().join("data"));
    let key = std::fs::read_to_string(dir.path().join("data/admin.key")).expect("a key").trim().to_owned();
    for n in 1..=4 {
        let ticket = format!("T-{n}");
        sent(&node, &key, &sound, &[("title", "A note"), ("ticket", &ticket), ("customer_email", "kari@example.com")]).await;
    }
    let told =
        [("title", "Where the lamp is"), ("ticket", "T-77"), ("customer_email", "kari@example.com"), ("queue", "gold"), ("order", "O-1")];
    sent(&node, &key, &film, &told).await;
    let deadline = Instant::now() + Duration::from_mins(3);
    node.recordings_in("ready", 5, deadline.saturating_duration_since(Instant::now())).await;
    run(&mut script("sorting.mjs", &node));
    assert_eq!(node.terminate(), 0);
}
