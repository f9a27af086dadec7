//! Files that were sent in, made recordings of: each in a process of its own, stored and read back, and only then forgotten (archive.md A7, A9).

use std::collections::HashMap;
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
use crate::archive::{ArchiveError, Catalogue, EventLog, NewEvent, Recording, RecordingState, RowChange, now, patiently};
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
/// The first wait before a file is gone on with of which something else went wrong, a store that said no; doubled with each.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// The longest of those.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// How often it is looked for what is over, and for what nobody took up.
const SWEEP: Duration = Duration::from_secs(30);
/// How soon again where it could not be looked.
const SWEEP_AGAIN: Duration = Duration::from_secs(2);
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

/// What is under way in this run. Clones share it.
#[derive(Clone)]
struct UnderWay {
    turns: Arc<Semaphore>,
    stop: CancellationToken,
    /// Files that somebody sees through, and whether they were asked for again meanwhile.
    hands: Arc<Mutex<HashMap<UploadId, bool>>>,
}

impl UnderWay {
    fn holds(&self, id: &UploadId) -> bool {
        self.hands.lock().contains_key(id)
    }

    /// Whether nobody had it.
    fn takes(&self, id: &UploadId) -> bool {
        let mut hands = self.hands.lock();
        let is_new = !hands.contains_key(id);
        hands.insert(id.clone(), !is_new);
        is_new
    }

    /// Whether it is done with: somebody may have asked for another try before it was let go.
    fn lets_go(&self, id: &UploadId) -> bool {
        let mut hands = self.hands.lock();
        let again = hands.remove(id).unwrap_or(false);
        if again {
            hands.insert(id.clone(), false);
        }
        !again
    }
}

