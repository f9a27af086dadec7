//! Counting on over the wraps of RTP's 16-bit sequence numbers and 32-bit time stamps (RFC 3550 §5.1).

/// Extends 16-bit sequence numbers: each is taken as the one nearest to the highest seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct SequenceExtender {
    highest: Option<i64>,
}

impl SequenceExtender {
    /// The number counted on, without remembering it.
    #[must_use]
    pub fn peek(&self, sequence: u16) -> i64 {
        let Some(highest) = self.highest else { return i64::from(sequence) };
        highest + i64::from(sequence.wrapping_sub(highest as u16) as i16)
    }

    /// The number counted on.
    pub fn extend(&mut self, sequence: u16) -> i64 {
        let extended = self.peek(sequence);
        self.highest = Some(self.highest.map_or(extended, |h| h.max(extended)));
        extended
    }

    /// The highest so far.
    #[must_use]
    pub fn highest(&self) -> Option<i64> {
        self.highest
    }
}

/// Extends 32-bit time stamps in the same way; a jump of half the range is the sender's, not a wrap.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimestampExtender {
    last: Option<i64>,
}

impl TimestampExtender {
    /// The time stamp counted on, without remembering it.
    #[must_use]
    pub fn peek(&self, timestamp: u32) -> i64 {
        let Some(last) = self.last else { return i64::from(timestamp) };
        last + i64::from(timestamp.wrapping_sub(last as u32) as i32)
    }

    /// The last one, counted on.
    #[must_use]
    pub fn peek_last(&self) -> Option<i64> {
        self.last
    }

    /// The time stamp counted on.
    pub fn extend(&mut self, timestamp: u32) -> i64 {
        let extended = self.peek(timestamp);
        self.last = Some(extended);
        extended
    }
}

/// Which of the latest numbers have been seen: tells repeats, and how many are missing in the end.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    bits: u128,
    highest: Option<i64>,
    lowest: i64,
    unique: u64,
    repeats: u64,
}

impl Seen {
    /// Notes a number; `false` where it was there before. Numbers over 128 behind the highest count as new.
    pub fn note(&mut self, number: i64) -> bool {
        let Some(highest) = self.highest else {
            *self = Self { bits: 1, highest: Some(number), lowest: number, unique: 1, repeats: self.repeats };
            return true;
        };
        let behind = highest - number;
        if behind < 0 {
            let ahead = behind.unsigned_abs();
            self.bits = if ahead < 128 { self.bits << ahead } else { 0 } | 1;
            self.highest = Some(number);
        } else if behind < 128 {
            if self.bits >> behind & 1 == 1 {
                self.repeats += 1;
                return false;
            }
            self.bits |= 1 << behind;
        }
        self.lowest = self.lowest.min(number);
        self.unique += 1;
        true
    }

    /// The lowest number that came.
    #[must_use]
    pub fn lowest(&self) -> Option<i64> {
        self.highest.map(|_| self.lowest)
    }

    /// How many different numbers came.
    #[must_use]
    pub fn unique(&self) -> u64 {
        self.unique
    }

    /// How many came again.
    #[must_use]
    pub fn repeats(&self) -> u64 {
        self.repeats
    }

    /// How many between the lowest and the highest never came.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.highest.map_or(0, |h| ((h - self.lowest) as u64 + 1).saturating_sub(self.unique))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn repeats_and_holes_are_counted_over_a_wrap() {
        let (mut wraps, mut seen) = (SequenceExtender::default(), Seen::default());
        for s in [65_533u16, 65_535, 65_534, 0, 0, 3, 2] {
            seen.note(wraps.extend(s));
        }
        assert_eq!((seen.unique(), seen.repeats(), seen.missing()), (6, 1, 1));
    }

    proptest! {
        #[test]
        fn any_order_within_a_window_counts_on(start in any::<u16>(), steps in proptest::collection::vec(-40i64..60, 1..400)) {
            let mut wraps = SequenceExtender::default();
            let mut truth = i64::from(start);
            wraps.extend(start);
            let mut top = truth;
            for step in steps {
                truth = top + step;
                let got = wraps.extend(truth as u16);
                prop_assert_eq!(got, truth);
                top = top.max(truth);
            }
        }

        #[test]
        fn time_stamps_count_on_over_wraps(start in any::<u32>(), steps in proptest::collection::vec(-100_000i64..2_000_000_000, 1..50)) {
            let mut wraps = TimestampExtender::default();
            let mut truth = wraps.extend(start);
            for step in steps {
                truth += step;
                prop_assert_eq!(wraps.extend(truth as u32), truth);
            }
        }
    }
}
