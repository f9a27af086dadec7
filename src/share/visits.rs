//! Visits: what somebody outside may play by a recording's link, bound to one web session and over after a while. Pure; time comes as an argument.
//!
//! A visit permits nothing by itself: each piece is asked for again at the recording's visibility as it is then.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rand::RngCore;

use crate::model::id::RecordingId;
use crate::model::redact::{Personal, Secret};

/// How long a visit lasts.
pub const VISIT_LIFE: Duration = Duration::from_hours(2);

/// At most so many visits at once; the oldest goes first.
const MOST: usize = 50_000;

/// Somebody who came by a link.
#[derive(Clone, Debug)]
pub struct Visit {
    /// What they came for.
    pub recording: RecordingId,
    /// The address that they proved to be theirs.
    pub address: Option<Personal>,
    /// They play it, and that was noted.
    pub plays: bool,
}

struct Kept {
    visit: Visit,
    began: Instant,
}

/// All visits of the node, by a hash of their cookie.
#[derive(Default)]
pub struct Visits {
    kept: Mutex<HashMap<String, Kept>>,
}

impl Visits {
    /// Begins a visit; answers the cookie's value.
    pub fn begin(&self, recording: RecordingId, address: Option<Personal>, now: Instant) -> Secret {
        let mut bits = [0u8; 32];
        rand::rng().fill_bytes(&mut bits);
        let cookie = Secret::new(hex::encode(bits));
        let mut kept = self.kept.lock();
        if kept.len() >= MOST {
            kept.retain(|_, k| now.saturating_duration_since(k.began) < VISIT_LIFE);
        }
        if kept.len() >= MOST
            && let Some(oldest) = kept.iter().min_by_key(|(_, k)| k.began).map(|(id, _)| id.clone())
        {
            kept.remove(&oldest);
        }
        kept.insert(crate::archive::keys::hash(cookie.reveal()), Kept { visit: Visit { recording, address, plays: false }, began: now });
        cookie
    }

    /// The visit of a cookie, while it lasts.
    pub fn find(&self, cookie: &str, now: Instant) -> Option<Visit> {
        let mut kept = self.kept.lock();
        let id = crate::archive::keys::hash(cookie);
        let found = kept.get(&id)?;
        if now.saturating_duration_since(found.began) >= VISIT_LIFE {
            kept.remove(&id);
            return None;
        }
        Some(found.visit.clone())
    }

    /// Marks a visit as playing: whether it is the first time.
    pub fn plays(&self, cookie: &str) -> bool {
        let mut kept = self.kept.lock();
        kept.get_mut(&crate::archive::keys::hash(cookie)).is_some_and(|k| !std::mem::replace(&mut k.visit.plays, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_visit_lasts_its_time_and_no_other_cookie_is_one(after in 0u64..20_000, forged in "[0-9a-f]{64}") {
            let visits = Visits::default();
            let start = Instant::now();
            let cookie = visits.begin(RecordingId::random(), None, start);
            let later = start + Duration::from_secs(after);
            prop_assert!(visits.find(&forged, later).is_none());
            prop_assert_eq!(visits.find(cookie.reveal(), later).is_some(), after < VISIT_LIFE.as_secs());
        }
    }

    #[test]
    fn the_first_play_of_a_visit_is_told_once() {
        let visits = Visits::default();
        let cookie = visits.begin(RecordingId::random(), Some(Personal::new("a@b.example")), Instant::now());
        assert!(visits.plays(cookie.reveal()));
        assert!(!visits.plays(cookie.reveal()));
        assert!(!visits.plays("another"));
    }
}
