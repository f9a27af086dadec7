//! What happened in sessions, as events for outsiders: see `archive::EventLog` for how they are numbered, told and kept.
//!
//! They are told by a thread of its own that waits for nothing but its next event: a catalogue or a store that is slow delays no listener.
//!
//! After a crash the tapes know better than the log: what a session wrote to its tape in its last moments may not have been told, and its end is only found
//! at the next start. [`what_was_not_told`] finds what of a tape is missing in the log. An event of a tape is known by its kind, its time to the nanosecond
//! and its data, so nothing is told twice.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::archive::{ArchiveError, EventLog, EventRow, NewEvent};
use crate::model::consent::{Question, answer_of};
use crate::model::event::TapeEvent;
use crate::model::event_kind::EventKind;
use crate::model::gate::DiscardReason;
use crate::model::id::SessionId;
use crate::model::time::{MediaTime, WallClock};
use crate::session::{Notice, SessionNotice};

/// Events of a session that are looked at to find what was not told.
const MOST_OF_A_SESSION: u32 = 1_000_000;

/// The events that a notice becomes: none for what is no outsider's business, two for an answer to a question (the command, and what it answers).
#[must_use]
pub fn of_notice(notice: &SessionNotice) -> Vec<NewEvent> {
    let Notice::Tape(event) = &notice.what else { return Vec::new() };
    of_event(event).map(|(kind, data)| NewEvent { at: notice.wall, session: Some(notice.session.clone()), kind, data }).collect()
}

fn of_event(event: &TapeEvent) -> impl Iterator<Item = (EventKind, Value)> {
    // A receipt that is replaced stands until its successor is stored; what becomes of it is told then.
    let later = matches!(event, TapeEvent::Discarded { reason: DiscardReason::Replaced, .. });
    (!later).then(|| of_tape(event)).into_iter().chain(answered(event))
}

/// What an accepted command answers. The number that somebody called from is in the manifest only: participants read these events.
fn answered(event: &TapeEvent) -> Option<(EventKind, Value)> {
    let TapeEvent::Command { by, verb, refused: None, context, .. } = event else { return None };
    let (what, answer) = answer_of(*verb)?;
    let kind = match what {
        Question::Consent => EventKind::ConsentAnswered,
        Question::Prompt => EventKind::PromptAnswered,
    };
    let mut data = json!({ "participant": by, "answer": answer });
    if let Some(context) = context {
        data["source"] = json!(context.source);
        let told = [("flow", json!(context.flow)), ("text_version", json!(context.text_version)), ("language", json!(context.language))];
        let told = told.into_iter().chain([("answered_at", json!(context.answered_at))]);
        told.filter(|(_, value)| !value.is_null()).for_each(|(name, value)| data[name] = value);
    }
    Some((kind, data))
}

fn of_tape(event: &TapeEvent) -> (EventKind, Value) {
    match event {
        TapeEvent::SessionOpened(opened) => (
            EventKind::SessionOpened,
            json!({ "project": opened.project, "kind": opened.settings.kind, "external_id": opened.external_id, "started_at": opened.started_at }),
        ),
        TapeEvent::Joined { party, .. } => {
            (EventKind::ParticipantJoined, json!({ "participant": party.id, "role": party.role, "name": party.name }))
        }
        TapeEvent::Left { participant } => (EventKind::ParticipantLeft, json!({ "participant": participant })),
        TapeEvent::Command { by, verb, order, refused, .. } => {
            (EventKind::Command, json!({ "by": by, "do": verb, "order": order, "accepted": refused.is_none(), "reason": refused }))
        }
        TapeEvent::Asked { participant, what, source, text_version, language } => (
            match what {
                Question::Consent => EventKind::ConsentAsked,
                Question::Prompt => EventKind::PromptAsked,
            },
            json!({ "participant": participant, "source": source, "text_version": text_version, "language": language }),
        ),
        TapeEvent::OutputStarted { output, recording } => {
            (EventKind::RecordingStarted, json!({ "output": output, "recording": recording }))
        }
        TapeEvent::OutputEnded { output, ended_by } => (EventKind::RecordingEnded, json!({ "output": output, "ended_by": ended_by })),
        TapeEvent::Discarded { output, reason } => (EventKind::RecordingDiscarded, json!({ "output": output, "reason": reason })),
        TapeEvent::Gate { output, participant, gate } => {
            (EventKind::Gate, json!({ "output": output, "participant": participant, "gate": gate }))
        }
        TapeEvent::Erased { participant } => (EventKind::ParticipantErased, json!({ "participant": participant })),
        TapeEvent::State { state } => (EventKind::State, json!({ "state": state })),
        TapeEvent::TimelineCut { output } => (EventKind::RecordingPaused, json!({ "output": output })),
        TapeEvent::TimelineResumed { output } => (EventKind::RecordingResumed, json!({ "output": output })),
        TapeEvent::Dropped { track, packets } => (EventKind::MediaDropped, json!({ "track": track, "packets": packets })),
        TapeEvent::Muted { track, muted, cause } => (EventKind::MediaMuted, json!({ "track": track, "muted": muted, "cause": cause })),
        TapeEvent::SessionEnded => (EventKind::SessionEnded, json!({})),
        TapeEvent::Track { track, spec } => {
            (EventKind::MediaTrack, json!({ "track": track, "participant": spec.participant, "kind": spec.kind }))
        }
        TapeEvent::Preferred { participant, preference } => {
            (EventKind::ParticipantPreferred, json!({ "participant": participant, "preference": preference }))
        }
    }
}

