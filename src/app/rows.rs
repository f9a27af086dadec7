//! The catalogue's rows of sessions and recordings, kept in step with what happens.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::archive::{ArchiveError, Catalogue, Recording, RecordingState, SessionRow, Source};
use crate::model::event::{SessionOpened, TapeEvent};
use crate::model::gate::DiscardReason;
use crate::model::id::{OutputKey, RecordingId, SessionId};
use crate::model::manifest::Manifest;
use crate::session::{Notice, SessionNotice};

/// Keeps the rows of sessions that are live or being rendered.
pub struct Rows {
    catalogue: Catalogue,
    open: Mutex<HashMap<SessionId, Open>>,
}

struct Open {
    opened: SessionOpened,
    recordings: Vec<Recording>,
}

impl Rows {
    /// With nothing going on.
    #[must_use]
    pub fn new(catalogue: Catalogue) -> Self {
        Self { catalogue, open: Mutex::default() }
    }

    /// Follows a live session.
    pub async fn follow(&self, notice: &SessionNotice) {
        let Notice::Tape(event) = &notice.what else { return };
        match &**event {
            TapeEvent::SessionOpened(opened) => self.opened(opened).await,
            TapeEvent::OutputStarted { output, recording } => {
                let row = self.change(&notice.session, |open| {
                    let row = started(&open.opened, output, recording, notice);
                    open.recordings.push(row.clone());
                    Some(row)
                });
                self.put(row).await;
            }
            TapeEvent::OutputEnded { output, ended_by } => {
                let row = self.change(&notice.session, |open| {
                    let row = open.recordings.iter_mut().find(|row| row.output == *output)?;
                    row.state = RecordingState::Processing;
                    row.ended_at = Some(notice.wall);
                    row.ended_by = Some(*ended_by);
                    Some(row.clone())
                });
                self.put(row).await;
            }
            TapeEvent::SessionEnded => {
                if let Err(error) = self.catalogue.end_session(&notice.session, notice.wall).await {
                    tracing::error!(session = %notice.session, %error, "the session's end could not be kept");
                }
            }
            _ => {}
        }
    }

    /// A session whose tape was found at the start.
    pub async fn opened(&self, opened: &SessionOpened) {
        let row = SessionRow {
            id: opened.session.clone(),
            project: opened.project.clone(),
            kind: opened.settings.kind,
            external_id: opened.external_id.clone(),
            metadata: opened.metadata.clone(),
            started_at: opened.started_at,
            ended_at: None,
        };
        self.open.lock().insert(opened.session.clone(), Open { opened: opened.clone(), recordings: Vec::new() });
        match self.catalogue.insert_session(&row).await {
            // A tape of an earlier run: its session has been there since it began.
            Ok(()) | Err(ArchiveError::Exists { .. }) => {}
            Err(error) => tracing::error!(session = %opened.session, %error, "a session's row could not be kept"),
        }
    }

    /// An output is whole and on its way into the store.
    pub async fn processing(&self, recording: &RecordingId) {
        self.edit(recording, |row| {
            row.state = RecordingState::Processing;
            row.progress = 90;
        })
        .await;
    }

    /// An output is stored and was read back.
    pub async fn ready(&self, recording: &RecordingId, manifest: Manifest) {
        self.edit(recording, |row| {
            row.state = RecordingState::Ready;
            row.progress = 100;
            row.failure = None;
            row.started_at = manifest.started_at;
            row.ended_at = Some(manifest.ended_at);
            row.ended_by = Some(manifest.ended_by);
            row.duration_ms = Some(manifest.duration_ms);
            row.manifest = Some(manifest);
        })
        .await;
    }

    /// An output is not kept.
    pub async fn discarded(&self, recording: &RecordingId, reason: DiscardReason) {
        self.edit(recording, |row| {
            row.state = RecordingState::Discarded;
            row.progress = 100;
            row.discarded = Some(reason);
            row.manifest = None;
        })
        .await;
    }

    /// An output could not be made.
    pub async fn failed(&self, recording: &RecordingId, why: &str) {
        self.edit(recording, |row| {
            row.state = RecordingState::Failed;
            row.failure = Some(why.to_owned());
        })
        .await;
    }

    /// No output of the session could be made: which they are.
    pub async fn fail(&self, session: &SessionId, why: &str) -> Vec<RecordingId> {
        let unfinished: Vec<RecordingId> = self
            .open
            .lock()
            .get(session)
            .map(|open| {
                open.recordings
                    .iter()
                    .filter(|r| matches!(r.state, RecordingState::Recording | RecordingState::Processing))
                    .map(|r| r.id.clone())
                    .collect()
            })
            .unwrap_or_default();
        for recording in &unfinished {
            self.failed(recording, why).await;
        }
        unfinished
    }

    /// Everything of the session is stored: its recordings.
    pub fn forget(&self, session: &SessionId) -> Vec<RecordingId> {
        self.open.lock().remove(session).map(|open| open.recordings.into_iter().map(|r| r.id).collect()).unwrap_or_default()
    }

    fn change(&self, session: &SessionId, change: impl FnOnce(&mut Open) -> Option<Recording>) -> Option<Recording> {
        self.open.lock().get_mut(session).and_then(change)
    }

    async fn edit(&self, recording: &RecordingId, change: impl FnOnce(&mut Recording)) {
        let row = {
            let mut open = self.open.lock();
            let row = open.values_mut().flat_map(|open| open.recordings.iter_mut()).find(|row| row.id == *recording);
            row.map(|row| {
                change(row);
                row.clone()
            })
        };
        self.put(row).await;
    }

    async fn put(&self, row: Option<Recording>) {
        let Some(row) = row else { return };
        if let Err(error) = self.catalogue.put_recording(&row).await {
            tracing::error!(recording = %row.id, %error, "a recording's row could not be kept");
        }
    }
}

fn started(opened: &SessionOpened, output: &OutputKey, recording: &RecordingId, notice: &SessionNotice) -> Recording {
    Recording {
        id: recording.clone(),
        session: opened.session.clone(),
        output: output.clone(),
        project: opened.project.clone(),
        kind: opened.settings.kind,
        source: Source::Live,
        state: RecordingState::Recording,
        progress: 0,
        failure: None,
        discarded: None,
        started_at: notice.wall,
        ended_at: None,
        duration_ms: None,
        ended_by: None,
        external_id: opened.external_id.clone(),
        manifest: None,
        labels: Vec::new(),
    }
}
