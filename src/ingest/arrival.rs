//! From the kernel's stamp of a datagram to an instant.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One reading of both clocks, taken for each sweep. The kernel stamps with the wall clock; an arrival is told by how long ago that was, so a wall clock
/// that is set by hand or by NTP moves nothing but the datagrams that are in the buffer at that moment, and those by no more than one sweep.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct ClockReading {
    pub(in crate::ingest) instant: Instant,
    wall: Duration,
    oldest: Duration,
}

impl ClockReading {
    /// Reads both clocks. `oldest` is how long ago a datagram still in a buffer can have come at most.
    pub(in crate::ingest) fn take(oldest: Duration) -> Self {
        let instant = Instant::now();
        Self::of(instant, SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(), oldest)
    }

    pub(in crate::ingest) const fn of(instant: Instant, wall: Duration, oldest: Duration) -> Self {
        Self { instant, wall, oldest }
    }

    /// When a datagram arrived that the kernel stamped with `stamp` (since the Unix epoch); now, where it did not.
    pub(in crate::ingest) fn arrival(&self, stamp: Option<Duration>) -> Instant {
        let age = stamp.map_or(Duration::ZERO, |stamp| self.wall.saturating_sub(stamp)).min(self.oldest);
        self.instant.checked_sub(age).unwrap_or(self.instant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrival_is_as_old_as_its_stamp_but_no_older_than_the_last_sweep() {
        let now = Instant::now() + Duration::from_secs(100);
        let (wall, ms) = (Duration::from_secs(1_000_000), Duration::from_millis);
        let reading = ClockReading::of(now, wall, ms(12));
        let ago = |ago| (Some(wall.saturating_sub(ago)), now.checked_sub(ago.min(ms(12))).unwrap());
        assert_eq!(reading.arrival(ago(ms(7)).0), ago(ms(7)).1);
        assert_eq!(reading.arrival(None), now);
        // The wall clock was set back, then forward by an hour, between the datagram and the sweep.
        assert_eq!(reading.arrival(Some(wall + ms(3_600_000))), now);
        assert_eq!(reading.arrival(ago(ms(3_600_000)).0), ago(ms(3_600_000)).1);
    }
}
