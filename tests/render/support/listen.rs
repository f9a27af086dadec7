//! What FFmpeg's own tools hear and say of a file.

use std::path::Path;
use std::process::Command;

/// Decoded sound, `[channel][sample]`.
pub struct Heard {
    pub rate: f64,
    pub channels: Vec<Vec<f64>>,
}

pub fn probe(file: &Path, entry: &str) -> String {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", entry, "-of", "default=nw=1:nk=1"])
        .arg(file)
        .output()
        .expect("ffprobe is installed");
    assert!(out.status.success() && out.stderr.is_empty(), "ffprobe: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

/// Decodes with `-xerror`: the smallest complaint fails the test.
pub fn hear(file: &Path) -> Heard {
    let out = Command::new("ffmpeg")
        .args(["-v", "warning", "-xerror", "-i"])
        .arg(file)
        .args(["-map", "0:a", "-f", "s16le", "-"])
        .output()
        .expect("ffmpeg is installed");
    assert!(out.status.success() && out.stderr.is_empty(), "ffmpeg: {}", String::from_utf8_lossy(&out.stderr));
    let rate: f64 = probe(file, "stream=sample_rate").lines().next().unwrap().parse().unwrap();
    let count: usize = probe(file, "stream=channels").lines().next().unwrap().parse().unwrap();
    let samples: Vec<f64> = out.stdout.chunks_exact(2).map(|b| f64::from(i16::from_le_bytes([b[0], b[1]]))).collect();
    let channels = (0..count).map(|c| samples[c..].iter().step_by(count).copied().collect()).collect();
    Heard { rate, channels }
}

impl Heard {
    pub fn seconds(&self) -> f64 {
        self.channels[0].len() as f64 / self.rate
    }

    /// Amplitude of a tone in a channel between two times (Goertzel).
    pub fn tone(&self, channel: usize, hz: f64, from_s: f64, to_s: f64) -> f64 {
        let all = &self.channels[channel];
        let (from, to) = ((from_s * self.rate) as usize, ((to_s * self.rate) as usize).min(all.len()));
        amplitude(&all[from.min(to)..to], hz, self.rate)
    }

    /// Root mean square of a channel between two times.
    pub fn level(&self, channel: usize, from_s: f64, to_s: f64) -> f64 {
        let all = &self.channels[channel];
        let (from, to) = ((from_s * self.rate) as usize, ((to_s * self.rate) as usize).min(all.len()));
        let part = &all[from.min(to)..to];
        (part.iter().map(|v| v * v).sum::<f64>() / part.len().max(1) as f64).sqrt()
    }

    /// When a tone is there: 10 ms windows over half of `full`, as runs of at least 50 ms, seconds.
    pub fn spans(&self, channel: usize, hz: f64, full: f64) -> Vec<(f64, f64)> {
        let window = (self.rate / 100.0) as usize;
        let mut spans: Vec<(f64, f64)> = Vec::new();
        let mut open: Option<f64> = None;
        let all = &self.channels[channel];
        for (n, part) in all.chunks(window).enumerate() {
            let at = n as f64 / 100.0;
            let on = amplitude(part, hz, self.rate) > full / 2.0;
            match (on, open) {
                (true, None) => open = Some(at),
                (false, Some(from)) => {
                    spans.push((from, at));
                    open = None;
                }
                _ => {}
            }
        }
        if let Some(from) = open {
            spans.push((from, self.seconds()));
        }
        spans.into_iter().filter(|(a, b)| b - a >= 0.05).collect()
    }
}

pub fn amplitude(part: &[f64], hz: f64, rate: f64) -> f64 {
    let w = 2.0 * std::f64::consts::PI * hz / rate;
    let (mut re, mut im) = (0.0, 0.0);
    for (i, v) in part.iter().enumerate() {
        re += v * (w * i as f64).cos();
        im += v * (w * i as f64).sin();
    }
    2.0 * (re * re + im * im).sqrt() / part.len().max(1) as f64
}

/// By how many seconds `b` is later than `a` (within ±`most` seconds), by cross-correlation of envelopes' samples.
pub fn lag(a: &[f64], b: &[f64], rate: f64, most: f64) -> f64 {
    let reach = (most * rate) as i64;
    let n = a.len().min(b.len()) as i64;
    let mut best = (f64::MIN, 0);
    for shift in -reach..=reach {
        let sum: f64 = (reach..n - reach).map(|i| a[i as usize] * b[(i + shift) as usize]).sum();
        if sum > best.0 {
            best = (sum, shift);
        }
    }
    best.1 as f64 / rate
}
