//! Sender reports as a clock: a regression over the last twenty (RFC 3550 §6.4.1).

use std::collections::VecDeque;

use super::transit::ticks_to_ns;

const KEPT: usize = 20;
/// Below this span the nominal rate is better than the measured one.
const RATE_NEEDS_NS: i64 = 8_000_000_000;

/// The sender's wall clock against its RTP clock.
#[derive(Clone, Debug)]
pub struct Reports {
    hz: u32,
    kept: VecDeque<(i64, i64)>,
    line: Option<Line>,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    ticks: i64,
    ntp_ns: f64,
    base_ns: i64,
    ns_per_tick: f64,
}

impl Reports {
    /// For a clock of `hz`.
    #[must_use]
    pub fn new(hz: u32) -> Self {
        Self { hz, kept: VecDeque::new(), line: None }
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.kept.capacity() * size_of::<(i64, i64)>()
    }

    /// Takes a report: its RTP time counted on, its NTP time stamp.
    pub fn note(&mut self, ticks: i64, ntp: u64) {
        let ntp_ns = ntp_to_ns(ntp);
        if self.kept.back().is_some_and(|&(t, n)| ticks <= t || ntp_ns <= n) {
            return;
        }
        self.kept.push_back((ticks, ntp_ns));
        if self.kept.len() > KEPT {
            self.kept.pop_front();
        }
        self.fit();
    }

    fn fit(&mut self) {
        let (Some(&(t0, n0)), Some(&(_, n1))) = (self.kept.front(), self.kept.back()) else { return };
        let count = self.kept.len() as f64;
        let nominal = 1e9 / f64::from(self.hz.max(1));
        let (mean_t, mean_n) =
            self.kept.iter().fold((0.0, 0.0), |(t, n), &(a, b)| (t + (a - t0) as f64 / count, n + (b - n0) as f64 / count));
        let mut slope = nominal;
        if n1 - n0 >= RATE_NEEDS_NS && self.kept.len() >= 3 {
            let (mut cov, mut var) = (0.0, 0.0);
            for &(t, n) in &self.kept {
                let (dt, dn) = ((t - t0) as f64 - mean_t, (n - n0) as f64 - mean_n);
                cov += dt * dn;
                var += dt * dt;
            }
            // A report that is off by more than a crystal can be is no clock.
            if var > 0.0 && (cov / var / nominal - 1.0).abs() < 2e-3 {
                slope = cov / var;
            }
        }
        self.line = Some(Line {
            ticks: t0 + mean_t as i64,
            ntp_ns: mean_n + (mean_t as i64 as f64 - mean_t) * slope,
            base_ns: n0,
            ns_per_tick: slope,
        });
    }

    /// The sender's wall clock at an RTP time, nanoseconds since 1900.
    #[must_use]
    pub fn ntp_ns(&self, ticks: i64) -> Option<i64> {
        let line = self.line?;
        Some(line.base_ns + (line.ntp_ns + (ticks - line.ticks) as f64 * line.ns_per_tick).round() as i64)
    }

    /// How fast the RTP clock runs against the sender's wall clock, parts per million.
    #[must_use]
    pub fn drift_ppm(&self) -> Option<f64> {
        let line = self.line.filter(|_| self.kept.len() >= 3)?;
        Some((ticks_to_ns(1_000_000_000, self.hz) as f64 / (line.ns_per_tick * 1e9) - 1.0) * 1e6)
    }
}

fn ntp_to_ns(ntp: u64) -> i64 {
    let seconds = (ntp >> 32) as i64;
    seconds * 1_000_000_000 + (((ntp & 0xffff_ffff) * 1_000_000_000) >> 32) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_runs_fast_is_seen_by_its_reports() {
        let mut reports = Reports::new(8000);
        for s in 0..12u64 {
            let ticks = (s as f64 * 5.0 * 8000.0 * 1.0001).round() as i64;
            reports.note(ticks, ((3_900_000_000 + s * 5) << 32) | 0x8000_0000);
        }
        assert!((reports.drift_ppm().unwrap() - 100.0).abs() < 3.0, "{:?}", reports.drift_ppm());
        let at = reports.ntp_ns((100.0 * 8000.0 * 1.0001) as i64).unwrap();
        assert!((at - (3_900_000_100_500_000_000)).abs() < 200_000);
    }
}
