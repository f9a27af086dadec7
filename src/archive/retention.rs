//! When a recording is due (archive.md A4): calendar months of its project, days of the workspace for live and for uploaded ones; the shorter wins. Pure.
//!
//! Time runs from a recording's beginning, on the clock of the workspace's time zone. A month on from the 31st is the last day of a month that has no 31st.
//! Where clocks are put forward and the time of day is left out, the recording goes that much later; where it comes twice, at the first.

use jiff::civil::Date;
use jiff::{Span, Timestamp, ToSpan, Zoned};

use super::recording::Source;
use super::rows::{ProjectRow, WorkspaceRow};
use crate::model::time::WallClock;
use crate::model::zone::Zone;

/// Months that recordings are kept where nobody says.
pub const DEFAULT_MONTHS: u64 = 3;

/// How long recordings of one source in one project are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Calendar months.
    pub months: u64,
    /// Days, where the workspace limits them.
    pub days: Option<u64>,
}

/// The part of a term that ends first for some recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The project's months.
    Months(u64),
    /// The workspace's days.
    Days(u64),
}

impl Term {
    /// What holds for recordings of a source in a project now.
    #[must_use]
    pub fn of(source: Source, workspace: &WorkspaceRow, project: &ProjectRow) -> Self {
        let days = match source {
            Source::Live => workspace.settings.retention_days_live,
            Source::Upload => workspace.settings.retention_days_upload,
        };
        let months = project.settings.retention_months.or(workspace.settings.retention_months).unwrap_or(DEFAULT_MONTHS);
        Self { months, days }
    }

    fn spans(&self) -> impl Iterator<Item = (Limit, Span)> {
        let months = Span::new().try_months(self.months as i64).ok().map(|span| (Limit::Months(self.months), span));
        let days = self.days.and_then(|days| Some((Limit::Days(days), Span::new().try_days(days as i64).ok()?)));
        months.into_iter().chain(days)
    }

    /// When a recording that began then is due, and what makes it so. One whose time is beyond reckoning is never due.
    #[must_use]
    pub fn due_at(&self, began: WallClock, zone: &Zone) -> Option<(WallClock, Limit)> {
        let began = local(began, zone)?;
        self.spans().filter_map(|(limit, span)| Some((instant(&began.checked_add(span).ok()?)?, limit))).min_by_key(|(at, _)| *at)
    }

    /// Recordings that are due before a day begins have begun before this.
    #[must_use]
    pub fn begun_before(&self, day: Date, zone: &Zone) -> WallClock {
        let cut = |span: Span| {
            let first = day.checked_sub(span).ok()?;
            // The month before was shorter or as long: then all of it is due. One with days that the day's month has not: they are due with the last of that.
            let whole = span.get_months() > 0 && day.day() == 1 && first.day() != 1;
            let first = if whole { first.last_of_month().tomorrow().ok()? } else { after_clamping(day, span, first) };
            instant(&first.to_zoned(zone.rules().clone()).ok()?)
        };
        self.spans().filter_map(|(_, span)| cut(span)).max().unwrap_or(WallClock(i64::MIN))
    }
}

/// The first day whose recordings are not yet due before `day`: going back can end on the last day of a short month, and later days of it are none.
fn after_clamping(day: Date, span: Span, back: Date) -> Date {
    let mut first = back;
    while first.checked_add(span).is_ok_and(|due| due < day) {
        match first.tomorrow() {
            Ok(next) => first = next,
            Err(_) => break,
        }
    }
    first
}

/// The day that it is somewhere.
#[must_use]
pub fn day_of(at: WallClock, zone: &Zone) -> Date {
    local(at, zone).map_or(Date::ZERO, |at| at.date())
}

/// When a day begins somewhere.
#[must_use]
pub fn start_of(day: Date, zone: &Zone) -> Option<WallClock> {
    instant(&day.to_zoned(zone.rules().clone()).ok()?)
}

/// Two days on: whatever is due by now is due before that day begins, also where a clock change moved it over midnight.
#[must_use]
pub fn horizon(now: WallClock, zone: &Zone) -> Date {
    day_of(now, zone).saturating_add(2.days())
}

fn local(at: WallClock, zone: &Zone) -> Option<Zoned> {
    Some(Timestamp::from_nanosecond(i128::from(at.0)).ok()?.to_zoned(zone.rules().clone()))
}

