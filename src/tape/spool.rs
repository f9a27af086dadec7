//! The spool: the folder of tapes being written, and the two threads that write them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread::Thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::bell::{Rhythm, WriteBell};
use super::budget::{Budget, Share};
use super::buffer::Buffer;
use super::disk::{Disk, KernelDisk};
use super::error::TapeError;
use super::format::ChunkHeader;
use super::keys::{KeyFolder, MasterKey, TapeKey};
use super::reader::TapeReader;
use super::recover;
use super::removal;
use super::session::{LiveTape, SessionTape, Watermark};
use super::sink::{ChunkLimits, SealKey, Sink, SyncJob};
use crate::model::event::{SessionOpened, TapeEvent};
use crate::model::id::SessionId;
use crate::model::time::MediaTime;

/// Where tapes lie and how they are written.
#[derive(Clone, Debug)]
pub struct SpoolConfig {
    /// `<data>/spool`.
    pub dir: PathBuf,
    /// `<data>/master.key`: made with mode 0600 where it is absent.
    pub master_key: PathBuf,
}

/// How often and how much is written.
#[derive(Clone, Copy, Debug)]
pub struct SpoolLimits {
    /// From memory to the kernel: what a killed process loses at most, with the time that the writing takes. Whoever rings the [`WriteBell`] at least
    /// nearly as often sets the time instead.
    pub write_every: Duration,
    /// From the kernel to the disk: what a power cut loses at most, with the time that the syncing takes.
    pub sync_every: Duration,
    /// A chunk of this size is followed by another.
    pub chunk_bytes: u64,
    /// A chunk of this age is followed by another.
    pub chunk_age: Duration,
    /// What a session may hold in memory while the disk does not take it.
    pub buffer_bytes: usize,
    /// What all sessions together may hold in memory: what waits for the kernel, and what is kept until it is synced.
    pub node_bytes: usize,
}

impl Default for SpoolLimits {
    fn default() -> Self {
        Self {
            write_every: Duration::from_millis(150),
            sync_every: Duration::from_millis(250),
            chunk_bytes: 16 << 20,
            chunk_age: Duration::from_mins(1),
            buffer_bytes: 2 << 20,
            node_bytes: 256 << 20,
        }
    }
}

/// With more sessions than this to sync, one sync of the whole file system is cheaper than one a file.
const SYNC_ONE_BY_ONE: usize = 4;

/// The spool of a node. Clones share it. Two threads of its own write out every 150 ms (or when the bell is rung) and sync every quarter of a second.
#[derive(Clone, Debug)]
pub struct Spool {
    inner: Arc<SpoolInner>,
    bell: WriteBell,
}

/// What the handles and the threads share.
#[derive(Debug)]
pub(super) struct SpoolInner {
    dir: PathBuf,
    pub(super) master: MasterKey,
    master_path: PathBuf,
    limits: SpoolLimits,
    budget: Arc<Budget>,
    /// Pieces of memory that were refused when it was last looked, and whether that was told.
    refused: AtomicU64,
    short_of_memory: AtomicBool,
    pub(super) disk: Box<dyn Disk>,
    live: Mutex<HashMap<SessionId, Arc<LiveTape>>>,
    threads: Mutex<Vec<Thread>>,
}

impl Spool {
    /// Opens (or makes) the folder, reads (or makes) the master key, starts the writing threads.
    ///
    /// # Errors
    /// Where the folder or key cannot be read or made.
    pub fn open(config: SpoolConfig) -> Result<Self, TapeError> {
        Self::open_with(config, SpoolLimits::default())
    }

