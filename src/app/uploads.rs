//! Files that were sent in, made recordings of: each in a process of its own, stored and read back, and only then forgotten (archive.md A7, A9).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::storing::store_files;
use super::ways::Ways;
use crate::api::{Inbox, file_arrived};
use crate::archive::seal::Sealer;
use crate::archive::uploads::{Upload, UploadState};
use crate::archive::{ArchiveError, Catalogue, EventLog, NewEvent, Recording, RecordingState, RowChange, now};
use crate::model::event::Party;
use crate::model::event_kind::EventKind;
use crate::model::id::{OutputKey, ParticipantId, UploadId};
use crate::model::manifest::Manifest;
use crate::model::region::Region;
use crate::render::upload::{UploadFailure, UploadJob, UploadLimits, run};
use crate::render::{RenderedOutput, VideoEncoder};

/// How often it is tried again where the node is to blame.
const TRIES: u32 = 3;
/// The first wait before that; doubled with each.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// How often it is looked for what is over.
const SWEEP: Duration = Duration::from_secs(30);
/// A file of which no recording could be made is kept so long for another try.
const KEPT_NS: u64 = 7 * 86_400_000_000_000;
/// How often progress is told at most.
const TELL: Duration = Duration::from_millis(500);

/// What it works with. Clones share it.
#[derive(Clone)]
pub struct Uploads {
    /// Rows.
    pub catalogue: Catalogue,
    /// Stores, and the way into them.
    pub ways: Ways,
    /// Signs manifests.
    pub sealer: Arc<Sealer>,
    /// Where events are told.
    pub events: EventLog,
    /// Where files lie.
    pub inbox: Inbox,
    /// Where recordings are made.
    pub out: PathBuf,
    /// What encodes pictures.
    pub encoder: VideoEncoder,
    /// What one may use.
    pub limits: UploadLimits,
    /// How many are made at once.
    pub at_once: usize,
    /// This program.
    pub program: PathBuf,
}

