//! What one participant could command now, for whoever draws controls: asked of the rules themselves, so that no page has rules of its own.

use super::party::Answer;
use super::receipts;
use super::refusal;
use super::situation::Situation;
use crate::model::command::{Command, Reason, Verb};
use crate::model::id::ParticipantId;

/// What forces the recording (recording-policy.md §3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForcedBy {
    /// The call's queue.
    Queue,
    /// The active agent.
    Agent,
}

/// What somebody said about being recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing yet.
    Nothing,
    /// Yes.
    Granted,
    /// No, for good.
    Declined,
    /// Not from now on.
    Withdrawn,
}

/// What one participant could command now, and how the session's switches stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controls {
    /// Every command, and the reason for which it would be refused.
    pub verdicts: Vec<(Verb, Result<(), Reason>)>,
    /// Main is paused.
    pub paused: bool,
    /// The customer is switched on (§9.13).
    pub customer_on: bool,
    /// Everybody is masked.
    pub censored: bool,
    /// The order of the receipt that runs.
    pub receipt: Option<String>,
    /// What forces the recording, while it is forced.
    pub forced_by: Option<ForcedBy>,
    /// What this participant has answered.
    pub said: Said,
}

pub(super) fn of(situation: &Situation, by: &ParticipantId) -> Controls {
    let verdict = |verb| refusal::check(situation, &Command { by: by.clone(), verb, order: None }).map(|_| ());
    let answer = situation.number_of(by).map_or(Answer::NotYet, |number| situation.parties[number].answer);
    Controls {
        verdicts: Verb::ALL.into_iter().map(|verb| (verb, verdict(verb))).collect(),
        paused: situation.is_paused(),
        customer_on: situation.customer_on,
        censored: situation.censor_on,
        receipt: receipts::running_order(situation).map(str::to_owned),
        forced_by: situation.forced.then_some(if situation.settings.queue_forced { ForcedBy::Queue } else { ForcedBy::Agent }),
        said: match answer {
            Answer::NotYet => Said::Nothing,
            Answer::Granted => Said::Granted,
            Answer::Declined => Said::Declined,
            Answer::Withdrawn => Said::Withdrawn,
        },
    }
}
