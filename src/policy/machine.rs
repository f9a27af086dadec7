//! The machine.

use super::action::{Action, Input};
use crate::model::command::Reason;
use crate::model::gate::State;
use crate::model::settings::Settings;
use crate::model::time::MediaTime;

/// The policy of one session.
#[derive(Clone, Debug)]
pub struct Machine {
    _settings: Settings,
}

impl Machine {
    /// A session that nobody has joined.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { _settings: settings }
    }

    /// Takes one input. A refused command changes nothing and says why. What was due before `now` is done first.
    ///
    /// # Errors
    /// The reason for which a command is refused.
    pub fn apply(&mut self, _now: MediaTime, _input: Input) -> (Vec<Action>, Result<(), Reason>) {
        todo!()
    }

    /// Does what is due at `now` (`max_duration_s`).
    pub fn tick(&mut self, _now: MediaTime) -> Vec<Action> {
        todo!()
    }

    /// When `tick` is wanted next.
    #[must_use]
    pub fn deadline(&self) -> Option<MediaTime> {
        todo!()
    }

    /// The state that everybody sees.
    #[must_use]
    pub fn state(&self) -> State {
        todo!()
    }
}
