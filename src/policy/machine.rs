//! The machine.

use super::action::{Action, Input};
use super::controls::{self, Controls};
use super::instant::Instant;
use super::output::Output;
use super::presence::Arrival;
use super::rules::{self, View};
use super::situation::Situation;
use super::{commands, discard, ending, limits, presence, refusal, state};
use crate::model::command::{Command, Reason, Verb};
use crate::model::gate::{EndedBy, Gate, State};
use crate::model::id::{OutputKey, ParticipantId};
use crate::model::settings::Settings;
use crate::model::time::MediaTime;

/// The policy of one session.
///
/// Time is an argument. It must not run backwards; where it does, it counts as the latest time seen.
#[derive(Clone, Debug)]
pub struct Machine {
    situation: Situation,
    latest: Instant,
    /// The state last told.
    told: State,
}

impl Machine {
    /// A session that nobody has joined.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let situation = Situation::new(settings);
        let told = state::of(&situation);
        Self { situation, latest: Instant::ZERO, told }
    }

    /// Takes one input. A refused command changes nothing and says why. What was due before or at `now` is done first.
    ///
    /// Every action is of the instant `now`, in this order: outputs that end and begin, gates that close or mask, the state, gates that
    /// open, what is to be erased. A session that is to be exact about `max_duration_s` calls [`Self::tick`] at [`Self::deadline`].
    ///
    /// # Errors
    /// The reason for which a command is refused. For a join: `ended`, `already` (is in), `not_permitted` (was in as another role). For a
    /// leave: `ended`, `no_such_participant`. For an end: `ended`. What was due is done, and told, all the same.
    pub fn apply(&mut self, now: MediaTime, input: Input) -> (Vec<Action>, Result<(), Reason>) {
        self.apply_at(now.into(), input)
    }

    pub(super) fn apply_at(&mut self, now: Instant, input: Input) -> (Vec<Action>, Result<(), Reason>) {
        let now = self.latest.max(now);
        let mut actions = self.tick_at(now);
        let answer = self.take(now, input, &mut actions);
        (actions, answer)
    }

    /// Does what is due by `now` (`max_duration_s`).
    pub fn tick(&mut self, now: MediaTime) -> Vec<Action> {
        self.tick_at(now.into())
    }

    pub(super) fn tick_at(&mut self, now: Instant) -> Vec<Action> {
        self.latest = self.latest.max(now);
        let mut actions = Vec::new();
        limits::enforce(&mut self.situation, self.latest, &mut actions);
        if !actions.is_empty() {
            self.settle(self.latest, &mut actions);
        }
        actions
    }

    /// When `tick` is wanted next.
    #[must_use]
    pub fn deadline(&self) -> Option<MediaTime> {
        self.due().and_then(Instant::as_media_time)
    }

    pub(super) fn due(&self) -> Option<Instant> {
        limits::due(&self.situation)
    }

    /// The state that everybody sees.
    #[must_use]
    pub fn state(&self) -> State {
        self.told
    }

    /// Whether a command would be accepted now; for controls that say beforehand what is not allowed, and why.
    ///
    /// # Errors
    /// The reason for which it would be refused.
    pub fn check(&self, command: &Command) -> Result<(), Reason> {
        refusal::check(&self.situation, command).map(|_| ())
    }

    /// What somebody could command now: [`Self::check`] for every command, and how the switches stand.
    #[must_use]
    pub fn controls(&self, by: &ParticipantId) -> Controls {
        controls::of(&self.situation, by)
    }

    /// The gates now, of outputs that run and of everybody who ever joined, closed ones too.
    pub fn gates(&self) -> impl Iterator<Item = (&OutputKey, &ParticipantId, Gate)> {
        self.situation.running().flat_map(|output| {
            self.situation.parties.iter().enumerate().map(|(number, party)| (&output.key, &party.id, output.gate(number)))
        })
    }

    /// Everybody who ever joined, in order of their first join; whether any output takes their media now; and whether one does that will not
    /// end at the deadline, which is main's alone.
    pub(super) fn openings(&self) -> impl Iterator<Item = (&ParticipantId, bool, bool)> {
        self.situation.parties.iter().enumerate().map(|(number, party)| {
            let taking = || self.situation.running().filter(|output| output.gate(number) == Gate::Open);
            (&party.id, taking().next().is_some(), taking().any(|output| !output.is_main()))
        })
    }

    fn take(&mut self, now: Instant, input: Input, actions: &mut Vec<Action>) -> Result<(), Reason> {
        if self.situation.ended {
            return Err(Reason::Ended);
        }
        let mut erase = None;
        match input {
            Input::Join { participant, role, initiator, properties } => {
                let arrival = Arrival { participant, role, initiator, properties };
                presence::join(&mut self.situation, now, arrival, actions)?;
            }
            Input::Leave { participant } => presence::leave(&mut self.situation, now, &participant, actions)?,
            Input::Command(command) => {
                let by = refusal::check(&self.situation, &command)?;
                if command.verb == Verb::ConsentDecline {
                    erase = Some(by);
                }
                commands::carry_out(&mut self.situation, now, by, command, actions);
            }
            Input::End => {
                ending::end_all(&mut self.situation, EndedBy::End, now, actions);
                self.situation.ended = true;
                discard::at_the_end(&mut self.situation, actions);
            }
        }
        self.settle(now, actions);
        if let Some(number) = erase {
            self.situation.outputs.iter_mut().for_each(|output| output.erase(number));
            actions.push(Action::Erase { participant: self.situation.parties[number].id.clone() });
        }
        Ok(())
    }

    /// Finds every gate anew and tells what has changed. What narrows is told first and what opens last, so that whoever shows the state
    /// shows it before there is something to show.
    fn settle(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let changes = self.changes();
        for change in &changes {
            self.situation.outputs[change.place].set_gate(change.number, change.to, now);
        }
        let told = |change: &Change, situation: &Situation| Action::Gate {
            output: situation.outputs[change.place].key.clone(),
            participant: situation.parties[change.number].id.clone(),
            gate: change.to,
        };
        actions.extend(changes.iter().filter(|change| change.to != Gate::Open).map(|change| told(change, &self.situation)));
        let state = state::of(&self.situation);
        if state != self.told {
            self.told = state;
            actions.push(Action::State { state });
        }
        actions.extend(changes.iter().filter(|change| change.to == Gate::Open).map(|change| told(change, &self.situation)));
    }

    fn changes(&self) -> Vec<Change> {
        let view = View::of(&self.situation);
        let mut changes = Vec::new();
        let places = self.situation.main.map(|main| main.output).into_iter().chain(self.situation.receipt);
        for place in places {
            let output: &Output = &self.situation.outputs[place];
            for number in 0..self.situation.parties.len() {
                let to = rules::gate(&view, number, output);
                if to != output.gate(number) {
                    changes.push(Change { place, number, to });
                }
            }
        }
        changes
    }
}

/// A gate that is to move.
struct Change {
    place: usize,
    number: usize,
    to: Gate,
}
