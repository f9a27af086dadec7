//! When and how a party of the call is told that its recording began, paused or ended (RFC 7866 §7.1.2). Pure: time comes as an argument.
//!
//! One offer of ours at a time; what changes meanwhile is told next, and of several changes only the last.

use std::time::Duration;

use rsipstack::sip::Headers;

use crate::signalling::sdp::Indication;

use super::fields;

/// By which request a change is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Quicker, where the peer allows it (RFC 3311).
    Update,
    /// What every peer knows.
    Invite,
}

/// What the peer's answer to an offer of ours means for the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The peer took it.
    Taken,
    /// It did not, or not yet; the call goes on.
    NotTaken,
    /// The peer does not know the call any more (RFC 3261 §12.2.1.2).
    Gone,
}

/// What one peer has been told and is to be told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Indicator {
    aware: bool,
    /// The peer takes UPDATE; unknown where it has never said what it allows (RFC 3261 §20.5).
    updates: Option<bool>,
    wanted: Indication,
    told: Option<Indication>,
    /// On its way, since the peer has to answer first.
    pending: Option<(Way, Indication)>,
    not_before: Option<Duration>,
    /// The peer would not take this one; it is not pressed to.
    refused: Option<Indication>,
}

impl Indicator {
    pub(super) fn new() -> Self {
        Self { aware: false, updates: None, wanted: Indication::Off, told: None, pending: None, not_before: None, refused: None }
    }

    /// What a request or answer of the peer says of its abilities.
    pub(super) fn learn(&mut self, headers: &Headers) {
        if fields::first(headers, "Supported").is_some() || fields::first(headers, "Require").is_some() {
            let mut tokens = fields::tokens(headers, "Supported").into_iter().chain(fields::tokens(headers, "Require"));
            self.aware = tokens.any(|t| t == "record-aware");
        }
        if fields::first(headers, "Allow").is_some() {
            self.updates = Some(fields::tokens(headers, "Allow").iter().any(|t| t == "update"));
        }
    }

    /// By which request a session is refreshed: UPDATE, which touches nothing else, unless the peer does not know it (RFC 4028 §7.4).
    pub(super) fn way_to_refresh(&self) -> Way {
        if self.updates == Some(false) { Way::Invite } else { Way::Update }
    }

    /// It said that it does not.
    pub(super) fn takes_no_update(&mut self) {
        self.updates = Some(false);
    }

    pub(super) fn wish(&mut self, wanted: Indication) {
        self.wanted = wanted;
    }

    pub(super) fn now_is(&self) -> Indication {
        self.wanted
    }

    /// An answer of ours to an offer of the peer tells what holds.
    pub(super) fn told_by_answer(&mut self) {
        (self.told, self.refused, self.not_before) = (Some(self.wanted), None, None);
    }

    pub(super) fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    fn is_settled(&self) -> bool {
        !self.aware || self.told == Some(self.wanted) || self.refused == Some(self.wanted)
    }

    /// The peer is to be told something now. The caller sees to it that no other offer is open.
    pub(super) fn due(&mut self, now: Duration) -> Option<Way> {
        if self.is_settled() || self.pending.is_some() || self.not_before.is_some_and(|at| now < at) {
            return None;
        }
        self.not_before = None;
        let way = if self.updates == Some(true) { Way::Update } else { Way::Invite };
        self.pending = Some((way, self.wanted));
        Some(way)
    }

    /// What told it was not taken for another reason, which is out of the way: it is due again.
    pub(super) fn ask_again(&mut self) {
        self.pending = None;
    }

    /// When to look again, where waiting is all there is to do.
    pub(super) fn next_at(&self) -> Option<Duration> {
        self.not_before.filter(|_| self.pending.is_none() && !self.is_settled())
    }

