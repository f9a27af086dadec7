//! The upload queue: what has to be in the store gets there, however often the store, the network or this process fails.
//!
//! Invariants: a recording that was taken is noted first; a file counts only when the store read it back with the right hash; no local file is ever
//! deleted here; nothing is given up; a note goes only when its owner says so, so that a crash between "stored" and "marked ready" loses nothing.

mod journal;
mod schedule;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::journal::{Note, NotedFile, Notes};
use self::schedule::{Job, Next, Schedule};
use super::{SharedStore, StoreError, Stored, key, sha256_of_object};
use crate::model::id::RecordingId;

pub use self::journal::UploadFile;
pub use self::schedule::QueueSettings;

/// What the queue said no to.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The queue's own folder.
    #[error("upload queue {folder}: {why}")]
    Journal {
        /// Which folder.
        folder: String,
        /// What the system said.
        why: String,
    },
    /// A key that no store would take.
    #[error(transparent)]
    Key(StoreError),
    /// The queue is shutting down; what it took goes on at the next start.
    #[error("the upload queue is shutting down")]
    Closed,
}

/// Everything of a recording as it stands in the store, by key.
pub type StoredFiles = Vec<(String, Stored)>;

/// A recording on its way.
#[derive(Debug)]
pub struct Ticket {
    /// Which.
    pub recording: RecordingId,
    done: watch::Receiver<Option<StoredFiles>>,
}

impl Ticket {
    /// Waits until every file is stored and read back.
    pub async fn stored(mut self) -> Result<StoredFiles, QueueError> {
        let done = self.done.wait_for(Option::is_some).await.map_err(|_| QueueError::Closed)?;
        done.clone().ok_or(QueueError::Closed)
    }
}

/// How a recording is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadStatus {
    /// Which.
    pub recording: RecordingId,
    /// Files stored.
    pub stored: usize,
    /// Files in all.
    pub files: usize,
    /// Failures in a row.
    pub failures: u32,
    /// What the last failure was.
    pub last_error: Option<String>,
}

/// The queue. Clones share it; it stops when the last one is dropped, and goes on at the next start.
#[derive(Clone, Debug)]
pub struct UploadQueue {
    to_driver: mpsc::Sender<Told>,
}

enum Told {
    Enqueue(RecordingId, Vec<UploadFile>, oneshot::Sender<Result<Ticket, QueueError>>),
    Forget(RecordingId, oneshot::Sender<Result<(), QueueError>>),
    Withdraw(RecordingId, oneshot::Sender<Result<(), QueueError>>),
    Status(oneshot::Sender<Vec<UploadStatus>>),
}

impl UploadQueue {
    /// Starts the queue over its folder. Answers also the tickets of what an earlier run left, oldest first.
    pub async fn start(store: SharedStore, folder: &Path, settings: QueueSettings) -> Result<(Self, Vec<Ticket>), QueueError> {
        let at = folder.to_owned();
        let opened = blocking(move || Notes::open(&at, settings.synced)).await;
        let (notes, left) = opened.map_err(|e| QueueError::Journal { folder: folder.display().to_string(), why: e.to_string() })?;
        let (to_driver, told) = mpsc::channel(64);
        let mut driver = Driver {
            store,
            notes,
            folder: folder.display().to_string(),
            schedule: Schedule::new(settings),
            entries: HashMap::new(),
            number: left.last().map_or(0, |n| n.number),
            began: Instant::now(),
            withdrawals: Vec::new(),
        };
        let tickets = left.into_iter().map(|note| driver.take(note)).collect();
        tokio::spawn(driver.run(told));
        Ok((Self { to_driver }, tickets))
    }

    /// Takes a recording's files: they are on the queue's disk when this answers. A second plan for a recording stands instead of the first; what is
    /// stored of it with the same hash counts.
    pub async fn enqueue(&self, recording: &RecordingId, files: Vec<UploadFile>) -> Result<Ticket, QueueError> {
        files.iter().try_for_each(|f| key::check(&f.key)).map_err(QueueError::Key)?;
        self.ask(|answer| Told::Enqueue(recording.clone(), files, answer)).await?
    }

    /// Forgets a recording: its owner has noted that it is stored, or wants it no more. Nothing is deleted from the store.
    pub async fn forget(&self, recording: &RecordingId) -> Result<(), QueueError> {
        self.ask(|answer| Told::Forget(recording.clone(), answer)).await?
    }

