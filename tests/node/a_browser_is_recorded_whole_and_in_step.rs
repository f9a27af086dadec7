//! Chromium publishes camera and microphone: what it sent is in the recording, in step, from the first second to the last.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chromium::{Chromium, FPS, HEIGHT, Report, WIDTH, read_frame};
use crate::heard::{HZ, Heard};
use crate::running_node::RunningNode;

/// A picture of the finished file.
struct Shown {
    at: f64,
    film: Option<(u32, bool)>,
}

fn pictures(file: &Path) -> Vec<Shown> {
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0"])
        .arg(file)
        .output()
        .expect("ffprobe runs");
    let times: Vec<f64> =
        String::from_utf8_lossy(&probe.stdout).lines().filter_map(|l| l.trim().trim_end_matches(',').parse().ok()).collect();
    let out = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i"])
        .arg(file)
        .args(["-an", "-fps_mode", "passthrough", "-vf"])
        .arg(format!("scale={WIDTH}:{HEIGHT}:flags=area,format=gray"))
        .args(["-f", "rawvideo", "-"])
        .output()
        .expect("ffmpeg runs");
    assert!(out.status.success() && out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    let frames = out.stdout.chunks_exact(WIDTH * HEIGHT);
    assert_eq!(frames.len(), times.len(), "every packet is a picture");
    times.into_iter().zip(frames).map(|(at, gray)| Shown { at, film: read_frame(gray) }).collect()
}

/// Instants at which a flash begins, with the second of the film it belongs to.
fn flashes(shown: &[Shown]) -> Vec<(u32, f64)> {
    let mut found: Vec<(u32, f64)> = Vec::new();
    for (number, at) in shown.iter().filter_map(|s| s.film.filter(|f| f.1).map(|f| (f.0, s.at))) {
        // The first of three frames may be the one that is missing.
        let begins = at - f64::from(number % FPS) / f64::from(FPS);
        if found.last().is_none_or(|last| last.0 != number / FPS) {
            found.push((number / FPS, begins));
        }
    }
    found
}

fn beeps(heard: &Heard) -> Vec<f64> {
    let mut found: Vec<f64> = Vec::new();
    let mut quiet = usize::MAX / 2;
    for (n, sample) in heard.channels[0].iter().enumerate() {
        if sample.abs() < 0.05 {
            quiet += 1;
            continue;
        }
        if quiet as f64 > HZ / 4.0 {
            found.push(n as f64 / HZ);
        }
        quiet = 0;
    }
    found
}

/// For each beep: how long after its flash it comes, seconds.
fn lags(flashes: &[f64], beeps: &[f64]) -> Vec<f64> {
    let nearest = |beep: &f64| flashes.iter().map(|flash| beep - flash).min_by(|a, b| a.abs().total_cmp(&b.abs()));
    beeps.iter().filter_map(nearest).filter(|lag| lag.abs() < 0.5).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How long after its flash the browser captured each beep: the fake devices begin when they are opened, each at its own moment.
fn captured_lag(report: &Report) -> f64 {
    let flashes: Vec<f64> = report
        .pictures
        .iter()
        .filter(|(number, _)| number % FPS < 3)
        .map(|(number, at)| at / 1000.0 - f64::from(number % FPS) / f64::from(FPS))
        .collect();
    let beeps: Vec<f64> = report.beeps.iter().map(|at| at / 1000.0).collect();
    let lags = lags(&flashes, &beeps);
    assert!(lags.len() >= 5, "the browser told too little: {flashes:?} {beeps:?}");
    median(lags)
}

async fn ready_after_end(node: &RunningNode, session: &str, count: usize) -> (Vec<Value>, Duration) {
    let ended = Instant::now();
    assert!(node.post(&format!("/v1/sessions/{session}/end"), json!({})).await.0 < 300);
    let mut ready = node.recordings_in("ready", count, Duration::from_secs(60)).await;
    let took = ended.elapsed();
    ready.sort_by_key(|r| r["started_at"].as_str().unwrap().to_owned());
    (ready, took)
}

async fn recorded(codec: &str) {
    let folder = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&folder.path().join("data"));
    let (status, session) = node.post("/v1/sessions", json!({ "project": "default", "kind": "room" })).await;
    assert_eq!(status, 201, "{session}");
    let session = session["id"].as_str().unwrap().to_owned();
    let (_, host) = node.post(&format!("/v1/sessions/{session}/participants"), json!({ "role": "agent", "name": "Host" })).await;
    let (id, token, url) = (host["id"].as_str().unwrap(), host["token"].as_str().unwrap(), host["whip_url"].as_str().unwrap());

    // Recording runs before anything is sent: every frame counts.
    assert_eq!(node.command(&session, id, "start").await.0, 200);
    let mut browser = Chromium::publish(url, token, codec).await;
    tokio::time::sleep(Duration::from_secs(9)).await;
    let whole = browser.order("hush").await;
    assert_eq!(whole.codec, codec);
    assert_eq!(node.command(&session, id, "stop").await.0, 200);

    // A second recording begins in the middle of what is sent.
    browser.order("speak").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(node.command(&session, id, "start").await.0, 200);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(node.command(&session, id, "stop").await.0, 200);
    browser.order("leave").await;
    let (ready, took) = ready_after_end(&node, &session, 2).await;
    println!("{codec}: ready {took:?} after the end of the room");

    let first = ready[0]["id"].as_str().unwrap();
    let manifest = node.get(&format!("/v1/recordings/{first}/files/manifest.json")).await;
    let file = node.fetch_mp4(first, folder.path()).await;
    let (shown, heard) = (pictures(&file), Heard::decode(&file, 1));
    let frames = &manifest["media"]["frames"];
    let (composed, seen) =
        (frames["composed"].as_u64().unwrap(), shown.iter().filter_map(|s| s.film.map(|f| f.0)).collect::<BTreeSet<_>>());
    println!("{codec}: {} frames sent, {frames}, {} different ones in the picture", whole.frames_sent, seen.len());
    assert!(whole.frames_sent > 100, "{whole:?}");
    assert!(composed * 100 >= whole.frames_sent * 99, "{composed} of {} frames", whole.frames_sent);

    let flashes = flashes(&shown);
    let beeps = beeps(&heard);
    let lags = lags(&flashes.iter().map(|f| f.1).collect::<Vec<_>>(), &beeps);
    let theirs = captured_lag(&whole);
    let mut errors: Vec<f64> = lags.iter().map(|lag| (lag - theirs) * 1000.0).collect();
    println!(
        "{codec}: captured {:.1} ms apart, recorded {:?} ms from that",
        theirs * 1000.0,
        errors.iter().map(|e| e.round()).collect::<Vec<_>>()
    );
    assert!(errors.len() + 1 >= flashes.len() && errors.len() >= 6, "{flashes:?} {beeps:?}");
    errors.iter_mut().for_each(|e| *e = e.abs());
    errors.sort_by(f64::total_cmp);
    let p95 = errors[(errors.len() * 95).div_ceil(100) - 1];
    assert!(p95 <= 45.0, "lip-sync p95 is {p95:.0} ms");

    let second = ready[1]["id"].as_str().unwrap();
    let file = node.fetch_mp4(second, folder.path()).await;
    let (shown, heard) = (pictures(&file), Heard::decode(&file, 1));
    let film: Vec<&Shown> = shown.iter().filter(|s| s.film.is_some()).collect();
    let (begins, ends) = (film[0].at, film[film.len() - 1].at);
    println!("{codec}: the first picture {begins:.3} s after the start, the last {:.3} s before the end", heard.seconds() - ends);
    assert!(begins <= 1.0, "a first picture after {begins} s");
    assert!(heard.seconds() - ends < 0.1 && heard.seconds() > 3.9, "the last second is there: {} of {}", ends, heard.seconds());
    let last = film.iter().filter(|s| s.at > heard.seconds() - 1.0).filter_map(|s| s.film.map(|f| f.0)).collect::<BTreeSet<_>>();
    assert!(last.len() > 10, "the last second moves: {last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_vp8() {
    recorded("video/VP8").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_h264() {
    recorded("video/H264").await;
}
