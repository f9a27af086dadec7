//! The registry as the switchboard that signalling and the API call.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::live::Live;
use super::registry::Registry;
use crate::ingest::{IngestError, LegId, RtpLegSpec, TapFactory};
use crate::model::command::Command;
use crate::model::event::{GapCause, TapeEvent};
use crate::model::gate::State;
use crate::model::id::{ParticipantId, ProjectSlug, SessionId, TrackId};
use crate::model::media::TrackSpec;
use crate::model::preference::RecordPreference;
use crate::model::role::Role;
use crate::model::settings::Kind;
use crate::model::switchboard::{
    AskedRequest, CommandRequest, EndListener, JoinRequest, OpenSession, PeerId, Refusal, RemoteCandidate, RtpAnswer, RtpOffer,
    StateListener, Switchboard, WebrtcAnswer,
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

/// Whose a SIP leg's track is, and where it is received.
fn leg_of(live: &Live, track: TrackId) -> Result<(ParticipantId, LegId), Refusal> {
    let found =
        live.members().into_iter().find_map(|m| m.legs.iter().find(|(t, _)| *t == track).map(|(_, leg)| (m.party.id.clone(), *leg)));
    found.ok_or(Refusal::NoSuchParticipant)
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
        let live = self.session(session)?;
        if let Some(state) = live.hold_answer(&request) {
            return Ok(state);
        }
        let command = Command { by: request.by, verb: request.verb, order: request.order };
        let done = tokio::task::spawn_blocking(move || {
            live.first_contact(&command)?;
            live.command(command, request.context)
        });
        done.await.map_err(busy)?.map_err(Refusal::Policy)
    }

    async fn asked(&self, session: &SessionId, participant: &ParticipantId, asked: AskedRequest) -> Result<(), Refusal> {
        let live = self.session(session)?;
        live.member(participant, |_| ()).ok_or(Refusal::NoSuchParticipant)?;
        live.note(TapeEvent::Asked {
            participant: participant.clone(),
            what: asked.what,
            source: Some(asked.source),
            text_version: asked.text_version,
            language: asked.language,
        });
        Ok(())
    }

    async fn hear_state(&self, session: &SessionId, listener: StateListener) -> Result<(), Refusal> {
        self.session(session)?.hear(listener);
        Ok(())
    }

    async fn hear_end(&self, session: &SessionId, listener: EndListener) -> Result<(), Refusal> {
        self.session(session)?.hear_end(listener);
        Ok(())
    }

    async fn prefer(&self, session: &SessionId, participant: &ParticipantId, preference: RecordPreference) -> Result<State, Refusal> {
        let live = self.session(session)?;
        let participant = participant.clone();
        tokio::task::spawn_blocking(move || live.prefer(&participant, preference)).await.map_err(busy)?.map_err(Refusal::Policy)
    }

    async fn open_rtp(&self, session: &SessionId, participant: &ParticipantId, offer: RtpOffer) -> Result<RtpAnswer, Refusal> {
        let live = self.session(session)?;
        let (media, rtp, spec) = (self.media(&live), self.shared.config.rtp.clone(), spec_of(participant, &offer));
        let (owner, notice) = (participant.clone(), self.shared.config.notice.clone());
        tokio::task::spawn_blocking(move || {
            let tap = media.open(spec).map_err(Refusal::Busy)?;
            let track = tap.track;
            let hears = offer.hears;
            let (leg, mut answer) = rtp.add(RtpLegSpec { tap, offer }).map_err(busy)?;
            live.member(&owner, |m| m.legs.push((track, leg)));
            if let Some(notice) = notice.filter(|_| hears) {
                answer.speaks = rtp.speak(leg, &notice, &live.aloud).map_err(busy)?;
            }
            Ok(answer)
        })
        .await
        .map_err(busy)?
    }

    async fn change_rtp(&self, session: &SessionId, track: TrackId, offer: RtpOffer) -> Result<RtpAnswer, Refusal> {
        let live = self.session(session)?;
        let (owner, leg) = leg_of(&live, track)?;
        // What came before is in the formats of before.
        self.shared.config.rtp.read_out(&[leg]);
        live.note(TapeEvent::Track { track, spec: spec_of(&owner, &offer) });
        let hears = offer.hears;
        let mut answer = self.shared.config.rtp.change(leg, offer).map_err(busy)?;
        if let Some(notice) = self.shared.config.notice.as_ref().filter(|_| hears) {
            answer.speaks = self.shared.config.rtp.speak(leg, notice, &live.aloud).map_err(busy)?;
        }
        Ok(answer)
    }

    async fn mute(&self, session: &SessionId, track: TrackId, muted: bool, cause: GapCause) -> Result<(), Refusal> {
        let live = self.session(session)?;
        let (_, leg) = leg_of(&live, track)?;
        self.shared.config.rtp.set_muted(leg, muted).map_err(busy)?;
        live.note(TapeEvent::Muted { track, muted, cause });
        Ok(())
    }

    async fn open_webrtc(&self, session: &SessionId, participant: &ParticipantId, offer_sdp: String) -> Result<WebrtcAnswer, Refusal> {
        let live = self.session(session)?;
        // They come in by the first track that is opened: an offer that is refused changes nothing.
        let was_in = live.member(participant, |m| m.present).ok_or(Refusal::NoSuchParticipant)?;
        let taps = Arc::new(self.media(&live));
        let answer = match self.shared.config.webrtc.accept(participant.clone(), &offer_sdp, taps).await {
            Ok(answer) => answer,
            Err(error) => {
                if !was_in && live.member(participant, |m| m.present && !m.has_media()) == Some(true) {
                    self.depart(&live, participant).await;
                }
                return Err(error.refusal());
            }
        };
        live.member(participant, |m| {
            m.arrivals += 1;
            m.peers.push(answer.peer.clone());
        });
        self.shared.peers.write().insert(answer.peer.clone(), (session.clone(), participant.clone()));
        Ok(answer)
    }

    async fn trickle(&self, peer: &PeerId, candidates: Vec<RemoteCandidate>) -> Result<(), Refusal> {
        self.shared.config.webrtc.trickle(peer, candidates).await.map_err(IngestError::refusal)
    }

    async fn close_webrtc(&self, peer: &PeerId) -> Result<(), Refusal> {
        let (session, participant) = self.shared.peers.read().get(peer).cloned().ok_or(Refusal::NoSuchParticipant)?;
        self.hang_up(peer).await;
        let Ok(live) = self.session(&session) else { return Ok(()) };
        let last = live.member(&participant, |m| {
            m.peers.retain(|p| p != peer);
            !m.has_media()
        });
        if last == Some(true) {
            self.depart(&live, &participant).await;
        }
        Ok(())
    }

    async fn shares_voice(&self, session: &SessionId, participant: &ParticipantId) {
        if let Ok(live) = self.session(session) {
            live.carries_others(participant);
        }
    }

    async fn agent_of(&self, project: &ProjectSlug, address: &str) -> Result<Option<String>, Refusal> {
        Ok(self.shared.config.directory.agent_of(project, address).await?)
    }

    async fn caller_role(&self, project: &ProjectSlug) -> Result<Role, Refusal> {
        Ok(self.shared.config.directory.caller_role(project).await?)
    }

    fn project_of(&self, session: &SessionId) -> Option<ProjectSlug> {
        self.session(session).ok().map(|live| live.opened.project.clone())
    }

    async fn treats_alike(&self, session: &SessionId, project: &ProjectSlug, roles: &[Role]) -> Result<bool, Refusal> {
        if let Ok(live) = self.session(session) {
            return Ok(live.opened.settings.treat_alike(roles));
        }
        let request = OpenSession { project: project.clone(), kind: Kind::Call, external_id: None, metadata: BTreeMap::new() };
        Ok(self.shared.config.directory.settings(&request).await?.is_some_and(|settings| settings.treat_alike(roles)))
    }
}
