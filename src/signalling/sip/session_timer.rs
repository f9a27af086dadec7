//! Session timers (RFC 4028): a call whose sender is gone without a word must not be recorded for ever. Pure: time comes as an argument.

use std::num::NonZeroU32;
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
    /// When a refresh of ours falls due, where none is on its way.
    ask_at: Option<Duration>,
    /// One fell due that has not been sent: something else was open.
    owed: bool,
    /// The shortest interval that the peer takes, where it has said so.
    least_s: Option<NonZeroU32>,
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
        return Ok(peer_knows.then(|| SessionTimer::new(limits.proposed_s, Refresher::Uas, now)));
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
    Ok(Some(SessionTimer::new(asked_s, refresher, now)))
}

impl SessionTimer {
    fn new(interval_s: u32, refresher: Refresher, now: Duration) -> Self {
        let mut timer = Self { interval_s, refresher, refreshed_at: now, ask_at: None, owed: false, least_s: None };
        timer.refreshed(now);
        timer
    }

    /// The field for a 2xx.
    pub(super) fn field(&self) -> String {
        let refresher = if self.refresher == Refresher::Uac { "uac" } else { "uas" };
        format!("{};refresher={refresher}", self.interval_s)
    }

    /// The field for a request of ours, where the roles are the other way round. A request without it would end the timer (§7.4).
    pub(super) fn field_of_request(&self) -> String {
        let refresher = if self.refresher == Refresher::Uas { "uac" } else { "uas" };
        format!("{};refresher={refresher}", self.interval_s)
    }

    /// What the peer does not take less than: a request of ours repeats it (§7.3).
    pub(super) fn min_se(&self) -> Option<NonZeroU32> {
        self.least_s
    }

    /// The peer took a refresh of ours. What its 2xx says holds from now on: it may lower the interval, and choose who refreshes (§7.2). Less than the
    /// shortest that is allowed here would have us refresh all the time.
    pub(super) fn agreed(&mut self, headers: &Headers, shortest_s: u32, now: Duration) {
        let mut parts = fields::first(headers, "Session-Expires").unwrap_or_default().split(';').map(str::trim);
        if let Some(interval_s) = parts.next().and_then(|n| n.parse::<u32>().ok()) {
            self.interval_s = interval_s.max(shortest_s);
            match parts.find_map(|p| p.strip_prefix("refresher=")) {
                // The request was ours, and so are the roles.
                Some(named) if named.eq_ignore_ascii_case("uac") => self.refresher = Refresher::Uas,
                Some(named) if named.eq_ignore_ascii_case("uas") => self.refresher = Refresher::Uac,
                _ => {}
            }
        }
        self.refreshed(now);
    }

    /// The peer wants a longer interval (422, §7.3). `false` where it does not say which, or has it already.
    pub(super) fn raise(&mut self, headers: &Headers) -> bool {
        let least = fields::first(headers, "Min-SE").and_then(|text| text.split(';').next()?.trim().parse::<NonZeroU32>().ok());
        let Some(least) = least.filter(|least| least.get() > self.interval_s) else { return false };
        (self.interval_s, self.least_s) = (least.get(), Some(least));
        true
    }

    /// Both sides have begun to count anew.
    pub(super) fn refreshed(&mut self, now: Duration) {
        self.refreshed_at = now;
        self.owed = false;
        self.ask_at = (self.refresher == Refresher::Uas).then(|| now + self.interval() / 2);
    }

    /// The peer would not be refreshed. It is there all the same, which is what we want to know; but it goes on counting, so it is asked again before
    /// long.
    pub(super) fn refused(&mut self, now: Duration) {
        if self.refresher == Refresher::Uas {
            self.refreshed_at = now;
            self.ask_again(now + self.interval() / 8);
        }
    }

    /// The refresh could not be told; another one then.
    pub(super) fn ask_again(&mut self, at: Duration) {
        if self.refresher == Refresher::Uas {
            (self.ask_at, self.owed) = (Some(at), false);
        }
    }

    /// A refresh is to be sent as soon as nothing stands in its way.
    pub(super) fn owes_refresh(&self) -> bool {
        self.owed
    }

