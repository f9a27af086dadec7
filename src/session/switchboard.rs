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

impl Registry {
    async fn connect(&self, live: &Arc<Live>, participant: ParticipantId, offer_sdp: String) -> Result<WebrtcAnswer, Refusal> {
        // They come in by the first track that is opened: an offer that is refused changes nothing.
        let beginning = live.member(&participant, |m| {
            m.opening += 1;
            m.present
        });
        let was_in = beginning.ok_or(Refusal::NoSuchParticipant)?;
        let (webrtc, owner, taps) = (self.shared.config.webrtc.clone(), participant.clone(), Arc::new(self.media(live)));
        // Apart, so that an offer by which the stack breaks is one that was refused.
        let refusal = match tokio::spawn(async move { webrtc.accept(owner, &offer_sdp, taps).await }).await {
            Ok(Ok(answer)) => {
                // Known before it can be closed, so that whoever closes it forgets it.
                self.shared.peers.write().insert(answer.peer.clone(), (live.id().clone(), participant.clone()));
                let connected = live.connect(&participant, |m| {
                    m.opening -= 1;
                    m.given_up = false;
                    m.arrivals += 1;
                    m.peers.push(answer.peer.clone());
                });
                let Err(refusal) = connected else { return Ok(answer) };
                self.hang_up(&answer.peer).await;
                refusal
            }
            Ok(Err(error)) => error.refusal(),
            Err(broken) => busy(broken),
        };
        if live.member(&participant, |m| m.was_refused(!was_in)) == Some(true) {
            self.depart(live, &participant).await;
        }
        Err(refusal)
    }
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
            if let Err(refusal) = live.connect(&owner, |m| m.legs.push((track, leg))) {
                rtp.remove(leg);
                return Err(refusal);
            }
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
        let leg = match leg_of(&live, track) {
            Ok((_, leg)) => leg,
            // It went with its participant: signalling need not know of it, and nothing of it is taken any more.
            Err(_) if live.has_closed(track) => return Ok(()),
            Err(refusal) => return Err(refusal),
        };
        self.shared.config.rtp.set_muted(leg, muted).map_err(busy)?;
        live.note(TapeEvent::Muted { track, muted, cause });
        Ok(())
    }

    async fn open_webrtc(&self, session: &SessionId, participant: &ParticipantId, offer_sdp: String) -> Result<WebrtcAnswer, Refusal> {
        let live = self.session(session)?;
        let (registry, participant) = (self.clone(), participant.clone());
        // Whoever asked may be gone before the answer: what has begun is brought to its end.
        tokio::spawn(async move { registry.connect(&live, participant, offer_sdp).await }).await.map_err(busy)?
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
            m.has_left()
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

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::mpsc::Sender;
    use std::time::Duration;

    use super::super::directory::{Directory, Unanswered};
    use super::super::live::Member;
    use super::super::registry::RegistryConfig;
    use super::*;
    use crate::ingest::{RtpIngest, RtpIngestConfig, WebrtcConfig, WebrtcIngest};
    use crate::model::media::{Codec, MediaKind, PayloadFormat};
    use crate::model::settings::{AgentProperties, QueueProperties, Settings};
    use crate::tape::{Spool, SpoolConfig};

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\n\
        a=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\na=rtpmap:111 opus/48000/2\r\n\
        a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n";

    struct Anybody;

    #[async_trait]
    impl Directory for Anybody {
        async fn settings(&self, request: &OpenSession) -> Result<Option<Settings>, Unanswered> {
            Ok(Some(Settings::resolve(request.kind, &[], QueueProperties::default())))
        }
        async fn agent(&self, _: &str) -> Result<Option<AgentProperties>, Unanswered> {
            Ok(None)
        }
        async fn agent_of(&self, _: &ProjectSlug, _: &str) -> Result<Option<String>, Unanswered> {
            Ok(None)
        }
        async fn caller_role(&self, _: &ProjectSlug) -> Result<Role, Unanswered> {
            Ok(Role::Customer)
        }
    }

    /// A session with somebody who is invited. Whatever waits for a file waits for one thread, so that a test can hold it up.
    struct House {
        registry: Registry,
        live: Arc<Live>,
        who: ParticipantId,
        _folder: tempfile::TempDir,
    }

    impl House {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let (ip, ports) = (IpAddr::V4(Ipv4Addr::LOCALHOST), 30_000..=39_999);
            let spool = SpoolConfig { dir: folder.path().join("spool"), master_key: folder.path().join("master.key") };
            let rtp = RtpIngestConfig { bind_ip: ip, ports: ports.clone(), advertised_ip: None, bell: None };
            let registry = Registry::new(RegistryConfig {
                spool: Spool::open(spool).unwrap(),
                directory: Arc::new(Anybody),
                rtp: RtpIngest::start(rtp).unwrap(),
                webrtc: WebrtcIngest::start(WebrtcConfig { bind_ips: vec![ip], ports, public_ip: None }).unwrap(),
                notice: None,
                reconnect: Duration::ZERO,
                idle_end: Duration::from_secs(600),
            });
            let project = "default".parse().unwrap();
            let asked = OpenSession { project, kind: Kind::Room, external_id: None, metadata: BTreeMap::new() };
            let session = registry.open(asked).await.unwrap();
            let request = JoinRequest {
                id: None,
                role: Some(Role::Customer),
                name: None,
                address: None,
                agent: None,
                initiator: false,
                answers: Vec::new(),
            };
            let who = registry.invite(&session, request).await.unwrap().participant;
            Self { live: registry.session(&session).unwrap(), registry, who, _folder: folder }
        }

        async fn publish(&self, offer: &str) -> Result<WebrtcAnswer, Refusal> {
            self.registry.open_webrtc(self.live.id(), &self.who, offer.to_owned()).await
        }

        /// A connection that is still being opened when this returns, and what lets it be.
        async fn publish_slowly(&self) -> (Sender<()>, tokio::task::JoinHandle<Result<WebrtcAnswer, Refusal>>) {
            let (release, held) = std::sync::mpsc::channel();
            tokio::task::spawn_blocking(move || held.recv());
            let (registry, session, who) = (self.registry.clone(), self.live.id().clone(), self.who.clone());
            let opening = tokio::spawn(async move { registry.open_webrtc(&session, &who, OFFER.to_owned()).await });
            self.until(|m| m.opening == 1).await;
            (release, opening)
        }

        fn look<T>(&self, at: impl FnOnce(&mut Member) -> T) -> T {
            self.live.member(&self.who, at).unwrap()
        }

        async fn until(&self, holds: impl Fn(&Member) -> bool) {
            let waiting = async {
                while !self.look(|m| holds(m)) {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap();
        }

        fn counts(&self) -> (bool, usize, usize) {
            self.look(|m| (m.present, m.peers.len(), m.opening))
        }
    }

    fn on_one_thread<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap().block_on(test)
    }

    #[test]
    fn an_old_connection_that_ends_while_the_new_one_is_opened_takes_nobody_with_it() {
        on_one_thread(async {
            let house = House::new().await;
            let old = house.publish(OFFER).await.unwrap().peer;
            let (release, opening) = house.publish_slowly().await;
            house.registry.close_webrtc(&old).await.unwrap();
            assert_eq!(house.counts(), (true, 0, 1));
            release.send(()).unwrap();
            let new = opening.await.unwrap().unwrap().peer;
            assert_eq!((house.counts(), house.look(|m| m.peers.contains(&new))), ((true, 1, 0), true));
            house.registry.close_webrtc(&new).await.unwrap();
            assert_eq!(house.counts(), (false, 0, 0));
        });
    }

    #[test]
    fn nor_does_one_that_was_lost_before() {
        on_one_thread(async {
            let house = House::new().await;
            let old = house.publish(OFFER).await.unwrap().peer;
            let (release, opening) = house.publish_slowly().await;
            house.registry.media(&house.live).lost(&house.who, &old);
            house.until(|m| m.given_up).await;
            assert_eq!(house.counts(), (true, 0, 1));
            release.send(()).unwrap();
            opening.await.unwrap().unwrap();
            assert_eq!(house.counts(), (true, 1, 0));
        });
    }

    #[test]
    fn where_the_new_one_is_refused_they_have_left() {
        on_one_thread(async {
            let house = House::new().await;
            assert!(house.publish("v=0").await.is_err());
            assert_eq!((house.counts(), house.look(|m| m.came)), ((false, 0, 0), false));
            let old = house.publish(OFFER).await.unwrap().peer;
            assert!(house.publish("v=0").await.is_err());
            assert_eq!(house.counts(), (true, 1, 0), "beside one that is open");
            house.look(|m| m.opening += 1);
            house.registry.close_webrtc(&old).await.unwrap();
            assert!(house.publish("v=0").await.is_err());
            assert_eq!(house.counts(), (true, 0, 1), "one more is being opened");
            assert!(house.look(|m| m.was_refused(false)));
        });
    }

    #[test]
    fn what_is_opened_after_the_end_is_nobodys() {
        on_one_thread(async {
            let house = House::new().await;
            let old = house.publish(OFFER).await.unwrap().peer;
            let (release, opening) = house.publish_slowly().await;
            let (registry, session) = (house.registry.clone(), house.live.id().clone());
            let ending = tokio::spawn(async move { registry.end(&session).await });
            while house.live.connect(&house.who, |_| ()).is_ok() {
                tokio::task::yield_now().await;
            }
            release.send(()).unwrap();
            assert!(opening.await.unwrap().is_err());
            ending.await.unwrap().unwrap();
            assert!(house.registry.shared.peers.read().is_empty(), "{old:?}");
            assert!(matches!(house.live.connect(&house.who, |_| ()), Err(Refusal::NoSuchSession)));
        });
    }

    #[test]
    fn a_track_of_somebody_who_has_left_is_muted_already() {
        on_one_thread(async {
            let house = House::new().await;
            let format = PayloadFormat { pt: 0, codec: Codec::Pcmu, clock_hz: 8000, channels: 1, fmtp: String::new() };
            let offer = RtpOffer {
                kind: MediaKind::Audio,
                formats: vec![format],
                label: None,
                remote_rtp: None,
                remote_rtcp: None,
                rtcp_mux: false,
                local_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
                hears: false,
            };
            let (registry, session) = (&house.registry, house.live.id());
            let track = registry.open_rtp(session, &house.who, offer).await.unwrap().track;
            let mute = |track: TrackId| registry.mute(session, track, true, GapCause::Hold);
            mute(track).await.unwrap();
            registry.leave(session, &house.who).await.unwrap();
            mute(track).await.unwrap();
            assert!(matches!(mute(TrackId(track.0 + 1)).await, Err(Refusal::NoSuchParticipant)), "there was never such a track");
            assert!(matches!(house.live.connect(&house.who, |_| ()), Err(Refusal::NoSuchParticipant)));
        });
    }
}
