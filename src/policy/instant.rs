//! Instants inside the machine.

use crate::model::time::MediaTime;

const NS_PER_MS: u128 = 1_000_000;
const NS_PER_S: u128 = 1_000_000_000;

/// Session time in nanoseconds. Wider than [`MediaTime`], so that the simulator takes every whole number of milliseconds and no sum wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant(u128);

impl Instant {
    pub(super) const ZERO: Self = Self(0);

    pub(super) fn from_ms(ms: u64) -> Self {
        Self(u128::from(ms) * NS_PER_MS)
    }

    /// Whole milliseconds, rounded down.
    pub(super) fn as_ms(self) -> u64 {
        u64::try_from(self.0 / NS_PER_MS).unwrap_or(u64::MAX)
    }

    /// As session time; `None` where it lies beyond what 64 bits of nanoseconds hold (584 years).
    pub(super) fn as_media_time(self) -> Option<MediaTime> {
        u64::try_from(self.0).ok().map(MediaTime)
    }

    pub(super) fn since(self, earlier: Self) -> Length {
        Length(self.0.saturating_sub(earlier.0))
    }

    pub(super) fn plus(self, length: Length) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl From<MediaTime> for Instant {
    fn from(t: MediaTime) -> Self {
        Self(u128::from(t.as_ns()))
    }
}

/// A length of time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Length(u128);

impl Length {
    pub(super) const ZERO: Self = Self(0);

    pub(super) fn from_s(s: u64) -> Self {
        Self(u128::from(s) * NS_PER_S)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sum_of_whole_milliseconds_and_seconds_wraps() {
        let latest = Instant::from_ms(u64::MAX);
        assert_eq!(latest.as_ms(), u64::MAX);
        assert!(latest.plus(Length::from_s(u64::MAX)) > latest);
        assert_eq!(latest.as_media_time(), None);
        assert_eq!(Instant::from_ms(3).as_media_time(), Some(MediaTime::from_ms(3)));
        assert_eq!(Instant::ZERO.since(latest), Length::ZERO);
    }
}