    /// It has been sent.
    pub(super) fn asked(&mut self) {
        self.owed = false;
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.interval_s))
    }

    /// When the call is given up: a third of the interval, at most 32 s, before it runs out (§10).
    fn expires_at(&self) -> Duration {
        self.refreshed_at + self.interval().saturating_sub((self.interval() / 3).min(Duration::from_secs(32)))
    }

    /// When to look again.
    pub(super) fn next_at(&self) -> Duration {
        self.ask_at.map_or_else(|| self.expires_at(), |at| at.min(self.expires_at()))
    }

    /// What is due now; a refresh is due once.
    pub(super) fn due(&mut self, now: Duration) -> Option<Due> {
        if now >= self.expires_at() {
            return Some(Due::Expired);
        }
        if self.ask_at.is_some_and(|at| now >= at) {
            (self.ask_at, self.owed) = (None, true);
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
    fn a_refresh_waits_for_its_turn_and_for_another_where_it_was_not_taken() {
        let asked = headers(&[("Supported", "timer"), ("Session-Expires", "160;refresher=uas")]);
        let mut timer = negotiate(&asked, LIMITS, at(0)).unwrap().unwrap();
        assert!(!timer.owes_refresh());
        assert_eq!((timer.due(at(80)), timer.owes_refresh()), (Some(Due::Refresh), true));
        assert_eq!(timer.next_at(), at(128), "nothing to look at before it has been sent");
        timer.asked();
        timer.ask_again(at(82));
        assert_eq!((timer.owes_refresh(), timer.next_at()), (false, at(82)));
        assert_eq!(timer.due(at(82)), Some(Due::Refresh));
        timer.asked();
        timer.refused(at(83));
        assert_eq!((timer.next_at(), timer.due(at(128))), (at(103), Some(Due::Refresh)), "who refuses is alive");
        timer.refreshed(at(129));
        assert_eq!((timer.owes_refresh(), timer.next_at()), (false, at(209)));
        timer.ask_again(at(900));
        assert_eq!(timer.next_at(), at(257), "it is given up before that");
    }

    #[test]
    fn what_the_answer_to_a_refresh_says_holds_from_then_on() {
        let asked = headers(&[("Supported", "timer"), ("Session-Expires", "1800;refresher=uas")]);
        let mut timer = negotiate(&asked, LIMITS, at(0)).unwrap().unwrap();
        timer.agreed(&headers(&[("Session-Expires", "600 ; Refresher=x;refresher=uac")]), 90, at(900));
        assert_eq!((timer.next_at(), timer.field_of_request()), (at(1200), "600;refresher=uac".to_owned()));
        timer.agreed(&headers(&[]), 90, at(1200));
        assert_eq!((timer.next_at(), timer.interval_s), (at(1500), 600), "who says nothing changes nothing");
        timer.agreed(&headers(&[("Session-Expires", "1;refresher=UAC")]), 90, at(1500));
        assert_eq!(timer.next_at(), at(1545));
        timer.agreed(&headers(&[("Session-Expires", "300;refresher=uas")]), 90, at(1545));
        assert_eq!((timer.next_at(), timer.field_of_request()), (at(1813), "300;refresher=uas".to_owned()), "the peer refreshes");
        assert_eq!(timer.due(at(1813)), Some(Due::Expired));
    }

    #[test]
    fn an_interval_that_is_too_short_for_the_peer_is_raised() {
        let asked = headers(&[("Supported", "timer"), ("Session-Expires", "160;refresher=uas")]);
        let mut timer = negotiate(&asked, LIMITS, at(0)).unwrap().unwrap();
        assert_eq!(timer.min_se(), None);
        for nothing in [headers(&[]), headers(&[("Min-SE", "soon")]), headers(&[("Min-SE", "160")]), headers(&[("Min-SE", "0")])] {
            assert!(!timer.raise(&nothing));
        }
        let wants = headers(&[("Min-SE", "600;x=y")]);
        assert!(timer.raise(&wants));
        assert_eq!((timer.field_of_request(), timer.min_se().map(NonZeroU32::get)), ("600;refresher=uac".to_owned(), Some(600)));
        assert!(!timer.raise(&wants), "who has it already is not asked at once again");
    }

    #[test]
    fn one_who_is_refreshed_by_the_peer_asks_nothing() {
        let asked = headers(&[("Supported", "timer"), ("Session-Expires", "160;refresher=uac")]);
        let mut timer = negotiate(&asked, LIMITS, at(0)).unwrap().unwrap();
        timer.refused(at(10));
        timer.ask_again(at(20));
        assert_eq!((timer.due(at(127)), timer.next_at(), timer.field_of_request()), (None, at(128), "160;refresher=uas".to_owned()));
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
