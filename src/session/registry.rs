//! All live sessions of the node.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::RwLock;
use tokio::sync::{broadcast, mpsc};

use super::directory::Directory;
use super::live::{Live, Member};
use super::media::Media;
use super::notice::{Followers, SessionNotice};
use super::preference::Wish;
use super::view::SessionView;
use crate::ingest::{LegId, Notice, RtpIngest, WebrtcIngest};
use crate::model::event::{Party, SessionOpened, TapeEvent};
use crate::model::id::{ParticipantId, SessionId, TrackId};
use crate::model::redact::Secret;
use crate::model::role::Role;
use crate::model::switchboard::{JoinRequest, OpenSession, ParticipantTokens, PeerId, Refusal};
use crate::model::time::WallClock;
use crate::policy::Controls;
use crate::tape::{Spool, TapeError};

/// A peer connection says good-bye in a datagram or two: one that takes longer is stuck.
const HANGING_UP: Duration = Duration::from_secs(5);

/// How often it is looked whether a disk that was full has taken a tape's end.
const WAITING_FOR_DISK: Duration = Duration::from_millis(200);

/// What the registry works with.
pub struct RegistryConfig {
    /// The spool.
    pub spool: Spool,
    /// Answers of the configuration.
    pub directory: Arc<dyn Directory>,
    /// Sockets of SIP legs.
    pub rtp: RtpIngest,
    /// Peer connections.
    pub webrtc: WebrtcIngest,
    /// What SIP legs that can hear us are played while they are recorded.
    pub notice: Option<Arc<Notice>>,
    /// How long a lost peer connection may take to come back before its participant has left.
    pub reconnect: Duration,
    /// How long a session may stand empty before it is ended.
    pub idle_end: Duration,
}

/// What an invited participant gets.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Who they are.
    pub participant: ParticipantId,
    /// Speaks for them: WHIP, commands, their page.
    pub token: Secret,
}

/// All live sessions. Clones share it. Implements `Switchboard` and `ParticipantTokens`.
#[derive(Clone)]
pub struct Registry {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) config: RegistryConfig,
    pub(super) followers: Arc<Followers>,
    sessions: RwLock<HashMap<SessionId, Arc<Live>>>,
    tokens: RwLock<HashMap<String, (SessionId, ParticipantId)>>,
    pub(super) peers: RwLock<HashMap<PeerId, (SessionId, ParticipantId)>>,
    draining: AtomicBool,
}

impl Registry {
    /// A node without sessions.
    #[must_use]
    pub fn new(config: RegistryConfig) -> Self {
        Self {
            shared: Arc::new(Shared {
                config,
                followers: Arc::new(Followers::default()),
                sessions: RwLock::default(),
                tokens: RwLock::default(),
                peers: RwLock::default(),
                draining: AtomicBool::new(false),
            }),
        }
    }

    /// Everything that happens, from now on.
    #[must_use]
    pub fn notices(&self) -> mpsc::UnboundedReceiver<SessionNotice> {
        self.shared.followers.follow()
    }

    /// Calls somebody with everything that happens from now on, under its session's lock and before it is answered: they must be quick.
    pub fn hears_at_once(&self, hear: impl Fn(&SessionNotice) + Send + Sync + 'static) {
        self.shared.followers.hear_at_once(Box::new(hear));
    }

    /// Live sessions, newest first.
    #[must_use]
    pub fn live(&self) -> Vec<SessionView> {
        let mut views: Vec<_> = self.all().iter().map(|live| live.view()).collect();
        views.sort_by_key(|view| std::cmp::Reverse(view.started_at));
        views
    }

    /// A live session.
    #[must_use]
    pub fn view(&self, session: &SessionId) -> Option<SessionView> {
        self.session(session).ok().map(|live| live.view())
    }

    /// A live session, and what one participant could command, at one instant.
    #[must_use]
    pub fn view_for(&self, session: &SessionId, by: &ParticipantId) -> Option<(SessionView, Controls)> {
        self.session(session).ok().map(|live| live.view_for(by))
    }

    /// The participant that a configured agent is in a live session now.
    #[must_use]
    pub fn participant_of(&self, session: &SessionId, agent: &str) -> Option<ParticipantId> {
        self.session(session).ok()?.participant_of(agent)
    }

