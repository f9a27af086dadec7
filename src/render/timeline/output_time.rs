//! An output's own clock.

use std::ops::{Add, Sub};

/// An instant on an output's own timeline: nanoseconds since its first instant, skipped pauses not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OutputTime(pub u64);

impl OutputTime {
    /// The first instant.
    pub const ZERO: Self = Self(0);

    /// Nanoseconds since the first instant.
    #[must_use]
    pub const fn as_ns(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the first instant, rounded down.
    #[must_use]
    pub const fn as_ms(self) -> u64 {
        self.0 / 1_000_000
    }

    /// In units of 1/90000 s, rounded to the nearest.
    #[must_use]
    pub const fn as_90k(self) -> u64 {
        ((self.0 as u128 * 90_000 + 500_000_000) / 1_000_000_000) as u64
    }

    /// From units of 1/90000 s.
    #[must_use]
    pub const fn from_90k(units: u64) -> Self {
        Self((units as u128 * 1_000_000_000 / 90_000) as u64)
    }
}

impl Add<u64> for OutputTime {
    type Output = Self;
    /// Adds nanoseconds.
    fn add(self, ns: u64) -> Self {
        Self(self.0 + ns)
    }
}

impl Sub<u64> for OutputTime {
    type Output = Self;
    /// Takes nanoseconds away, stopping at zero.
    fn sub(self, ns: u64) -> Self {
        Self(self.0.saturating_sub(ns))
    }
}
