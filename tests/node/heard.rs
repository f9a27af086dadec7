//! What is in a sound file, measured after an independent decoder.

use std::path::Path;
use std::process::Command;

/// Samples of each channel at 8 kHz, decoded by FFmpeg with every error fatal.
pub struct Heard {
    pub channels: Vec<Vec<f64>>,
}

pub const HZ: f64 = 8000.0;

impl Heard {
    pub fn decode(file: &Path, channels: usize) -> Self {
        let out = Command::new("ffmpeg")
            .args(["-v", "error", "-xerror", "-i"])
            .arg(file)
            .args(["-vn", "-ar", "8000", "-ac", &channels.to_string(), "-f", "s16le", "-"])
            .output()
            .expect("ffmpeg runs");
        assert!(out.status.success() && out.stderr.is_empty(), "ffmpeg: {}", String::from_utf8_lossy(&out.stderr));
        let samples: Vec<f64> = out.stdout.chunks_exact(2).map(|b| f64::from(i16::from_le_bytes([b[0], b[1]])) / 32768.0).collect();
        Self { channels: (0..channels).map(|c| samples.iter().skip(c).step_by(channels).copied().collect()).collect() }
    }

    pub fn seconds(&self) -> f64 {
        self.channels[0].len() as f64 / HZ
    }

    /// Amplitude of a tone in a channel between two instants (Goertzel), 1.0 = full scale.
    pub fn tone(&self, channel: usize, hz: f64, from_s: f64, to_s: f64) -> f64 {
        let samples = &self.channels[channel];
        let range = (from_s * HZ) as usize..((to_s * HZ) as usize).min(samples.len());
        let n = range.len() as f64;
        let w = 2.0 * std::f64::consts::PI * hz / HZ;
        let (mut re, mut im) = (0.0, 0.0);
        for (i, sample) in samples[range].iter().enumerate() {
            re += sample * (w * i as f64).cos();
            im += sample * (w * i as f64).sin();
        }
        2.0 * (re * re + im * im).sqrt() / n
    }

    /// Where somebody's tone is heard though it should not be: in two windows of 20 ms on end louder than `floor`, or in one five times as loud, and twice as
    /// loud as what sounds 200 Hz below and above it. A packet fills half a window at least; where another's tone begins, ends or jumps, that sounds like
    /// everything at once, and next to nothing stands out of it for long.
    pub fn leaks(&self, channel: usize, hz: f64, floor: f64) -> Vec<(f64, f64)> {
        let windows = (self.seconds() / 0.02) as usize;
        let mut leaks = Vec::new();
        let mut before = false;
        for window in 0..windows {
            let (from, to) = (window as f64 * 0.02, (window + 1) as f64 * 0.02);
            let beside = [hz - 200.0, hz + 200.0].map(|hz| self.tone(channel, hz, from, to));
            let loud = self.tone(channel, hz, from, to);
            let stands_out = loud > f64::max(floor, beside[0] + beside[1]);
            if stands_out && (before || loud > 5.0 * floor) {
                leaks.push((from, to));
            }
            before = stands_out;
        }
        leaks
    }

    /// Where a tone sounds louder than `floor`: `(from, to)` in seconds, by windows of 20 ms.
    pub fn spans(&self, channel: usize, hz: f64, floor: f64) -> Vec<(f64, f64)> {
        let mut spans: Vec<(f64, f64)> = Vec::new();
        let windows = (self.seconds() / 0.02) as usize;
        for window in 0..windows {
            let (from, to) = (window as f64 * 0.02, (window + 1) as f64 * 0.02);
            if self.tone(channel, hz, from, to) > floor {
                match spans.last_mut() {
                    Some(last) if from - last.1 < 0.03 => last.1 = to,
                    _ => spans.push((from, to)),
                }
            }
        }
        spans
    }
}

/// A tone of 500 Hz throughout that jumps in its phase each second, `offset` samples before it is full, and beside it `amplitude` of 1250 Hz for 20 ms at
/// 2.5 s and `offset` samples.
fn jumping(amplitude: f64, offset: usize) -> Heard {
    let tau = std::f64::consts::TAU;
    let sample = |n: usize| {
        let t = n as f64 / HZ;
        let jumps = 0.25 * (tau * 500.0 * t + ((n + offset) / HZ as usize) as f64 * 2.0).sin();
        let speaks = (20_000 + offset..20_160 + offset).contains(&n);
        jumps + if speaks { amplitude * (tau * 1250.0 * t).sin() } else { 0.0 }
    };
    Heard { channels: vec![(0..5 * HZ as usize).map(sample).collect()] }
}

#[test]
fn a_packet_of_somebody_is_found_wherever_it_falls_and_the_jump_of_anothers_tone_is_none() {
    let heard_at_that_frequency = |offset: usize| !jumping(0.0, offset).spans(0, 1250.0, 0.01).is_empty();
    assert!((0..160).any(heard_at_that_frequency), "what jumps is loud enough to be taken for it");
    for offset in 0..160 {
        assert_eq!(jumping(0.0, offset).leaks(0, 1250.0, 0.01), [], "the jump is {offset} samples before a window");
        assert!(!jumping(0.125, offset).leaks(0, 1250.0, 0.01).is_empty(), "the packet begins {offset} samples into a window");
    }
}
