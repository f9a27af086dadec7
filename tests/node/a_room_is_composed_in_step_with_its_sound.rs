//! A WHIP session with a flash and a beep each second: composed, complete, and in step.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use ferric::app::load::whip::{Film, publish};
use ferric::model::redact::Secret;
use serde_json::json;

use crate::heard::{HZ, Heard};
use crate::running_node::RunningNode;

#[tokio::test(flavor = "multi_thread")]
async fn a_flash_and_its_beep_stay_together() {
    let folder = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&folder.path().join("data"));
    let (status, session) = node.post("/v1/sessions", json!({ "project": "default", "kind": "room" })).await;
    assert_eq!(status, 201, "{session}");
    let session = session["id"].as_str().unwrap().to_owned();
    let (status, host) = node.post(&format!("/v1/sessions/{session}/participants"), json!({ "role": "agent", "name": "Host" })).await;
    assert_eq!(status, 201, "{host}");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/room");
    let film = Film::read(&fixtures.join("flash_beep.ivf")).unwrap().with(Film::read(&fixtures.join("flash_beep.opus")).unwrap());
    let token = Secret::new(host["token"].as_str().unwrap());
    let publisher =
        publish(Arc::new(film), IpAddr::V4(Ipv4Addr::LOCALHOST), host["whip_url"].as_str().unwrap(), token, false).await.unwrap();
    let id = host["id"].as_str().unwrap();
    let (status, answer) = node.command(&session, id, "start").await;
    assert_eq!((status, answer["state"].as_str()), (200, Some("recording")), "{answer}");
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(node.command(&session, id, "stop").await.0, 200);
    publisher.stop().await.unwrap();
    assert!(node.post(&format!("/v1/sessions/{session}/end"), json!({})).await.0 < 300);

    let ready = node.recordings_in("ready", 1, Duration::from_secs(60)).await;
    let recording = ready[0]["id"].as_str().unwrap();
    let manifest = node.get(&format!("/v1/recordings/{recording}/files/manifest.json")).await;
    let frames = &manifest["media"]["frames"];
    let (received, composed) = (frames["received"].as_f64().unwrap(), frames["composed"].as_f64().unwrap());
    assert!(composed / received >= 0.99, "{frames}");

    let file = node.fetch_mp4(recording, folder.path()).await;
    let heard = Heard::decode(&file, 1);
    let flashes = flashes(&file);
    let beeps: Vec<f64> = beeps(&heard);
    assert!(flashes.first().is_some_and(|at| *at < 1.2), "a first picture within a second: {flashes:?}");
    assert!(flashes.len() >= 6, "{flashes:?}");
    let mut offsets: Vec<f64> = flashes
        .iter()
        .filter_map(|flash| beeps.iter().map(|beep| (flash - beep).abs()).filter(|d| *d < 0.5).min_by(f64::total_cmp))
        .collect();
    offsets.sort_by(f64::total_cmp);
    assert!(offsets.len() >= flashes.len() - 1, "{flashes:?} {beeps:?}");
    let p95 = offsets[(offsets.len() * 95).div_ceil(100) - 1];
    assert!(p95 <= 0.045, "lip-sync p95 is {:.0} ms: {flashes:?} {beeps:?}", p95 * 1000.0);
    let told = manifest["media"]["av_offset_p95_ms"].as_f64().unwrap();
    assert!((1.0..=45.0).contains(&told), "the manifest says {told} ms");
    let poster = node.bytes(&format!("/v1/recordings/{recording}/files/poster.jpg")).await;
    assert!(image::load_from_memory(&poster).is_ok());
}

/// Instants at which the picture turns from dark to bright.
fn flashes(file: &Path) -> Vec<f64> {
    let out = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i"])
        .arg(file)
        .args(["-an", "-vf", "fps=100,scale=1:1,format=gray", "-f", "rawvideo", "-"])
        .output()
        .expect("ffmpeg runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    rises(out.stdout.iter().map(|luma| f64::from(*luma)), 60.0, 100.0)
}

/// Instants at which the beep begins.
fn beeps(heard: &Heard) -> Vec<f64> {
    let window = 0.005;
    let loudness = (0..(heard.seconds() / window) as usize).map(|n| {
        let range = (n as f64 * window * HZ) as usize..((n + 1) as f64 * window * HZ) as usize;
        let part = &heard.channels[0][range];
        (part.iter().map(|s| s * s).sum::<f64>() / part.len() as f64).sqrt()
    });
    rises(loudness, 0.03, 1.0 / window)
}

fn rises(values: impl Iterator<Item = f64>, floor: f64, rate: f64) -> Vec<f64> {
    let mut below = true;
    let mut found: Vec<f64> = Vec::new();
    for (n, value) in values.enumerate() {
        let at = n as f64 / rate;
        if value > floor && below && found.last().is_none_or(|last| at - last > 0.5) {
            found.push(at);
        }
        below = value <= floor;
    }
    found
}
