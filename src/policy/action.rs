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
    OutputStarted { output: OutputKey },
    /// An output's timeline stops (a skipped pause).
    TimelineCut { output: OutputKey },
    /// An output's timeline goes on.
    TimelineResumed { output: OutputKey },
    /// A participant's gate on an output is now this. A new output's gates start `Closed`; only changes are told.
    Gate { output: OutputKey, participant: ParticipantId, gate: Gate },
    /// An output is over; all its gates are closed.
    OutputEnded { output: OutputKey, ended_by: EndedBy },
    /// An output will not be kept. May come long after its end.
    Discarded { output: OutputKey, reason: DiscardReason },
    /// Everything captured of this participant in the session is to be erased.
    Erase { participant: ParticipantId },
    /// The first host is to be asked whether to record.
    Prompt { participant: ParticipantId },
    /// A participant is to be asked for consent.
    AskConsent { participant: ParticipantId },
    /// The state that everybody sees is now this.
    State { state: State },
}
