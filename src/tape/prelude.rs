//! How things stand at an instant of a tape, told again as events: what a piece of a tape begins with.

use std::collections::BTreeMap;

use crate::model::event::{SessionOpened, TapeEvent};
use crate::model::gate::{EndedBy, Gate, State};
use crate::model::id::{OutputKey, ParticipantId, RecordingId, TrackId};

#[derive(Clone, Debug)]
struct Running {
    recording: RecordingId,
    cut: bool,
    gates: BTreeMap<ParticipantId, Gate>,
}

/// Takes events, keeps what still holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Prelude {
    opened: Option<SessionOpened>,
    joined: Vec<(ParticipantId, TapeEvent)>,
    tracks: BTreeMap<TrackId, TapeEvent>,
    muted: BTreeMap<TrackId, TapeEvent>,
    outputs: BTreeMap<OutputKey, Running>,
    erased: Vec<ParticipantId>,
    state: Option<State>,
}

impl Prelude {
    pub(super) fn opened(&self) -> Option<&SessionOpened> {
        self.opened.as_ref()
    }

    pub(super) fn take(&mut self, event: TapeEvent) {
        match event {
            TapeEvent::SessionOpened(opened) => self.opened = Some(*opened),
            TapeEvent::Joined { ref party, .. } => {
                self.joined.retain(|(id, _)| *id != party.id);
                self.joined.push((party.id.clone(), event));
            }
            TapeEvent::Left { participant } => {
                self.joined.retain(|(id, _)| *id != participant);
                self.tracks.retain(|_, event| !matches!(event, TapeEvent::Track { spec, .. } if spec.participant == participant));
            }
            TapeEvent::Track { track, .. } => {
                self.tracks.insert(track, event);
            }
            TapeEvent::Muted { track, muted, .. } => {
                self.muted.remove(&track);
                if muted {
                    self.muted.insert(track, event);
                }
            }
            TapeEvent::OutputStarted { output, recording } => {
                self.outputs.insert(output, Running { recording, cut: false, gates: BTreeMap::new() });
            }
            TapeEvent::OutputEnded { output, .. } => {
                self.outputs.remove(&output);
            }
            TapeEvent::TimelineCut { output } => self.with(&output, |o| o.cut = true),
            TapeEvent::TimelineResumed { output } => self.with(&output, |o| o.cut = false),
            TapeEvent::Gate { output, participant, gate } => self.with(&output, |o| {
                o.gates.insert(participant, gate);
            }),
            TapeEvent::Erased { participant } => self.erased.push(participant),
            TapeEvent::State { state } => self.state = Some(state),
            TapeEvent::Discarded { .. }
            | TapeEvent::Asked { .. }
            | TapeEvent::Command { .. }
            | TapeEvent::Preferred { .. }
            | TapeEvent::Dropped { .. }
            | TapeEvent::SessionEnded => {}
        }
    }

    fn with(&mut self, output: &OutputKey, change: impl FnOnce(&mut Running)) {
        if let Some(running) = self.outputs.get_mut(output) {
            change(running);
        }
    }

    /// What still holds, in an order in which it could have happened.
    pub(super) fn events(self, opened: SessionOpened) -> Vec<TapeEvent> {
        let mut events = vec![TapeEvent::SessionOpened(Box::new(opened))];
        events.extend(self.joined.into_iter().map(|(_, event)| event));
        events.extend(self.tracks.into_values());
        events.extend(self.muted.into_values());
        events.extend(self.erased.into_iter().map(|participant| TapeEvent::Erased { participant }));
        for (output, running) in self.outputs {
            events.push(TapeEvent::OutputStarted { output: output.clone(), recording: running.recording });
            if running.cut {
                events.push(TapeEvent::TimelineCut { output: output.clone() });
            }
            for (participant, gate) in running.gates {
                events.push(TapeEvent::Gate { output: output.clone(), participant, gate });
            }
        }
        events.extend(self.state.map(|state| TapeEvent::State { state }));
        events
    }

    /// What ends all that still runs.
    pub(super) fn closing(self) -> Vec<TapeEvent> {
        let ends = self.outputs.into_keys().map(|output| TapeEvent::OutputEnded { output, ended_by: EndedBy::End });
        ends.chain([TapeEvent::SessionEnded]).collect()
    }
}
