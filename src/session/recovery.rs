//! After a crash: what was open is ended by the same policy, from what stands on the tape.

use std::collections::BTreeSet;
use std::path::Path;

use crate::model::command::Command;
use crate::model::event::TapeEvent;
use crate::model::gate::State;
use crate::model::id::OutputKey;
use crate::model::settings::Settings;
use crate::model::time::MediaTime;
use crate::policy::{Action, Input, Machine};
use crate::tape::{Body, Recovered, Spool, TapeError, TapeReader};

/// The policy's input that an event on the tape stands for.
fn input_of(event: TapeEvent) -> Option<Input> {
    match event {
        TapeEvent::Joined { party, initiator, properties } => {
            Some(Input::Join { participant: party.id, role: party.role, initiator, properties })
        }
        TapeEvent::Left { participant } => Some(Input::Leave { participant }),
        TapeEvent::Command { by, verb, order, refused: None, .. } => Some(Input::Command(Command { by, verb, order })),
        _ => None,
    }
}

/// What had been told of endings when the node died: the replay comes to the same once more.
#[derive(Default)]
struct Told {
    ended: BTreeSet<OutputKey>,
    discarded: BTreeSet<OutputKey>,
    state: Option<State>,
}

impl Told {
    fn note(&mut self, event: &TapeEvent) {
        match event {
            TapeEvent::OutputEnded { output, .. } => {
                self.ended.insert(output.clone());
            }
            TapeEvent::Discarded { output, .. } => {
                self.discarded.insert(output.clone());
            }
            TapeEvent::State { state } => self.state = Some(*state),
            _ => {}
        }
    }

    /// Whether an event of the replay was not told yet. In their order.
    fn is_news(&mut self, event: &TapeEvent) -> bool {
        match event {
            TapeEvent::OutputEnded { output, .. }
            | TapeEvent::Gate { output, .. }
            | TapeEvent::TimelineCut { output }
            | TapeEvent::TimelineResumed { output } => !self.ended.contains(output),
            TapeEvent::Discarded { output, .. } => !self.discarded.contains(output),
            TapeEvent::State { state } => self.state.replace(*state) != Some(*state),
            _ => true,
        }
    }
}

/// Replays inputs and ends the session: the actions that the end brings.
fn actions_of_the_end(settings: Settings, inputs: Vec<(MediaTime, Input)>, end: MediaTime) -> Vec<Action> {
    let mut machine = Machine::new(settings);
    let mut now = MediaTime::ZERO;
    for (at, input) in inputs {
        now = now.max(at);
        let _ = machine.apply(now, input);
    }
    machine.apply(now.max(end), Input::End).0
}

fn event_of(action: Action) -> Option<TapeEvent> {
    match action {
        Action::OutputEnded { output, ended_by } => Some(TapeEvent::OutputEnded { output, ended_by }),
        Action::TimelineCut { output } => Some(TapeEvent::TimelineCut { output }),
        Action::TimelineResumed { output } => Some(TapeEvent::TimelineResumed { output }),
        Action::Gate { output, participant, gate } => Some(TapeEvent::Gate { output, participant, gate }),
        Action::Discarded { output, reason } => Some(TapeEvent::Discarded { output, reason }),
        Action::State { state } => Some(TapeEvent::State { state }),
        Action::Erase { participant } => Some(TapeEvent::Erased { participant }),
        // Nothing starts and nobody is asked by an end.
        Action::OutputStarted { .. } | Action::Prompt { .. } | Action::AskConsent { .. } => None,
    }
}

/// Ends a session that the node's death cut off: the tape gets what the policy says of an end at the last instant that was written.
///
/// # Errors
/// Where the tape cannot be read or written.
pub fn close_what_a_crash_left_open(spool: &Spool, master_key: &Path, found: &Recovered) -> Result<(), TapeError> {
    let mut reader = TapeReader::open(&found.dir, master_key)?;
    let (mut settings, mut inputs, mut erased, mut told) = (None, Vec::new(), Vec::new(), Told::default());
    while let Some(record) = reader.next()? {
        if let Body::Event(event) = record.body {
            told.note(&event);
            match event {
                TapeEvent::SessionOpened(opened) => settings = Some(opened.settings),
                TapeEvent::Erased { participant } => erased.push(participant),
                other => inputs.extend(input_of(other).map(|input| (record.at, input))),
            }
        }
    }
    let lost = reader.without_key()?.into_iter().filter(|participant| !erased.contains(participant)).collect::<Vec<_>>();
    let tape = spool.reopen(&found.session)?;
    for participant in lost {
        tape.event(found.last, &TapeEvent::Erased { participant: participant.clone() })?;
        erased.push(participant);
    }
    if let Some(settings) = settings {
        // A crash between a decline's command and the destruction of the key must not save the media.
        for (_, input) in &inputs {
            if let Input::Command(Command { by, verb: crate::model::command::Verb::ConsentDecline, .. }) = input
                && !erased.contains(by)
            {
                tape.erase(by)?;
                tape.event(found.last, &TapeEvent::Erased { participant: by.clone() })?;
            }
        }
        for event in actions_of_the_end(settings, inputs, found.last).into_iter().filter_map(event_of).filter(|event| told.is_news(event)) {
            tape.event(found.last, &event)?;
        }
    }
    tape.event(found.last, &TapeEvent::SessionEnded)?;
    tape.close()
}
