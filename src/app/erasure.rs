//! A participant declined: nothing of theirs may be read any longer, here or in the store, from now on.
//!
//! The tape has lost their key by then. What is left are copies: growing files, finished ones on their way into the store, and those in it. Readers are cut
//! off first, then all copies go, then what remains of the recordings is rendered anew from the tape. A crash in between changes nothing of it: the tape
//! stays until all recordings of its session are stored, and says at the next start who was erased.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::rows::{Rows, Standing};
use crate::api::FilesInWork;
use crate::archive::Catalogue;
use crate::model::id::{ParticipantId, RecordingId, SessionId};
use crate::store::SharedStore;
use crate::store::queue::UploadQueue;

/// First and longest wait before a store that failed is asked again.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

/// Where recordings of sessions lie that are not over, and which of them may not be read just now. Clones share it.
#[derive(Clone, Debug)]
pub struct InWork {
    out: PathBuf,
    known: Arc<Mutex<HashMap<RecordingId, Known>>>,
}

#[derive(Debug, Default)]
struct Known {
    /// Cancelled when what is being read of it may be read no more.
    reading: CancellationToken,
    /// Erasures that are not through yet.
    withheld: u32,
}

impl InWork {
    /// With the folder in which recordings grow.
    #[must_use]
    pub fn new(out: PathBuf) -> Self {
        Self { out, known: Arc::default() }
    }

    /// Where a recording grows.
    #[must_use]
    pub fn folder(&self, recording: &RecordingId) -> PathBuf {
        self.out.join(recording.as_str())
    }

    /// From now on its readers can be cut off.
    pub fn begin(&self, recording: &RecordingId) {
        self.known.lock().entry(recording.clone()).or_default();
    }

    /// Nothing of it can be erased any more: its session is over and stored.
    pub fn end(&self, recording: &RecordingId) {
        self.known.lock().remove(recording);
    }

    /// Cuts every reader off, and lets no new one in until [`Self::release`].
    pub fn withhold(&self, recording: &RecordingId) {
        let mut known = self.known.lock();
        let known = known.entry(recording.clone()).or_default();
        known.withheld += 1;
        std::mem::take(&mut known.reading).cancel();
    }

    /// Takes a [`Self::withhold`] back.
    pub fn release(&self, recording: &RecordingId) {
        if let Some(known) = self.known.lock().get_mut(recording) {
            known.withheld = known.withheld.saturating_sub(1);
        }
    }
}

impl FilesInWork for InWork {
    fn dir(&self, recording: &RecordingId) -> Option<PathBuf> {
        let dir = self.folder(recording);
        dir.is_dir().then_some(dir)
    }

    fn reading(&self, recording: &RecordingId) -> Option<CancellationToken> {
        match self.known.lock().get(recording) {
            Some(known) if known.withheld > 0 => None,
            Some(known) => Some(known.reading.clone()),
            None => Some(CancellationToken::new()),
        }
    }
}

/// A participant's media leaving the copies of a session.
pub struct Erasure {
    /// Whose session.
    pub session: SessionId,
    /// Who.
    pub participant: ParticipantId,
    /// Recordings that hold or held them.
    pub recordings: Vec<RecordingId>,
    /// Uploads that were given up for it.
    pub stopped: Vec<(RecordingId, JoinHandle<()>)>,
    /// Answered when no rendered file of before is left; dropped where nobody renders.
    pub rendered_gone: Option<oneshot::Receiver<()>>,
}

impl Erasure {
    /// What became of its recordings since they were made.
    pub async fn look_up(&self, catalogue: &Catalogue) -> Vec<(RecordingId, Standing)> {
        let mut found = Vec::new();
        for recording in &self.recordings {
            found.push((recording.clone(), Rows::labels(catalogue, recording).await));
        }
        found
    }

    /// Answers when no copy is left. While the store is away this tries again and again.
    pub async fn carry_out(&mut self, store: &SharedStore, uploads: &UploadQueue, work: &InWork) {
        for (recording, upload) in self.stopped.drain(..) {
            let _ = upload.await;
            withdraw(uploads, &recording).await;
        }
        let here = match self.rendered_gone.take() {
            Some(gone) => gone.await.is_ok(),
            None => false,
        };
        for recording in &self.recordings {
            if !here {
                remove_folder(work, recording).await;
            }
            withdraw(uploads, recording).await;
            let mut wait = WAITS.0;
            while let Err(error) = empty(store, recording).await {
                tracing::warn!(%recording, %error, "what a participant declined is still in the store; it is tried again");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(WAITS.1);
            }
        }
    }
}

async fn remove_folder(work: &InWork, recording: &RecordingId) {
    match tokio::fs::remove_dir_all(work.folder(recording)).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::error!(%recording, %error, "rendered files that hold what was declined cannot be removed");
        }
        _ => {}
    }
}

async fn withdraw(uploads: &UploadQueue, recording: &RecordingId) {
    if let Err(error) = uploads.withdraw(recording).await {
        tracing::warn!(%recording, %error, "an upload that is no longer wanted could not be taken back");
    }
}

async fn empty(store: &SharedStore, recording: &RecordingId) -> Result<(), crate::store::StoreError> {
    for key in store.list(&format!("recordings/{recording}/")).await? {
        store.delete(&key).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_cut_and_kept_out_until_all_erasures_are_through() {
        let work = InWork::new(PathBuf::from("render"));
        let recording = RecordingId::random();
        work.begin(&recording);
        let before = work.reading(&recording).expect("may be read");
        work.withhold(&recording);
        work.withhold(&recording);
        assert!(before.is_cancelled() && work.reading(&recording).is_none());
        work.release(&recording);
        assert!(work.reading(&recording).is_none(), "another erasure is not through");
        work.release(&recording);
        assert!(!work.reading(&recording).expect("may be read").is_cancelled());
        work.end(&recording);
        assert!(work.reading(&recording).is_some());
    }
}
