//! How long N days are: until 23:59:59 of the Nth day after today, in a time zone (archive.md C2). Pure; time comes as an argument.

use jiff::{Timestamp, ToSpan};

use crate::model::time::WallClock;
use crate::model::zone::Zone;

/// The last second of the `days`th day after today in a zone. Where a clock change makes 23:59:59 come twice, the later one; where that day has none, the
/// instant at which clocks that were not changed would have shown it.
#[must_use]
pub fn until(now: WallClock, days: u32, zone: &Zone) -> WallClock {
    let rules = zone.rules();
    let found = Timestamp::from_nanosecond(i128::from(now.0)).ok().and_then(|now| {
        let today = now.to_zoned(rules.clone()).date();
        let last = today.checked_add(i64::from(days).days()).ok()?;
        let end = rules.to_ambiguous_zoned(last.at(23, 59, 59, 0)).later().ok()?;
        i64::try_from(end.timestamp().as_nanosecond()).ok()
    });
    // Only a clock that stands at the end of time comes here.
    found.map_or(now, WallClock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> WallClock {
        WallClock(i64::try_from(text.parse::<Timestamp>().unwrap().as_nanosecond()).unwrap())
    }

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    #[test]
    fn n_days_end_with_the_nth_day_after_today_where_the_workspace_is() {
        for (now, days, name, end) in [
            // The seed's example: Monday 10:30 and 3 days is Thursday 23:59.
            ("2024-08-12T08:30:00Z", 3, "Europe/Oslo", "2024-08-15T21:59:59Z"),
            ("2024-08-12T08:30:00Z", 3, "UTC", "2024-08-15T23:59:59Z"),
            ("2024-08-12T08:30:00Z", 0, "UTC", "2024-08-12T23:59:59Z"),
            // Which day today is, is the zone's to say.
            ("2026-01-31T22:59:59Z", 1, "Europe/Oslo", "2026-02-01T22:59:59Z"),
            ("2026-01-31T23:00:00Z", 1, "Europe/Oslo", "2026-02-02T22:59:59Z"),
            ("2026-01-31T12:00:00Z", 1, "Pacific/Auckland", "2026-02-02T10:59:59Z"),
            ("2026-01-31T02:00:00Z", 1, "America/Los_Angeles", "2026-02-01T07:59:59Z"),
            // Over a change of the clocks, forward and back: days of 23 and of 25 hours.
            ("2026-03-28T12:00:00Z", 1, "Europe/Oslo", "2026-03-29T21:59:59Z"),
            ("2026-03-28T12:00:00Z", 0, "Europe/Oslo", "2026-03-28T22:59:59Z"),
            ("2026-10-24T12:00:00Z", 1, "Europe/Oslo", "2026-10-25T22:59:59Z"),
            ("2026-03-07T20:00:00Z", 1, "America/New_York", "2026-03-09T03:59:59Z"),
            // Clocks that go back at midnight show 23:59:59 twice: the later one.
            ("2020-04-03T12:00:00Z", 1, "America/Asuncion", "2020-04-05T03:59:59Z"),
            ("2018-02-16T12:00:00Z", 1, "America/Sao_Paulo", "2018-02-18T02:59:59Z"),
            // Leap days, ends of months and years, half hours.
            ("2028-02-28T12:00:00Z", 1, "UTC", "2028-02-29T23:59:59Z"),
            ("2026-12-31T12:00:00Z", 7, "Asia/Kolkata", "2027-01-07T18:29:59Z"),
            // A day that a zone left out (Samoa, 30 December 2011).
            ("2011-12-29T12:00:00Z", 1, "Pacific/Apia", "2011-12-31T09:59:59Z"),
        ] {
            assert_eq!(until(at(now), days, &zone(name)), at(end), "{now} + {days} in {name}");
        }
    }

    proptest! {
        #[test]
        fn it_is_one_second_before_a_midnight_and_that_many_days_on(
            now in 1_000_000_000i64..2_500_000_000,
            days in 0u32..=365,
            name in prop::sample::select(vec!["UTC", "Europe/Oslo", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland", "Australia/Lord_Howe", "Africa/Casablanca"]),
        ) {
            let zone = zone(name);
            let now = WallClock(now * 1_000_000_000);
            let end = until(now, days, &zone);
            let local = |at: WallClock| Timestamp::from_nanosecond(i128::from(at.0)).unwrap().to_zoned(zone.rules().clone());
            let (today, last) = (local(now), local(end));
            prop_assert!(end >= WallClock(now.0 - now.0.rem_euclid(1_000_000_000)));
            prop_assert_eq!(today.date().until(last.date()).unwrap().get_days(), days as i32);
            prop_assert_eq!((last.hour(), last.minute(), last.second()), (23, 59, 59));
            // A second later it is another day.
            prop_assert_eq!(local(WallClock(end.0 + 1_000_000_000)).date(), last.date().tomorrow().unwrap());
            prop_assert!(until(now, days + 1, &zone) > end);
        }
    }
}
