//! How letters are tried again: pure, time and chance are arguments.

use crate::model::time::WallClock;

/// How letters are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Wait after a first failure, nanoseconds; doubled with each further one.
    pub first_ns: u64,
    /// The longest wait, nanoseconds.
    pub longest_ns: u64,
    /// A letter that says nothing else is given up after this, nanoseconds.
    pub give_up_ns: u64,
}

const SECOND_NS: u64 = 1_000_000_000;

impl Pace {
    /// From the configuration's seconds and hours.
    #[must_use]
    pub const fn of(retry_s: u64, give_up_h: u64) -> Self {
        let first_ns = if retry_s == 0 { SECOND_NS } else { retry_s.saturating_mul(SECOND_NS) };
        Self { first_ns, longest_ns: 3_600 * SECOND_NS, give_up_ns: give_up_h.saturating_mul(3_600 * SECOND_NS) }
    }

    /// When a letter that failed for the `attempts`th time now is tried next: a random part (`chance`, 0 to 1) of half the wait off, so that letters
    /// that failed together do not come back together; `None` where it is given up. The last try is made when its time is up.
    #[must_use]
    pub fn next(self, attempts: u32, now: WallClock, give_up_at: WallClock, chance: f64) -> Option<WallClock> {
        if now >= give_up_at {
            return None;
        }
        let doubled = self.first_ns.saturating_mul(1 << attempts.saturating_sub(1).min(30)).min(self.longest_ns.max(self.first_ns));
        let wait = doubled / 2 + ((doubled - doubled / 2) as f64 * chance.clamp(0.0, 1.0)) as u64;
        Some(now.plus_ns(wait.max(1)).min(give_up_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn waits_double_up_to_an_hour_and_end_after_a_day() {
        let pace = Pace::of(15, 24);
        let give_up_at = WallClock(0).plus_ns(pace.give_up_ns);
        let (mut now, mut waits_s, mut attempts) = (WallClock(0), Vec::new(), 0);
        loop {
            attempts += 1;
            let Some(next) = pace.next(attempts, now, give_up_at, 1.0) else { break };
            waits_s.push((next.0 - now.0) as u64 / SECOND_NS);
            now = next;
        }
        assert_eq!(waits_s[..5], [15, 30, 60, 120, 240]);
        assert_eq!((now, waits_s.iter().max()), (give_up_at, Some(&3_600)));
        assert!(attempts > 24);
    }

    proptest! {
        #[test]
        fn a_next_try_is_later_and_never_after_the_end(attempts in 0u32..200, now in 0i64..i64::MAX / 4, left in 1u64..u64::MAX / 8, chance in 0.0f64..=1.0) {
            let now = WallClock(now);
            let end = now.plus_ns(left);
            let next = Pace::of(15, 24).next(attempts, now, end, chance).unwrap();
            prop_assert!(now < next && next <= end);
        }
    }
}
