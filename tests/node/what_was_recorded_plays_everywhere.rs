//! A call and a room of over a minute: played by Chromium while they grow and when they are whole, as HLS and as MP4; read by other people's parsers.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ferric::app::load::siprec::{CallPlan, LegPlan, Pump, SipFlow, SiprecCall, SiprecClient, Sound};
use ferric::app::load::whip::{Film, publish};
use ferric::model::redact::Secret;
use ferric::render::audio::linear_to_ulaw;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};

use crate::chromium::{FPS, HEIGHT, WIDTH, film, read_frame};
use crate::running_node::RunningNode;

/// The script that drives the browser.
struct Player {
    child: tokio::process::Child,
    orders: tokio::process::ChildStdin,
    said: Lines<BufReader<tokio::process::ChildStdout>>,
}

impl Player {
    async fn start(node: &RunningNode) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let key = std::fs::read_to_string(node.data.join("admin.key")).unwrap();
        let mut child = tokio::process::Command::new("node")
            .arg(root.join("tests/node/players.mjs"))
            .env("FERRIC_URL", &node.http)
            .env("FERRIC_KEY", key.trim())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Node.js is installed");
        let (orders, said) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
        let mut player = Self { child, orders, said };
        player.until("ready").await;
        player
    }

    async fn until(&mut self, word: &str) {
        loop {
            match self.said.next_line().await.unwrap() {
                Some(line) if line == word => return,
                Some(line) => println!("{line}"),
                None => panic!("the script ended: {:?}", self.child.wait().await),
            }
        }
    }

    async fn order(&mut self, order: &str) {
        self.orders.write_all(format!("{order}\n").as_bytes()).await.unwrap();
        self.until("done").await;
    }
}

/// A tone that changes each second: its pitch tells where one is.
fn seconds(hz: impl Fn(usize) -> usize) -> Sound {
    let sample = |n: usize| {
        let turns = (hz(n / 8000) * (n % 8000)) as f64 / 8000.0;
        linear_to_ulaw((8000.0 * (std::f64::consts::TAU * turns).sin()) as i16)
    };
    Sound::from_ulaw((0..80 * 8000).map(sample).collect()).unwrap()
}

/// The numbered film and its sound, coded.
fn coded_film(folder: &Path) -> Film {
    let (camera, microphone) = film(folder);
    let (pictures, sound) = (folder.join("film.ivf"), folder.join("film.opus"));
    let run = |command: &mut Command| assert!(command.status().unwrap().success());
    run(Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(camera)
        .args(["-c:v", "libvpx", "-b:v", "800k", "-deadline", "realtime", "-cpu-used", "8", "-g", "60"])
        .arg(&pictures));
    run(Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(microphone)
        .args(["-c:a", "libopus", "-b:a", "32k", "-ac", "2"])
        .arg(&sound));
    Film::read(&pictures).unwrap().with(Film::read(&sound).unwrap())
}