    /// As `open`, with other limits.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_with(config: SpoolConfig, limits: SpoolLimits) -> Result<Self, TapeError> {
        fs::create_dir_all(&config.dir).map_err(TapeError::io(&config.dir))?;
        let disk = KernelDisk::at(&config.dir).map_err(TapeError::io(&config.dir))?;
        Self::on_disk(config, limits, Box::new(disk))
    }

    pub(super) fn on_disk(config: SpoolConfig, limits: SpoolLimits, disk: Box<dyn Disk>) -> Result<Self, TapeError> {
        fs::create_dir_all(&config.dir).map_err(TapeError::io(&config.dir))?;
        if let Err(error) = removal::finish(&config.dir) {
            tracing::warn!(%error, "tapes whose removal was interrupted are still there; tried again at the next start");
        }
        let inner = Arc::new(SpoolInner {
            dir: config.dir,
            master: MasterKey::read_or_make(&config.master_key)?,
            master_path: config.master_key,
            limits,
            budget: Budget::of(limits.node_bytes),
            refused: AtomicU64::new(0),
            short_of_memory: AtomicBool::new(false),
            disk,
            live: Mutex::default(),
            threads: Mutex::default(),
        });
        let bell = inner.start("tape-write", limits.write_every, SpoolInner::write_all)?;
        inner.start("tape-sync", limits.sync_every, SpoolInner::sync_all)?;
        Ok(Self { inner, bell })
    }

    /// A new tape, whose first record is `opened`.
    ///
    /// # Errors
    /// Where it cannot be created, or exists.
    pub fn create(&self, opened: &SessionOpened) -> Result<SessionTape, TapeError> {
        let id = &opened.session;
        let dir = self.folder(id);
        match fs::create_dir(&dir) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => return Err(TapeError::Exists(id.clone())),
            made => made.map_err(TapeError::io(&dir))?,
        }
        let begun = self.begin(opened, &dir);
        if begun.is_err() {
            self.inner.live.lock().remove(id);
            let _ = fs::remove_dir_all(&dir);
        }
        begun
    }

    fn begin(&self, opened: &SessionOpened, dir: &Path) -> Result<SessionTape, TapeError> {
        let id = &opened.session;
        let folder = KeyFolder::of(dir);
        fs::create_dir(folder.path()).map_err(TapeError::io(folder.path()))?;
        let key = TapeKey::make(&self.inner.master, &folder.session_key(), id.as_str())?;
        let header = ChunkHeader {
            number: 1,
            started_at_ns: opened.started_at.0,
            key_id: self.inner.master.id,
            first_block: 1,
            session: id.to_string(),
        };
        let keys = vec![SealKey { participant: None, key: Some(key.key) }];
        let tape = self.live(id, dir, header, keys, vec![folder.session_key()])?;
        tape.event(MediaTime::ZERO, &TapeEvent::SessionOpened(Box::new(opened.clone())))?;
        tape.tape.write_out(&self.inner)?;
        Ok(tape)
    }

    fn live(
        &self,
        id: &SessionId,
        dir: &Path,
        header: ChunkHeader,
        keys: Vec<SealKey>,
        new_keys: Vec<PathBuf>,
    ) -> Result<SessionTape, TapeError> {
        let limits = self.inner.limits;
        let mut buffer = Buffer::new(limits.buffer_bytes, Share::of(&self.inner.budget));
        for (number, key) in keys.iter().enumerate() {
            buffer.add_key(number as u16, key.key.is_none());
        }
        let chunk = ChunkLimits { bytes: limits.chunk_bytes, age: limits.chunk_age, unsynced_bytes: limits.buffer_bytes };
        let mut sink = Sink::new(dir, header, chunk, keys, Share::of(&self.inner.budget))?;
        sink.new_keys = new_keys;
        let tape = Arc::new(LiveTape {
            id: id.clone(),
            dir: dir.to_owned(),
            sink: Mutex::new(sink),
            buffer: Mutex::new(buffer),
            failing: AtomicBool::new(false),
            written_at: Mutex::new(Instant::now()),
        });
        let mut live = self.inner.live.lock();
        if live.contains_key(id) {
            return Err(TapeError::Live(id.clone()));
        }
        live.insert(id.clone(), Arc::clone(&tape));
        Ok(SessionTape { tape, spool: Arc::clone(&self.inner) })
    }

    /// A session's folder.
    #[must_use]
    pub fn folder(&self, session: &SessionId) -> PathBuf {
        self.inner.dir.join(session.as_str())
    }

    /// The master key's file, for a [`TapeReader`].
    #[must_use]
    pub fn master_key(&self) -> &Path {
        &self.inner.master_path
    }

    /// Every tape that lies in the spool and is not being written: torn tails cut off, ready to be continued or read.
    ///
    /// # Errors
    /// Where the folder cannot be read; a damaged tape is no error but a line in its `Recovered`.
    pub fn recover(&self) -> Result<Vec<Recovered>, TapeError> {
        let dir = &self.inner.dir;
        let mut found = Vec::new();
        for entry in fs::read_dir(dir).map_err(TapeError::io(dir))? {
            let entry = entry.map_err(TapeError::io(dir))?;
            let Ok(session) = entry.file_name().to_string_lossy().parse::<SessionId>() else { continue };
            if !entry.path().join("keys").is_dir() || self.inner.live.lock().contains_key(&session) {
                continue;
            }
            found.push(recover::recover(&session, &entry.path(), &self.inner.master_path));
        }
        found.sort_by(|a, b| a.session.cmp(&b.session));
        Ok(found)
    }

    /// Goes on writing a recovered tape in a new chunk (to end what the crash left open).
    ///
    /// # Errors
    /// As `create`.
    pub fn reopen(&self, session: &SessionId) -> Result<SessionTape, TapeError> {
        let dir = self.folder(session);
        if self.inner.live.lock().contains_key(session) {
            return Err(TapeError::Live(session.clone()));
        }
        if !dir.is_dir() {
            return Err(TapeError::NoTape(dir));
        }
        recover::mend(&dir)?;
        let mut reader = TapeReader::open(&dir, &self.inner.master_path)?;
        let mut started_at_ns = None;
        while let Some(record) = reader.next()? {
            if let super::record::Body::Event(TapeEvent::SessionOpened(opened)) = record.body {
                started_at_ns.get_or_insert(opened.started_at.0);
            }
        }
        let header = ChunkHeader {
            number: recover::chunks(&dir)?.last().map_or(1, |n| n + 1),
            started_at_ns: started_at_ns.or(reader.started_at_ns()).unwrap_or_default(),
            key_id: self.inner.master.id,
            first_block: reader.next_block(),
            session: session.to_string(),
        };
        let folder = KeyFolder::of(&dir);
        let mut keys = vec![SealKey { participant: None, key: Some(TapeKey::read(&self.inner.master, &folder.session_key())?.key) }];
        for listed in folder.list()? {
            // Numbers whose files are gone altogether are never given out again.
            while keys.len() < usize::from(listed.number) {
                keys.push(SealKey { participant: None, key: None });
            }
            let key = if listed.erased {
                None
            } else {
                TapeKey::read(&self.inner.master, &folder.participant_key(&listed.participant, listed.number)).ok().map(|k| k.key)
            };
            keys.push(SealKey { participant: Some(listed.participant), key });
        }
        self.live(session, &dir, header, keys, Vec::new())
    }

    /// Removes a tape and its keys for good. What a crash interrupts the next start finishes.
    ///
    /// # Errors
    /// Where it cannot be removed, or is being written, or waits to be.
    pub fn remove(&self, session: &SessionId) -> Result<(), TapeError> {
        let dir = self.folder(session);
        let live = self.inner.live.lock().get(session).cloned();
        if let Some(tape) = live
            && !(tape.buffer.lock().closed && tape.is_written())
        {
            return Err(TapeError::Live(session.clone()));
        }
        // An earlier try may have stopped half-way.
        if removal::go_on(&self.inner.dir, session)? && !dir.is_dir() {
            return super::keys::sync_dir(&self.inner.dir);
        }
        if !dir.is_dir() {
            return Err(TapeError::NoTape(dir));
        }
        self.inner.live.lock().remove(session);
        removal::destroy(&removal::take_out(&self.inner.dir, session)?)?;
        super::keys::sync_dir(&self.inner.dir)
    }

    /// Whether anything of a tape lies here, be it that its removal stopped half-way.
    #[must_use]
    pub fn holds(&self, session: &SessionId) -> bool {
        self.folder(session).is_dir() || removal::is_half_done(&self.inner.dir, session)
    }

    /// How far a tape is written that is being written; nothing is known of any other.
    #[must_use]
    pub fn watermark(&self, session: &SessionId) -> Watermark {
        Watermark::of(self.inner.live.lock().get(session))
    }

    /// Hands what waits of all tapes to the kernel, as the writing thread does by itself.
    pub fn write_out(&self) {
        self.inner.write_all();
    }

    /// For whoever knows when there is something to write.
    #[must_use]
    pub fn bell(&self) -> WriteBell {
        self.bell.clone()
    }

    /// Bytes of all tapes that wait in memory for the disk, and what they may be.
    #[must_use]
    pub fn memory(&self) -> (usize, usize) {
        (self.inner.budget.used(), self.inner.limits.node_bytes)
    }

    /// How many tapes are being written.
    #[must_use]
    pub fn live_tapes(&self) -> usize {
        self.inner.live.lock().len()
    }
}

