//! Everything the machine remembers of its session.

use super::output::Output;
use super::party::Party;
use crate::model::id::ParticipantId;
use crate::model::role::Role;
use crate::model::settings::Settings;

/// Why main is paused. Forcing lifts the one and leaves the other (recording-policy.md §9.23).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// By `start_paused`.
    FromTheStart,
    /// By a `pause`.
    Commanded,
}

/// The main recording that runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Main {
    /// Its place among the outputs.
    pub(super) output: usize,
    pub(super) pause: Option<Pause>,
}

/// How far the prompt has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prompt {
    /// Nobody was asked.
    NotAsked,
    /// This participant was asked, and nobody else ever is.
    Asked(usize),
    /// This participant has answered.
    Answered(usize),
}

/// What the session has come to.
#[derive(Clone, Debug)]
pub(super) struct Situation {
    pub(super) settings: Settings,
    pub(super) ended: bool,
    /// Everybody who ever joined, in order of their first join.
    pub(super) parties: Vec<Party>,
    /// Joins so far, rejoins too.
    pub(super) joins: u64,
    /// The first agent who joined as the one who began an agent-to-agent call.
    pub(super) initiator: Option<usize>,
    /// Every output ever started, in order.
    pub(super) outputs: Vec<Output>,
    pub(super) main: Option<Main>,
    /// The place of the running receipt among the outputs.
    pub(super) receipt: Option<usize>,
    /// Mains ever started.
    pub(super) mains: u32,
    /// The session's one customer switch (§9.13).
    pub(super) customer_on: bool,
    /// The session's one censor switch (§9.14).
    pub(super) censor_on: bool,
    pub(super) prompt: Prompt,
    /// A third party came and the conference mode records no more (§9.31).
    pub(super) conference_stopped: bool,
    /// Forcing is in force; moved by joins and leaves only.
    pub(super) forced: bool,
}

impl Situation {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            ended: false,
            parties: Vec::new(),
            joins: 0,
            initiator: None,
            outputs: Vec::new(),
            main: None,
            receipt: None,
            mains: 0,
            customer_on: false,
            censor_on: false,
            prompt: Prompt::NotAsked,
            conference_stopped: false,
            forced: false,
        }
    }

    /// The number of somebody who ever joined.
    pub(super) fn number_of(&self, id: &ParticipantId) -> Option<usize> {
        self.parties.iter().position(|party| party.id == *id)
    }

    pub(super) fn present(&self) -> impl Iterator<Item = (usize, &Party)> {
        self.parties.iter().enumerate().filter(|(_, party)| party.is_present())
    }

    pub(super) fn agents_present(&self) -> impl Iterator<Item = (usize, &Party)> {
        self.present().filter(|(_, party)| party.is_agent())
    }

    /// Customers who ever joined.
    pub(super) fn customers(&self) -> impl Iterator<Item = &Party> {
        self.parties.iter().filter(|party| party.role == Role::Customer)
    }

    pub(super) fn running(&self) -> impl Iterator<Item = &Output> {
        self.main.map(|main| main.output).into_iter().chain(self.receipt).map(|place| &self.outputs[place])
    }

    pub(super) fn is_paused(&self) -> bool {
        self.main.is_some_and(|main| main.pause.is_some())
    }
}
