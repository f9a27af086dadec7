//! Sound to send: µ-law samples at 8 kHz, repeated for as long as a call lasts.

use std::f64::consts::TAU;
use std::path::Path;
use std::sync::Arc;

/// A loop of µ-law samples (8 kHz, mono); cheap to clone.
#[derive(Clone)]
pub struct Sound {
    samples: Arc<[u8]>,
}

/// Why a file is no sound to send.
#[derive(Debug, thiserror::Error)]
pub enum SoundError {
    /// Cannot be read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Neither raw µ-law (`.ul`, `.ulaw`, `.raw`) nor a WAV file of 8 kHz, mono, 16 bit.
    #[error("a sound to send is raw µ-law, or a WAV file with 8 kHz, one channel, 16 bit: {0}")]
    Format(&'static str),
    /// No samples.
    #[error("a sound to send must not be empty")]
    Empty,
}

/// One 16-bit sample as µ-law (ITU-T G.711).
#[must_use]
pub fn ulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80u8 } else { 0 };
    let magnitude = (i32::from(sample).abs()).min(32_635) + 132;
    let exponent = (0..8).rev().find(|e| magnitude & (0x80 << e) != 0).unwrap_or(0);
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

impl Sound {
    /// A sine tone; `level_dbfs` is its peak below full scale. The loop is one second long, so `hz` should be whole.
    #[must_use]
    pub fn tone(hz: u32, level_dbfs: f64) -> Self {
        let peak = 32_767.0 * 10f64.powf(level_dbfs / 20.0);
        let samples = (0..8000).map(|n| ulaw((peak * (TAU * f64::from(hz) * f64::from(n) / 8000.0).sin()).round() as i16));
        Self { samples: samples.collect() }
    }

    /// A short beep at the start of every second and silence else: shows where a recording's seconds are.
    #[must_use]
    pub fn ticks(hz: u32, level_dbfs: f64) -> Self {
        let mut samples = Self::tone(hz, level_dbfs).samples.to_vec();
        samples[400..].fill(ulaw(0));
        Self { samples: samples.into() }
    }

    /// Digital silence.
    #[must_use]
    pub fn silence() -> Self {
        Self { samples: vec![ulaw(0); 8000].into() }
    }

    /// One round of the loop, as µ-law.
    #[must_use]
    pub fn samples(&self) -> &[u8] {
        &self.samples
    }

    /// Raw µ-law samples.
    pub fn from_ulaw(samples: Vec<u8>) -> Result<Self, SoundError> {
        if samples.is_empty() { Err(SoundError::Empty) } else { Ok(Self { samples: samples.into() }) }
    }

    /// A file: WAV by its first bytes, else raw µ-law.
    pub fn from_file(path: &Path) -> Result<Self, SoundError> {
        let bytes = std::fs::read(path)?;
        if bytes.starts_with(b"RIFF") { Self::from_wav(&bytes) } else { Self::from_ulaw(bytes) }
    }

    fn from_wav(bytes: &[u8]) -> Result<Self, SoundError> {
        let word = |at: usize| bytes.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
        let long = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let mut at = 12;
        while let (Some(name), Some(length)) = (bytes.get(at..at + 4), long(at + 4)) {
            let body = at + 8;
            match name {
                b"fmt " if (word(body), word(body + 2), long(body + 4), word(body + 14)) != (Some(1), Some(1), Some(8000), Some(16)) => {
                    return Err(SoundError::Format("other rate, channels or depth"));
                }
                b"data" => {
                    let data = &bytes[body.min(bytes.len())..body.saturating_add(length as usize).min(bytes.len())];
                    return Self::from_ulaw(data.chunks_exact(2).map(|s| ulaw(i16::from_le_bytes([s[0], s[1]]))).collect());
                }
                _ => {}
            }
            at = body.saturating_add(length as usize + (length as usize & 1));
        }
        Err(SoundError::Format("no data in it"))
    }

    /// Copies the next samples of the endless loop and moves on.
    pub(super) fn fill(&self, position: &mut usize, out: &mut [u8]) {
        for sample in out {
            *sample = self.samples[*position];
            *position = (*position + 1) % self.samples.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ulaw_has_the_values_of_the_standard() {
        assert_eq!((ulaw(0), ulaw(-1), ulaw(32_767), ulaw(-32_768)), (0xff, 0x7f, 0x80, 0x00));
        assert_eq!((ulaw(1000), ulaw(-1000)), (0xce, 0x4e));
    }
}
