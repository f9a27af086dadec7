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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::{Party, SessionOpened};
    use crate::model::id::{ParticipantId, RecordingId, SessionId};
    use crate::model::role::Role;
    use crate::model::settings::{AgentProperties, Kind, QueueProperties};
    use crate::model::time::WallClock;
    use crate::policy::Gatekeeper;
    use crate::tape::{SessionTape, SpoolConfig};

    fn write(tape: &SessionTape, at: MediaTime, actions: Vec<Action>) {
        for action in actions {
            let event = match action {
                Action::OutputStarted { output } => Some(TapeEvent::OutputStarted { output, recording: RecordingId::random() }),
                other => event_of(other),
            };
            event.into_iter().for_each(|event| tape.event(at, &event).unwrap());
        }
    }

    /// A call that is recorded for three seconds at most goes on for six, and the node dies. `told`: how many of the events of that end were on the tape.
    fn events_after_a_kill(told: usize) -> Vec<TapeEvent> {
        let data = tempfile::tempdir().unwrap();
        let config = || SpoolConfig { dir: data.path().join("spool"), master_key: data.path().join("master.key") };
        let mut settings = Settings::resolve(Kind::Call, &[], QueueProperties::default());
        settings.max_duration_s = Some(3);
        let opened = SessionOpened {
            session: "s1".parse::<SessionId>().unwrap(),
            project: "p".parse().unwrap(),
            started_at: WallClock(0),
            settings: settings.clone(),
            external_id: None,
            metadata: std::collections::BTreeMap::default(),
        };
        {
            let spool = Spool::open(config()).unwrap();
            let tape = spool.create(&opened).unwrap();
            let mut keeper = Gatekeeper::new(settings);
            for (id, role) in [("a1", Role::Agent), ("c1", Role::Customer)] {
                let participant: ParticipantId = id.parse().unwrap();
                let (initiator, properties) = (false, AgentProperties::default());
                let party = Party { id: participant.clone(), role, name: None, address: None, agent: None };
                tape.event(MediaTime::ZERO, &TapeEvent::Joined { party, initiator, properties }).unwrap();
                write(&tape, MediaTime::ZERO, keeper.apply(MediaTime::ZERO, Input::Join { participant, role, initiator, properties }).0);
            }
            let due = MediaTime::from_ms(3000);
            write(&tape, due, keeper.tick(due).into_iter().take(told).collect());
            tape.event(MediaTime::from_ms(6000), &TapeEvent::Dropped { track: crate::model::id::TrackId(1), packets: 1 }).unwrap();
        }
        let spool = Spool::open(config()).unwrap();
        let found = spool.recover().unwrap();
        assert!(!found[0].ended);
        close_what_a_crash_left_open(&spool, spool.master_key(), &found[0]).unwrap();
        let mut reader = TapeReader::open(&found[0].dir, spool.master_key()).unwrap();
        let mut events = Vec::new();
        while let Some(record) = reader.next().unwrap() {
            if let Body::Event(event) = record.body {
                events.push(event);
            }
        }
        events
    }

    #[test]
    fn an_end_that_was_told_before_the_kill_is_not_told_again() {
        for told in [0, usize::MAX] {
            let events = events_after_a_kill(told);
            let ends = events.iter().filter(|event| matches!(event, TapeEvent::OutputEnded { .. })).count();
            assert_eq!(ends, 1, "{told}: {events:#?}");
            let states: Vec<State> = events
                .iter()
                .filter_map(|event| match event {
                    TapeEvent::State { state } => Some(*state),
                    _ => None,
                })
                .collect();
            assert!(states.windows(2).all(|pair| pair[0] != pair[1]), "{told}: {states:?}");
            assert!(matches!(events.last(), Some(TapeEvent::SessionEnded)));
        }
    }
}