fn instant(at: &Zoned) -> Option<WallClock> {
    i64::try_from(at.timestamp().as_nanosecond()).ok().map(WallClock)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> WallClock {
        serde_json::from_value(text.into()).unwrap()
    }

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    fn months(months: u64) -> Term {
        Term { months, days: None }
    }

    #[test]
    fn months_end_on_the_last_day_of_a_month_that_is_too_short() {
        for (began, months_on, zone_name, due) in [
            ("2026-01-31T12:00:00Z", 1, "UTC", "2026-02-28T12:00:00.000Z"),
            ("2028-01-31T12:00:00Z", 1, "UTC", "2028-02-29T12:00:00.000Z"),
            ("2026-01-15T12:00:00Z", 3, "UTC", "2026-04-15T12:00:00.000Z"),
            // 00:30 on 31 March in Oslo; 30 April 00:30 there is still 29 April in UTC.
            ("2026-03-30T22:30:00Z", 1, "Europe/Oslo", "2026-04-29T22:30:00.000Z"),
            // Summer time began in between: the same time of day, an hour less in between.
            ("2026-03-20T11:00:00Z", 1, "Europe/Oslo", "2026-04-20T10:00:00.000Z"),
            // 02:30 is left out on 29 March in Oslo, and comes twice on 25 October.
            ("2026-02-28T01:30:00Z", 1, "Europe/Oslo", "2026-03-28T01:30:00.000Z"),
            ("2026-01-29T01:30:00Z", 2, "Europe/Oslo", "2026-03-29T01:30:00.000Z"),
            ("2026-08-25T00:30:00Z", 2, "Europe/Oslo", "2026-10-25T00:30:00.000Z"),
        ] {
            let found = months(months_on).due_at(at(began), &zone(zone_name)).unwrap();
            assert_eq!((found.0.to_string().as_str(), found.1), (due, Limit::Months(months_on)), "{began} + {months_on} in {zone_name}");
        }
    }

    #[test]
    fn the_shorter_wins_and_each_source_has_its_own_days() {
        let mut workspace = WorkspaceRow::default();
        let mut project: ProjectRow = serde_json::from_value(serde_json::json!({ "slug": "p" })).unwrap();
        assert_eq!(Term::of(Source::Live, &workspace, &project), months(3));
        workspace.settings.retention_months = Some(6);
        workspace.settings.retention_days_live = Some(10);
        assert_eq!(Term::of(Source::Live, &workspace, &project), Term { months: 6, days: Some(10) });
        assert_eq!(Term::of(Source::Upload, &workspace, &project), months(6));
        project.settings.retention_months = Some(1);
        let began = at("2026-02-01T00:00:00Z");
        let due = |days| Term { months: 1, days }.due_at(began, &Zone::default()).unwrap();
        assert_eq!(due(Some(27)), (at("2026-02-28T00:00:00Z"), Limit::Days(27)));
        assert_eq!(due(Some(29)), (at("2026-03-01T00:00:00Z"), Limit::Months(1)));
        assert_eq!(due(None), (at("2026-03-01T00:00:00Z"), Limit::Months(1)));
    }

    const YEAR_S: i64 = 31_556_952;
    /// Zones without clock changes at midnight, and two with: one of them left out a whole day.
    const EVEN: [&str; 5] = ["UTC", "Europe/Oslo", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"];
    const ODD: [&str; 2] = ["America/Nuuk", "Pacific/Apia"];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn a_cut_divides_what_is_due_from_what_is_not(
            began_s in 40 * YEAR_S..80 * YEAR_S, after_days in 0i64..1_300, months in 1u64..40, days in prop::option::of(1u64..400), name in 0usize..5,
        ) {
            let (zone, term) = (zone(EVEN[name]), Term { months, days });
            let began = WallClock(began_s * 1_000_000_000);
            let day = day_of(began, &zone).saturating_add(after_days.days());
            let (due, _) = term.due_at(began, &zone).unwrap();
            let is_due = due < start_of(day, &zone).unwrap();
            prop_assert_eq!(is_due, began < term.begun_before(day, &zone), "due {} before {}", due, day);
        }

        #[test]
        fn nothing_that_is_due_is_overlooked_and_nothing_goes_before_its_days(
            began_s in 40 * YEAR_S..80 * YEAR_S, months in 1u64..40, days in prop::option::of(1u64..400), name in 0usize..7, late_s in 0i64..200_000,
        ) {
            let name = EVEN.into_iter().chain(ODD).nth(name).unwrap();
            let (zone, term) = (zone(name), Term { months, days });
            let began = WallClock(began_s * 1_000_000_000);
            let (due, limit) = term.due_at(began, &zone).unwrap();
            let now = due.plus_ns(late_s as u64 * 1_000_000_000);
            prop_assert!(began < term.begun_before(horizon(now, &zone), &zone), "{} is due at {} in {}", began, due, name);
            let (kept_h, least_days) = ((due.0 - began.0) / 3_600_000_000_000, match limit {
                Limit::Days(days) => days as i64,
                Limit::Months(months) => months as i64 * 28,
            });
            // A clock change takes an hour, and once a day.
            prop_assert!(kept_h >= least_days * 24 - 25, "{} h in {}", kept_h, name);
        }
    }
}
