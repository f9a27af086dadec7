//! What happened in sessions, as rows of the events stream: kept in the catalogue first, then told to those who listen.

use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc};

use crate::archive::{Catalogue, EventRow, NewEvent};
use crate::model::event::TapeEvent;
use crate::model::id::SessionId;
use crate::model::time::WallClock;
use crate::session::{Notice, SessionNotice};

/// An event before it has a number.
#[derive(Clone, Debug)]
pub struct Unnumbered {
    /// When.
    pub at: WallClock,
    /// Of which session.
    pub session: SessionId,
    /// As `EventRow::kind`.
    pub kind: &'static str,
    /// The rest.
    pub data: Value,
}

/// The row that a notice becomes; `None` for what is no outsider's business.
#[must_use]
pub fn of_notice(notice: &SessionNotice) -> Option<Unnumbered> {
    let (kind, data) = match &notice.what {
        Notice::Tape(event) => of_tape(event),
        Notice::Prompt(participant) => ("prompt", json!({ "participant": participant })),
        Notice::ConsentAsked(participant) => ("consent.asked", json!({ "participant": participant })),
        Notice::Closed => return None,
    };
    Some(Unnumbered { at: notice.wall, session: notice.session.clone(), kind, data })
}

fn of_tape(event: &TapeEvent) -> (&'static str, Value) {
    match event {
        TapeEvent::SessionOpened(opened) => (
            "session.opened",
            json!({ "project": opened.project, "kind": opened.settings.kind, "external_id": opened.external_id, "started_at": opened.started_at }),
        ),
        TapeEvent::Joined { party, .. } => {
            ("participant.joined", json!({ "participant": party.id, "role": party.role, "name": party.name }))
        }
        TapeEvent::Left { participant } => ("participant.left", json!({ "participant": participant })),
        TapeEvent::Command { by, verb, order, refused } => {
            ("command", json!({ "by": by, "do": verb, "order": order, "accepted": refused.is_none(), "reason": refused }))
        }
        TapeEvent::OutputStarted { output, recording } => ("recording.started", json!({ "output": output, "recording": recording })),
        TapeEvent::OutputEnded { output, ended_by } => ("recording.ended", json!({ "output": output, "ended_by": ended_by })),
        TapeEvent::Discarded { output, reason } => ("recording.discarded", json!({ "output": output, "reason": reason })),
        TapeEvent::Gate { output, participant, gate } => ("gate", json!({ "output": output, "participant": participant, "gate": gate })),
        TapeEvent::Erased { participant } => ("participant.erased", json!({ "participant": participant })),
        TapeEvent::State { state } => ("state", json!({ "state": state })),
        TapeEvent::TimelineCut { output } => ("recording.paused", json!({ "output": output })),
        TapeEvent::TimelineResumed { output } => ("recording.resumed", json!({ "output": output })),
        TapeEvent::Dropped { track, packets } => ("media.dropped", json!({ "track": track, "packets": packets })),
        TapeEvent::Muted { track, muted, cause } => ("media.muted", json!({ "track": track, "muted": muted, "cause": cause })),
        TapeEvent::SessionEnded => ("session.ended", json!({})),
        TapeEvent::Track { track, spec } => ("media.track", json!({ "track": track, "participant": spec.participant, "kind": spec.kind })),
    }
}

/// How many events are kept by one write at most.
const BATCH: usize = 256;

/// Passes on what happens in sessions, waiting for nothing: what the conveyor does with a notice may take as long as the catalogue takes.
pub async fn follow(mut notices: mpsc::UnboundedReceiver<SessionNotice>, events: mpsc::UnboundedSender<Unnumbered>) {
    while let Some(notice) = notices.recv().await {
        if let Some(event) = of_notice(&notice)
            && events.send(event).is_err()
        {
            return;
        }
    }
}

/// Numbers events in the order they come, keeps them, tells them on. All that wait are kept by one write.
pub async fn keep(catalogue: Catalogue, mut events: mpsc::UnboundedReceiver<Unnumbered>, told: broadcast::Sender<EventRow>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while events.recv_many(&mut waiting, BATCH).await > 0 {
        let new: Vec<NewEvent<'_>> =
            waiting.iter().map(|e| NewEvent { at: e.at, session: Some(&e.session), kind: e.kind, data: &e.data }).collect();
        match catalogue.append_events(&new).await {
            Ok(first) => {
                for (seq, event) in (first..).zip(waiting.drain(..)) {
                    let kind = event.kind.to_owned();
                    let _ = told.send(EventRow { seq, at: event.at, session: Some(event.session), kind, data: event.data });
                }
            }
            Err(error) => {
                tracing::error!(events = waiting.len(), %error, "events could not be kept");
                waiting.clear();
            }
        }
    }
}
