//! Reading samples between samples: a windowed sinc (Kaiser, 32 zero crossings), for a change of rate and for slow correction of drift.

use std::f64::consts::PI;
use std::sync::OnceLock;

const PHASES: usize = 240;
const CROSSINGS: usize = 32;
const LANES: usize = 8;

/// One kernel: what it lets pass depends on the ratio of the rates.
#[derive(Debug)]
pub struct Resampler {
    taps: usize,
    kernel: Vec<f32>,
}

impl Resampler {
    /// The kernel for reading at `input_hz` what is to be `output_hz`. Kernels are made once a process.
    #[must_use]
    pub fn of(input_hz: u32, output_hz: u32) -> &'static Self {
        static UP: OnceLock<Resampler> = OnceLock::new();
        static THIRD: OnceLock<Resampler> = OnceLock::new();
        static SIXTH: OnceLock<Resampler> = OnceLock::new();
        match input_hz / output_hz.max(1) {
            0 | 1 => UP.get_or_init(|| Self::new(1)),
            2 | 3 => THIRD.get_or_init(|| Self::new(3)),
            _ => SIXTH.get_or_init(|| Self::new(6)),
        }
    }

    fn new(divisor: usize) -> Self {
        let taps = CROSSINGS * divisor;
        let cutoff = 0.94 / divisor as f64;
        let half = taps as f64 / 2.0;
        let beta = 8.0;
        let mut kernel = Vec::with_capacity(taps * (PHASES + 1));
        for phase in 0..=PHASES {
            let fraction = phase as f64 / PHASES as f64;
            let row: Vec<f64> = (0..taps)
                .map(|tap| {
                    let x = tap as f64 - (half - 1.0) - fraction;
                    let window = (1.0 - (x / half).powi(2)).max(0.0).sqrt();
                    let sinc = if x.abs() < 1e-9 { cutoff } else { (PI * cutoff * x).sin() / (PI * x) };
                    sinc * bessel_i0(beta * window) / bessel_i0(beta)
                })
                .collect();
            // Every phase passes a constant unchanged, so that none of them hums.
            let sum: f64 = row.iter().sum();
            kernel.extend(row.iter().map(|v| (v / sum) as f32));
        }
        Self { taps, kernel }
    }

    /// How many samples it wants before a position.
    #[must_use]
    pub fn before(&self) -> usize {
        self.taps / 2 - 1
    }

    /// How many it wants from a position on.
    #[must_use]
    pub fn after(&self) -> usize {
        self.taps / 2 + 1
    }

    /// Fills `out`: its sample `i` is what stands at `start + i·step` of `window`, whose first sample is `before()` ahead of position zero.
    pub fn read(&self, window: &[f32], start: f64, step: f64, out: &mut [f32]) {
        for (i, sample) in out.iter_mut().enumerate() {
            let position = start + i as f64 * step;
            let whole = position.floor();
            let phase = ((position - whole) * PHASES as f64).round() as usize;
            let row = &self.kernel[phase * self.taps..(phase + 1) * self.taps];
            let at = whole as usize;
            *sample = window.get(at..at + self.taps).map_or(0.0, |seen| dot(seen, row));
        }
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    let ((a, _), (b, _)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (x, y) in a.iter().zip(b) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum()
}

fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-12 {
        term *= (x / 2.0 / k).powi(2);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: f64, n: usize) -> Vec<f32> {
        (0..n).map(|i| (2.0 * PI * hz * i as f64 / rate).sin() as f32).collect()
    }

    fn error_db(input_hz: u32, output_hz: u32, tone_hz: f64) -> f64 {
        let resampler = Resampler::of(input_hz, output_hz);
        let input = tone(tone_hz, f64::from(input_hz), input_hz as usize / 4);
        let step = f64::from(input_hz) / f64::from(output_hz);
        let n = ((input.len() - 2 * resampler.after()) as f64 / step) as usize;
        let mut out = vec![0f32; n];
        resampler.read(&input, 0.0, step, &mut out);
        let offset = resampler.before() as f64 / f64::from(input_hz);
        let error: f64 = out
            .iter()
            .enumerate()
            .map(|(i, &v)| (f64::from(v) - (2.0 * PI * tone_hz * (i as f64 / f64::from(output_hz) + offset)).sin()).powi(2))
            .sum();
        10.0 * (error / n as f64 / 0.5).log10()
    }

    #[test]
    fn speech_survives_every_change_of_rate() {
        for (input, output, tone_hz) in [
            (8000, 48_000, 1000.0),
            (8000, 48_000, 3000.0),
            (8000, 16_000, 2500.0),
            (48_000, 16_000, 6000.0),
            (48_000, 8000, 3000.0),
            (48_000, 48_000, 9000.0),
        ] {
            let db = error_db(input, output, tone_hz);
            assert!(db < -45.0, "{input} → {output}, {tone_hz} Hz: {db:.1} dB");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_gone() {
        let resampler = Resampler::of(48_000, 8000);
        let mut out = vec![0f32; 800];
        resampler.read(&tone(6000.0, 48_000.0, 6000), 0.0, 6.0, &mut out);
        assert!(out.iter().all(|v| v.abs() < 0.01));
    }
}
