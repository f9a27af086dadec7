//! The few things that every kind of signalling asks of the node. `session` answers them; `signalling` knows nothing else of the house.
//!
//! The way of a peer: `open` (or a session that exists) → `join` → `open_rtp` or `open_webrtc` → … → `leave` → `end`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;

use super::command::{Reason, Verb};
use super::consent::{AnswerContext, AnswerSource, Question};
use super::event::GapCause;
use super::gate::State;
use super::id::{ParticipantId, ProjectSlug, SessionId, TrackId};
use super::media::{MediaKind, PayloadFormat};
use super::preference::RecordPreference;
use super::redact::Personal;
use super::role::Role;
use super::settings::Kind;

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// Project by name; it must exist.
    pub project: ProjectSlug,
    /// Call or room.
    pub kind: Kind,
    /// The platform's own id.
    pub external_id: Option<String>,
    /// `X-Ferric-*`, vendor headers, and what an API caller gave.
    pub metadata: BTreeMap<String, Personal>,
}

/// Somebody to come in.
#[derive(Clone, Debug, Default)]
pub struct JoinRequest {
    /// A wished id (SIPREC gives none; the simulator does); random if absent.
    pub id: Option<ParticipantId>,
    /// The role, where signalling knows it.
    pub role: Option<Role>,
    /// Name as people see it.
    pub name: Option<Personal>,
    /// Address of record; the project's agents are found by it.
    pub address: Option<Personal>,
    /// A configured agent by name.
    pub agent: Option<String>,
    /// This agent began an agent-to-agent call.
    pub initiator: bool,
    /// Consent answers that were given before they come in (an IVR's); they take effect at the instant in which they do.
    pub answers: Vec<(Verb, AnswerContext)>,
}

/// An RTP stream that a SIP peer will send.
#[derive(Clone, Debug)]
pub struct RtpOffer {
    /// Sound or pictures.
    pub kind: MediaKind,
    /// What may arrive, by payload type.
    pub formats: Vec<PayloadFormat>,
    /// SIPREC label.
    pub label: Option<String>,
    /// Where the peer says it sends from (`c=` and `m=`); a hint only, RTP is symmetric.
    pub remote_rtp: Option<SocketAddr>,
    /// Where its RTCP goes.
    pub remote_rtcp: Option<SocketAddr>,
    /// RTP and RTCP on one port (RFC 5761).
    pub rtcp_mux: bool,
    /// The address of ours that the peer reached.
    pub local_ip: IpAddr,
    /// The peer would play to a person what we send: it may be told aloud that it is recorded.
    pub hears: bool,
}

/// Where that stream is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpAnswer {
    /// The track on the tape.
    pub track: TrackId,
    /// RTP.
    pub rtp: SocketAddr,
    /// RTCP (the same with mux).
    pub rtcp: SocketAddr,
    /// Something will be sent there: a tone or words that tell of the recording.
    pub speaks: bool,
}

/// Hears the state of a session: at once, and at each change. Called in the order of the changes, while the session waits: it must only pass the
/// state on. Where it answers `false` it is asked no more.
pub type StateListener = Box<dyn Fn(State) -> bool + Send + Sync>;

/// Hears that a session is over, once, while the session waits: it must only pass it on.
pub type EndListener = Box<dyn FnOnce() + Send>;

/// A WebRTC offer's answer.
#[derive(Clone, Debug)]
pub struct WebrtcAnswer {
    /// SDP answer, all candidates of ours in it.
    pub sdp: String,
    /// The peer's name for later trickling and closing.
    pub peer: PeerId,
}

/// A live WebRTC peer connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PeerId(pub String);

/// A remote ICE candidate or the end of them, from a trickle fragment (RFC 8840).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteCandidate {
    /// `candidate:…` without `a=`; empty for end-of-candidates.
    pub candidate: String,
    /// Media identification.
    pub mid: Option<String>,
}

/// Why the node would not.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No such project.
    #[error("there is no project `{0}`")]
    NoSuchProject(ProjectSlug),
    /// No such session, or it is over.
    #[error("there is no live session of that id")]
    NoSuchSession,
    /// No such participant in it.
    #[error("nobody of that id is in the session")]
    NoSuchParticipant,
    /// The id is taken by somebody who is in.
    #[error("a participant of that id is in the session already")]
    AlreadyIn,
    /// No such configured agent.
    #[error("there is no agent `{0}`")]
    NoSuchAgent(String),
    /// The policy refuses a command.
    #[error("{0}")]
    Policy(Reason),
    /// The offer cannot be taken whole; says what.
    #[error("the offer cannot be taken: {0}")]
    BadOffer(String),
    /// The node takes no new sessions.
    #[error("the node is shutting down")]
    Draining,
    /// Ports, disk, memory: try elsewhere or later.
    #[error("the node cannot take this now: {0}")]
    Busy(String),
}

/// A command from signalling or the API, answered after the gates have moved.
#[derive(Clone, Debug)]
pub struct CommandRequest {
    /// Who speaks.
    pub by: ParticipantId,
    /// What is asked.
    pub verb: Verb,
    /// The order of a receipt.
    pub order: Option<String>,
    /// How an answer to a question came about; for `consent_*` and `prompt_*` only.
    pub context: Option<AnswerContext>,
}

