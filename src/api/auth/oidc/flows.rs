//! Sign-ins that have begun at this node and end at the provider: each comes back once, in the browser that it began in. Pure; time comes as an argument.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::api::auth::random_text;
use crate::archive::keys::hash;
use crate::model::redact::Secret;

/// How long somebody may take at the provider.
pub const LIFE: Duration = Duration::from_mins(10);
/// At most so many at once; the oldest goes first.
const MOST: usize = 10_000;

/// A sign-in that has begun.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Where its browser goes afterwards.
    pub next: String,
    /// Where the provider sends it back to.
    pub redirect_uri: String,
    /// Has to stand in the token.
    pub nonce: Secret,
    /// Proves that whoever redeems the code began the flow (RFC 7636).
    pub verifier: Secret,
    /// Hash of the cookie of the browser that it began in.
    browser: String,
    began: Instant,
}

/// All of them, by a hash of their state.
#[derive(Default)]
pub struct Flows {
    kept: Mutex<HashMap<String, Flow>>,
}

impl Flows {
    /// Begins one: its state, the cookie of its browser, and itself.
    pub fn begin(&self, next: &str, redirect_uri: String, now: Instant) -> (Secret, Secret, Flow) {
        let (state, cookie) = (Secret::new(random_text()), Secret::new(random_text()));
        let flow = Flow {
            next: next.to_owned(),
            redirect_uri,
            nonce: Secret::new(random_text()),
            verifier: Secret::new(random_text()),
            browser: hash(cookie.reveal()),
            began: now,
        };
        let mut kept = self.kept.lock();
        kept.retain(|_, flow| now.saturating_duration_since(flow.began) < LIFE);
        if kept.len() >= MOST
            && let Some(oldest) = kept.iter().min_by_key(|(_, flow)| flow.began).map(|(id, _)| id.clone())
        {
            kept.remove(&oldest);
        }
        kept.insert(hash(state.reveal()), flow.clone());
        (state, cookie, flow)
    }

    /// Takes one that came back: once, and in its own browser.
    pub fn take(&self, state: &str, cookie: &str, now: Instant) -> Option<Flow> {
        let flow = self.kept.lock().remove(&hash(state))?;
        (flow.browser == hash(cookie) && now.saturating_duration_since(flow.began) < LIFE).then_some(flow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_comes_back_once_and_in_its_own_browser() {
        let (flows, now) = (Flows::default(), Instant::now());
        let (state, cookie, _) = flows.begin("/x", "https://node/back".into(), now);
        assert!(flows.take("other", cookie.reveal(), now).is_none());
        assert_eq!(flows.take(state.reveal(), cookie.reveal(), now).map(|flow| flow.next), Some("/x".into()));
        assert!(flows.take(state.reveal(), cookie.reveal(), now).is_none(), "a replay");
        let (state, _, _) = flows.begin("/", "https://node/back".into(), now);
        assert!(flows.take(state.reveal(), cookie.reveal(), now).is_none(), "another browser's");
        let (state, cookie, _) = flows.begin("/", "https://node/back".into(), now);
        assert!(flows.take(state.reveal(), cookie.reveal(), now + LIFE).is_none());
    }
}
