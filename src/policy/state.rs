//! The state that everybody sees (recording-policy.md §7, §9.38): the first that holds.

use super::rules::{consent, enabled, forced};
use super::situation::Situation;
use crate::model::gate::State;

pub(super) fn of(situation: &Situation) -> State {
    if enabled::why_not(&situation.settings).is_some() {
        return State::Disabled;
    }
    if situation.running().next().is_none() {
        let is_over = !situation.outputs.is_empty() || situation.conference_stopped;
        return if is_over { State::Stopped } else { State::Idle };
    }
    if situation.is_paused() && situation.receipt.is_none() {
        return State::Paused;
    }
    if !situation.running().any(super::output::Output::lets_anybody_in) {
        return if consent::is_awaited(situation) { State::AwaitingConsent } else { State::Idle };
    }
    if situation.censor_on {
        return State::Censored;
    }
    if situation.forced && forced::caller_refused(situation) {
        return State::AutomaticWithoutCaller;
    }
    State::Recording
}