impl SpoolInner {
    fn start(self: &Arc<Self>, name: &str, every: Duration, mut work: impl FnMut(&Self) + Send + 'static) -> Result<WriteBell, TapeError> {
        let weak: Weak<Self> = Arc::downgrade(self);
        let rung = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&rung);
        let run = move || {
            let mut rhythm = Rhythm::every(every, Instant::now());
            loop {
                if let Some(rest) = rhythm.rest(Instant::now(), heard.swap(false, Ordering::Acquire)) {
                    std::thread::park_timeout(rest);
                    // Woken to end, it may have time left.
                    if weak.strong_count() > 0 {
                        continue;
                    }
                }
                match weak.upgrade() {
                    Some(spool) => work(&spool),
                    None => return,
                }
            }
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(TapeError::io(&self.dir))?.thread().clone();
        self.threads.lock().push(thread.clone());
        Ok(WriteBell::of(thread, rung))
    }

    fn snapshot(&self) -> Vec<Arc<LiveTape>> {
        self.live.lock().values().cloned().collect()
    }

    /// Forgets a tape of which nothing is left in memory.
    pub(super) fn forget(&self, tape: &Arc<LiveTape>) {
        let mut live = self.live.lock();
        if live.get(&tape.id).is_some_and(|t| Arc::ptr_eq(t, tape)) && tape.is_settled() {
            live.remove(&tape.id);
        }
    }

