//! The registry as the switchboard that signalling and the API call.

use std::sync::Arc;

use async_trait::async_trait;

use super::registry::Registry;
use crate::ingest::TapFactory;
use crate::ingest::rtp::RtpLegSpec;
use crate::model::command::{Command, Reason};
use crate::model::event::{GapCause, TapeEvent};
use crate::model::gate::State;
use crate::model::id::{ParticipantId, ProjectSlug, SessionId, TrackId};
use crate::model::media::TrackSpec;
use crate::model::role::Role;
use crate::model::switchboard::{
    CommandRequest, JoinRequest, OpenSession, PeerId, Refusal, RemoteCandidate, RtpAnswer, RtpOffer, Switchboard, WebrtcAnswer,
};

fn spec_of(participant: &ParticipantId, offer: &RtpOffer) -> TrackSpec {
    TrackSpec {
        participant: participant.clone(),
        kind: offer.kind,
        formats: offer.formats.clone(),
        label: offer.label.clone(),
        audio_level_ext: None,
    }
}

fn busy(error: impl std::fmt::Display) -> Refusal {
    Refusal::Busy(error.to_string())
}

#[async_trait]
impl Switchboard for Registry {
    async fn open(&self, request: OpenSession) -> Result<SessionId, Refusal> {
        self.begin(request).await
    }

    async fn join(&self, session: &SessionId, request: JoinRequest) -> Result<ParticipantId, Refusal> {
        let live = self.session(session)?;
        if let Some(id) = request.id.as_ref().filter(|id| live.member(id, |_| ()).is_some()) {
            return live.arrive(id).map(|_| id.clone()).ok_or(Refusal::NoSuchSession);
        }
        let id = self.make_known(&live, request).await?;
        live.arrive(&id).map(|_| id).ok_or(Refusal::NoSuchSession)
    }

    async fn leave(&self, session: &SessionId, participant: &ParticipantId) -> Result<(), Refusal> {
        let live = self.session(session)?;
        self.depart(&live, participant).await;
        Ok(())
    }

    async fn end(&self, session: &SessionId) -> Result<(), Refusal> {
        let live = self.session(session)?;
        self.finish(&live).await;
        Ok(())
    }

    async fn command(&self, session: &SessionId, request: CommandRequest) -> Result<State, Refusal> {
        let live = self.session(session).map_err(|_| Refusal::Policy(Reason::Ended))?;
        // A command is a first contact too: whoever was invited is in by it.
        live.first_contact(&request.by);
        let command = Command { by: request.by, verb: request.verb, order: request.order };
        tokio::task::spawn_blocking(move || live.command(command)).await.map_err(busy)?.map_err(Refusal::Policy)
    }

    async fn open_rtp(&self, session: &SessionId, participant: &ParticipantId, offer: RtpOffer) -> Result<RtpAnswer, Refusal> {
        let live = self.session(session)?;
        let (media, rtp, spec) = (self.media(&live), self.shared.config.rtp.clone(), spec_of(participant, &offer));
        tokio::task::spawn_blocking(move || {
            let tap = media.open(spec).map_err(Refusal::Busy)?;
            rtp.add(RtpLegSpec { session: live.id().clone(), tap, offer }).map_err(busy)
        })
        .await
        .map_err(busy)?
    }

    async fn change_rtp(&self, session: &SessionId, track: TrackId, offer: RtpOffer) -> Result<RtpAnswer, Refusal> {
        let live = self.session(session)?;
        let owner = live.members().into_iter().find(|m| m.tracks.contains(&track)).ok_or(Refusal::NoSuchParticipant)?;
        live.note(TapeEvent::Track { track, spec: spec_of(&owner.party.id, &offer) });
        self.shared.config.rtp.change(session, track, offer).map_err(busy)
    }

    async fn mute(&self, session: &SessionId, track: TrackId, muted: bool, cause: GapCause) -> Result<(), Refusal> {
        self.session(session)?.note(TapeEvent::Muted { track, muted, cause });
        Ok(())
    }

    async fn open_webrtc(&self, session: &SessionId, participant: &ParticipantId, offer_sdp: String) -> Result<WebrtcAnswer, Refusal> {
        let live = self.session(session)?;
        live.arrive(participant).ok_or(Refusal::NoSuchParticipant)?;
        let taps = Arc::new(self.media(&live));
        let answer = self
            .shared
            .config
            .webrtc
            .accept(participant.clone(), &offer_sdp, taps)
            .await
            .map_err(|error| Refusal::BadOffer(error.to_string()))?;
        live.member(participant, |m| {
            m.arrivals += 1;
            m.peers.push(answer.peer.clone());
        });
        self.shared.peers.write().insert(answer.peer.clone(), (session.clone(), participant.clone()));
        Ok(answer)
    }

    async fn trickle(&self, peer: &PeerId, candidates: Vec<RemoteCandidate>) -> Result<(), Refusal> {
        self.shared.config.webrtc.trickle(peer, candidates).await.map_err(|error| Refusal::BadOffer(error.to_string()))
    }

    async fn close_webrtc(&self, peer: &PeerId) -> Result<(), Refusal> {
        let owner = self.shared.peers.write().remove(peer);
        let (session, participant) = owner.ok_or(Refusal::NoSuchParticipant)?;
        self.shared.config.webrtc.close(peer).await;
        let Ok(live) = self.session(&session) else { return Ok(()) };
        let last = live.member(&participant, |m| {
            m.peers.retain(|p| p != peer);
            m.peers.is_empty()
        });
        if last == Some(true) {
            self.depart(&live, &participant).await;
        }
        Ok(())
    }

    async fn agent_of(&self, project: &ProjectSlug, address: &str) -> Option<String> {
        self.shared.config.directory.agent_of(project, address).await
    }

    async fn caller_role(&self, project: &ProjectSlug) -> Role {
        self.shared.config.directory.caller_role(project).await
    }
}