impl Uploads {
    /// Takes up what an earlier run left, then whatever arrives, until told to stop.
    pub async fn run(self, mut arrived: mpsc::UnboundedReceiver<UploadId>, stop: CancellationToken) {
        let turns = Arc::new(Semaphore::new(self.at_once.max(1)));
        let under_way = UnderWay { turns, stop: stop.clone(), hands: Arc::default() };
        // What an earlier run was making is made anew from its file.
        let _ = tokio::fs::remove_dir_all(&self.out).await;
        // The first look is at once, and takes up what an earlier run left.
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                Some(id) = arrived.recv() => self.spawn(id, &under_way),
                _ = sweep.tick() => if !self.sweep(&under_way).await { sweep.reset_after(SWEEP_AGAIN) },
                () = stop.cancelled() => return,
            }
        }
    }

    fn spawn(&self, id: UploadId, under_way: &UnderWay) {
        if !under_way.takes(&id) {
            return;
        }
        let (uploads, under_way) = (self.clone(), under_way.clone());
        tokio::spawn(async move {
            let mut pause = FIRST_PAUSE;
            loop {
                let turn = tokio::select! {
                    turn = under_way.turns.clone().acquire_owned() => turn,
                    () = under_way.stop.cancelled() => return,
                };
                let seen_through = uploads.make(&id, &under_way.stop).await;
                drop(turn);
                match seen_through {
                    Ok(()) if under_way.lets_go(&id) => return,
                    Ok(()) => {}
                    Err(error) => {
                        tracing::error!(upload = %id, error = format!("{error:#}"), "a file that was sent in could not be seen through; it is tried again");
                        tokio::select! {
                            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                            () = under_way.stop.cancelled() => return,
                        }
                    }
                }
            }
        });
    }

    async fn make(&self, id: &UploadId, stop: &CancellationToken) -> Result<()> {
        let upload = match patiently("a file that was sent in", || self.catalogue.upload(id)).await {
            Err(ArchiveError::NotFound { .. }) => return Ok(()),
            other => other?,
        };
        if upload.state != UploadState::Rendering {
            return Ok(());
        }
        let Some(mut row) = self.row(&upload).await? else { return self.forget(&upload).await };
        // An earlier try came as far as here; the file may be gone already.
        if row.state == RecordingState::Ready {
            return self.forget(&upload).await;
        }
        // What the workspace says by now is for files that arrive from now on.
        let region = row.region;
        if row.state != RecordingState::Processing {
            (row.state, row.progress, row.failure) = (RecordingState::Processing, 0, None);
            self.keep(row).await?;
        }
        let mut tries = 0;
        let manifest = loop {
            match self.render(&upload, region, stop).await? {
                Ok(manifest) => break manifest,
                Err(UploadFailure::CalledOff) => return self.forget_if_deleted(&upload).await,
                Err(UploadFailure::Node(why)) if tries + 1 < TRIES => {
                    tracing::error!(upload = %upload.id, why, "a file that was sent in could not be rendered; it is tried again");
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
        // However this ends: nobody else would end the process.
        let _call_off = called_off.clone().drop_guard();
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
                        match self.progress(upload, now).await {
                            Ok(true) => {}
                            Ok(false) => called_off.cancel(),
                            // A percent that nobody hears of is no reason to begin anew.
                            Err(error) => tracing::warn!(upload = %upload.id, %error, "how far a file is could not be kept; its rendering goes on"),
                        }
                    }
                }
            }
        }
    }

    /// Says how far it is; whether the recording is still wanted. Asks once: the next percent follows.
    async fn progress(&self, upload: &Upload, percent: u8) -> Result<bool, ArchiveError> {
        let mut row = match self.catalogue.recording(&upload.recording).await {
            Err(ArchiveError::NotFound { .. }) => return Ok(false),
            other => other?,
        };
        (row.state, row.progress, row.failure) = (RecordingState::Processing, percent, None);
        self.catalogue.keep(&[RowChange::Recording(Box::new(row))]).await?;
        self.tell(upload, EventKind::RecordingProgress, json!({ "recording": upload.recording, "progress": percent }));
        Ok(true)
    }

    async fn row(&self, upload: &Upload) -> Result<Option<Recording>> {
        match patiently("the recording of a file that was sent in", || self.catalogue.recording(&upload.recording)).await {
            Ok(row) => Ok(Some(row)),
            Err(ArchiveError::NotFound { .. }) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    async fn keep(&self, row: Recording) -> Result<()> {
        let change = [RowChange::Recording(Box::new(row))];
        Ok(patiently("what became of a file that was sent in", || self.catalogue.keep(&change)).await?)
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
        let until = now().plus_ns(KEPT_NS);
        let moved = || self.catalogue.move_upload(&upload.id, UploadState::Rendering, UploadState::Failed, until);
        patiently("that a file that was sent in failed", moved).await?;
        self.tell(upload, EventKind::RecordingFailed, json!({ "recording": upload.recording, "reason": why }));
        Ok(())
    }

    async fn forget_if_deleted(&self, upload: &Upload) -> Result<()> {
        if self.row(upload).await?.is_none() { self.forget(upload).await } else { Ok(()) }
    }

    /// The row goes last: it alone knows of the file, so whatever cuts this short is found by it and done again. `make` looks at the recording first and so
    /// takes no row whose file is gone for one that failed.
    async fn forget(&self, upload: &Upload) -> Result<()> {
        self.remove_files(upload).await?;
        Ok(patiently("that a file that was sent in is done with", || self.catalogue.delete_upload(&upload.id)).await?)
    }

    /// As `forget`, asking once: the next sweep is soon, and what arrives is not to wait for this one.
    async fn put_away(&self, upload: &Upload) -> Result<()> {
        self.remove_files(upload).await?;
        Ok(self.catalogue.delete_upload(&upload.id).await?)
    }

    async fn remove_files(&self, upload: &Upload) -> std::io::Result<()> {
        let _ = tokio::fs::remove_dir_all(self.out.join(upload.recording.as_str())).await;
        self.inbox.remove(&upload.id).await
    }

    async fn is_here(&self, upload: &Upload) -> bool {
        self.inbox.offset(&upload.id).await.is_ok_and(|here| here == upload.bytes)
    }

    /// As `row`, asking once.
    async fn is_deleted(&self, upload: &Upload) -> Result<bool, ArchiveError> {
        match self.catalogue.recording(&upload.recording).await {
            Ok(_) => Ok(false),
            Err(ArchiveError::NotFound { .. }) => Ok(true),
            Err(other) => Err(other),
        }
    }

    /// What is over goes: unfinished files, files of which no recording came, and those whose recording was deleted. What nobody took up is taken up.
    /// Says whether the catalogue was there for all of it.
    async fn sweep(&self, under_way: &UnderWay) -> bool {
        let swept = self.sweep_once(under_way).await;
        if let Err(error) = &swept {
            tracing::warn!(%error, "files that were sent in could not be looked through; it is tried again");
        }
        matches!(swept, Ok(true))
    }

    async fn sweep_once(&self, under_way: &UnderWay) -> Result<bool, ArchiveError> {
        let mut was_there = true;
        for upload in self.catalogue.uploads().await? {
            if let Err(error) = self.look_at(&upload, under_way).await {
                tracing::warn!(upload = %upload.id, error = format!("{error:#}"), "a file that was sent in could not be looked at; it is tried again");
                was_there &= !error.downcast_ref::<ArchiveError>().is_some_and(ArchiveError::is_passing);
            }
        }
        self.catalogue.forget_upload_invitations(now()).await?;
        Ok(was_there)
    }

    async fn look_at(&self, upload: &Upload, under_way: &UnderWay) -> Result<()> {
        let is_quiet = match upload.state {
            UploadState::Receiving => upload.expires_at > now() && !self.is_here(upload).await,
            UploadState::Rendering => under_way.holds(&upload.id),
            UploadState::Failed => upload.expires_at > now() && !self.is_deleted(upload).await?,
        };
        if is_quiet {
            return Ok(());
        }
        // Whoever is sending just now, or asks for another try, goes on.
        let Some(_writing) = self.inbox.write(&upload.id) else { return Ok(()) };
        // Looked at again: what they did until now is not in the list.
        let upload = match self.catalogue.upload(&upload.id).await {
            Err(ArchiveError::NotFound { .. }) => return Ok(()),
            other => other?,
        };
        let is_over = upload.expires_at <= now();
        match upload.state {
            // The catalogue was away, or the node died, after the last byte: whoever sent it takes it for sent, so it is never over.
            UploadState::Receiving if self.is_here(&upload).await => {
                match file_arrived(&self.catalogue, &self.events, &self.inbox, &upload).await {
                    // Its project was deleted meanwhile: nothing can come of it, and whoever sent it was told so.
                    Err(ArchiveError::NotFound { .. }) if is_over => self.put_away(&upload).await?,
                    other => other?,
                }
            }
            UploadState::Receiving if is_over => self.put_away(&upload).await?,
            UploadState::Rendering => self.spawn(upload.id, under_way),
            UploadState::Failed if is_over || self.is_deleted(&upload).await? => self.put_away(&upload).await?,
            UploadState::Receiving | UploadState::Failed => {}
        }
        Ok(())
    }
}