/// Tells what sessions do (`notices`) and what becomes of their recordings (`others`), until both have ended or `closing` is cancelled; what was sent by
/// then is told. Runs on a thread of its own.
pub fn tell(
    log: EventLog,
    mut notices: mpsc::UnboundedReceiver<SessionNotice>,
    mut others: mpsc::UnboundedReceiver<NewEvent>,
    closing: CancellationToken,
) -> Result<std::thread::JoinHandle<()>> {
    let work = async move {
        loop {
            let events = tokio::select! {
                // What happens to a recording follows from what happened in its session: that is told first.
                biased;
                Some(notice) = notices.recv() => of_notice(&notice),
                Some(event) = others.recv() => vec![event],
                () = closing.cancelled() => return,
                else => return,
            };
            for event in events {
                log.tell(event);
            }
        }
    };
    std::thread::Builder::new()
        .name("events".into())
        .spawn(move || futures::executor::block_on(work))
        .context("the thread that tells events")
}

/// Everything that a session told in earlier runs.
///
/// # Errors
/// Where the log cannot be read.
pub async fn told_of(log: &EventLog, session: &SessionId) -> Result<Vec<Arc<EventRow>>, ArchiveError> {
    log.of_session(session, MOST_OF_A_SESSION).await
}

/// What stands on a session's tape and is not in what was told of it. `began`: wall-clock time of session time zero.
#[must_use]
pub fn what_was_not_told(told: &[Arc<EventRow>], session: &SessionId, began: WallClock, tape: &[(MediaTime, TapeEvent)]) -> Vec<NewEvent> {
    let mut told_at: HashMap<i64, Vec<&EventRow>> = HashMap::new();
    for row in told {
        told_at.entry(row.at.0).or_default().push(row);
    }
    let mut missing = Vec::new();
    for (at, event) in tape {
        let at = began.plus_ns(at.as_ns());
        for (kind, data) in of_event(event) {
            let same = told_at.get_mut(&at.0).and_then(|rows| {
                let place = rows.iter().position(|row| row.kind == kind.as_str() && row.data == data)?;
                Some(rows.swap_remove(place))
            });
            if same.is_none() {
                missing.push(NewEvent { at, session: Some(session.clone()), kind, data });
            }
        }
    }
    missing
}

/// Whether this was told of its recording before, and no failure or erasure since: a tape that is rendered anew goes the same way again.
#[must_use]
pub fn was_told(told: &[Arc<EventRow>], kind: EventKind, data: &Value) -> bool {
    let of_it = told.iter().rev().filter(|row| row.data["recording"] == data["recording"]);
    let erased = EventKind::RecordingErased;
    let begins_anew = |row: &EventRow| row.kind == EventKind::RecordingFailed.as_str() || (row.kind == erased.as_str() && kind != erased);
    of_it.take_while(|row| !begins_anew(row)).any(|row| row.kind == kind.as_str() && row.data == *data)
}

#[cfg(test)]
mod documented;
