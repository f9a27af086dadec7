//! Events as `GET /v1/events` tells them.

use serde::Serialize;
use serde_json::Value;

use crate::archive::EventRow;
use crate::model::id::SessionId;
use crate::model::time::WallClock;

/// An event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EventJson {
    /// Its number, rising over the whole node; what `since` names.
    pub seq: i64,
    /// When (RFC 3339).
    #[schema(value_type = String)]
    pub at: WallClock,
    /// Of which session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub session: Option<SessionId>,
    /// `session.opened`, `state`, `participant.joined`, `participant.left`, `gate`, `command`, `prompt`, `consent.asked`, `recording.started`,
    /// `recording.ended`, `recording.discarded`, `recording.processing`, `recording.ready`, `recording.failed`, `recording.deleted`, `session.ended` …
    #[serde(rename = "event")]
    pub kind: String,
    /// The rest, by kind.
    #[schema(value_type = Object)]
    pub data: Value,
}

impl From<EventRow> for EventJson {
    fn from(row: EventRow) -> Self {
        Self { seq: row.seq, at: row.at, session: row.session, kind: row.kind, data: row.data }
    }
}
