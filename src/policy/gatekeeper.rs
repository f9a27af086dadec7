//! The machine with the permits that it moves.

use super::action::{Action, Input};
use super::controls::Controls;
use super::machine::Machine;
use super::permit::Permit;
use crate::model::command::{Command, Reason, Verb};
use crate::model::gate::{Gate, State};
use crate::model::id::{OutputKey, ParticipantId};
use crate::model::settings::Settings;
use crate::model::time::MediaTime;

/// How long a permit stays shut after a gate has opened again: 20 ms, the usual packet time of speech (RFC 3551 §4.2). A packet that
/// arrives right after a pause, or right after a yes, carries sound spoken up to a packet's length before it; that sound is not ours.
/// Somebody who has only just joined has spoken nothing before, so their first packet is admitted at once.
pub const REOPENING_GUARD_NS: u64 = 20_000_000;

/// Runs the machine and moves the permits before it answers: when `apply` returns after a `pause`, nothing more is admitted.
#[derive(Debug)]
pub struct Gatekeeper {
    machine: Machine,
    /// In the machine's order of participants.
    permits: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    participant: ParticipantId,
    permit: Permit,
    /// They declined: shut for good, whatever the machine says.
    sealed: bool,
    /// Waits for [`Gatekeeper::open_what_may`].
    opens_from: Option<MediaTime>,
}

impl Gatekeeper {
    /// For a session that nobody has joined.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { machine: Machine::new(settings), permits: Vec::new() }
    }

    /// See [`Machine::apply`].
    ///
    /// # Errors
    /// As [`Machine::apply`].
    pub fn apply(&mut self, now: MediaTime, input: Input) -> (Vec<Action>, Result<(), Reason>) {
        let done = self.apply_closing(now, input);
        self.open_what_may();
        done
    }

    /// As [`Self::apply`], but what opens stays shut until [`Self::open_what_may`]: whoever shows the state gets to tell it in between, so that
    /// the indicator is on before there is anything to record. What closes is closed when this returns.
    ///
    /// # Errors
    /// As [`Machine::apply`].
    pub fn apply_closing(&mut self, now: MediaTime, input: Input) -> (Vec<Action>, Result<(), Reason>) {
        let joining = match &input {
            Input::Join { participant, .. } => Some(participant.clone()),
            Input::Leave { .. } | Input::Command(_) | Input::End => None,
        };
        let (actions, answer) = self.machine.apply(now, input);
        let joined = if answer.is_ok() { joining } else { None };
        self.move_permits(now, joined.as_ref(), &actions);
        (actions, answer)
    }

    /// Shuts what an input would shut, without taking it. Whoever reads the clock after this and then takes the input at that time has no packet on the
    /// tape that arrived later, however long the thread stood still between the two.
    pub fn shut_ahead(&mut self, now: MediaTime, input: &Input) {
        if self.permits.iter().all(|held| !held.permit.is_open()) {
            return;
        }
        let mut then = self.machine.clone();
        let _ = then.apply(now, input.clone());
        for ((_, open, _), held) in then.openings().zip(&self.permits) {
            if !open {
                held.permit.close();
            }
        }
    }

    /// See [`Machine::tick`].
    pub fn tick(&mut self, now: MediaTime) -> Vec<Action> {
        let actions = self.tick_closing(now);
        self.open_what_may();
        actions
    }

    /// As [`Self::tick`], with what opens held back as by [`Self::apply_closing`].
    pub fn tick_closing(&mut self, now: MediaTime) -> Vec<Action> {
        let actions = self.machine.tick(now);
        self.move_permits(now, None, &actions);
        actions
    }

    /// See [`Machine::deadline`].
    #[must_use]
    pub fn deadline(&self) -> Option<MediaTime> {
        self.machine.deadline()
    }

    /// See [`Machine::state`].
    #[must_use]
    pub fn state(&self) -> State {
        self.machine.state()
    }

    /// See [`Machine::check`].
    ///
    /// # Errors
    /// The reason for which the command would be refused.
    pub fn check(&self, command: &Command) -> Result<(), Reason> {
        self.machine.check(command)
    }

    /// Whether a command would be accepted of somebody who came in now to give it, with answers that they gave before.
    ///
    /// # Errors
    /// The reason for which it would be refused.
    pub fn check_of_newcomer(
        &self,
        now: MediaTime,
        join: Input,
        answers: impl Iterator<Item = Verb>,
        command: &Command,
    ) -> Result<(), Reason> {
        let mut then = self.machine.clone();
        then.apply(now, join).1?;
        for verb in answers {
            let _ = then.apply(now, Input::Command(Command { by: command.by.clone(), verb, order: None }));
        }
        then.check(command)
    }

    /// See [`Machine::controls`].
    #[must_use]
    pub fn controls(&self, by: &ParticipantId) -> Controls {
        self.machine.controls(by)
    }

    /// The permit of a participant who has joined at least once: open while any output's gate of theirs is open.
    #[must_use]
    pub fn permit(&self, participant: &ParticipantId) -> Option<Permit> {
        self.permits.iter().find(|held| held.participant == *participant).map(|held| held.permit.clone())
    }

    /// The gates now, of outputs that run: `(output, participant, gate)`, closed ones too.
    #[must_use]
    pub fn gates(&self) -> Vec<(OutputKey, ParticipantId, Gate)> {
        self.machine.gates().map(|(output, participant, gate)| (output.clone(), participant.clone(), gate)).collect()
    }

    /// Opens what was held back.
    pub fn open_what_may(&mut self) {
        for held in &mut self.permits {
            if let Some(from) = held.opens_from.take() {
                held.permit.open_from(from);
            }
        }
    }

    fn move_permits(&mut self, now: MediaTime, joined: Option<&ParticipantId>, actions: &[Action]) {
        for action in actions {
            if let Action::Erase { participant } = action
                && let Some(held) = self.permits.iter_mut().find(|held| held.participant == *participant)
            {
                held.sealed = true;
            }
        }
        let deadline = self.machine.deadline();
        for (number, (participant, open, outlives_deadline)) in self.machine.openings().enumerate() {
            if number == self.permits.len() {
                self.permits.push(Held { participant: participant.clone(), permit: Permit::closed(), sealed: false, opens_from: None });
            }
            let held = &mut self.permits[number];
            held.permit.open_until(deadline.filter(|_| !outlives_deadline));
            if !open || held.sealed {
                held.permit.close();
                held.opens_from = None;
            } else if !held.permit.is_open() && held.opens_from.is_none() {
                let guard = if joined == Some(participant) { 0 } else { REOPENING_GUARD_NS };
                held.opens_from = Some(MediaTime(now.as_ns().saturating_add(guard)));
            }
        }
    }
}
