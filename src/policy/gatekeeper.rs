//! The machine with the permits that it moves.

use super::action::{Action, Input};
use super::permit::Permit;
use crate::model::command::Reason;
use crate::model::gate::{Gate, State};
use crate::model::id::{OutputKey, ParticipantId};
use crate::model::settings::Settings;
use crate::model::time::MediaTime;

/// Runs the machine and moves the permits before it answers: when `apply` returns after a `pause`, nothing more is admitted.
#[derive(Debug)]
pub struct Gatekeeper {}

impl Gatekeeper {
    /// For a session that nobody has joined.
    #[must_use]
    pub fn new(_settings: Settings) -> Self {
        todo!()
    }

    /// See [`super::Machine::apply`].
    pub fn apply(&mut self, _now: MediaTime, _input: Input) -> (Vec<Action>, Result<(), Reason>) {
        todo!()
    }

    /// See [`super::Machine::tick`].
    pub fn tick(&mut self, _now: MediaTime) -> Vec<Action> {
        todo!()
    }

    /// See [`super::Machine::deadline`].
    #[must_use]
    pub fn deadline(&self) -> Option<MediaTime> {
        todo!()
    }

    /// See [`super::Machine::state`].
    #[must_use]
    pub fn state(&self) -> State {
        todo!()
    }

    /// The permit of a participant who has joined at least once: open while any output's gate of theirs is open.
    #[must_use]
    pub fn permit(&self, _participant: &ParticipantId) -> Option<Permit> {
        todo!()
    }

    /// The gates now, of outputs that run: `(output, participant, gate)`.
    #[must_use]
    pub fn gates(&self) -> Vec<(OutputKey, ParticipantId, Gate)> {
        todo!()
    }
}
