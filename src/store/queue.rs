//! The upload queue: what has to be in the store gets there, however often the store or the network fails.
//!
//! Invariants: a file counts only when the store read it back with the right hash; no local file is ever deleted here; nothing is given up while the
//! process lives. What a killed process had on its way its owner plans again: the tape of a recording stays until all of it is stored, it is rendered again
//! to the same bytes, and what the store has of them, parts of a large file too, is not sent again.

mod schedule;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::schedule::{Job, Next, Schedule};
use super::{SharedStore, StoreError, Stored, key, sha256_of_object};
use crate::model::id::RecordingId;

pub use self::schedule::QueueSettings;

/// What the queue said no to.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// A key that no store would take.
    #[error(transparent)]
    Key(StoreError),
    /// The queue is shutting down.
    #[error("the upload queue is shutting down")]
    Closed,
}

/// A file that has to be in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadFile {
    /// Where it lies here.
    pub path: PathBuf,
    /// Under which key it has to stand.
    pub key: String,
    /// Its SHA-256, lower-case hex.
    pub sha256: String,
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

/// The queue. Clones share it; it stops when the last one is dropped.
#[derive(Clone, Debug)]
pub struct UploadQueue {
    to_driver: mpsc::Sender<Told>,
}

enum Told {
    Enqueue(RecordingId, Vec<UploadFile>, oneshot::Sender<Ticket>),
    Forget(RecordingId, oneshot::Sender<()>),
    Withdraw(RecordingId, oneshot::Sender<()>),
    Status(oneshot::Sender<Vec<UploadStatus>>),
}

impl UploadQueue {
    /// Starts the queue of a store.
    #[must_use]
    pub fn start(store: SharedStore, settings: QueueSettings) -> Self {
        let (to_driver, told) = mpsc::channel(64);
        let driver = Driver {
            store,
            schedule: Schedule::new(settings),
            entries: HashMap::new(),
            number: 0,
            began: Instant::now(),
            withdrawals: Vec::new(),
        };
        tokio::spawn(driver.run(told));
        Self { to_driver }
    }

    /// Takes a recording's files. A second plan for a recording stands instead of the first; what is stored of it with the same hash counts.
    ///
    /// # Errors
    /// Where a key is none, or the queue shuts down.
    pub async fn enqueue(&self, recording: &RecordingId, files: Vec<UploadFile>) -> Result<Ticket, QueueError> {
        files.iter().try_for_each(|f| key::check(&f.key)).map_err(QueueError::Key)?;
        self.ask(|answer| Told::Enqueue(recording.clone(), files, answer)).await
    }

    /// Forgets a recording: its owner knows that it is stored, or wants it no more. Nothing is deleted from the store.
    ///
    /// # Errors
    /// Where the queue shuts down.
    pub async fn forget(&self, recording: &RecordingId) -> Result<(), QueueError> {
        self.ask(|answer| Told::Forget(recording.clone(), answer)).await
    }