    fn tell_of_memory(&self) {
        let refused = self.budget.refused();
        let more = self.refused.swap(refused, Ordering::Relaxed) != refused;
        if more && !self.short_of_memory.swap(true, Ordering::Relaxed) {
            let mib = self.limits.node_bytes >> 20;
            tracing::error!(
                mib,
                "the disk is too slow or stuck: tapes hold all the memory that they may; what comes now is lost, and counted on its tape"
            );
        } else if !more && self.budget.has_room() && self.short_of_memory.swap(false, Ordering::Relaxed) {
            tracing::info!("there is room in memory for the tapes again");
        }
    }

    fn write_all(&self) {
        self.tell_of_memory();
        for tape in self.snapshot() {
            let written = tape.write_out(self);
            let was_failing = tape.failing.swap(written.is_err(), Ordering::Relaxed);
            match written {
                Err(error) if !was_failing => {
                    tracing::error!(session = %tape.id, %error, "a tape cannot be written; it is kept in memory and tried again");
                }
                Ok(()) if was_failing => tracing::info!(session = %tape.id, "the tape is written again"),
                _ => {}
            }
            // The registry's and this one: nobody can write to it any more.
            let abandoned = Arc::strong_count(&tape) == 2;
            if abandoned || tape.buffer.lock().closed {
                self.forget(&tape);
            }
        }
    }

    fn sync_all(&self) {
        // The writing thread may be the one that is stuck.
        self.tell_of_memory();
        let jobs: Vec<(Arc<LiveTape>, SyncJob)> = self
            .snapshot()
            .into_iter()
            .filter_map(|tape| {
                let job = tape.sink.lock().begin_sync()?;
                Some((tape, job))
            })
            .collect();
        let all_at_once = jobs.len() > SYNC_ONE_BY_ONE && self.disk.sync_all().is_ok();
        for (tape, job) in jobs {
            let done = if all_at_once { Ok(()) } else { job.run() };
            if let Err(error) = &done {
                tracing::warn!(session = %tape.id, %error, "a tape cannot be synced; a new chunk is begun and its last blocks are written again");
            }
            tape.end_sync(job, done.is_ok());
        }
    }
}

impl Drop for SpoolInner {
    fn drop(&mut self) {
        for tape in self.snapshot() {
            if let Err(error) = tape.write_out(self).and_then(|()| tape.sync()) {
                tracing::error!(session = %tape.id, %error, "a tape could not be written to its end");
            }
        }
        for thread in self.threads.get_mut().drain(..) {
            thread.unpark();
        }
    }
}

/// What recovery found.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// The session.
    pub session: SessionId,
    /// Its folder.
    pub dir: PathBuf,
    /// Whether its last record is `SessionEnded`.
    pub ended: bool,
    /// Arrival time of the last whole record.
    pub last: MediaTime,
    /// Bytes cut off at the torn end.
    pub torn_bytes: u64,
    /// Damaged records skipped.
    pub damaged: u64,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is in the buffer.
    Kept,
    /// The permit did not admit it: no byte of it was kept.
    Gated,
    /// The tape is closed or erased, or its disk is full: counted, and told by a `Dropped` event as soon as there is room.
    Dropped,
}
