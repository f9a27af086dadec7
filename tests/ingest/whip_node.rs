//! A node with nothing but WHIP in front of the ingest: one session, two participants with a token each.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use async_trait::async_trait;
use ferric::ingest::{IngestError, SharedTapFactory, WebrtcConfig, WebrtcIngest};
use ferric::model::event::GapCause;
use ferric::model::gate::State;
use ferric::model::id::{ParticipantId, ProjectSlug, SessionId, TrackId};
use ferric::model::role::Role;
use ferric::model::switchboard::{
    CommandRequest, JoinRequest, OpenSession, ParticipantTokens, PeerId, Refusal, RemoteCandidate, RtpAnswer, RtpOffer, Switchboard,
    WebrtcAnswer,
};
use ferric::signalling::whip::{WhipConfig, router};
use parking_lot::Mutex;

use crate::session::Session;

pub struct Node {
    pub base: String,
    pub session: Arc<Session>,
    pub ingest: WebrtcIngest,
    pub desk: Arc<Desk>,
}

pub struct Desk {
    ingest: WebrtcIngest,
    taps: SharedTapFactory,
    pub draining: Mutex<bool>,
    pub trickled: Mutex<Vec<RemoteCandidate>>,
    pub closed: Mutex<Vec<PeerId>>,
}

pub fn ingest() -> WebrtcIngest {
    WebrtcIngest::start(WebrtcConfig { bind_ips: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)], ports: 40_000..=49_999, public_ip: None }).unwrap()
}

impl Node {
    pub async fn start(config: WhipConfig) -> Self {
        let (session, ingest) = (Session::new(), ingest());
        let taps: SharedTapFactory = session.clone();
        let (draining, trickled, closed) = Default::default();
        let desk = Arc::new(Desk { ingest: ingest.clone(), taps, draining, trickled, closed });
        let app = router(desk.clone(), desk.clone(), config);
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { base, session, ingest, desk }
    }

    pub fn url(&self) -> String {
        format!("{}/whip/s1/agent", self.base)
    }
}

impl ParticipantTokens for Desk {
    fn owner(&self, token: &str) -> Option<(SessionId, ParticipantId)> {
        let tokens = HashMap::from([("agents-token", "agent"), ("guests-token", "guest")]);
        tokens.get(token).map(|p| ("s1".parse().unwrap(), p.parse().unwrap()))
    }
}

#[async_trait]
impl Switchboard for Desk {
    async fn open_webrtc(&self, _: &SessionId, participant: &ParticipantId, offer: String) -> Result<WebrtcAnswer, Refusal> {
        if *self.draining.lock() {
            return Err(Refusal::Draining);
        }
        self.ingest.accept(participant.clone(), &offer, Arc::clone(&self.taps)).await.map_err(IngestError::refusal)
    }

    async fn trickle(&self, peer: &PeerId, candidates: Vec<RemoteCandidate>) -> Result<(), Refusal> {
        self.trickled.lock().extend(candidates.iter().cloned());
        self.ingest.trickle(peer, candidates).await.map_err(IngestError::refusal)
    }

    async fn close_webrtc(&self, peer: &PeerId) -> Result<(), Refusal> {
        self.ingest.close(peer).await.map_err(IngestError::refusal)?;
        self.closed.lock().push(peer.clone());
        Ok(())
    }

    async fn open(&self, _: OpenSession) -> Result<SessionId, Refusal> {
        unreachable!("WHIP opens no sessions")
    }
    async fn join(&self, _: &SessionId, _: JoinRequest) -> Result<ParticipantId, Refusal> {
        unreachable!()
    }
    async fn leave(&self, _: &SessionId, _: &ParticipantId) -> Result<(), Refusal> {
        unreachable!()
    }
    async fn end(&self, _: &SessionId) -> Result<(), Refusal> {
        unreachable!()
    }
    async fn command(&self, _: &SessionId, _: CommandRequest) -> Result<State, Refusal> {
        unreachable!()
    }
    async fn open_rtp(&self, _: &SessionId, _: &ParticipantId, _: RtpOffer) -> Result<RtpAnswer, Refusal> {
        unreachable!()
    }
    async fn change_rtp(&self, _: &SessionId, _: TrackId, _: RtpOffer) -> Result<RtpAnswer, Refusal> {
        unreachable!()
    }
    async fn mute(&self, _: &SessionId, _: TrackId, _: bool, _: GapCause) -> Result<(), Refusal> {
        unreachable!()
    }
    async fn agent_of(&self, _: &ProjectSlug, _: &str) -> Result<Option<String>, Refusal> {
        Ok(None)
    }
    async fn caller_role(&self, _: &ProjectSlug) -> Result<Role, Refusal> {
        Ok(Role::Customer)
    }
}
