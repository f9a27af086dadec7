//! A switchboard that writes down what it is asked, opens real sockets, and can be told to refuse or to dawdle.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use ferric::model::command::Reason;
use ferric::model::event::GapCause;
use ferric::model::gate::State;
use ferric::model::id::{ParticipantId, ProjectSlug, SessionId, TrackId};
use ferric::model::preference::RecordPreference;
use ferric::model::role::Role;
use ferric::model::switchboard::{
    CommandRequest, EndListener, JoinRequest, OpenSession, PeerId, Refusal, RemoteCandidate, RtpAnswer, RtpOffer, StateListener,
    Switchboard, WebrtcAnswer,
};
use ferric::signalling::sip::{SipOptions, SipServer};
use parking_lot::Mutex;

#[derive(Clone, Debug)]
pub enum Asked {
    Open(BTreeMap<String, String>),
    Join { who: ParticipantId, role: Role, name: String, address: String, agent: Option<String> },
    Leave(ParticipantId),
    End,
    Rtp { who: ParticipantId, offer: RtpOffer },
    Change { track: u16, offer: RtpOffer },
    Mute { track: u16, muted: bool, cause: GapCause },
    Prefer(RecordPreference),
    SharesVoice(ParticipantId),
}

#[derive(Default)]
pub struct House {
    pub asked: Mutex<Vec<(SessionId, Asked)>>,
    pub agents: Mutex<BTreeMap<String, String>>,
    pub caller: Mutex<Option<Role>>,
    pub busy: Mutex<bool>,
    /// What holds for whom cannot be looked up.
    pub away: Mutex<bool>,
    pub alike: Mutex<bool>,
    pub dawdle: Mutex<Option<Arc<tokio::sync::Notify>>>,
    pub state: Mutex<Option<State>>,
    listeners: Mutex<Vec<StateListener>>,
    end_listeners: Mutex<Vec<(SessionId, EndListener)>>,
    sockets: Mutex<Vec<(u16, UdpSocket, UdpSocket)>>,
}

impl House {
    fn reached(&self) -> Result<(), Refusal> {
        if *self.away.lock() { Err(Refusal::Busy("nobody answers".to_owned())) } else { Ok(()) }
    }

    fn note(&self, session: &SessionId, asked: Asked) {
        self.asked.lock().push((session.clone(), asked));
    }

    async fn dawdle(&self) {
        let dawdle = self.dawdle.lock().clone();
        if let Some(dawdle) = dawdle {
            dawdle.notified().await;
        }
    }

    /// The state of every session from now on.
    pub fn becomes(&self, state: State) {
        *self.state.lock() = Some(state);
        self.listeners.lock().retain(|listener| listener(state));
    }

    /// Every session is over, by somebody else's doing.
    pub fn closes(&self) {
        std::mem::take(&mut *self.end_listeners.lock()).into_iter().for_each(|(_, listener)| listener());
    }

    pub fn log(&self) -> Vec<Asked> {
        self.asked.lock().iter().map(|(_, a)| a.clone()).collect()
    }

    pub fn sessions(&self) -> usize {
        self.log().iter().filter(|a| matches!(a, Asked::Open(..))).count()
    }

    pub fn ended(&self) -> usize {
        self.log().iter().filter(|a| matches!(a, Asked::End)).count()
    }

    /// Role and name of everybody who joined, in order.
    pub fn joined(&self) -> Vec<(Role, String)> {
        let mut out = Vec::new();
        for asked in self.log() {
            if let Asked::Join { role, name, .. } = asked {
                out.push((role, name));
            }
        }
        out
    }

    /// Name of the owner of each track, by label, in order of opening.
    pub fn tracks(&self) -> Vec<(Option<String>, String)> {
        let log = self.log();
        let name_of = |id: &ParticipantId| {
            log.iter().find_map(|a| match a {
                Asked::Join { who, name, .. } if who == id => Some(name.clone()),
                _ => None,
            })
        };
        log.iter()
            .filter_map(|a| match a {
                Asked::Rtp { who, offer, .. } => Some((offer.label.clone(), name_of(who).unwrap_or_default())),
                _ => None,
            })
            .collect()
    }

    /// RTP packets that have come for a track.
    pub fn drain(&self, track: u16) -> (usize, usize) {
        let mut count = (0, 0);
        let mut buffer = [0; 2048];
        for (of, rtp, rtcp) in self.sockets.lock().iter() {
            if *of == track {
                while rtp.recv(&mut buffer).is_ok() {
                    count.0 += 1;
                }
                while rtcp.recv(&mut buffer).is_ok() {
                    count.1 += 1;
                }
            }
        }
        count
    }

    fn open_sockets(&self, track: u16) -> RtpAnswer {
        let open = || {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        };
        let (rtp, rtcp) = (open(), open());
        let answer = RtpAnswer { track: TrackId(track), rtp: rtp.local_addr().unwrap(), rtcp: rtcp.local_addr().unwrap(), speaks: false };
        self.sockets.lock().push((track, rtp, rtcp));
        answer
    }
}

#[async_trait]
impl Switchboard for House {
    async fn open(&self, request: OpenSession) -> Result<SessionId, Refusal> {
        self.dawdle().await;
        if *self.busy.lock() {
            return Err(Refusal::Busy("no ports".to_owned()));
        }
        if !["default", "shop"].contains(&request.project.as_str()) {
            return Err(Refusal::NoSuchProject(request.project));
        }
        let id = SessionId::random();
        let metadata = request.metadata.iter().map(|(k, v)| (k.clone(), v.reveal().to_owned())).collect();
        self.note(&id, Asked::Open(metadata));
        Ok(id)
    }