    /// As [`Self::forget`], and answers when nothing of it is under way any more: what is deleted from the store after that stays deleted. Whoever
    /// waits on its ticket is told that the queue has closed.
    pub async fn withdraw(&self, recording: &RecordingId) -> Result<(), QueueError> {
        self.ask(|answer| Told::Withdraw(recording.clone(), answer)).await?
    }

    /// What is on its way or not yet forgotten.
    pub async fn status(&self) -> Result<Vec<UploadStatus>, QueueError> {
        self.ask(Told::Status).await
    }

    async fn ask<T>(&self, what: impl FnOnce(oneshot::Sender<T>) -> Told) -> Result<T, QueueError> {
        let (answer, answered) = oneshot::channel();
        self.to_driver.send(what(answer)).await.map_err(|_| QueueError::Closed)?;
        answered.await.map_err(|_| QueueError::Closed)
    }
}

struct Entry {
    note: Note,
    done: watch::Sender<Option<StoredFiles>>,
    failures: u32,
    last_error: Option<String>,
}

/// Files under way. Dropped, they are cut off.
#[derive(Default)]
struct Jobs {
    tasks: JoinSet<Result<Stored, StoreError>>,
    of: HashMap<tokio::task::Id, Job>,
}

impl Jobs {
    /// The next one that ended; never, where none is under way.
    async fn next(&mut self) -> Option<(Job, Result<Stored, StoreError>)> {
        match self.tasks.join_next_with_id().await {
            None => std::future::pending().await,
            Some(Ok((id, result))) => Some((self.of.remove(&id)?, result)),
            // A store that panics has failed like any other.
            Some(Err(e)) => {
                let job = self.of.remove(&e.id())?;
                let key = job.recording.to_string();
                Some((job, Err(StoreError::Backend { key, why: "the store broke down".into() })))
            }
        }
    }
}

struct Driver {
    store: SharedStore,
    notes: Notes,
    folder: String,
    schedule: Schedule,
    entries: HashMap<RecordingId, Entry>,
    number: u64,
    began: Instant,
    /// Who waits for files under way of recordings that are wanted no more.
    withdrawals: Vec<(RecordingId, oneshot::Sender<Result<(), QueueError>>)>,
}

