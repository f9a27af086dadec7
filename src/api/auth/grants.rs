//! Tokens for less than a key allows: an agent's desk, and watching one session. Kept in memory, gone with the process, expiring by themselves.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::browser::random_text;
use crate::model::id::SessionId;
use crate::model::redact::Secret;

/// The longest, and the usual, life of a grant.
pub const GRANT_LIFE: Duration = Duration::from_hours(12);

/// At most so many at once; the one that expires first goes first.
const MOST: usize = 100_000;

/// What a token allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// To see the calls of one agent, and to speak for them there.
    Desk {
        /// The configured agent.
        agent: String,
    },
    /// To see the recording state of one session, and nothing else of it.
    Watch {
        /// The session.
        session: SessionId,
        /// The one origin whose pages may read it (`https://app.example`); any where absent.
        origin: Option<String>,
    },
    /// To say whom a session was for, and nothing else.
    Requester {
        /// The session.
        session: SessionId,
        /// Who may, as the audit log names actors.
        by: String,
    },
}

struct Kept {
    grant: Grant,
    until: Instant,
}

/// All such tokens of the node.
#[derive(Default)]
pub struct Grants {
    kept: Mutex<HashMap<String, Kept>>,
}

impl Grants {
    /// Makes a token that lasts for `life`.
    pub fn issue(&self, grant: Grant, life: Duration, now: Instant) -> Secret {
        let token = random_text();
        let mut kept = self.kept.lock();
        kept.retain(|_, k| k.until > now);
        if kept.len() >= MOST
            && let Some(first) = kept.iter().min_by_key(|(_, k)| k.until).map(|(token, _)| token.clone())
        {
            kept.remove(&first);
        }
        kept.insert(token.clone(), Kept { grant, until: now + life.min(GRANT_LIFE) });
        Secret::new(token)
    }

    /// What a token allows now.
    pub fn find(&self, token: &str, now: Instant) -> Option<Grant> {
        self.kept.lock().get(token).filter(|k| k.until > now).map(|k| k.grant.clone())
    }

    /// Takes back every desk of an agent; answers how many there were.
    pub fn close_desks(&self, agent: &str) -> usize {
        let mut kept = self.kept.lock();
        let before = kept.len();
        kept.retain(|_, k| !matches!(&k.grant, Grant::Desk { agent: whose } if whose == agent));
        before - kept.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(agent: &str) -> Grant {
        Grant::Desk { agent: agent.into() }
    }

    #[test]
    fn a_token_ends_by_itself_and_is_never_longer_than_half_a_day() {
        let grants = Grants::default();
        let start = Instant::now();
        let short = grants.issue(desk("paal"), Duration::from_secs(60), start);
        let long = grants.issue(desk("paal"), Duration::from_hours(1000), start);
        assert_eq!(grants.find(short.reveal(), start + Duration::from_secs(59)), Some(desk("paal")));
        assert_eq!(grants.find(short.reveal(), start + Duration::from_secs(60)), None);
        assert!(grants.find(long.reveal(), start + GRANT_LIFE.saturating_sub(Duration::from_secs(1))).is_some());
        assert_eq!(grants.find(long.reveal(), start + GRANT_LIFE), None);
    }

    #[test]
    fn closing_an_agents_desks_leaves_everybody_else() {
        let grants = Grants::default();
        let now = Instant::now();
        let (paal, kari) = (grants.issue(desk("paal"), GRANT_LIFE, now), grants.issue(desk("kari"), GRANT_LIFE, now));
        let watch = Grant::Watch { session: SessionId::random(), origin: None };
        let watcher = grants.issue(watch.clone(), GRANT_LIFE, now);
        assert_eq!(grants.close_desks("paal"), 1);
        assert_eq!(grants.find(paal.reveal(), now), None);
        assert_eq!(grants.find(kari.reveal(), now), Some(desk("kari")));
        assert_eq!(grants.find(watcher.reveal(), now), Some(watch));
    }
}
