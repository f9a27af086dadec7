//! What the machine remembers of one participant.

use crate::model::id::ParticipantId;
use crate::model::role::Role;
use crate::model::settings::AgentProperties;

/// What somebody said about being recorded. It holds for the session, across leaving and rejoining (recording-policy.md §9.27).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing yet.
    #[default]
    NotYet,
    /// Yes.
    Granted,
    /// No, and for good (§9.29).
    Declined,
    /// Not from now on; may be granted again.
    Withdrawn,
}

/// Somebody who has joined at least once.
#[derive(Clone, Debug)]
pub(super) struct Party {
    pub(super) id: ParticipantId,
    pub(super) role: Role,
    /// Of an agent; the defaults for others, who have none of these rights anyway.
    pub(super) properties: AgentProperties,
    pub(super) answer: Answer,
    /// The number of the join that began the present stay; `None` while out. The smaller, the longer present.
    pub(super) stay: Option<u64>,
}

impl Party {
    pub(super) fn is_present(&self) -> bool {
        self.stay.is_some()
    }

    pub(super) fn is_agent(&self) -> bool {
        self.role == Role::Agent
    }
}
