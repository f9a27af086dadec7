//! What of an event says who somebody is: it goes with the last recording of the session.

use serde_json::Value;

use crate::model::event_kind::EventKind;

/// Kinds of events that say so.
pub(in crate::archive) const NAMING: [EventKind; 2] = [EventKind::SessionOpened, EventKind::ParticipantJoined];

/// An event's data without names and the platform's id; nothing where it has none.
pub(in crate::archive) fn without_names(kind: &str, data: &Value) -> Option<Value> {
    if !NAMING.iter().any(|naming| naming.as_str() == kind) {
        return None;
    }
    let mut without = data.clone();
    for personal in ["name", "external_id"] {
        if let Some(value) = without.get_mut(personal) {
            *value = Value::Null;
        }
    }
    (without != *data).then_some(without)
}