impl CommandRequest {
    /// A command without an order, of which nothing more is known.
    #[must_use]
    pub fn of(by: ParticipantId, verb: Verb) -> Self {
        Self { by, verb, order: None, context: None }
    }
}

/// A question was shown or read out to somebody.
#[derive(Clone, Debug)]
pub struct AskedRequest {
    /// Which.
    pub what: Question,
    /// By whom.
    pub source: AnswerSource,
    /// Which version of its text.
    pub text_version: Option<String>,
    /// In which language.
    pub language: Option<String>,
}

/// What signalling asks of the node.
#[async_trait]
pub trait Switchboard: Send + Sync + 'static {
    /// Opens a session.
    async fn open(&self, request: OpenSession) -> Result<SessionId, Refusal>;
    /// Lets somebody in: the policy decides at once what of theirs is open.
    /// (Whoever was invited by the API comes in by their first `open_webrtc` or `command`.)
    async fn join(&self, session: &SessionId, request: JoinRequest) -> Result<ParticipantId, Refusal>;
    /// Somebody is gone; tracks of theirs are closed.
    async fn leave(&self, session: &SessionId, participant: &ParticipantId) -> Result<(), Refusal>;
    /// Ends the session for everybody.
    async fn end(&self, session: &SessionId) -> Result<(), Refusal>;
    /// A command; the answer comes after the gate has moved.
    async fn command(&self, session: &SessionId, request: CommandRequest) -> Result<State, Refusal>;
    /// Tells a listener the state that everybody sees, now and at each change until the session is over.
    async fn hear_state(&self, _session: &SessionId, _listener: StateListener) -> Result<(), Refusal> {
        Err(Refusal::NoSuchSession)
    }
    /// Tells a listener when the session is over, whoever ended it: a peer that goes on sending believes that it is recorded.
    async fn hear_end(&self, _session: &SessionId, _listener: EndListener) -> Result<(), Refusal> {
        Err(Refusal::NoSuchSession)
    }
    /// A party's device asks something of the recording. It stands on the tape, and is followed as far as the policy allows; answered after the gates have
    /// moved.
    async fn prefer(&self, _session: &SessionId, _participant: &ParticipantId, _preference: RecordPreference) -> Result<State, Refusal> {
        Err(Refusal::NoSuchSession)
    }
    /// Keeps that a question was put to a participant, in which words: for the record of consents.
    async fn asked(&self, _session: &SessionId, _participant: &ParticipantId, _asked: AskedRequest) -> Result<(), Refusal> {
        Err(Refusal::NoSuchSession)
    }
    /// Opens sockets for a stream of a participant.
    async fn open_rtp(&self, session: &SessionId, participant: &ParticipantId, offer: RtpOffer) -> Result<RtpAnswer, Refusal>;
    /// A re-offer changed what a track carries or where it comes from; the track goes on.
    async fn change_rtp(&self, session: &SessionId, track: TrackId, offer: RtpOffer) -> Result<RtpAnswer, Refusal>;
    /// A track is muted or held (or no longer), told by signalling. One that went with its participant stays as it is: signalling need not know of it.
    async fn mute(&self, session: &SessionId, track: TrackId, muted: bool, cause: GapCause) -> Result<(), Refusal>;
    /// Answers a WebRTC offer of a participant (who comes in by it); media flows from then on.
    async fn open_webrtc(&self, session: &SessionId, participant: &ParticipantId, offer_sdp: String) -> Result<WebrtcAnswer, Refusal>;
    /// Trickled candidates.
    async fn trickle(&self, peer: &PeerId, candidates: Vec<RemoteCandidate>) -> Result<(), Refusal>;
    /// Closes a peer connection; with the last one of theirs the participant leaves.
    async fn close_webrtc(&self, peer: &PeerId) -> Result<(), Refusal>;
    /// Which role a SIP address of record has in a project: the agent that it belongs to, if any.
    async fn agent_of(&self, project: &ProjectSlug, address: &str) -> Result<Option<String>, Refusal>;
    /// Whether a project counts the first stream as the customer (`caller_is`, the default) or the agent.
    async fn caller_role(&self, project: &ProjectSlug) -> Result<Role, Refusal>;
    /// A participant's stream carries other voices of the session too: a refusal by anybody then counts as one by this participant.
    async fn shares_voice(&self, _session: &SessionId, _participant: &ParticipantId) {}
    /// Whose session it is, where it lives.
    fn project_of(&self, _session: &SessionId) -> Option<ProjectSlug> {
        None
    }
    /// Whether the session's settings, or those of the project where it has not begun, give all of these roles the same gate at all times: only then may one
    /// stream that mixes their voices be recorded (no record mode but `both`, no consent asked of each, third parties as everybody else). No, unless the
    /// node knows better.
    async fn treats_alike(&self, _session: &SessionId, _project: &ProjectSlug, _roles: &[Role]) -> Result<bool, Refusal> {
        Ok(false)
    }
}

/// Whose a participant token is. Tokens speak for one participant of one session and die with it.
pub trait ParticipantTokens: Send + Sync + 'static {
    /// The owner of a token.
    fn owner(&self, token: &str) -> Option<(SessionId, ParticipantId)>;
}
