#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use crate::camera::{Camera, coded_frames};
use crate::composed::{CANVAS, Scenario};

/// Real motion, VP8 and H.264: every frame that was sent has a picture of its own, in order, from the first to the last.
#[test]
fn every_frame_sent_is_in_the_composed_time() {
    for name in ["host.ivf", "host.h264"] {
        let camera = Camera::new(1, "host", name, 0).until(5_000);
        let out = Scenario::new(vec![camera], 5_000).run();
        assert_eq!(out.pictures.len(), 150);
        assert_eq!(out.frames.received, 150, "{name}");
        assert_eq!(out.frames.decoded, 150, "{name}");
        assert!(out.frames.composed >= 149, "{name}: {:?}", out.frames);
        for (n, picture) in out.pictures.iter().enumerate() {
            assert_eq!((picture.pts_90k, picture.keyframe), (n as u64 * 3000, n % 60 == 0), "{name}");
        }
        let composed = out.decode();
        assert_eq!(composed.len(), 150);
        let sent = sent_pictures(name);
        // The 30 fps canvas has exactly the camera's pictures: each composed one is nearest to the one sent at its time.
        for n in (0..150).step_by(7) {
            let error = |m: usize| -> u64 { composed[n].pixels.iter().zip(&sent[m].pixels).map(|(a, b)| u64::from(a.abs_diff(*b))).sum() };
            let nearest = (n.saturating_sub(3)..(n + 4).min(150)).min_by_key(|m| error(*m)).unwrap();
            assert_eq!(nearest, n, "{name}: picture {n} shows frame {nearest}");
        }
    }
}

fn sent_pictures(name: &str) -> Vec<crate::composed::Rgb> {
    let run = std::process::Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-i"])
        .arg(crate::camera::fixture(name))
        .args(["-t", "5.2", "-vf", "scale=320:240:flags=bilinear", "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
        .output()
        .unwrap();
    let size = (CANVAS.0 * CANVAS.1 * 3) as usize;
    run.stdout.chunks_exact(size).map(|p| crate::composed::Rgb { width: CANVAS.0 as usize, pixels: p.to_vec() }).collect()
}

/// The packetizer of the test and the depacketizer agree byte for byte.
#[test]
fn a_whole_stream_survives_packets() {
    use ferric::render::depacketize::{PicturePacket, h264::H264Depacketizer, vp8::Vp8Depacketizer};
    for name in ["host.ivf", "host.h264", "yellow_grows.h264"] {
        let (codec, frames) = coded_frames(name);
        let camera = Camera::new(1, "host", name, 0);
        let (mut vp8, mut h264) = (Vp8Depacketizer::default(), H264Depacketizer::default());
        let mut came = Vec::new();
        for sent in &camera.packets {
            let p = camera.placed(sent);
            let packet =
                PicturePacket { at: p.at, sequence: p.sequence, timestamp: p.rtp_timestamp, ssrc: 1, marker: p.marker, payload: p.payload };
            came.extend(if codec == ferric::model::media::Codec::Vp8 { vp8.push(&packet) } else { h264.push(&packet) });
        }
        assert_eq!(came.len(), frames.len(), "{name}");
        let differ = came.iter().zip(&frames).position(|(a, b)| a.data != *b);
        // x264's first access unit has an SEI message with its name, which the payloader keeps or drops as it likes.
        assert!(differ.is_none_or(|at| at == 0), "{name}: frame {differ:?}");
    }
}