    /// The live sessions that a configured agent is in now, oldest first.
    #[must_use]
    pub fn sessions_of(&self, agent: &str) -> Vec<(SessionId, ParticipantId)> {
        let mut found: Vec<_> = self.all().into_iter().filter_map(|live| live.participant_of(agent).map(|id| (live, id))).collect();
        found.sort_by_key(|(live, _)| live.opened.started_at);
        found.into_iter().map(|(live, id)| (live.id().clone(), id)).collect()
    }

    /// Tells which session to look at again, the moment something has happened in it. Nothing of it waits for a disk.
    #[must_use]
    pub fn touched(&self) -> broadcast::Receiver<SessionId> {
        self.shared.followers.watch()
    }

    /// No new sessions from now on.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::Release);
    }

    /// Invites somebody: they are known (id, token) but not in until their first contact (`open_webrtc`, or a command by or for them that is taken).
    ///
    /// # Errors
    /// As `join`.
    pub async fn invite(&self, session: &SessionId, request: JoinRequest) -> Result<Invitation, Refusal> {
        let live = self.session(session)?;
        let participant = self.make_known(&live, request).await?;
        let token = Secret::new(format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple()));
        self.shared.tokens.write().insert(token.reveal().to_owned(), (session.clone(), participant.clone()));
        Ok(Invitation { participant, token })
    }

    /// How many sessions are live.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.sessions.read().len()
    }

    /// Does what is due in every session. Called by the app's clock every few milliseconds; cheap where nothing is due.
    pub fn tick(&self) {
        for live in self.shared.sessions.read().values() {
            live.tick();
        }
    }

    /// Ends sessions that have stood empty for too long.
    pub async fn end_the_empty(&self) {
        for live in self.all() {
            if live.empty_for().is_some_and(|empty| empty > self.shared.config.idle_end) {
                self.finish(&live).await;
            }
        }
    }

    /// Ends every session; answers when their tapes are closed.
    pub async fn end_all(&self) {
        for live in self.all() {
            self.finish(&live).await;
        }
    }

    pub(super) fn session(&self, session: &SessionId) -> Result<Arc<Live>, Refusal> {
        self.shared.sessions.read().get(session).cloned().ok_or(Refusal::NoSuchSession)
    }

    fn all(&self) -> Vec<Arc<Live>> {
        self.shared.sessions.read().values().cloned().collect()
    }

    pub(super) async fn begin(&self, request: OpenSession) -> Result<SessionId, Refusal> {
        if self.shared.draining.load(Ordering::Acquire) {
            return Err(Refusal::Draining);
        }
        let settings =
            self.shared.config.directory.settings(&request).await?.ok_or_else(|| Refusal::NoSuchProject(request.project.clone()))?;
        let id = SessionId::random();
        let zero = Instant::now();
        // Whole milliseconds: the tape keeps no more, and times told live must be those that are found on it later.
        let started_at = WallClock::from_unix_ms(Timestamp::now().as_millisecond());
        let opened = SessionOpened {
            session: id.clone(),
            project: request.project,
            started_at,
            settings,
            external_id: request.external_id,
            metadata: request.metadata,
        };
        let shared = self.shared.clone();
        // Known as soon as it is there, whether or not anybody still waits for it: what nobody comes to is ended.
        tokio::task::spawn_blocking(move || {
            let tape = shared.config.spool.create(&opened)?;
            let live = Live::begin(opened, zero, tape, shared.followers.clone(), shared.config.rtp.clone());
            shared.sessions.write().insert(live.id().clone(), Arc::new(live));
            Ok::<_, TapeError>(())
        })
        .await
        .map_err(|error| Refusal::Busy(error.to_string()))?
        .map_err(|error| Refusal::Busy(error.to_string()))?;
        Ok(id)
    }

    pub(super) async fn make_known(&self, live: &Live, request: JoinRequest) -> Result<ParticipantId, Refusal> {
        let directory = &self.shared.config.directory;
        let mut agent = request.agent;
        if let (None, Some(address)) = (&agent, &request.address) {
            agent = directory.agent_of(&live.opened.project, address.reveal()).await?;
        }
        let role = request.role.unwrap_or(if agent.is_some() { Role::Agent } else { Role::Customer });
        let properties = match (&agent, role) {
            (Some(name), Role::Agent) => directory.agent(name).await?.ok_or_else(|| Refusal::NoSuchAgent(name.clone()))?,
            _ => crate::model::settings::AgentProperties::default(),
        };
        let id = request.id.unwrap_or_else(ParticipantId::random);
        live.know(Member {
            party: Party { id: id.clone(), role, name: request.name, address: request.address, agent },
            initiator: request.initiator,
            properties,
            present: false,
            came: false,
            carries_others: false,
            wish: Wish::default(),
            tracks: Vec::new(),
            legs: Vec::new(),
            peers: Vec::new(),
            arrivals: 0,
            opening: 0,
            given_up: false,
            answers: request.answers,
        })
        .map_err(|_| Refusal::AlreadyIn)?;
        Ok(id)
    }

    pub(super) async fn depart(&self, live: &Arc<Live>, participant: &ParticipantId) {
        self.drop_legs(live, live.member(participant, |m| std::mem::take(&mut m.legs)).unwrap_or_default());
        let peers = live.leave(participant);
        // Legs that were opened while the others were read out; none is opened for somebody who is not in.
        let late = live.member(participant, |m| if m.present { Vec::new() } else { std::mem::take(&mut m.legs) });
        self.drop_legs(live, late.unwrap_or_default());
        for peer in peers {
            self.hang_up(&peer).await;
        }
    }

    /// Sockets are read to their last packet before the gates close: what arrived in time belongs to the recording.
    fn drop_legs(&self, live: &Live, legs: impl IntoIterator<Item = (TrackId, LegId)>) {
        for (track, leg) in legs {
            let lost = self.shared.config.rtp.remove(leg).map_or(0, |counters| counters.dropped_by_kernel);
            if lost > 0 {
                live.note(TapeEvent::Dropped { track, packets: lost });
            }
        }
    }

    pub(super) async fn hang_up(&self, peer: &PeerId) {
        self.shared.peers.write().remove(peer);
        match tokio::time::timeout(HANGING_UP, self.shared.config.webrtc.close(peer)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the peer connection was gone already"),
            Err(_) => tracing::error!(peer = peer.0, "a peer connection does not close; what was recorded does not wait for it"),
        }
    }

    /// Ends a session; answers when its tape is closed. What has begun goes on where nobody waits for it any more: a session that is over and whose tape
    /// is not closed would never be rendered.
    pub(super) async fn finish(&self, live: &Arc<Live>) {
        let (registry, ending) = (self.clone(), live.clone());
        if let Err(error) = tokio::spawn(async move { registry.end_and_close(&ending).await }).await {
            tracing::error!(session = %live.id(), %error, "a session could not be ended");
        }
    }

    async fn end_and_close(&self, live: &Arc<Live>) {
        // Whoever ends it too answers when it is done.
        let _turn = live.ending.lock().await;
        let members = live.members();
        self.drop_legs(live, members.iter().flat_map(|m| m.legs.iter().copied()));
        if !live.end() {
            return;
        }
        // What was opened while the others were read out; nothing is from now on.
        let members = live.members();
        self.drop_legs(live, members.iter().flat_map(|m| m.legs.iter().copied()));
        for peer in members.into_iter().flat_map(|m| m.peers) {
            self.hang_up(&peer).await;
        }
        self.shared.sessions.write().remove(live.id());
        self.shared.tokens.write().retain(|_, (session, _)| session != live.id());
        self.shared.peers.write().retain(|_, (session, _)| session != live.id());
        self.shared.followers.touch(live.id());
        let closing = live.clone();
        match tokio::task::spawn_blocking(move || closing.close()).await {
            Ok(true) => live.tell_closed(),
            Ok(false) => {
                // Who ended it is not kept waiting for a full disk. A node that stops meanwhile finds the tape without its end at its next start.
                let waiting = live.clone();
                tokio::spawn(async move {
                    loop {
                        let tape = waiting.tape.clone();
                        // Whoever writes holds the tape for as long as the disk takes.
                        if tokio::task::spawn_blocking(move || tape.is_written()).await.is_ok_and(|written| written) {
                            return waiting.tell_closed();
                        }
                        tokio::time::sleep(WAITING_FOR_DISK).await;
                    }
                });
            }
            Err(error) => tracing::error!(session = %live.id(), %error, "closing the tape failed"),
        }
    }

    /// The media side of a live session.
    pub(super) fn media(&self, live: &Arc<Live>) -> Media {
        Media::of(self.clone(), live.clone())
    }
}

impl ParticipantTokens for Registry {
    fn owner(&self, token: &str) -> Option<(SessionId, ParticipantId)> {
        self.shared.tokens.read().get(token).cloned()
    }
}
