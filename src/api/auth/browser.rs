//! Signed-in browsers: kept in memory, gone with the process, expiring by themselves.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rand::RngCore;

use super::account::Ticket;
use crate::archive::keys::hash;
use crate::model::redact::Secret;

/// The cookie's name.
pub const COOKIE_NAME: &str = "ferric_session";

/// How long a browser stays signed in after it was last seen.
pub const SESSION_LIFE: Duration = Duration::from_hours(12);

/// At most so many browsers at once; the one unseen for longest goes first.
const MOST: usize = 10_000;

/// A signed-in browser.
#[derive(Clone, Debug)]
pub struct BrowserSession {
    /// What it was signed in with.
    pub ticket: Ticket,
    /// Has to come with every unsafe request: a cookie alone proves nothing about who wrote the request.
    pub csrf: Secret,
}

struct Kept {
    session: BrowserSession,
    seen: Instant,
}

/// All signed-in browsers of the node, by a hash of their cookie.
#[derive(Default)]
pub struct BrowserSessions {
    kept: Mutex<HashMap<String, Kept>>,
}

impl BrowserSessions {
    /// Signs a browser in with a key; answers the cookie's value.
    pub fn sign_in_with_key(&self, key: &str, now: Instant) -> Secret {
        self.begin(random_text(), Ticket::Key(hash(key)), now)
    }

    /// Signs a person in; answers the cookie's value.
    pub fn sign_in_person(&self, user: String, epoch: i64, now: Instant) -> Secret {
        let id = random_text();
        let browser = hash(&id);
        self.begin(id, Ticket::Person { user, epoch, browser }, now)
    }

    fn begin(&self, cookie: String, ticket: Ticket, now: Instant) -> Secret {
        let id = hash(&cookie);
        let session = BrowserSession { ticket, csrf: Secret::new(random_text()) };
        let mut kept = self.kept.lock();
        kept.retain(|_, k| now.saturating_duration_since(k.seen) < SESSION_LIFE);
        if kept.len() >= MOST
            && let Some(oldest) = kept.iter().min_by_key(|(_, k)| k.seen).map(|(id, _)| id.clone())
        {
            kept.remove(&oldest);
        }
        kept.insert(id, Kept { session, seen: now });
        Secret::new(cookie)
    }

    /// The browser of a cookie, if it is signed in; it counts as seen.
    pub fn find(&self, cookie: &str, now: Instant) -> Option<BrowserSession> {
        let mut kept = self.kept.lock();
        let id = hash(cookie);
        let found = kept.get_mut(&id)?;
        if now.saturating_duration_since(found.seen) >= SESSION_LIFE {
            kept.remove(&id);
            return None;
        }
        found.seen = now;
        Some(found.session.clone())
    }

    /// Signs a browser out.
    pub fn sign_out(&self, cookie: &str) {
        self.kept.lock().remove(&hash(cookie));
    }

    /// Whether a browser, by the hash of its cookie, has not signed out meanwhile.
    pub fn is_there(&self, id: &str) -> bool {
        self.kept.lock().contains_key(id)
    }
}

/// 256 random bits as text.
pub fn random_text() -> String {
    let mut bytes = [0u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_unseen_for_long_is_signed_out() {
        let browsers = BrowserSessions::default();
        let start = Instant::now();
        let cookie = browsers.sign_in_person("anna".into(), 1, start);
        let later = start + SESSION_LIFE / 2;
        assert!(browsers.find(cookie.reveal(), later).is_some());
        assert!(browsers.find(cookie.reveal(), later + SESSION_LIFE / 2).is_some(), "being seen prolongs it");
        assert!(browsers.find(cookie.reveal(), later + SESSION_LIFE * 2).is_none());
    }

    #[test]
    fn signing_out_ends_it_at_once() {
        let browsers = BrowserSessions::default();
        let now = Instant::now();
        let cookie = browsers.sign_in_person("anna".into(), 1, now);
        browsers.sign_out(cookie.reveal());
        assert!(browsers.find(cookie.reveal(), now).is_none());
    }
}
