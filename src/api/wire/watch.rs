//! What those who watch are sent: always the whole of it as it is now, so that nothing has to be put together from parts.

use serde::Serialize;

use super::SessionJson;
use crate::model::gate::State;
use crate::model::id::SessionId;
use crate::model::settings::Kind;
use crate::model::time::WallClock;
use crate::session::SessionView;

/// The recording state of a session, for an indicator: nobody's name, nothing of the call.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WatchedJson {
    /// The session.
    #[schema(value_type = String)]
    pub id: SessionId,
    /// Still going on.
    pub live: bool,
    /// `call` or `room`.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// As the session's `state`.
    #[schema(value_type = String)]
    pub state: State,
    /// Since when (RFC 3339).
    #[schema(value_type = String)]
    pub state_since: WallClock,
}

/// The session is over.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OverJson {
    /// The session.
    #[schema(value_type = String)]
    pub id: SessionId,
    /// `false`.
    pub live: bool,
}

/// A live session and its state, for the console.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LiveStateJson {
    /// The session.
    #[schema(value_type = String)]
    pub id: SessionId,
    /// Its state.
    #[schema(value_type = String)]
    pub state: State,
}

/// An agent's desk.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeskJson {
    /// The agent.
    pub agent: String,
    /// The sessions that the agent is in now, oldest first, each with what the agent could command.
    pub sessions: Vec<SessionJson>,
}

/// A token for less than a key allows. It is told once, here.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GrantJson {
    /// As `Authorization: Bearer …`.
    pub token: String,
    /// When it ends (RFC 3339).
    #[schema(value_type = String)]
    pub expires_at: WallClock,
    /// The page that uses it; the token is in its fragment, which browsers do not send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_url: Option<String>,
    /// The script of the indicator for pages of your own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script_url: Option<String>,
}

impl From<SessionView> for WatchedJson {
    fn from(view: SessionView) -> Self {
        Self { id: view.id, live: true, kind: view.settings.kind, state: view.state, state_since: view.state_since }
    }
}
