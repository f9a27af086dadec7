//! A room from packets to the finished file: a flash and a beep each second, measured in what comes out.

use std::path::PathBuf;
use std::process::Command;

use bytes::Bytes;
use ferric::model::gate::{EndedBy, Gate};
use ferric::model::id::TrackId;
use ferric::model::media::{Codec, PayloadFormat};
use ferric::model::role::Role;
use ferric::model::settings::Kind;
use ferric::render::RenderSettings;
use ferric::tape::{Body, SenderReport};

use crate::camera::{Camera, fixture};
use crate::support::listen::{hear, probe};
use crate::support::ogg;
use crate::support::script::{Script, Sender, main_output};

const WALL: u64 = 3_900_000_000;

fn noise(seed: &mut u64) -> f64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 11) as f64 / (1u64 << 53) as f64
}

fn opus() -> PayloadFormat {
    PayloadFormat { pt: 111, codec: Codec::Opus, clock_hz: 48_000, channels: 2, fmtp: String::new() }
}

fn report(at_s: f64, rtp: u32) -> SenderReport {
    SenderReport { ssrc: 0, ntp: ((WALL as f64 + at_s) * 4_294_967_296.0) as u64, rtp, packets: 0, octets: 0 }
}

/// Ten seconds of flash and beep; pictures take 40 ms longer on their way than sound.
fn flash_and_beep(camera: &Camera, from_ms: u64) -> Script {
    let mut script = Script::session(Kind::Room);
    script.join(0, "host", Role::Agent).track_of(0, 1, "host", vec![opus()]);
    script.start(0, main_output(), "room").gate(0, main_output(), "host", Gate::Open);
    script.event(from_ms, ferric::model::event::TapeEvent::Track { track: camera.track, spec: camera.spec() });
    let mut seed = 4;
    let mut sender = Sender { payload_type: 111, timestamp: 5_000_000, ..Sender::new(1) };
    let base = sender.timestamp;
    for (n, payload) in ogg::packets(&std::fs::read(fixture("flash_beep.opus")).unwrap()).iter().take(500).enumerate() {
        let packet = sender.packet(payload, 960);
        let late = noise(&mut seed) * 20e6;
        script.at_ns((n as f64 * 20e6 + 10e6 + late) as u64, Body::Rtp { track: TrackId(1), packet });
    }
    let ssrc = sender.ssrc;
    for sent in camera.packets.iter().filter(|p| p.at_ns >= from_ms * 1_000_000) {
        let mut bytes = vec![0x80, 96 | if sent.marker { 0x80 } else { 0 }];
        bytes.extend((sent.sequence as u16).to_be_bytes());
        bytes.extend((sent.timestamp + 777).to_be_bytes());
        bytes.extend(0xabcd_u32.to_be_bytes());
        bytes.extend(&sent.payload);
        let late = 50e6 + noise(&mut seed) * 30e6;
        script.at_ns(sent.at_ns + late as u64, Body::Rtp { track: camera.track, packet: Bytes::from(bytes) });
    }
    for s in 0..10u32 {
        let at = f64::from(s) + 0.5;
        script.report(at * 1000.0 + 20.0, 1, SenderReport { ssrc, ..report(at, base.wrapping_add((at * 48_000.0) as u32)) });
        script.report(at * 1000.0 + 20.0, 2, SenderReport { ssrc: 0xabcd, ..report(at, 777 + (at * 90_000.0) as u32) });
    }
    script.gate(10_000, main_output(), "host", Gate::Closed).end(10_000, main_output(), EndedBy::End);
    script
}

fn settings() -> RenderSettings {
    RenderSettings { canvas: (320, 240), fps: 30, worker: PathBuf::from(env!("CARGO_BIN_EXE_ferric")), ..RenderSettings::default() }
}

/// When the picture turns bright, seconds.
fn flashes(file: &std::path::Path) -> Vec<f64> {
    let out = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i"])
        .arg(file)
        .args(["-map", "0:v", "-vf", "scale=1:1:flags=area", "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"])
        .output()
        .unwrap();
    assert!(out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    let times: Vec<f64> = probe_times(file);
    assert_eq!(times.len(), out.stdout.len());
    let bright: Vec<bool> = out.stdout.iter().map(|&v| v > 90).collect();
    (0..bright.len()).filter(|&i| bright[i] && (i == 0 || !bright[i - 1])).map(|i| times[i]).collect()
}

fn probe_times(file: &std::path::Path) -> Vec<f64> {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v", "-show_entries", "frame=pts_time", "-of", "csv=p=0"])
        .arg(file)
        .output()
        .unwrap();
    String::from_utf8(out.stdout).unwrap().lines().filter_map(|l| l.trim_end_matches(',').parse().ok()).collect()
}

#[test]
fn a_flash_and_its_beep_are_within_forty_five_milliseconds() {
    let dir = tempfile::tempdir().unwrap();
    let camera = Camera::new(2, "host", "flash_beep.ivf", 0).until(10_000);
    let script = flash_and_beep(&camera, 0);
    let done = script.open(dir.path(), settings()).finish().unwrap();
    let manifest = done[0].manifest.as_ref().unwrap();
    assert_eq!((manifest.duration_ms, manifest.media.sample_hz, manifest.media.resolution), (10_000, 48_000, Some((320, 240))));
    let frames = manifest.media.frames.unwrap();
    assert!(frames.composed * 100 >= frames.received * 99 && frames.received == 300, "{frames:?}");
    let file = done[0].dir.join("recording.mp4");
    let beeps: Vec<f64> = hear(&file).spans(0, 1000.0, 8000.0).iter().map(|s| s.0).collect();
    let flashes = flashes(&file);
    assert_eq!((beeps.len(), flashes.len()), (10, 10), "{beeps:?} {flashes:?}");
    let mut off: Vec<f64> = flashes.iter().zip(&beeps).map(|(f, b)| (f - b).abs()).collect();
    off.sort_by(f64::total_cmp);
    assert!(off[9] <= 0.045, "{off:?}");
    let duration: f64 = probe(&file, "format=duration").parse().unwrap();
    assert!((duration - 10.0).abs() < 0.05, "{duration}");
    assert!(done[0].dir.join("thumbnails.vtt").exists());
}

#[test]
fn a_camera_that_is_switched_on_late_is_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let camera = Camera::new(2, "host", "flash_beep.ivf", 0).until(10_000);
    let done = flash_and_beep(&camera, 5000).open(dir.path(), settings()).finish().unwrap();
    let file = done[0].dir.join("recording.mp4");
    let flashes = flashes(&file);
    assert!(flashes.len() >= 4 && flashes[0] > 4.9, "{flashes:?}");
    assert_eq!(hear(&file).spans(0, 1000.0, 8000.0).len(), 10);
}