fn told(command: &mut Command) -> String {
    let out = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

/// Length in seconds, coded size of the picture, and codecs, as each parser tells them.
fn every_parser_agrees(file: &Path, row: &Value, manifest: &Value) {
    let seconds = row["duration_ms"].as_f64().unwrap() / 1000.0;
    let size = manifest["media"]["resolution"].as_array().map(|r| (r[0].as_u64().unwrap(), r[1].as_u64().unwrap()));
    let near = |who: &str, said: f64| assert!((said - seconds).abs() < 0.02, "{who} says {said} s, the row {seconds} s");

    let decoded = Command::new("ffmpeg").args(["-v", "warning", "-xerror", "-i"]).arg(file).args(["-f", "null", "-"]).output().unwrap();
    assert!(decoded.status.success() && decoded.stderr.is_empty(), "{}", String::from_utf8_lossy(&decoded.stderr));

    let probe: Value = serde_json::from_str(&told(
        Command::new("ffprobe").args(["-v", "error", "-show_format", "-show_streams", "-of", "json"]).arg(file),
    ))
    .unwrap();
    near("ffprobe", probe["format"]["duration"].as_str().unwrap().parse().unwrap());
    let streams = probe["streams"].as_array().unwrap();
    let of = |kind: &str| streams.iter().find(|s| s["codec_type"] == kind);
    assert_eq!((of("audio").unwrap()["codec_name"].as_str(), of("audio").unwrap()["profile"].as_str()), (Some("aac"), Some("LC")));
    assert_eq!(of("video").map(|v| (v["width"].as_u64().unwrap(), v["height"].as_u64().unwrap())), size);
    assert!(of("video").is_none_or(|v| v["codec_name"] == "h264" && v["profile"] == "High"), "{probe}");

    let info: Value = serde_json::from_str(&told(Command::new("mediainfo").arg("--Output=JSON").arg(file))).unwrap();
    let tracks = info["media"]["track"].as_array().unwrap();
    let of = |kind: &str| tracks.iter().find(|t| t["@type"] == kind);
    let number = |v: &Value| v.as_str().unwrap().parse::<f64>().unwrap();
    near("mediainfo", number(&of("General").unwrap()["Duration"]));
    assert_eq!(
        (of("Audio").unwrap()["Format"].as_str(), of("Audio").unwrap()["Format_AdditionalFeatures"].as_str()),
        (Some("AAC"), Some("LC"))
    );
    assert_eq!(of("Video").map(|v| (number(&v["Width"]) as u64, number(&v["Height"]) as u64)), size);
    assert!(of("Video").is_none_or(|v| v["Format"] == "AVC"), "{info}");

    // Wireshark reads MP4 too, box by box.
    let fields = ["mp4.mvhd.duration", "mp4.mvhd.timescale", "mp4.tkhd.width", "mp4.tkhd.height", "mp4.hdlr.type"];
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(file).args(["-T", "fields", "-E", "aggregator=;"]);
    for field in fields {
        tshark.args(["-e", field]);
    }
    let said = told(&mut tshark);
    let parts: Vec<&str> = said.split('\t').collect();
    near("tshark", parts[0].parse::<f64>().unwrap() / parts[1].parse::<f64>().unwrap());
    assert_eq!(parts[4], if size.is_some() { "soun;vide" } else { "soun" }, "{said}");
    let (width, height) = size.unwrap_or_default();
    assert!(parts[2].split(';').any(|w| w == width.to_string()) && parts[3].split(';').any(|h| h == height.to_string()), "{said}");
}

/// The multivariant playlist says what is so, and each entry of the I-frame playlist is one picture: the right one.
async fn playlists_are_right(node: &RunningNode, id: &str, file: &Path, folder: &Path, manifest: &Value) {
    let base = format!("/v1/recordings/{id}/files/hls");
    let index = node.bytes(&format!("{base}/index.m3u8")).await;
    let Ok((_, m3u8_rs::Playlist::MasterPlaylist(index))) = m3u8_rs::parse_playlist(&index) else { panic!("no multivariant playlist") };
    let codecs: Vec<&str> = manifest["media"]["codecs"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
    let main = &index.variants[0];
    assert_eq!(main.codecs.as_deref(), Some(codecs.join(",").as_str()));
    let media = node.bytes(&format!("{base}/{}", main.uri)).await;
    let Ok((_, m3u8_rs::Playlist::MediaPlaylist(media))) = m3u8_rs::parse_playlist(&media) else { panic!("no media playlist") };
    assert!(media.end_list && media.playlist_type == Some(m3u8_rs::MediaPlaylistType::Vod));
    assert!(media.segments.iter().all(|s| u64::from(s.duration.round() as u32) <= media.target_duration));
    // The largest rate of segments in a row that last half to one and a half target durations (RFC 8216 §4.1); playlists round their lengths.
    let target_s = media.target_duration as f64;
    for first in 0..media.segments.len() {
        let (mut bits, mut seconds) = (0.0, 0.0);
        for segment in &media.segments[first..] {
            bits += segment.byte_range.as_ref().unwrap().length as f64 * 8.0;
            seconds += f64::from(segment.duration);
            let counts = (0.5 * target_s + 0.01..=1.5 * target_s - 0.01).contains(&seconds);
            assert!(
                !counts || bits / seconds <= main.bandwidth as f64 + 1.0,
                "{bits} bits of {seconds} s need more than {}",
                main.bandwidth
            );
        }
    }
    let Some(resolution) = manifest["media"]["resolution"].as_array() else {
        assert_eq!(index.variants.len(), 1, "sound has no I-frames");
        return;
    };
    assert_eq!(main.resolution.map(|r| (r.width, r.height)), Some((resolution[0].as_u64().unwrap(), resolution[1].as_u64().unwrap())));
    let fast = index.variants.iter().find(|v| v.is_i_frame).expect("an I-frame playlist");
    let text = node.bytes(&format!("{base}/{}", fast.uri)).await;
    let Ok((_, m3u8_rs::Playlist::MediaPlaylist(frames))) = m3u8_rs::parse_playlist(&text) else { panic!("no I-frame playlist") };
    assert!(frames.i_frames_only && frames.end_list && frames.segments.len() > 30, "{} I-frames", frames.segments.len());
    let (init, whole) = (node.bytes(&format!("{base}/init.mp4")).await, std::fs::read(file).unwrap());
    let mut at = 0.0;
    for (n, frame) in frames.segments.iter().enumerate() {
        if n % 10 == 3 {
            let range = frame.byte_range.as_ref().unwrap();
            let from = range.offset.unwrap() as usize;
            let one = folder.join("one.mp4");
            std::fs::write(&one, [init.as_slice(), &whole[from..from + range.length as usize]].concat()).unwrap();
            let gray = picture_at(&one, None);
            assert_eq!(gray.len(), WIDTH * HEIGHT, "an entry is one picture");
            let expected = picture_at(file, Some(at));
            assert_eq!(read_frame(&gray), read_frame(&expected), "the picture of {at} s");
            assert!(read_frame(&gray).is_some());
        }
        at += f64::from(frame.duration);
    }
}

fn picture_at(file: &Path, at: Option<f64>) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error"]);
    if let Some(at) = at {
        command.args(["-ss", &format!("{:.4}", at - 0.5 / f64::from(FPS))]);
    }
    let scale = format!("scale={WIDTH}:{HEIGHT}:flags=area,format=gray");
    let out = command.arg("-i").arg(file).args(["-an", "-frames:v", "1", "-vf", &scale, "-f", "rawvideo", "-"]).output().unwrap();
    out.stdout
}

async fn growing(node: &RunningNode, kind: &str) -> String {
    let rows = node.recordings_in("recording", 2, Duration::from_secs(20)).await;
    rows.iter().find(|r| r["kind"] == kind).unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn in_chromium_while_it_grows_and_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&folder.path().join("data"));
    let (_, session) = node.post("/v1/sessions", json!({ "project": "default", "kind": "room" })).await;
    let session = session["id"].as_str().unwrap().to_owned();
    let (_, host) = node.post(&format!("/v1/sessions/{session}/participants"), json!({ "role": "agent", "name": "Host" })).await;
    let film = Arc::new(coded_film(folder.path()));
    let publisher =
        publish(film, [127, 0, 0, 1].into(), host["whip_url"].as_str().unwrap(), Secret::new(host["token"].as_str().unwrap()), false);
    let publisher = publisher.await.unwrap();
    assert_eq!(node.command(&session, host["id"].as_str().unwrap(), "start").await.0, 200);
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let legs = vec![
        LegPlan::pcmu("1", "Customer", "sip:customer@test.example", seconds(|n| 2300 + 15 * n)),
        LegPlan::pcmu("2", "Agent", "sip:agent@test.example", seconds(|n| if n % 2 == 0 { 600 } else { 1800 })),
    ];
    let call = SiprecCall::place(&client, &pump, CallPlan { legs, ..CallPlan::default() }).await.unwrap();
    let began = tokio::time::Instant::now();

    let mut player = Player::start(&node).await;
    for kind in ["call", "room"] {
        let id = growing(&node, kind).await;
        player.order(&format!("grows {kind} {id}")).await;
    }
    tokio::time::sleep_until(began + Duration::from_millis(64_400)).await;
    call.hang_up(&pump).await.unwrap();
    assert_eq!(node.command(&session, host["id"].as_str().unwrap(), "stop").await.0, 200);
    publisher.stop().await.unwrap();
    assert!(node.post(&format!("/v1/sessions/{session}/end"), json!({})).await.0 < 300);

    let rows = node.recordings_in("ready", 2, Duration::from_secs(60)).await;
    for row in &rows {
        let (id, kind) = (row["id"].as_str().unwrap(), row["kind"].as_str().unwrap());
        player.order(&format!("whole {kind} {id}")).await;
        let manifest = node.get(&format!("/v1/recordings/{id}/files/manifest.json")).await;
        let file: PathBuf = node.fetch_mp4(id, folder.path()).await;
        every_parser_agrees(&file, row, &manifest);
        playlists_are_right(&node, id, &file, folder.path(), &manifest).await;
    }
}
