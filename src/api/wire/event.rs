//! Events as `GET /v1/events` tells them.

use serde::Serialize;
use serde_json::Value;

use crate::archive::EventRow;
use crate::model::id::{ParticipantId, SessionId};
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
    /// What it is about, as `state` or `recording.ready`; see `docs/events.md`.
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

impl EventJson {
    /// What a participant may hear of it: nothing of the platform's own ids, of the node's insides, or of other people than that they are there.
    #[must_use]
    pub fn for_participant(mut self, participant: &ParticipantId) -> Self {
        if let Some(data) = self.data.as_object_mut() {
            let is_me = |name: &str| data.get(name).and_then(Value::as_str) == Some(participant.as_str());
            let own = is_me("participant") || is_me("by");
            data.retain(|field, _| match field.as_str() {
                "participant" | "by" | "role" | "do" | "accepted" | "state" | "gate" | "output" | "recording" | "ended_by" | "kind"
                | "track" | "muted" | "cause" | "packets" | "duration_ms" | "started_at" | "project" => true,
                "name" | "order" => own,
                // Of a command: why it was refused. Elsewhere it tells how the node works.
                "reason" => matches!(self.kind.as_str(), "command" | "recording.discarded"),
                _ => false,
            });
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn heard(kind: &str, data: Value) -> Value {
        let event = EventJson { seq: 1, at: WallClock(0), session: None, kind: kind.into(), data };
        event.for_participant(&"c1".parse().unwrap()).data
    }

    #[test]
    fn a_participant_hears_of_others_only_that_they_are_there() {
        let joined =
            |id: &str| heard("participant.joined", json!({ "participant": id, "role": "agent", "name": "Kari", "address": "+47" }));
        assert_eq!(joined("a1"), json!({ "participant": "a1", "role": "agent" }));
        assert_eq!(joined("c1"), json!({ "participant": "c1", "role": "agent", "name": "Kari" }));
        let command =
            heard("command", json!({ "by": "a1", "do": "receipt_start", "order": "O-7", "accepted": false, "reason": "already" }));
        assert_eq!(command, json!({ "by": "a1", "do": "receipt_start", "accepted": false, "reason": "already" }));
        assert_eq!(heard("recording.failed", json!({ "recording": "r", "reason": "/var/lib: full" })), json!({ "recording": "r" }));
        assert_eq!(heard("session.opened", json!({ "external_id": "T-1", "kind": "room" })), json!({ "kind": "room" }));
    }
}
