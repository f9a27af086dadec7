//! A participant declined: nothing of theirs may be read any longer, here or in the store, from now on.
//!
//! The tape has lost their key by then, readers are cut off and the files here are gone ([`InWork`]). What is left are copies: files that were being written
//! in that instant, finished ones on their way into the store, those in it, and those that are shared with people outside. All of them go, then what remains of the recordings is rendered anew. A crash in between changes nothing of it: the tape
//! stays until all recordings of its session are stored, and says at the next start who was erased.

use std::time::Duration;

use futures::future::join_all;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::in_work::InWork;
use super::rows::{Rows, Standing};
use crate::archive::Catalogue;
use crate::model::id::{ParticipantId, RecordingId, SessionId};
use crate::share::external::External;
use crate::store::SharedStore;
use crate::store::queue::UploadQueue;

/// First and longest wait before a store that failed is asked again.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

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

/// What became of recordings since they were made.
pub async fn look_up(recordings: &[RecordingId], catalogue: &Catalogue) -> Vec<(RecordingId, Standing)> {
    let mut found = Vec::new();
    for recording in recordings {
        found.push((recording.clone(), Rows::labels(catalogue, recording).await));
    }
    found
}

impl Erasure {
    /// Answers when no copy is left. While the store is away this tries again and again.
    pub async fn carry_out(&mut self, store: &SharedStore, external: &External, uploads: &UploadQueue, work: &InWork) {
        for (recording, upload) in self.stopped.drain(..) {
            let _ = upload.await;
            withdraw(uploads, &recording).await;
        }
        let (recordings, rendered_gone) = (&self.recordings, self.rendered_gone.take());
        let out_of_store = join_all(recordings.iter().map(async |recording| {
            // What began to go when the decline was heard must not go on once something new is stored there.
            for sweep in work.sweeps(recording) {
                let _ = sweep.await;
            }
            withdraw(uploads, recording).await;
            let mut wait = WAITS.0;
            while let Err(error) = empty(store, recording).await {
                tracing::warn!(%recording, %error, "what a participant declined is still in the store; it is tried again");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(WAITS.1);
            }
        }));
        let out_of_here = async {
            let here = match rendered_gone {
                Some(gone) => gone.await.is_ok(),
                None => false,
            };
            if !here {
                for recording in recordings {
                    remove_folder(work, recording).await;
                }
            }
        };
        let out_of_shares = join_all(recordings.iter().map(async |recording| {
            let mut wait = WAITS.0;
            while !external.take_out(recording).await {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(WAITS.1);
            }
        }));
        tokio::join!(out_of_store, out_of_here, out_of_shares);
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

/// Takes everything of a recording out of the store.
///
/// # Errors
/// Where the store is away.
pub(super) async fn empty(store: &SharedStore, recording: &RecordingId) -> Result<(), crate::store::StoreError> {
    for key in store.list(&format!("recordings/{recording}/")).await? {
        store.delete(&key).await?;
    }
    Ok(())
}
