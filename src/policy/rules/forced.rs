//! Rule 4: forced recording, its active agent, and what is left of it when the caller refuses.

use super::{Question, open_if};
use crate::model::gate::Gate;
use crate::model::role::Role;
use crate::policy::party::Answer;
use crate::policy::situation::Situation;

/// Whom this rule lets the session record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Reach {
    /// Not forced, or nobody refused: this rule closes nothing.
    Everybody,
    /// Forced, and the caller refused: the active agent, by their property.
    Alone(usize),
    /// Forced, the caller refused, and the active agent is not recorded alone.
    Nobody,
}

pub(in crate::policy) fn gate(q: Question<'_>) -> Gate {
    match q.view.reach {
        Reach::Everybody => Gate::Open,
        Reach::Alone(agent) => open_if(agent == q.number),
        Reach::Nobody => Gate::Closed,
    }
}

/// Whether recording is forced now: while the call is answered (an agent and one other party are in, be it a second agent), by the
/// queue or the active agent (recording-policy.md §9.22).
pub(in crate::policy) fn in_force(situation: &Situation) -> bool {
    let answered = situation.agents_present().next().is_some() && situation.present().count() >= 2;
    answered && (situation.settings.queue_forced || active_agent(situation).is_some_and(|agent| situation.parties[agent].properties.forced))
}

/// The active agent (§9.24). In an agent-to-agent call it may be one who has left.
fn active_agent(situation: &Situation) -> Option<usize> {
    let a_customer_came = situation.customers().next().is_some();
    if a_customer_came {
        situation.agents_present().min_by_key(|(_, agent)| agent.stay).map(|(number, _)| number)
    } else {
        // Parties stand in order of their first join.
        situation.initiator.or_else(|| situation.parties.iter().position(|party| party.role == Role::Agent))
    }
}

/// Whether a customer of the session, present or not, has declined or withdrawn (§9.26). Who grants after withdrawing refuses no more.
pub(in crate::policy) fn caller_refused(situation: &Situation) -> bool {
    situation.customers().any(|customer| matches!(customer.answer, Answer::Declined | Answer::Withdrawn))
}

/// Whom the session may record at all, by this rule.
pub(in crate::policy) fn reach(situation: &Situation) -> Reach {
    if !situation.forced || !caller_refused(situation) {
        return Reach::Everybody;
    }
    match active_agent(situation) {
        Some(agent) if situation.parties[agent].properties.record_agent_if_denied => Reach::Alone(agent),
        Some(_) | None => Reach::Nobody,
    }
}
