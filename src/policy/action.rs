//! What goes into the machine and what comes out of it.

use crate::model::command::Command;
use crate::model::gate::{DiscardReason, EndedBy, Gate, State};
use crate::model::id::{OutputKey, ParticipantId};
use crate::model::role::Role;
use crate::model::settings::AgentProperties;

/// Something that happened in the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Somebody came in.
    Join {
        /// Who.
        participant: ParticipantId,
        /// As what.
        role: Role,
        /// Began an agent-to-agent call.
        initiator: bool,
        /// The agent's properties; ignored for other roles.
        properties: AgentProperties,
    },
    /// Somebody left.
    Leave {
        /// Who.
        participant: ParticipantId,
    },
    /// Somebody asks for something.
    Command(Command),
    /// The session is over.
    End,
}

/// What follows from it, in this order, all at the input's instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// An output begins.
    OutputStarted {
        /// Which.
        output: OutputKey,
    },
    /// An output's timeline stops (a skipped pause).
    TimelineCut {
        /// Which.
        output: OutputKey,
    },
    /// An output's timeline goes on.
    TimelineResumed {
        /// Which.
        output: OutputKey,
    },
    /// A participant's gate on an output is now this. A new output's gates start `Closed`; only changes are told.
    Gate {
        /// Of which output.
        output: OutputKey,
        /// Whose.
        participant: ParticipantId,
        /// What may be written from now on.
        gate: Gate,
    },
    /// An output is over; all its gates are closed.
    OutputEnded {
        /// Which.
        output: OutputKey,
        /// Why.
        ended_by: EndedBy,
    },
    /// An output will not be kept. `conference_none` and `replaced` are told when they happen, the rest at the end of the session: only
    /// then is it known whether a decline has left anything in it.
    Discarded {
        /// Which.
        output: OutputKey,
        /// Why.
        reason: DiscardReason,
    },
    /// Everything captured of this participant in the session is to be erased, from finished outputs too. Comes last: their gates are closed.
    Erase {
        /// Who.
        participant: ParticipantId,
    },
    /// The first host is to be asked whether to record.
    Prompt {
        /// Who.
        participant: ParticipantId,
    },
    /// A participant is to be asked for consent.
    AskConsent {
        /// Who.
        participant: ParticipantId,
    },
    /// The state that everybody sees is now this.
    State {
        /// What it is now.
        state: State,
    },
}