    async fn join(&self, session: &SessionId, request: JoinRequest) -> Result<ParticipantId, Refusal> {
        if session.as_str() == "unknown" {
            return Err(Refusal::NoSuchSession);
        }
        let who = request.id.unwrap_or_else(ParticipantId::random);
        let text = |p: Option<ferric::model::redact::Personal>| p.map(|p| p.reveal().to_owned()).unwrap_or_default();
        let role = request.role.unwrap_or(Role::Customer);
        let (name, address) = (text(request.name), text(request.address));
        self.note(session, Asked::Join { who: who.clone(), role, name, address, agent: request.agent });
        Ok(who)
    }

    async fn leave(&self, session: &SessionId, participant: &ParticipantId) -> Result<(), Refusal> {
        self.note(session, Asked::Leave(participant.clone()));
        Ok(())
    }

    async fn end(&self, session: &SessionId) -> Result<(), Refusal> {
        self.note(session, Asked::End);
        let (ended, others) = std::mem::take(&mut *self.end_listeners.lock()).into_iter().partition(|(of, _)| of == session);
        *self.end_listeners.lock() = others;
        let ended: Vec<(SessionId, EndListener)> = ended;
        ended.into_iter().for_each(|(_, listener)| listener());
        Ok(())
    }

    async fn command(&self, _: &SessionId, _: CommandRequest) -> Result<State, Refusal> {
        Err(Refusal::Policy(Reason::NotPermitted))
    }

    async fn hear_state(&self, _: &SessionId, listener: StateListener) -> Result<(), Refusal> {
        if listener(self.state.lock().unwrap_or(State::Idle)) {
            self.listeners.lock().push(listener);
        }
        Ok(())
    }

    async fn hear_end(&self, session: &SessionId, listener: EndListener) -> Result<(), Refusal> {
        self.end_listeners.lock().push((session.clone(), listener));
        Ok(())
    }

    /// A customer who wants none is not recorded from then on.
    async fn prefer(&self, session: &SessionId, _: &ParticipantId, preference: RecordPreference) -> Result<State, Refusal> {
        self.note(session, Asked::Prefer(preference));
        let state = match preference {
            RecordPreference::On => State::Recording,
            RecordPreference::Off | RecordPreference::Pause => State::Idle,
            RecordPreference::Nopreference => return Ok(self.state.lock().unwrap_or(State::Idle)),
        };
        self.becomes(state);
        Ok(state)
    }

    async fn open_rtp(&self, session: &SessionId, who: &ParticipantId, offer: RtpOffer) -> Result<RtpAnswer, Refusal> {
        let track = self.sockets.lock().len() as u16;
        let answer = self.open_sockets(track);
        self.note(session, Asked::Rtp { who: who.clone(), offer });
        Ok(answer)
    }

    async fn change_rtp(&self, session: &SessionId, track: TrackId, offer: RtpOffer) -> Result<RtpAnswer, Refusal> {
        self.note(session, Asked::Change { track: track.0, offer });
        let sockets = self.sockets.lock();
        let (_, rtp, rtcp) = sockets.iter().find(|(t, ..)| *t == track.0).ok_or(Refusal::NoSuchSession)?;
        Ok(RtpAnswer { track, rtp: rtp.local_addr().unwrap(), rtcp: rtcp.local_addr().unwrap(), speaks: false })
    }

    async fn mute(&self, session: &SessionId, track: TrackId, muted: bool, cause: GapCause) -> Result<(), Refusal> {
        self.note(session, Asked::Mute { track: track.0, muted, cause });
        self.dawdle().await;
        Ok(())
    }

    async fn open_webrtc(&self, _: &SessionId, _: &ParticipantId, _: String) -> Result<WebrtcAnswer, Refusal> {
        Err(Refusal::NoSuchSession)
    }

    async fn trickle(&self, _: &PeerId, _: Vec<RemoteCandidate>) -> Result<(), Refusal> {
        Ok(())
    }

    async fn close_webrtc(&self, _: &PeerId) -> Result<(), Refusal> {
        Ok(())
    }

    async fn shares_voice(&self, session: &SessionId, who: &ParticipantId) {
        self.note(session, Asked::SharesVoice(who.clone()));
    }

    async fn agent_of(&self, _: &ProjectSlug, address: &str) -> Result<Option<String>, Refusal> {
        self.reached()?;
        Ok(self.agents.lock().get(address).cloned())
    }

    async fn caller_role(&self, _: &ProjectSlug) -> Result<Role, Refusal> {
        self.reached()?;
        Ok(self.caller.lock().unwrap_or(Role::Customer))
    }

    async fn treats_alike(&self, session: &SessionId, _: &ProjectSlug, _: &[Role]) -> Result<bool, Refusal> {
        if !self.asked.lock().iter().any(|(opened, asked)| opened == session && matches!(asked, Asked::Open(..))) {
            self.reached()?;
        }
        Ok(*self.alike.lock())
    }
}

/// A server on a free port of the loopback, with short timers.
pub async fn server() -> (SipServer, Arc<House>, SocketAddr) {
    server_with(|_| {}).await
}

pub async fn server_with(tune: impl FnOnce(&mut SipOptions)) -> (SipServer, Arc<House>, SocketAddr) {
    let house = Arc::new(House::default());
    let mut options = SipOptions::new("127.0.0.1:0".parse().unwrap());
    options.t1 = Duration::from_millis(50);
    tune(&mut options);
    let server = SipServer::start(options, house.clone()).await.unwrap();
    let address = server.bound();
    (server, house, address)
}

/// Waits until something holds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "not within 10 s: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
