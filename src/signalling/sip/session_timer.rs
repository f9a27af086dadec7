//! Session timers (RFC 4028): a call whose sender is gone without a word must not be recorded for ever. Pure: time comes as an argument.

use std::time::Duration;

use rsipstack::sip::Headers;

use super::fields;
use super::reply::Reply;

/// Who refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refresher {
    /// The peer, who sent the INVITE.
    Uac,
    /// We.
    Uas,
}

/// A negotiated timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SessionTimer {
    pub(super) interval_s: u32,
    pub(super) refresher: Refresher,
    refreshed_at: Duration,
    asked_at: Option<Duration>,
}

/// What a timer wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Send a refresh.
    Refresh,
    /// The peer is gone: end the call.
    Expired,
}

/// What a node proposes and accepts, seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) proposed_s: u32,
    pub(super) shortest_s: u32,
}

/// Reads `Session-Expires` and agrees on a timer, or refuses one that is too short with 422 (§8.1).
pub(super) fn negotiate(headers: &Headers, limits: Limits, now: Duration) -> Result<Option<SessionTimer>, Reply> {
    let peer_knows = fields::tokens(headers, "Supported").iter().chain(&fields::tokens(headers, "Require")).any(|t| t == "timer");
    let wanted = fields::first(headers, "Session-Expires");
    let Some(text) = wanted else {
        // §9: one who knows timers may be given one although it asked for none. We refresh it: a peer that only says it knows timers loses no
        // recording by that, and one that is gone is still found out.
        let timer = SessionTimer { interval_s: limits.proposed_s, refresher: Refresher::Uas, refreshed_at: now, asked_at: None };
        return Ok(peer_knows.then_some(timer));
    };
    let mut parts = text.split(';').map(str::trim);
    let Some(asked_s) = parts.next().and_then(|n| n.parse::<u32>().ok()) else { return Ok(None) };
    if asked_s < limits.shortest_s {
        let why = format!("Session-Expires is shorter than {} s", limits.shortest_s);
        return Err(Reply::refuse(422, &why).with("Min-SE", limits.shortest_s.to_string()));
    }
    let named = parts.find_map(|p| p.strip_prefix("refresher=").map(str::to_ascii_lowercase));
    // A peer that does not know timers itself (a proxy asked for it) cannot refresh: we do (§9, table 2).
    let refresher = match (named.as_deref(), peer_knows) {
        (Some("uas"), _) | (_, false) => Refresher::Uas,
        _ => Refresher::Uac,
    };
    Ok(Some(SessionTimer { interval_s: asked_s, refresher, refreshed_at: now, asked_at: None }))
}

impl SessionTimer {
    /// The field for a 2xx.
    pub(super) fn field(&self) -> String {
        let refresher = if self.refresher == Refresher::Uac { "uac" } else { "uas" };
        format!("{};refresher={refresher}", self.interval_s)
    }

    /// A refresh of ours was answered.
    pub(super) fn refreshed(&mut self, now: Duration) {
        self.refreshed_at = now;
        self.asked_at = None;
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.interval_s))
    }

    /// When the call is given up: a third of the interval, at most 32 s, before it runs out (§10).
    fn expires_at(&self) -> Duration {
        self.refreshed_at + self.interval().saturating_sub((self.interval() / 3).min(Duration::from_secs(32)))
    }

    fn refresh_at(&self) -> Option<Duration> {
        (self.refresher == Refresher::Uas && self.asked_at.is_none()).then(|| self.refreshed_at + self.interval() / 2)
    }

    /// When to look again.
    pub(super) fn next_at(&self) -> Duration {
        self.refresh_at().unwrap_or_else(|| self.expires_at())
    }

    /// What is due now; a refresh is due once.
    pub(super) fn due(&mut self, now: Duration) -> Option<Due> {
        if now >= self.expires_at() {
            return Some(Due::Expired);
        }
        if self.refresh_at().is_some_and(|at| now >= at) {
            self.asked_at = Some(now);
            return Some(Due::Refresh);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsipstack::sip::headers::make_header;

    const LIMITS: Limits = Limits { proposed_s: 1800, shortest_s: 90 };

    fn headers(fields: &[(&str, &str)]) -> Headers {
        Headers(fields.iter().map(|(n, v)| make_header(n, (*v).to_owned())).collect())
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_peer_that_refreshes_is_kept_and_one_that_does_not_is_given_up() {
        let asked = headers(&[("Supported", "timer"), ("Session-Expires", "90;refresher=uac")]);
        let mut timer = negotiate(&asked, LIMITS, at(10)).unwrap().unwrap();
        assert_eq!(timer.field(), "90;refresher=uac");
        assert_eq!(timer.due(at(69)), None);
        timer.refreshed(at(55));
        assert_eq!(timer.due(at(114)), None);
        assert_eq!(timer.next_at(), at(115));
        assert_eq!(timer.due(at(115)), Some(Due::Expired));
    }

    #[test]
    fn we_refresh_at_half_time_once_where_the_peer_wants_it() {
        let asked = headers(&[("Supported", "timer"), ("Session-Expires", "100;refresher=uas")]);
        let mut timer = negotiate(&asked, LIMITS, at(0)).unwrap().unwrap();
        assert_eq!(timer.due(at(49)), None);
        assert_eq!(timer.due(at(50)), Some(Due::Refresh));
        assert_eq!(timer.due(at(51)), None);
        timer.refreshed(at(52));
        assert_eq!(timer.due(at(102)), Some(Due::Refresh));
        assert_eq!(timer.due(at(120)), Some(Due::Expired));
    }

    #[test]
    fn too_short_an_interval_is_refused_with_the_shortest() {
        let refused = negotiate(&headers(&[("Supported", "timer"), ("Session-Expires", "30")]), LIMITS, at(0)).unwrap_err();
        assert_eq!(refused.status, 422);
        assert!(refused.fields.contains(&("Min-SE", "90".to_owned())));
    }

    #[test]
    fn who_does_not_know_timers_gets_none() {
        assert_eq!(negotiate(&headers(&[]), LIMITS, at(0)).unwrap(), None);
        let unasked = negotiate(&headers(&[("Supported", "timer")]), LIMITS, at(0)).unwrap().unwrap();
        assert_eq!(unasked.field(), "1800;refresher=uas");
    }
}
