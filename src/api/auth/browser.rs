//! Signed-in browsers: kept in memory, gone with the process, expiring by themselves.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rand::RngCore;

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
    /// Whose key it was signed in with.
    pub holder: String,
    /// Has to come with every unsafe request: a cookie alone proves nothing about who wrote the request.
    pub csrf: Secret,
}

struct Kept {
    session: BrowserSession,
    seen: Instant,
}

/// All signed-in browsers of the node.
#[derive(Default)]
pub struct BrowserSessions {
    kept: Mutex<HashMap<String, Kept>>,
}

impl BrowserSessions {
    /// Signs a browser in; answers the cookie's value.
    pub fn sign_in(&self, holder: String, now: Instant) -> (Secret, BrowserSession) {
        let id = random_text();
        let session = BrowserSession { holder, csrf: Secret::new(random_text()) };
        let mut kept = self.kept.lock();
        kept.retain(|_, k| now.saturating_duration_since(k.seen) < SESSION_LIFE);
        if kept.len() >= MOST
            && let Some(oldest) = kept.iter().min_by_key(|(_, k)| k.seen).map(|(id, _)| id.clone())
        {
            kept.remove(&oldest);
        }
        kept.insert(id.clone(), Kept { session: session.clone(), seen: now });
        (Secret::new(id), session)
    }

    /// The browser of a cookie, if it is signed in; it counts as seen.
    pub fn find(&self, cookie: &str, now: Instant) -> Option<BrowserSession> {
        let mut kept = self.kept.lock();
        let found = kept.get_mut(cookie)?;
        if now.saturating_duration_since(found.seen) >= SESSION_LIFE {
            kept.remove(cookie);
            return None;
        }
        found.seen = now;
        Some(found.session.clone())
    }

    /// Signs a browser out.
    pub fn sign_out(&self, cookie: &str) {
        self.kept.lock().remove(cookie);
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
        let (cookie, _) = browsers.sign_in("admin".into(), start);
        let later = start + SESSION_LIFE / 2;
        assert!(browsers.find(cookie.reveal(), later).is_some());
        assert!(browsers.find(cookie.reveal(), later + SESSION_LIFE / 2).is_some(), "being seen prolongs it");
        assert!(browsers.find(cookie.reveal(), later + SESSION_LIFE * 2).is_none());
    }

    #[test]
    fn signing_out_ends_it_at_once() {
        let browsers = BrowserSessions::default();
        let now = Instant::now();
        let (cookie, _) = browsers.sign_in("admin".into(), now);
        browsers.sign_out(cookie.reveal());
        assert!(browsers.find(cookie.reveal(), now).is_none());
    }
}