impl Uploads {
    /// Takes up what an earlier run left, then whatever arrives, until told to stop.
    pub async fn run(self, mut arrived: mpsc::UnboundedReceiver<UploadId>, stop: CancellationToken) {
        let turns = Arc::new(Semaphore::new(self.at_once.max(1)));
        // What an earlier run was making is made anew from its file.
        let _ = tokio::fs::remove_dir_all(&self.out).await;
        match self.catalogue.uploads().await {
            Ok(left) => {
                for upload in left {
                    if upload.state == UploadState::Rendering {
                        self.clone().spawn(upload.id, turns.clone(), stop.clone());
                    } else if upload.state == UploadState::Receiving
                        && self.inbox.offset(&upload.id).await.is_ok_and(|here| here == upload.bytes)
                        && let Err(error) = file_arrived(&self.catalogue, &self.events, &self.inbox, &upload).await
                    {
                        // The node died between the last byte and the row; whoever sent it takes it for sent.
                        tracing::error!(upload = %upload.id, %error, "a file that is whole could not be taken up");
                    }
                }
            }
            Err(error) => tracing::error!(%error, "files that were sent in could not be looked through"),
        }
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                Some(id) = arrived.recv() => self.clone().spawn(id, turns.clone(), stop.clone()),
                _ = sweep.tick() => self.sweep().await,
                () = stop.cancelled() => return,
            }
        }
    }

    fn spawn(self, id: UploadId, turns: Arc<Semaphore>, stop: CancellationToken) {
        tokio::spawn(async move {
            let turn = tokio::select! {
                turn = turns.acquire_owned() => turn,
                () = stop.cancelled() => return,
            };
            if let Err(error) = self.make(&id, &stop).await {
                tracing::error!(upload = %id, error = format!("{error:#}"), "a file that was sent in could not be seen through; the next start tries again");
            }
            drop(turn);
        });
    }

    async fn make(&self, id: &UploadId, stop: &CancellationToken) -> Result<()> {
        let upload = match self.catalogue.upload(id).await {
            Err(ArchiveError::NotFound { .. }) => return Ok(()),
            other => other?,
        };
        // What the workspace says by now is for files that arrive from now on.
        let Some(region) = self.row(&upload).await?.map(|row| row.region) else { return self.forget_if_deleted(&upload).await };
        let mut tries = 0;
        let manifest = loop {
            match self.render(&upload, region, stop).await? {
                Ok(manifest) => break manifest,
                Err(UploadFailure::CalledOff) => return self.forget_if_deleted(&upload).await,
                Err(UploadFailure::Node(why)) if tries + 1 < TRIES => {
                    tracing::error!(upload = %id, why, "a file that was sent in could not be rendered; it is tried again");
                    tokio::time::sleep(FIRST_WAIT * 2u32.pow(tries)).await;
                    tries += 1;
                }
                Err(failure) => return self.failed(&upload, &failure.to_string()).await,
            }
        };
        self.store(&upload, manifest, region, stop).await
    }

    /// One try.
    async fn render(&self, upload: &Upload, region: Option<Region>, stop: &CancellationToken) -> Result<Result<Manifest, UploadFailure>> {
        let details = &upload.details;
        let sender = Party {
            id: ParticipantId::random(),
            role: details.role,
            name: details.sender.clone(),
            address: details.metadata.get("customer_email").cloned().filter(|_| details.agent.is_none()),
            agent: details.agent.clone(),
        };
        let job = UploadJob {
            input: self.inbox.file(&upload.id),
            dir: self.out.join(upload.recording.as_str()),
            recording: upload.recording.clone(),
            session: upload.session.clone(),
            project: details.project.clone(),
            external_id: details.external_id.clone(),
            metadata: details.metadata.clone(),
            region,
            sent_at: upload.created_at,
            sender,
            encoder: self.encoder,
            limits: self.limits,
        };
        let percent = Arc::new(Mutex::new(0u8));
        let called_off = stop.child_token();
        let (program, said, off) = (self.program.clone(), percent.clone(), called_off.clone());
        let mut work = tokio::task::spawn_blocking(move || run(&program, &job, |now| *said.lock() = now, || off.is_cancelled()));
        let mut told = 0;
        let mut clock = tokio::time::interval(TELL);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done?),
                _ = clock.tick() => {
                    let now = *percent.lock();
                    if now != told {
                        told = now;
                        if !self.progress(upload, now).await? {
                            called_off.cancel();
                        }
                    }
                }
            }
        }
    }

    /// Says how far it is; whether the recording is still wanted.
    async fn progress(&self, upload: &Upload, percent: u8) -> Result<bool> {
        let Some(mut row) = self.row(upload).await? else { return Ok(false) };
        (row.state, row.progress, row.failure) = (RecordingState::Processing, percent, None);
        self.keep(row).await?;
        self.tell(upload, EventKind::RecordingProgress, json!({ "recording": upload.recording, "progress": percent }));
        Ok(true)
    }

    async fn row(&self, upload: &Upload) -> Result<Option<Recording>> {
        match self.catalogue.recording(&upload.recording).await {
            Ok(row) => Ok(Some(row)),
            Err(ArchiveError::NotFound { .. }) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    async fn keep(&self, row: Recording) -> Result<()> {
        Ok(self.catalogue.keep(&[RowChange::Recording(Box::new(row))]).await?)
    }

    fn tell(&self, upload: &Upload, kind: EventKind, data: serde_json::Value) {
        self.events.tell(NewEvent { at: now(), session: Some(upload.session.clone()), kind, data });
    }

    /// Stores everything, and only then lets the file go.
    async fn store(&self, upload: &Upload, manifest: Manifest, region: Option<Region>, stop: &CancellationToken) -> Result<()> {
        let dir = self.out.join(upload.recording.as_str());
        let (store, queue) = self.ways.of(region);
        let output = RenderedOutput {
            recording: upload.recording.clone(),
            output: OutputKey::Main(1),
            discarded: None,
            dir: dir.clone(),
            manifest: Some(manifest.clone()),
        };
        tokio::select! {
            stored = store_files(queue, store, &self.sealer, &output) => stored?,
            // What was stored counts at the next start.
            () = stop.cancelled() => return Ok(()),
        }
        let Some(mut row) = self.row(upload).await? else {
            // Deleted meanwhile: nothing of it stays.
            for key in store.list(&format!("recordings/{}/", upload.recording)).await? {
                store.delete(&key).await?;
            }
            return self.forget(upload).await;
        };
        let duration_ms = manifest.duration_ms;
        row.state = RecordingState::Ready;
        row.progress = 100;
        row.failure = None;
        row.ended_at = Some(manifest.ended_at);
        row.ended_by = Some(manifest.ended_by);
        row.duration_ms = Some(duration_ms);
        row.take_manifest(manifest);
        self.keep(row).await?;
        self.tell(
            upload,
            EventKind::RecordingReady,
            json!({ "recording": upload.recording, "output": "main", "duration_ms": duration_ms }),
        );
        self.forget(upload).await
    }

    /// No recording comes of it. The file stays for another try, for a while.
    async fn failed(&self, upload: &Upload, why: &str) -> Result<()> {
        let _ = tokio::fs::remove_dir_all(self.out.join(upload.recording.as_str())).await;
        let Some(mut row) = self.row(upload).await? else { return self.forget(upload).await };
        (row.state, row.failure) = (RecordingState::Failed, Some(why.to_owned()));
        self.keep(row).await?;
        self.catalogue.move_upload(&upload.id, UploadState::Rendering, UploadState::Failed, now().plus_ns(KEPT_NS)).await?;
        self.tell(upload, EventKind::RecordingFailed, json!({ "recording": upload.recording, "reason": why }));
        Ok(())
    }

    async fn forget_if_deleted(&self, upload: &Upload) -> Result<()> {
        if self.row(upload).await?.is_none() { self.forget(upload).await } else { Ok(()) }
    }

    async fn forget(&self, upload: &Upload) -> Result<()> {
        let _ = tokio::fs::remove_dir_all(self.out.join(upload.recording.as_str())).await;
        self.inbox.remove(&upload.id).await?;
        Ok(self.catalogue.delete_upload(&upload.id).await?)
    }

    /// What is over goes: unfinished files, files of which no recording came, and those whose recording was deleted.
    async fn sweep(&self) {
        if let Err(error) = self.sweep_once().await {
            tracing::warn!(error = format!("{error:#}"), "files that are over could not be put away; it is tried again");
        }
    }

    async fn sweep_once(&self) -> Result<()> {
        let now = now();
        for upload in self.catalogue.uploads().await? {
            let over = match upload.state {
                UploadState::Receiving if upload.expires_at <= now => true,
                UploadState::Failed => upload.expires_at <= now || self.row(&upload).await?.is_none(),
                UploadState::Receiving | UploadState::Rendering => false,
            };
            // Whoever is sending just now goes on: bytes that come prolong its life.
            let Some(_writing) = self.inbox.write(&upload.id).filter(|_| over) else { continue };
            self.forget(&upload).await?;
        }
        self.catalogue.forget_upload_invitations(now).await?;
        Ok(())
    }
}
