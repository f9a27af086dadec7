//! What happened in a recording's session, in words.

use serde_json::Value;

use super::console::short;
use super::lane_html::role_word;
use super::words::{Words, length};
use crate::archive::{EventRow, Recording, Source};
use crate::model::event::Party;
use crate::model::role::Role;

/// Something that happened.
pub struct HappenedFact {
    /// RFC 3339.
    pub iso: String,
    /// As people read it.
    pub short: String,
    /// Since the recording's first instant; empty before it and after its end.
    pub place: String,
    /// What, in words.
    pub words: String,
}

/// Those of a session's events that people ask for, oldest first: who came and went, what was commanded, asked and answered, what the recording did.
pub fn happened(w: Words, recording: &Recording, parties: &[Party], events: &[EventRow]) -> Vec<HappenedFact> {
    let facts = events.iter().filter_map(|event| {
        let words = in_words(w, recording, parties, events, event)?;
        let since = u64::try_from(event.at.as_unix_ms() - recording.started_at.as_unix_ms()).ok();
        // What comes after its end is no place in it.
        let within = since.filter(|ms| recording.duration_ms.is_none_or(|whole| *ms <= whole) && recording.source == Source::Live);
        let place = within.map(length).unwrap_or_default();
        Some(HappenedFact { iso: event.at.to_string(), short: short(event.at), place, words })
    });
    facts.collect()
}

fn in_words(w: Words, recording: &Recording, parties: &[Party], events: &[EventRow], event: &EventRow) -> Option<String> {
    let text = |name: &str| event.data.get(name).and_then(Value::as_str).unwrap_or_default();
    let who = |field: &str| name_of(w, recording, parties, events, text(field));
    let of_another = event.data.get("recording").and_then(Value::as_str).is_some_and(|id| id != recording.id.as_str())
        || event.data.get("output").and_then(Value::as_str).is_some_and(|output| output != recording.output.to_string());
    match event.kind.as_str() {
        "session.opened" | "session.ended" => Some(w.of("happened", &event.kind.replace('.', "-"))),
        "participant.joined" | "participant.left" | "participant.erased" | "consent.asked" | "prompt.asked" => {
            Some(w.t1(&format!("happened-{}", event.kind.replace('.', "-")), "who", who("participant")))
        }
        "consent.answered" => Some(w.t1(&format!("happened-consent-{}", text("answer")), "who", who("participant"))),
        "command" => {
            let what = w.known("step", text("do"));
            if event.data.get("accepted").and_then(Value::as_bool) == Some(true) {
                Some(w.t2("happened-command", ("who", &who("by")), ("what", &what)))
            } else {
                let why = w.known("refused", text("reason"));
                Some(w.t3("happened-refused", ("who", &who("by")), ("what", &what), ("why", &why)))
            }
        }
        "recording.started" | "recording.paused" | "recording.resumed" | "recording.ended" | "recording.ready" | "recording.erased"
        | "recording.failed"
            if !of_another =>
        {
            Some(w.of("happened", &event.kind.replace('.', "-")))
        }
        _ => None,
    }
}

/// Who somebody was: a party of the recording, or what was said of them as they came in.
fn name_of(w: Words, recording: &Recording, parties: &[Party], events: &[EventRow], id: &str) -> String {
    if let Some(party) = parties.iter().find(|party| party.id.as_str() == id) {
        return party.name.as_ref().map_or_else(|| role_word(w, recording.kind, party.role), |name| name.reveal().to_owned());
    }
    let came = events.iter().find(|event| event.kind == "participant.joined" && event.data["participant"] == id);
    let named = came.and_then(|event| event.data["name"].as_str().map(str::to_owned));
    let role = came.and_then(|event| serde_json::from_value::<Role>(event.data["role"].clone()).ok());
    named.or_else(|| role.map(|role| role_word(w, recording.kind, role))).unwrap_or_else(|| w.t("happened-somebody"))
}
