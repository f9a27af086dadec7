//! Which outputs are not kept, and why (recording-policy.md §8, §9.36).

use super::action::Action;
use super::limits;
use super::party::Answer;
use super::situation::Situation;
use crate::model::gate::DiscardReason;

/// Discards an output; the first reason stands. `conference_none` and `replaced` come before the rest because they are known before.
pub(super) fn discard(situation: &mut Situation, place: usize, reason: DiscardReason, actions: &mut Vec<Action>) {
    let output = &mut situation.outputs[place];
    if output.discarded.is_none() {
        output.discarded = Some(reason);
        actions.push(Action::Discarded { output: output.key.clone(), reason });
    }
}

/// The session is over: only now is it known of each output whether anything is left in it, for a decline may come at any time before.
pub(super) fn at_the_end(situation: &mut Situation, actions: &mut Vec<Action>) {
    let somebody_declined = situation.parties.iter().any(|party| party.answer == Answer::Declined);
    for place in 0..situation.outputs.len() {
        let output = &situation.outputs[place];
        let reason = if !output.holds_something() {
            Some(if somebody_declined { DiscardReason::Declined } else { DiscardReason::TooShort })
        } else if limits::is_too_short(&situation.settings, output) {
            Some(DiscardReason::TooShort)
        } else {
            None
        };
        if let Some(reason) = reason {
            discard(situation, place, reason, actions);
        }
    }
}
