//! What an earlier run left: its tapes are read, and the conveyor goes on where it stood.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::conveyor::Conveyor;
use super::erasure::Erasure;
use super::events::{told_of, what_was_not_told};
use super::progress::Progress;
use crate::archive::patiently;
use crate::ingest::MediaClock;
use crate::model::event::TapeEvent;
use crate::model::id::{ParticipantId, SessionId};
use crate::model::settings::Kind;
use crate::model::time::MediaTime;
use crate::session::{Notice, SessionNotice};
use crate::tape::{Body, TapeError, TapeReader};

impl Conveyor {
    /// A whole tape that an earlier run left, or that nothing could be made of: its rows are brought back and it is rendered from its start.
    pub async fn take_up(&mut self, tape: &SessionId, dir: &Path) {
        let (dir, master_key) = (dir.to_owned(), self.master_key.clone());
        let events = tokio::task::spawn_blocking(move || events_of(&dir, &master_key)).await;
        let events = match events.map_err(|e| e.to_string()).and_then(|r| r.map_err(|e| e.to_string())) {
            Ok(events) => events,
            Err(error) => {
                tracing::error!(session = %tape, error, "a tape of an earlier run cannot be read; it stays as it is");
                return;
            }
        };
        let Some(opened) = events.iter().find_map(|(_, event)| match event {
            TapeEvent::SessionOpened(opened) => Some((**opened).clone()),
            _ => None,
        }) else {
            tracing::error!(session = %tape, "a tape of an earlier run lacks its beginning; it stays as it is");
            return;
        };
        let told = patiently("what listeners were told of a tape", || told_of(&self.told, &opened.session)).await.unwrap_or_else(|error| {
            tracing::error!(session = %tape, %error, "what listeners were told of a tape cannot be found out");
            Vec::new()
        });
        for event in what_was_not_told(&told, &opened.session, opened.started_at, &events) {
            let _ = self.events.send(event);
        }
        let erased: BTreeSet<ParticipantId> = events.iter().filter_map(|(_, event)| erased_by(event)).cloned().collect();
        let pictures = opened.settings.kind == Kind::Room;
        let catalogue = self.rows.catalogue();
        let deleted = match patiently("which recordings of a tape were deleted", || catalogue.deleted_of(&opened.session)).await {
            Ok(deleted) => deleted,
            // What somebody deleted must not come back.
            Err(error) => {
                tracing::error!(session = %tape, %error, "which recordings of a tape were deleted cannot be found out; it stays as it is");
                return;
            }
        };
        self.sessions.insert(opened.session.clone(), Progress { pictures, closed: true, told, deleted, ..Progress::default() });
        for (at, event) in events {
            let notice = SessionNotice {
                session: opened.session.clone(),
                project: opened.project.clone(),
                clock: MediaClock::starting(std::time::Instant::now()),
                at,
                wall: opened.started_at.plus_ns(at.as_ns()),
                what: Notice::Tape(Arc::new(event)),
            };
            if let Notice::Tape(event) = &notice.what {
                self.work.note(&notice.session, event);
            }
            self.rows.follow(&notice);
        }
        for participant in erased {
            self.take_up_erasure(&opened.session, participant);
        }
        self.follow(&opened.session, None, pictures);
        self.pool.finish(&opened.session);
    }

    /// An earlier run may have died before everything of an erased participant was gone: files here go before anybody can ask for them.
    fn take_up_erasure(&mut self, session: &SessionId, participant: ParticipantId) {
        self.rows.erase_chat(session, &participant);
        let recordings = self.withhold(session, &participant);
        let Some(progress) = self.sessions.get_mut(session).filter(|_| !recordings.is_empty()) else { return };
        progress.erasing += 1;
        // Whoever renders begins with an empty folder by itself: nobody's answer is waited for.
        let (gone, rendered_gone) = tokio::sync::oneshot::channel();
        let _ = gone.send(());
        let (stopped, rendered_gone) = (Vec::new(), Some(rendered_gone));
        self.left.push(Erasure { session: session.clone(), participant, recordings, stopped, rendered_gone });
    }
}

fn erased_by(event: &TapeEvent) -> Option<&ParticipantId> {
    match event {
        TapeEvent::Erased { participant } => Some(participant),
        _ => None,
    }
}

fn events_of(dir: &Path, master_key: &Path) -> Result<Vec<(MediaTime, TapeEvent)>, TapeError> {
    let mut reader = TapeReader::open(dir, master_key)?;
    let mut events = Vec::new();
    while let Some(record) = reader.next()? {
        if let Body::Event(event) = record.body {
            events.push((record.at, event));
        }
    }
    Ok(events)
}
