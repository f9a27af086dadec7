//! All live sessions of the node. It is the [`crate::model::switchboard::Switchboard`] that signalling calls.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::view::SessionView;
use crate::model::event::TapeEvent;
use crate::model::id::{ParticipantId, ProjectSlug, SessionId};
use crate::model::redact::Secret;
use crate::model::role::Role;
use crate::model::settings::{AgentProperties, Settings};
use crate::model::switchboard::{JoinRequest, OpenSession, Refusal};
use crate::model::time::{MediaTime, WallClock};

/// What a session must know of the configuration: the app answers from the catalogue.
#[async_trait]
pub trait Directory: Send + Sync + 'static {
    /// Settings of a new session; `None` where there is no such project.
    async fn settings(&self, request: &OpenSession) -> Option<Settings>;
    /// A configured agent's properties.
    async fn agent(&self, name: &str) -> Option<AgentProperties>;
    /// The agent of a project that an address of record belongs to.
    async fn agent_of(&self, project: &ProjectSlug, address: &str) -> Option<String>;
    /// Who the first stream is.
    async fn caller_role(&self, project: &ProjectSlug) -> Role;
}

/// Something happened in a session: what stands on its tape, for everybody who follows live (events, the conveyor, indicators).
#[derive(Clone, Debug)]
pub struct SessionNotice {
    /// Which session.
    pub session: SessionId,
    /// Its project.
    pub project: ProjectSlug,
    /// Session time.
    pub at: MediaTime,
    /// Wall-clock time.
    pub wall: WallClock,
    /// What.
    pub what: Notice,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Notice {
    /// It stands on the tape.
    Tape(Arc<TapeEvent>),
    /// The first host is asked whether to record.
    Prompt(ParticipantId),
    /// A participant is asked for consent.
    ConsentAsked(ParticipantId),
    /// The tape is closed; nothing follows of this session.
    Closed,
}

/// What the registry works with.
pub struct RegistryConfig {
    /// The spool.
    pub spool: crate::tape::Spool,
    /// Answers of the configuration.
    pub directory: Arc<dyn Directory>,
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
pub struct Registry {}

impl Registry {
    /// Everything that happens, from now on.
    #[must_use]
    pub fn notices(&self) -> broadcast::Receiver<SessionNotice> {
        todo!()
    }

    /// Live sessions, newest first.
    #[must_use]
    pub fn live(&self) -> Vec<SessionView> {
        todo!()
    }

    /// A live session.
    #[must_use]
    pub fn view(&self, _session: &SessionId) -> Option<SessionView> {
        todo!()
    }

    /// Invites somebody: they are known (id, token) but not in until their first contact (`open_webrtc`, or a command by or for them).
    ///
    /// # Errors
    /// As `join`.
    pub async fn invite(&self, _session: &SessionId, _request: JoinRequest) -> Result<Invitation, Refusal> {
        todo!()
    }

    /// No new sessions from now on.
    pub fn drain(&self) {
        todo!()
    }
}