impl Driver {
    async fn run(mut self, mut told: mpsc::Receiver<Told>) {
        let mut jobs = Jobs::default();
        loop {
            let again = loop {
                match self.schedule.next(self.now_ms()) {
                    Next::Start(job) => self.begin(job, &mut jobs),
                    Next::At(at_ms) => break Some(self.began + Duration::from_millis(at_ms)),
                    Next::Nothing => break None,
                }
            };
            let waited = async {
                match again {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                what = told.recv() => match what {
                    Some(what) => self.on_told(what).await,
                    // Files under way are cut off; the notes stay and the next start goes on with them.
                    None => return,
                },
                Some((job, result)) = jobs.next() => {
                    self.on_result(&job, result).await;
                    self.answer_withdrawals();
                }
                () = waited => {}
            }
        }
    }

    fn now_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    fn take(&mut self, note: Note) -> Ticket {
        let recording = note.recording.clone();
        self.schedule.plan(&recording, note.files.iter().map(|f| (f.file.key.as_str(), f.stored.is_some())));
        // Whoever waits for the recording waits on, for the new plan.
        let done = self.entries.remove(&recording).map_or_else(|| watch::Sender::new(None), |old| old.done);
        done.send_replace(note.result());
        let ticket = Ticket { recording: recording.clone(), done: done.subscribe() };
        self.entries.insert(recording, Entry { note, done, failures: 0, last_error: None });
        ticket
    }

    fn begin(&self, job: Job, jobs: &mut Jobs) {
        let Some(noted) = self.entries.get(&job.recording).and_then(|e| e.note.files.get(job.file)) else { return };
        let (store, file) = (self.store.clone(), noted.file.clone());
        let task = jobs.tasks.spawn(async move { send(&store, &file).await });
        jobs.of.insert(task.id(), job);
    }

    async fn on_told(&mut self, what: Told) {
        match what {
            Told::Enqueue(recording, files, answer) => {
                let _ = answer.send(self.enqueue(recording, files).await);
            }
            Told::Forget(recording, answer) => {
                let _ = answer.send(self.forget(&recording).await);
            }
            Told::Withdraw(recording, answer) => match self.forget(&recording).await {
                Ok(()) if self.schedule.lingers(&recording) => self.withdrawals.push((recording, answer)),
                done => {
                    let _ = answer.send(done);
                }
            },
            Told::Status(answer) => {
                let mut entries: Vec<_> = self.entries.values().collect();
                entries.sort_by_key(|e| e.note.number);
                let status = |e: &Entry| UploadStatus {
                    recording: e.note.recording.clone(),
                    stored: e.note.files.iter().filter(|f| f.stored.is_some()).count(),
                    files: e.note.files.len(),
                    failures: e.failures,
                    last_error: e.last_error.clone(),
                };
                let _ = answer.send(entries.into_iter().map(status).collect());
            }
        }
    }

    async fn forget(&mut self, recording: &RecordingId) -> Result<(), QueueError> {
        let (notes, id) = (self.notes.clone(), recording.clone());
        blocking(move || notes.remove(&id)).await.map_err(|e| self.journal(&e))?;
        self.schedule.forget(recording);
        self.entries.remove(recording);
        Ok(())
    }

    fn answer_withdrawals(&mut self) {
        for at in (0..self.withdrawals.len()).rev() {
            if !self.schedule.lingers(&self.withdrawals[at].0) {
                let _ = self.withdrawals.swap_remove(at).1.send(Ok(()));
            }
        }
    }

    async fn enqueue(&mut self, recording: RecordingId, files: Vec<UploadFile>) -> Result<Ticket, QueueError> {
        self.number += 1;
        let before = self.entries.get(&recording).map(|e| e.note.files.as_slice()).unwrap_or_default();
        let stored = |file: &UploadFile| before.iter().find(|b| b.file.key == file.key && b.file.sha256 == file.sha256)?.stored.clone();
        let files = files.into_iter().map(|file| NotedFile { stored: stored(&file), file }).collect();
        let note = Note { format: 1, number: self.number, recording, files };
        self.write(&note).await?;
        Ok(self.take(note))
    }

    async fn on_result(&mut self, job: &Job, result: Result<Stored, StoreError>) {
        let now_ms = self.now_ms();
        match result {
            Ok(stored) => {
                if !self.schedule.stored(job) {
                    return;
                }
                let Some(entry) = self.entries.get_mut(&job.recording) else { return };
                entry.note.files[job.file].stored = Some((stored.bytes, stored.etag));
                (entry.failures, entry.last_error) = (0, None);
                let (note, notes, file) = (entry.note.clone(), self.notes.clone(), job.file);
                let result = note.result();
                if let Err(error) = blocking(move || notes.stored(&note, file)).await {
                    // It is stored all the same; without the line a restart only looks again.
                    tracing::warn!(recording = %job.recording, %error, "a note of the upload queue could not be written");
                }
                if self.schedule.is_complete(&job.recording)
                    && let Some(entry) = self.entries.get(&job.recording)
                {
                    entry.done.send_replace(result);
                }
            }
            Err(error) => {
                let Some((failures, wait_ms)) = self.schedule.failed(job, now_ms, rand::random()) else { return };
                tracing::warn!(recording = %job.recording, failures, wait_ms, %error, "a file could not be stored; it is tried again");
                if let Some(entry) = self.entries.get_mut(&job.recording) {
                    (entry.failures, entry.last_error) = (failures, Some(error.to_string()));
                }
            }
        }
    }

    async fn write(&self, note: &Note) -> Result<(), QueueError> {
        let (notes, note) = (self.notes.clone(), note.clone());
        blocking(move || notes.write(&note)).await.map_err(|e| self.journal(&e))
    }

    fn journal(&self, e: &io::Error) -> QueueError {
        QueueError::Journal { folder: self.folder.clone(), why: e.to_string() }
    }
}

/// Stores a file; where it is gone here but stands in the store with its hash, an earlier run had come that far.
async fn send(store: &SharedStore, file: &UploadFile) -> Result<Stored, StoreError> {
    match store.put_file(&file.key, &file.path, &file.sha256).await {
        Err(StoreError::Local { key, why }) => match sha256_of_object(&**store, &file.key).await {
            Ok((stored, there)) if there == file.sha256 => Ok(stored),
            _ => Err(StoreError::Local { key, why }),
        },
        other => other,
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(io::Error::other("the node is shutting down")))
}
