//! Who plays what now: opened with a reason where one is asked for (archive.md B4), noted once, and good for whoever opened it alone. Kept in memory, gone
//! with the process. Pure; time comes as an argument.
//!
//! A play permits nothing by itself: each file is asked for again at the rights as they are then, with the reason that the play was opened with.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::account::Ticket;

/// How long a play lasts after something of it was last asked for.
pub const IDLE: Duration = Duration::from_mins(30);
/// How long it lasts at all.
pub const LONGEST: Duration = Duration::from_hours(8);
/// At most so many at once; the one unused for longest goes first.
const MOST: usize = 100_000;

struct Kept {
    reason: Option<String>,
    opened: Instant,
    used: Instant,
}

impl Kept {
    fn lasts(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) < IDLE && now.saturating_duration_since(self.opened) < LONGEST
    }
}

/// All plays of the node: by who plays, and what (`recording:<id>`, `session:<id>`).
#[derive(Default)]
pub struct Plays {
    kept: Mutex<HashMap<(Ticket, String), Kept>>,
}

impl Plays {
    /// Opens a play, in the place of an earlier one.
    pub fn open(&self, who: &Ticket, what: &str, reason: Option<String>, now: Instant) {
        let mut kept = self.kept.lock();
        if kept.len() >= MOST {
            kept.retain(|_, k| k.lasts(now));
        }
        if kept.len() >= MOST
            && let Some(oldest) = kept.iter().min_by_key(|(_, k)| k.used).map(|(key, _)| key.clone())
        {
            kept.remove(&oldest);
        }
        kept.insert((who.clone(), what.to_owned()), Kept { reason, opened: now, used: now });
    }

    /// Opens a play without a reason where none is; whether it was the first of it.
    pub fn begin_once(&self, who: &Ticket, what: &str, now: Instant) -> bool {
        if self.reason(who, what, now).is_some() {
            return false;
        }
        self.open(who, what, None, now);
        true
    }

    /// Closes a play.
    pub fn close(&self, who: &Ticket, what: &str) {
        self.kept.lock().remove(&(who.clone(), what.to_owned()));
    }

    /// The reason of a play that lasts (`Some(None)` = opened without one); it counts as used.
    #[allow(clippy::option_option)]
    pub fn reason(&self, who: &Ticket, what: &str, now: Instant) -> Option<Option<String>> {
        let mut kept = self.kept.lock();
        let key = (who.clone(), what.to_owned());
        let found = kept.get_mut(&key)?;
        if !found.lasts(now) {
            kept.remove(&key);
            return None;
        }
        found.used = now;
        Some(found.reason.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_play_is_its_openers_alone_and_ends_by_itself() {
        let (plays, start) = (Plays::default(), Instant::now());
        let ticket = |browser: &str| Ticket::Person { user: "anna".into(), epoch: 1, browser: browser.into() };
        plays.open(&ticket("a"), "recording:r", Some("complaint".into()), start);
        assert_eq!(plays.reason(&ticket("a"), "recording:r", start), Some(Some("complaint".into())));
        assert_eq!(plays.reason(&ticket("b"), "recording:r", start), None, "another browser of the same person");
        assert_eq!(plays.reason(&ticket("a"), "recording:s", start), None);
        let mut now = start;
        while now < start + LONGEST.saturating_sub(IDLE) {
            now += IDLE / 2;
            assert!(plays.reason(&ticket("a"), "recording:r", now).is_some(), "being used prolongs it");
        }
        assert_eq!(plays.reason(&ticket("a"), "recording:r", start + LONGEST), None);
    }
}
