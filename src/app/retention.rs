//! What deletes recordings when their time is over, and what it takes away beside the stores.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::in_work::InWork;
use super::tapes_left::done_mark;
use super::ways::Ways;
use crate::api::Inbox;
use crate::archive::deletion::{Deletions, Elsewhere, Gone};
use crate::archive::sweep::{Sweeper, Swept};
use crate::archive::{ArchiveError, Catalogue, RecordingState, now};
use crate::model::id::SessionId;
use crate::session::Registry;
use crate::tape::{Spool, TapeError};

/// Copies of recordings on this node: what was rendered, tapes, files that were sent in, and what is on its way into a store. Clones share it.
#[derive(Clone)]
pub struct OnThisNode {
    /// Rows.
    pub catalogue: Catalogue,
    /// The ways into the stores.
    pub ways: Ways,
    /// What is rendered.
    pub work: InWork,
    /// Tapes.
    pub spool: Spool,
    /// Live sessions: their tapes stay.
    pub registry: Registry,
    /// Files that were sent in.
    pub inbox: Inbox,
    /// Where recordings are made of those.
    pub made: PathBuf,
}

#[async_trait]
impl Elsewhere for OnThisNode {
    async fn remove(&self, gone: &Gone) -> Result<(), String> {
        let (_, queue) = self.ways.of(gone.region);
        queue.withdraw(&gone.recording).await.map_err(|error| error.to_string())?;
        for folder in [self.work.folder(&gone.recording), self.made.join(gone.recording.as_str())] {
            remove_folder(folder).await?;
        }
        let upload = self.catalogue.upload_of_recording(&gone.recording).await.map_err(|error| error.to_string())?;
        if let Some(upload) = upload {
            self.inbox.remove(&upload.id).await.map_err(|error| error.to_string())?;
            self.catalogue.delete_upload(&upload.id).await.map_err(|error| error.to_string())?;
        }
        self.remove_tape(&gone.session).await
    }
}

impl OnThisNode {
    /// A session's tape goes unless something of the session is still to be made of it: then it goes when that is stored.
    async fn remove_tape(&self, session: &SessionId) -> Result<(), String> {
        if !self.spool.holds(session) || self.registry.view(session).is_some() {
            return Ok(());
        }
        let states = self.catalogue.states_of(session).await.map_err(|error| error.to_string())?;
        if !states.iter().all(|state| matches!(state, RecordingState::Ready | RecordingState::Discarded)) {
            return Ok(());
        }
        let (spool, session) = (self.spool.clone(), session.clone());
        match tokio::task::spawn_blocking(move || spool.remove(&session)).await {
            Ok(Err(TapeError::NoTape(_) | TapeError::Live(_)) | Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Tapes that are kept for other views go with the last recording of their session; one of which no recording was ever made is kept its days.
    async fn remove_tapes_without_recordings(&self) -> Result<(), String> {
        for session in self.kept_tapes().map_err(|error| error.to_string())? {
            let had_some = !self.catalogue.deleted_of(&session).await.map_err(|error| error.to_string())?.is_empty();
            if had_some && self.catalogue.states_of(&session).await.map_err(|error| error.to_string())?.is_empty() {
                self.remove_tape(&session).await?;
            }
        }
        Ok(())
    }

    fn kept_tapes(&self) -> std::io::Result<Vec<SessionId>> {
        let Some(spool) = self.spool.folder(&SessionId::random()).parent().map(PathBuf::from) else { return Ok(Vec::new()) };
        let entries = std::fs::read_dir(spool)?.flatten();
        Ok(entries
            .filter(|entry| done_mark(&entry.path()).exists())
            .filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
            .collect())
    }
}

async fn remove_folder(folder: PathBuf) -> Result<(), String> {
    match tokio::fs::remove_dir_all(&folder).await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(format!("{}: {error}", folder.display())),
        _ => Ok(()),
    }
}

/// The first sweep waits so long: a node that starts has calls to take first, and whoever set a wrong time sees it start.
const FIRST: Duration = Duration::from_secs(10);
/// How often what is left of deletions is looked for where nothing is swept.
const WITHOUT_SWEEPS: Duration = Duration::from_mins(1);
/// How often kept tapes are looked through: a deletion takes its tape along, this is for one that was still wanted then.
const TAPES_EVERY: Duration = Duration::from_hours(1);

/// Goes on with what an earlier run left, and sweeps every so often (absent: only when asked), until told to stop.
pub async fn run(sweeper: Sweeper, deletions: Deletions, here: OnThisNode, every: Option<Duration>, stop: CancellationToken) {
    let mut wait = Duration::ZERO;
    let mut is_first = true;
    let mut tapes_at = Instant::now();
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
        let sweeps = every.filter(|_| !is_first);
        wait = every.map_or(WITHOUT_SWEEPS, |every| if is_first { every.min(FIRST) } else { every });
        is_first = false;
        let sweep = async {
            match sweep_if(sweeps.is_some(), &sweeper).await {
                Ok(Swept { deleted: 0, left: 0, .. }) => {}
                Ok(swept) => tracing::info!(
                    deleted = swept.deleted,
                    left = swept.left,
                    held = swept.held,
                    "recordings whose time was over were deleted"
                ),
                Err(error) => tracing::error!(%error, "recordings whose time is over could not be looked for; it is tried again"),
            }
            match deletions.finish(now()).await {
                Ok(0) => {}
                Ok(done) => tracing::info!(done, "deletions that had been cut short are through"),
                Err(error) => tracing::error!(%error, "deletions that were cut short could not be gone on with; it is tried again"),
            }
            if let Err(error) = here.catalogue.forget_answers(now(), false).await {
                tracing::warn!(%error, "answers that are kept no longer could not be forgotten; it is tried again");
            }
            if tapes_at <= Instant::now()
                && let Err(error) = here.remove_tapes_without_recordings().await
            {
                tracing::warn!(error, "kept tapes of deleted recordings could not be looked for; it is tried again");
            }
        };
        tokio::select! {
            () = sweep => {}
            // What was begun is gone on with at the next start.
            () = stop.cancelled() => return,
        }
        if tapes_at <= Instant::now() {
            tapes_at = Instant::now() + TAPES_EVERY;
        }
    }
}

async fn sweep_if(wanted: bool, sweeper: &Sweeper) -> Result<Swept, ArchiveError> {
    if wanted { sweeper.once(now()).await } else { Ok(Swept::default()) }
}
