//! How a participant's media comes onto the tape: tracks, taps, and what happens when a connection is lost.

use std::sync::Arc;

use super::live::Live;
use super::registry::Registry;
use crate::ingest::{Tap, TapFactory};
use crate::model::event::TapeEvent;
use crate::model::id::{ParticipantId, TrackId};
use crate::model::media::TrackSpec;
use crate::model::switchboard::PeerId;

/// Opens taps in one session.
#[derive(Clone)]
pub(super) struct Media {
    registry: Registry,
    live: Arc<Live>,
    runtime: tokio::runtime::Handle,
}

impl Media {
    pub(super) fn of(registry: Registry, live: Arc<Live>) -> Self {
        Self { registry, live, runtime: tokio::runtime::Handle::current() }
    }
}

impl TapFactory for Media {
    fn open(&self, spec: TrackSpec) -> Result<Tap, String> {
        let permit = self.live.arrive(&spec.participant).ok_or("the session is over")?;
        let track = self.live.new_track(&spec.participant).ok_or("the participant is not in the session")?;
        let writer = self.live.tape.track(&spec.participant, track).map_err(|error| error.to_string())?;
        self.live.note(TapeEvent::Track { track, spec });
        Ok(Tap { track, permit, writer, clock: self.live.clock })
    }

    fn lost(&self, participant: &ParticipantId, peer: &PeerId) {
        let left_with = self.live.member(participant, |m| {
            m.peers.retain(|known| known != peer);
            (m.has_media(), m.arrivals)
        });
        let Some((false, arrivals)) = left_with else { return };
        let (media, participant) = (self.clone(), participant.clone());
        self.runtime.spawn(async move {
            tokio::time::sleep(media.registry.shared.config.reconnect).await;
            if media.live.member(&participant, |m| m.arrivals == arrivals && m.has_left()) == Some(true) {
                media.registry.depart(&media.live, &participant).await;
            }
        });
    }

    fn dropped(&self, track: TrackId, packets: u64) {
        self.live.note(TapeEvent::Dropped { track, packets });
    }
}