    /// The peer answered, or did not (`None`, 408). `glare` is how long to wait after both sides spoke at once, `retry_after` what the peer asks for.
    pub(super) fn answered(&mut self, status: Option<u16>, now: Duration, glare: Duration, retry_after: Option<Duration>) -> Outcome {
        let Some((way, offered)) = self.pending.take() else { return Outcome::NotTaken };
        match status {
            Some(200..=299) => {
                (self.told, self.refused) = (Some(offered), None);
                Outcome::Taken
            }
            None | Some(408 | 481) => Outcome::Gone,
            Some(491) => {
                self.not_before = Some(now + glare);
                Outcome::NotTaken
            }
            Some(500 | 503) if retry_after.is_some() => {
                self.not_before = retry_after.map(|wait| now + wait.min(Duration::from_secs(10)));
                Outcome::NotTaken
            }
            Some(405 | 501) if way == Way::Update => {
                self.updates = Some(false);
                Outcome::NotTaken
            }
            Some(_) => {
                self.refused = Some(offered);
                Outcome::NotTaken
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rsipstack::sip::headers::make_header;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn aware(allow: &str) -> Indicator {
        let mut indicator = Indicator::new();
        indicator.learn(&Headers(vec![make_header("Supported", "timer, record-aware".into()), make_header("Allow", allow.into())]));
        indicator
    }

    #[test]
    fn who_does_not_announce_it_is_told_by_answers_alone() {
        let mut deaf = Indicator::new();
        deaf.learn(&Headers(vec![make_header("Supported", "timer".into())]));
        deaf.wish(Indication::On);
        assert_eq!(deaf.due(at(0)), None);
    }

    #[test]
    fn the_last_of_several_changes_is_told_once_the_peer_has_answered() {
        let mut indicator = aware("INVITE, UPDATE");
        indicator.wish(Indication::On);
        indicator.told_by_answer();
        assert_eq!(indicator.due(at(0)), None, "nothing new");
        indicator.wish(Indication::Paused);
        assert_eq!(indicator.due(at(0)), Some(Way::Update));
        indicator.wish(Indication::On);
        indicator.wish(Indication::Off);
        assert_eq!(indicator.due(at(1)), None, "one at a time");
        assert_eq!(indicator.answered(Some(200), at(3000), at(0), None), Outcome::Taken);
        assert_eq!(indicator.due(at(3000)), Some(Way::Update));
        assert_eq!(indicator.answered(Some(200), at(3001), at(0), None), Outcome::Taken);
        assert_eq!((indicator.due(at(3002)), indicator.now_is()), (None, Indication::Off));
        indicator.wish(Indication::On);
        assert_eq!(indicator.due(at(3003)), Some(Way::Update));
        indicator.ask_again();
        assert_eq!(indicator.due(at(3004)), Some(Way::Update), "it has not been told yet");
    }

    #[test]
    fn glare_waits_a_method_that_is_not_known_is_another_and_a_refusal_is_taken_once() {
        let mut indicator = aware("INVITE, UPDATE");
        indicator.wish(Indication::On);
        assert_eq!(indicator.due(at(0)), Some(Way::Update));
        indicator.answered(Some(405), at(1), at(0), None);
        assert_eq!(indicator.due(at(1)), Some(Way::Invite));
        indicator.answered(Some(491), at(2), at(700), None);
        assert_eq!((indicator.due(at(701)), indicator.next_at()), (None, Some(at(702))));
        assert_eq!(indicator.due(at(702)), Some(Way::Invite));
        indicator.answered(Some(488), at(703), at(0), None);
        assert_eq!(indicator.due(at(704)), None);
        indicator.wish(Indication::Off);
        assert_eq!(indicator.due(at(705)), Some(Way::Invite), "the next change is told again");
        assert_eq!(indicator.answered(Some(481), at(706), at(0), None), Outcome::Gone);
    }

    #[test]
    fn a_wait_for_what_need_not_be_told_any_more_is_over() {
        let waiting = || {
            let mut indicator = aware("UPDATE");
            indicator.wish(Indication::On);
            indicator.told_by_answer();
            indicator.wish(Indication::Paused);
            assert_eq!(indicator.due(at(0)), Some(Way::Update));
            indicator.answered(Some(491), at(1), at(700), None);
            assert_eq!((indicator.due(at(2)), indicator.next_at()), (None, Some(at(701))));
            indicator
        };
        let mut resumed = waiting();
        resumed.wish(Indication::On);
        assert_eq!((resumed.due(at(800)), resumed.next_at()), (None, None));
        let mut heard = waiting();
        heard.told_by_answer();
        assert_eq!((heard.due(at(3)), heard.next_at()), (None, None));
        heard.wish(Indication::Off);
        assert_eq!(heard.due(at(3)), Some(Way::Update), "the next change does not wait for the last one");
        let mut deaf = waiting();
        deaf.learn(&Headers(vec![make_header("Supported", "timer".into())]));
        assert_eq!((deaf.due(at(800)), deaf.next_at()), (None, None));
    }

    proptest! {
        /// Whatever is wished and answered: once the peer takes what it is sent, it ends up with the last state, and is never sent two at once.
        #[test]
        fn in_the_end_the_peer_knows_what_holds(
            moves in proptest::collection::vec((0u8..3, prop_oneof![Just(None), Just(Some(200u16)), Just(Some(491)), Just(Some(405)), Just(Some(500))]), 0..40),
            last in 0u8..3,
        ) {
            let state = |n| [Indication::On, Indication::Off, Indication::Paused][usize::from(n)];
            let mut indicator = aware("UPDATE");
            let (mut now, mut open) = (0, false);
            for (wanted, answer) in moves {
                now += 10;
                indicator.wish(state(wanted));
                if let Some(status) = answer.filter(|_| open) {
                    indicator.answered(Some(status), at(now), at(50), (status == 500).then_some(at(30)));
                    open = false;
                }
                if indicator.due(at(now)).is_some() {
                    prop_assert!(!open);
                    open = true;
                }
                prop_assert!(indicator.next_at().is_none_or(|next| next > at(now)), "who waits waits for what is to come");
            }
            indicator.wish(state(last));
            let mut known = None;
            for _ in 0..4 {
                now += 100;
                if open {
                    known = indicator.pending.map(|(_, offered)| offered);
                    indicator.answered(Some(200), at(now), at(0), None);
                }
                open = indicator.due(at(now)).is_some();
            }
            prop_assert!(!open);
            // Unless it has said that this is what it does not take.
            if indicator.refused != Some(state(last)) {
                prop_assert_eq!(indicator.told, Some(state(last)));
                prop_assert!(known.is_none_or(|k| k == state(last)));
            }
        }
    }
}
