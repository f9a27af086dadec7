//! The lower envelope of arrival: how early packets can arrive tells the sender's clock, whatever jitter does to the rest.

use std::collections::VecDeque;

const BUCKET_NS: u64 = 1_000_000_000;
const BUCKETS: usize = 20;

/// The earliest packet of one second.
#[derive(Clone, Copy, Debug)]
struct Earliest {
    bucket: u64,
    ticks: i64,
    arrival_ns: i64,
}

/// For each of the last 20 seconds the packet that was quickest on its way.
#[derive(Clone, Debug, Default)]
pub struct Transit {
    buckets: VecDeque<Earliest>,
}

impl Transit {
    /// Notes a packet of a clock of `hz`.
    pub fn note(&mut self, arrival_ns: u64, ticks: i64, hz: u32) {
        let new = Earliest { bucket: arrival_ns / BUCKET_NS, ticks, arrival_ns: arrival_ns as i64 };
        match self.buckets.back_mut() {
            Some(last) if last.bucket >= new.bucket => {
                if new.arrival_ns - ticks_to_ns(new.ticks, hz) < last.arrival_ns - ticks_to_ns(last.ticks, hz) {
                    *last = Earliest { bucket: last.bucket, ..new };
                }
            }
            _ => {
                // As many as there ever are: hundreds of tracks each keep theirs.
                self.buckets.reserve_exact(BUCKETS + 1 - self.buckets.len().min(BUCKETS));
                self.buckets.push_back(new);
                while self.buckets.len() > BUCKETS || self.buckets.front().is_some_and(|b| b.bucket + BUCKETS as u64 <= new.bucket) {
                    self.buckets.pop_front();
                }
            }
        }
    }

    /// Little comes any more: no more room is kept than what there is needs.
    pub fn rest(&mut self) {
        self.buckets.shrink_to_fit();
    }

    /// The smallest `arrival − sender's time` of the window, with the sender's time told by `clock`.
    pub fn floor(&self, clock: impl Fn(i64) -> i64) -> Option<i64> {
        self.buckets.iter().map(|b| b.arrival_ns - clock(b.ticks)).min()
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.buckets.capacity() * size_of::<Earliest>()
    }

    /// Takes the earlier seconds of the same clock in before its own.
    pub fn continue_from(&mut self, earlier: &Self) {
        for bucket in earlier.buckets.iter().rev() {
            if self.buckets.front().is_none_or(|f| f.bucket > bucket.bucket) && self.buckets.len() < BUCKETS {
                self.buckets.push_front(*bucket);
            }
        }
    }
}

/// RTP units as nanoseconds.
#[must_use]
pub fn ticks_to_ns(ticks: i64, hz: u32) -> i64 {
    (i128::from(ticks) * 1_000_000_000 / i128::from(hz.max(1))) as i64
}