    /// As [`Self::forget`], and answers when nothing of it is under way any more: what is deleted from the store after that stays deleted. Whoever
    /// waits on its ticket is told that the queue has closed.
    ///
    /// # Errors
    /// Where the queue shuts down.
    pub async fn withdraw(&self, recording: &RecordingId) -> Result<(), QueueError> {
        self.ask(|answer| Told::Withdraw(recording.clone(), answer)).await
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
    /// Rises from entry to entry: the order in which they came.
    number: u64,
    files: Vec<UploadFile>,
    /// Size and tag of each, once it was stored and read back.
    stored: Vec<Option<Stored>>,
    done: watch::Sender<Option<StoredFiles>>,
    failures: u32,
    last_error: Option<String>,
}

impl Entry {
    /// Every file with what the store said of it; `None` until all are stored.
    fn result(&self) -> Option<StoredFiles> {
        self.files.iter().zip(&self.stored).map(|(file, stored)| Some((file.key.clone(), stored.clone()?))).collect()
    }
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
    schedule: Schedule,
    entries: HashMap<RecordingId, Entry>,
    number: u64,
    began: Instant,
    /// Who waits for files under way of recordings that are wanted no more.
    withdrawals: Vec<(RecordingId, oneshot::Sender<()>)>,
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
                    Some(what) => self.on_told(what),
                    // Files under way are cut off.
                    None => return,
                },
                Some((job, result)) = jobs.next() => {
                    self.on_result(&job, result);
                    self.answer_withdrawals();
                }
                () = waited => {}
            }
        }
    }

    fn now_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    fn begin(&self, job: Job, jobs: &mut Jobs) {
        let Some(file) = self.entries.get(&job.recording).and_then(|e| e.files.get(job.file)).cloned() else { return };
        let store = self.store.clone();
        let task = jobs.tasks.spawn(async move { send(&store, &file).await });
        jobs.of.insert(task.id(), job);
    }

    fn on_told(&mut self, what: Told) {
        match what {
            Told::Enqueue(recording, files, answer) => {
                let _ = answer.send(self.enqueue(recording, files));
            }
            Told::Forget(recording, answer) => {
                self.forget(&recording);
                let _ = answer.send(());
            }
            Told::Withdraw(recording, answer) => {
                self.forget(&recording);
                if self.schedule.lingers(&recording) {
                    self.withdrawals.push((recording, answer));
                } else {
                    let _ = answer.send(());
                }
            }
            Told::Status(answer) => {
                let mut entries: Vec<_> = self.entries.iter().collect();
                entries.sort_by_key(|(_, e)| e.number);
                let status = |(recording, e): (&RecordingId, &Entry)| UploadStatus {
                    recording: recording.clone(),
                    stored: e.stored.iter().flatten().count(),
                    files: e.files.len(),
                    failures: e.failures,
                    last_error: e.last_error.clone(),
                };
                let _ = answer.send(entries.into_iter().map(status).collect());
            }
        }
    }

    fn forget(&mut self, recording: &RecordingId) {
        self.schedule.forget(recording);
        self.entries.remove(recording);
    }

    fn answer_withdrawals(&mut self) {
        for at in (0..self.withdrawals.len()).rev() {
            if !self.schedule.lingers(&self.withdrawals[at].0) {
                let _ = self.withdrawals.swap_remove(at).1.send(());
            }
        }
    }

    fn enqueue(&mut self, recording: RecordingId, files: Vec<UploadFile>) -> Ticket {
        self.number += 1;
        let before = self.entries.remove(&recording);
        let stored_before = |file: &UploadFile| {
            let before = before.as_ref()?;
            before.files.iter().zip(&before.stored).find(|(known, _)| known.key == file.key && known.sha256 == file.sha256)?.1.clone()
        };
        let stored: Vec<Option<Stored>> = files.iter().map(stored_before).collect();
        self.schedule.plan(&recording, files.iter().zip(&stored).map(|(file, stored)| (file.key.as_str(), stored.is_some())));
        // Whoever waits for the recording waits on, for the new plan.
        let done = before.map_or_else(|| watch::Sender::new(None), |old| old.done);
        let entry = Entry { number: self.number, files, stored, done, failures: 0, last_error: None };
        entry.done.send_replace(entry.result());
        let ticket = Ticket { recording: recording.clone(), done: entry.done.subscribe() };
        self.entries.insert(recording, entry);
        ticket
    }

    fn on_result(&mut self, job: &Job, result: Result<Stored, StoreError>) {
        let now_ms = self.now_ms();
        match result {
            Ok(stored) => {
                if !self.schedule.stored(job) {
                    return;
                }
                let Some(entry) = self.entries.get_mut(&job.recording) else { return };
                entry.stored[job.file] = Some(stored);
                (entry.failures, entry.last_error) = (0, None);
                if self.schedule.is_complete(&job.recording) {
                    entry.done.send_replace(entry.result());
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
