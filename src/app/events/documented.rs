//! Holds `docs/events.md` to the code.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::of_event;
use crate::model::event::TapeEvent;
use crate::model::event_kind::EventKind;
use crate::model::media::MediaKind;
use crate::model::settings::{Kind, QueueProperties, Settings};

fn documented() -> BTreeMap<String, Value> {
    let text = include_str!("../../../docs/events.md");
    let kinds = text.split("\n### `").skip(1).filter_map(|part| {
        let (name, rest) = part.split_once('`')?;
        let (_, rest) = rest.split_once("```json\n")?;
        let (example, _) = rest.split_once("\n```")?;
        Some((name.to_owned(), serde_json::from_str(example).unwrap_or_else(|error| panic!("{name}: {error}"))))
    });
    kinds.collect()
}

/// One event of each kind of a tape, with what stands in the document.
fn of_tapes() -> Vec<TapeEvent> {
    let opened = json!({ "event": "session_opened", "session": "s1", "project": "support", "started_at": "2026-01-31T12:00:00.000Z",
        "settings": Settings::resolve(Kind::Call, &[], QueueProperties::default()), "external_id": "T-77" });
    let context =
        json!({ "source": "ivr", "flow": "main-menu", "text_version": "2", "language": "en", "answered_at": "2026-01-31T11:59:30.000Z" });
    let spec = json!({ "participant": "c1", "kind": MediaKind::Audio, "formats": [] });
    let written = [
        opened,
        json!({ "event": "session_ended" }),
        json!({ "event": "state", "state": "recording" }),
        json!({ "event": "joined", "party": { "id": "a1", "role": "agent", "name": "Paal", "address": "sip:paal@pbx.example", "agent": "paal" } }),
        json!({ "event": "left", "participant": "c1" }),
        json!({ "event": "erased", "participant": "c1" }),
        json!({ "event": "preferred", "participant": "c1", "preference": "off" }),
        json!({ "event": "command", "by": "a1", "do": "receipt_start", "order": "O-77", "refused": "already" }),
        json!({ "event": "command", "by": "a1", "do": "prompt_accept" }),
        json!({ "event": "command", "by": "c1", "do": "consent_grant", "context": context }),
        json!({ "event": "asked", "participant": "a1", "what": "prompt" }),
        json!({ "event": "asked", "participant": "c1", "what": "consent", "source": "page", "text_version": "2", "language": "en" }),
        json!({ "event": "gate", "output": "main", "participant": "c1", "gate": "open" }),
        json!({ "event": "output_started", "output": "main", "recording": "0f9e" }),
        json!({ "event": "timeline_cut", "output": "main" }),
        json!({ "event": "timeline_resumed", "output": "main" }),
        json!({ "event": "output_ended", "output": "main", "ended_by": "end" }),
        json!({ "event": "discarded", "output": "main", "reason": "too_short" }),
        json!({ "event": "track", "track": 1, "spec": spec }),
        json!({ "event": "muted", "track": 1, "muted": true, "cause": "hold" }),
        json!({ "event": "dropped", "track": 1, "packets": 3 }),
    ];
    written.into_iter().map(|event| serde_json::from_value(event.clone()).unwrap_or_else(|error| panic!("{event}: {error}"))).collect()
}

/// Told by the conveyor, the API and webhooks, where a test of the whole node looks at them.
const OTHERS: [EventKind; 14] = [
    EventKind::RecordingProcessing,
    EventKind::RecordingProgress,
    EventKind::RecordingReady,
    EventKind::RecordingFailed,
    EventKind::RecordingErased,
    EventKind::RecordingDeleted,
    EventKind::RecordingVisibilityWanted,
    EventKind::PlayStarted,
    EventKind::ShareSent,
    EventKind::ShareCancelled,
    EventKind::ShareExpired,
    EventKind::SharePlayed,
    EventKind::InternalLinkSent,
    EventKind::WebhookTest,
];

#[test]
fn every_kind_is_in_the_document_and_nothing_else() {
    let names: Vec<String> = documented().into_keys().collect();
    let mut known: Vec<String> = EventKind::ALL.iter().map(ToString::to_string).collect();
    known.sort();
    assert_eq!(names, known);
}

#[test]
fn an_example_is_what_the_code_tells() {
    let documented = documented();
    let told: Vec<(EventKind, Value)> = of_tapes().iter().flat_map(|event| of_event(event).collect::<Vec<_>>()).collect();
    for kind in EventKind::ALL {
        let example = &documented[kind.as_str()];
        let of_kind: Vec<&Value> = told.iter().filter(|(told, _)| told == kind).map(|(_, data)| data).collect();
        assert!(OTHERS.contains(kind) || of_kind.contains(&example), "{kind}: {example} is not among {of_kind:?}");
        assert!(!OTHERS.contains(kind) || of_kind.is_empty(), "{kind} is told of a tape");
    }
}
