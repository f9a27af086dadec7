//! How often somebody may try to sign in. Pure: time comes as an argument.
//!
//! Counted by the name that is tried, whether anybody has it or not, and by the address that it is tried from; a try counts when it begins, so that many at
//! once gain nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Tries are counted within this time.
pub const WINDOW: Duration = Duration::from_mins(15);
/// Tries for one name.
const FOR_A_NAME: usize = 10;
/// Tries from one address: people of an office share one.
const FROM_AN_ADDRESS: usize = 100;
/// At most so many names and addresses are remembered; the oldest goes first.
const MOST: usize = 50_000;

struct Counted<K>(HashMap<K, Vec<Instant>>);

impl<K: Eq + Hash + Clone> Counted<K> {
    fn full(&mut self, key: &K, most: usize, now: Instant) -> bool {
        let Some(times) = self.0.get_mut(key) else { return false };
        times.retain(|at| now.saturating_duration_since(*at) < WINDOW);
        times.len() >= most
    }

    fn add(&mut self, key: K, now: Instant) {
        if self.0.len() >= MOST {
            self.0.retain(|_, times| times.last().is_some_and(|at| now.saturating_duration_since(*at) < WINDOW));
        }
        if self.0.len() >= MOST
            && let Some(oldest) = self.0.iter().min_by_key(|(_, times)| times.last().copied()).map(|(key, _)| key.clone())
        {
            self.0.remove(&oldest);
        }
        self.0.entry(key).or_default().push(now);
    }
}

/// Tries of the last while.
pub struct Tries {
    kept: Mutex<(Counted<String>, Counted<IpAddr>)>,
}

impl Default for Tries {
    fn default() -> Self {
        Self { kept: Mutex::new((Counted(HashMap::new()), Counted(HashMap::new()))) }
    }
}

impl Tries {
    /// Whether somebody may try now; if so, the try counts.
    pub fn begin(&self, name: &str, from: Option<IpAddr>, now: Instant) -> bool {
        let name = name.trim().to_lowercase();
        let (names, addresses) = &mut *self.kept.lock();
        if names.full(&name, FOR_A_NAME, now) || from.is_some_and(|from| addresses.full(&from, FROM_AN_ADDRESS, now)) {
            return false;
        }
        names.add(name, now);
        if let Some(from) = from {
            addresses.add(from, now);
        }
        true
    }

    /// The try was right: those before it count no more for this name.
    pub fn right(&self, name: &str, from: Option<IpAddr>) {
        let (names, addresses) = &mut *self.kept.lock();
        names.0.remove(&name.trim().to_lowercase());
        if let Some(times) = from.and_then(|from| addresses.0.get_mut(&from)) {
            times.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_tried_ten_times_in_a_quarter_of_an_hour() {
        let (tries, start) = (Tries::default(), Instant::now());
        for n in 0..30 {
            assert_eq!(tries.begin(if n % 2 == 0 { "Anna" } else { " anna" }, None, start), n < 10, "{n}");
        }
        assert!(tries.begin("kari", None, start));
        assert!(!tries.begin("anna", None, start + WINDOW.saturating_sub(Duration::from_secs(1))));
        assert!(tries.begin("anna", None, start + WINDOW));
        tries.right("anna", None);
        for _ in 0..10 {
            assert!(tries.begin("anna", None, start + WINDOW));
        }
    }

    #[test]
    fn an_address_tries_a_hundred_names() {
        let (tries, start) = (Tries::default(), Instant::now());
        let from: IpAddr = "192.0.2.7".parse().unwrap();
        for n in 0..150 {
            assert_eq!(tries.begin(&n.to_string(), Some(from), start), n < 100, "{n}");
        }
        assert!(tries.begin("x", "192.0.2.8".parse().ok(), start));
    }
}
