//! Which tones are in a sound, by windows of 10 ms (Goertzel).

use std::path::Path;
use std::process::Command;

pub const HZ: usize = 8000;
/// Samples of a window.
pub const WINDOW: usize = HZ / 100;

/// The two channels of a file at 8 kHz, decoded by FFmpeg with every error fatal.
pub fn decode(file: &Path) -> [Vec<f64>; 2] {
    let out = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i"])
        .arg(file)
        .args(["-vn", "-ar", "8000", "-ac", "2", "-f", "s16le", "-"])
        .output()
        .expect("ffmpeg runs");
    assert!(out.status.success() && out.stderr.is_empty(), "ffmpeg: {}", String::from_utf8_lossy(&out.stderr));
    let samples: Vec<f64> = out.stdout.chunks_exact(2).map(|b| f64::from(i16::from_le_bytes([b[0], b[1]])) / 32768.0).collect();
    [0, 1].map(|channel| samples.iter().skip(channel).step_by(2).copied().collect())
}

/// Amplitude of a tone in a window, 1.0 = full scale.
pub fn amplitude(window: &[f64], hz: f64) -> f64 {
    let w = std::f64::consts::TAU * hz / HZ as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for (i, sample) in window.iter().enumerate() {
        re += sample * (w * i as f64).cos();
        im += sample * (w * i as f64).sin();
    }
    2.0 * (re * re + im * im).sqrt() / window.len() as f64
}

/// Whether a tone is one: twice as loud as what sounds 200 Hz below and above it. Where another's tone begins, ends or jumps, that sounds like everything
/// at once, and nothing stands out of it.
pub fn stands_out(window: &[f64], hz: f64) -> bool {
    amplitude(window, hz) > amplitude(window, hz - 200.0) + amplitude(window, hz + 200.0)
}

/// µ-law to linear (ITU-T G.711).
pub fn linear(ulaw: u8) -> f64 {
    let bits = !ulaw;
    let magnitude = (((i32::from(bits & 0x0f) << 3) + 132) << ((bits >> 4) & 7)) - 132;
    f64::from(if bits & 0x80 == 0 { magnitude } else { -magnitude }) / 32768.0
}

/// A file's pictures, 50 a second, 64 by 36 pixels of RGB each.
pub fn pictures(file: &Path) -> Vec<Vec<u8>> {
    let out = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i"])
        .arg(file)
        .args(["-an", "-vf", "fps=50,scale=64:36:flags=neighbor", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"])
        .output()
        .expect("ffmpeg runs");
    assert!(out.status.success() && out.stderr.is_empty(), "ffmpeg: {}", String::from_utf8_lossy(&out.stderr));
    out.stdout.chunks_exact(64 * 36 * 3).map(<[u8]>::to_vec).collect()
}

/// How many of the pixels have a colour, give or take what coding does to it.
pub fn pixels(rgb: &[u8], colour: [u8; 3]) -> usize {
    rgb.chunks_exact(3).filter(|pixel| pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 60)).count()
}

#[test]
fn a_packet_stands_out_wherever_it_falls_and_the_edge_of_anothers_tone_does_not() {
    let tau = std::f64::consts::TAU;
    let tone = |hz: f64, n: usize| 0.25 * (tau * hz * n as f64 / HZ as f64).sin();
    for offset in 0..WINDOW {
        let packet: Vec<f64> = (0..WINDOW * 4).map(|n| if (offset..offset + 160).contains(&n) { tone(1200.0, n) } else { 0.0 }).collect();
        let loud = packet.chunks_exact(WINDOW).filter(|window| amplitude(window, 1200.0) > 0.08);
        assert!(loud.clone().count() >= 2 && loud.clone().any(|window| stands_out(window, 1200.0)), "{offset} samples into a window");
        let edge: Vec<f64> = (0..WINDOW * 4).map(|n| if n >= offset { tone(1500.0, n) } else { 0.0 }).collect();
        assert!(!edge.chunks_exact(WINDOW).any(|window| amplitude(window, 1200.0) > 0.02 && stands_out(window, 1200.0)), "{offset}");
    }
}
