//! The gate of one participant on one output: the most restrictive of the eight rules (recording-policy.md §3).

pub(super) mod censor;
pub(super) mod conference;
pub(super) mod consent;
pub(super) mod enabled;
pub(super) mod forced;
pub(super) mod lifecycle;
pub(super) mod mode;
pub(super) mod pause;

#[cfg(test)]
mod tests;

use super::output::Output;
use super::party::Party;
use super::situation::Situation;
use crate::model::gate::Gate;

/// What several rules ask of the whole session, found out once for all gates of an instant.
#[derive(Debug)]
pub(super) struct View<'s> {
    pub(super) situation: &'s Situation,
    /// Everybody present has granted.
    pub(super) everybody_granted: bool,
    /// Whom forced recording leaves when the caller refuses.
    pub(super) reach: forced::Reach,
}

impl<'s> View<'s> {
    pub(super) fn of(situation: &'s Situation) -> Self {
        Self { situation, everybody_granted: consent::everybody_granted(situation), reach: forced::reach(situation) }
    }
}

/// One participant and one output, as a rule sees them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'q> {
    pub(super) view: &'q View<'q>,
    pub(super) number: usize,
    pub(super) party: &'q Party,
    pub(super) output: &'q Output,
}

const RULES: [fn(Question<'_>) -> Gate; 8] =
    [enabled::gate, lifecycle::gate, consent::gate, forced::gate, conference::gate, mode::gate, pause::gate, censor::gate];

/// What may be written of this participant to this output now.
pub(super) fn gate(view: &View<'_>, number: usize, output: &Output) -> Gate {
    let party = &view.situation.parties[number];
    let question = Question { view, number, party, output };
    let mut narrowest = Gate::Open;
    for rule in RULES {
        narrowest = narrowest.min(rule(question));
        if narrowest == Gate::Closed {
            break;
        }
    }
    narrowest
}

/// `Open` where the condition holds, else `Closed`.
pub(super) fn open_if(condition: bool) -> Gate {
    if condition { Gate::Open } else { Gate::Closed }
}
