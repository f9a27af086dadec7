//! The spool: the folder of tapes being written.

use std::path::{Path, PathBuf};

use super::error::TapeError;
use super::record::SenderReport;
use crate::model::event::{SessionOpened, TapeEvent};
use crate::model::id::{ParticipantId, SessionId, TrackId};
use crate::model::time::MediaTime;
use crate::policy::Permit;

/// Where tapes lie and how they are written.
#[derive(Clone, Debug)]
pub struct SpoolConfig {
    /// `<data>/spool`.
    pub dir: PathBuf,
    /// `<data>/master.key`: made with mode 0600 where it is absent.
    pub master_key: PathBuf,
}

/// The spool of a node. Clones share it. Two threads of its own write out every 200 ms and sync every second.
#[derive(Clone, Debug)]
pub struct Spool {}

impl Spool {
    /// Opens (or makes) the folder, reads (or makes) the master key, starts the writing threads.
    ///
    /// # Errors
    /// Where the folder or key cannot be read or made.
    pub fn open(_config: SpoolConfig) -> Result<Self, TapeError> {
        todo!()
    }

    /// A new tape, whose first record is `opened`.
    ///
    /// # Errors
    /// Where it cannot be created, or exists.
    pub fn create(&self, _opened: &SessionOpened) -> Result<SessionTape, TapeError> {
        todo!()
    }

    /// A session's folder.
    #[must_use]
    pub fn folder(&self, _session: &SessionId) -> PathBuf {
        todo!()
    }

    /// Every tape that lies in the spool and is not being written: torn tails cut off, ready to be continued or read.
    ///
    /// # Errors
    /// Where the folder cannot be read; a damaged tape is no error but a line in its `Recovered`.
    pub fn recover(&self) -> Result<Vec<Recovered>, TapeError> {
        todo!()
    }

    /// Goes on writing a recovered tape in a new chunk (to end what the crash left open).
    ///
    /// # Errors
    /// As `create`.
    pub fn reopen(&self, _session: &SessionId) -> Result<SessionTape, TapeError> {
        todo!()
    }

    /// Removes a tape and its keys for good.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub fn remove(&self, _session: &SessionId) -> Result<(), TapeError> {
        todo!()
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

/// A tape being written. Clones share it.
#[derive(Clone, Debug)]
pub struct SessionTape {}

impl SessionTape {
    /// Appends an event. Times never go back by more than the 200 ms of a buffer.
    ///
    /// # Errors
    /// Where the tape is closed or the disk has failed for good.
    pub fn event(&self, _at: MediaTime, _event: &TapeEvent) -> Result<(), TapeError> {
        todo!()
    }

    /// A writer for a track of a participant (whose key is made at the first call).
    ///
    /// # Errors
    /// Where the key cannot be kept.
    pub fn track(&self, _participant: &ParticipantId, _track: TrackId) -> Result<TrackWriter, TapeError> {
        todo!()
    }

    /// Destroys a participant's key: what was captured of them cannot be read any more, by anybody. What is still in the buffer goes too.
    /// Returns when the destruction is on the disk.
    ///
    /// # Errors
    /// Where the key file cannot be destroyed.
    pub fn erase(&self, _participant: &ParticipantId) -> Result<(), TapeError> {
        todo!()
    }

    /// Writes out and syncs everything now.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn flush(&self) -> Result<(), TapeError> {
        todo!()
    }

    /// Flushes and closes; later writes are refused.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn close(&self) -> Result<(), TapeError> {
        todo!()
    }

    /// The tape's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        todo!()
    }
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

/// Appends one track's packets.
#[derive(Clone, Debug)]
pub struct TrackWriter {}

impl TrackWriter {
    /// Appends an RTP packet if the permit admits it.
    pub fn rtp(&self, _permit: &Permit, _arrival: MediaTime, _packet: &[u8]) -> Written {
        todo!()
    }

    /// Appends a sender report (no media: needs no permit, but a declined participant's is dropped).
    pub fn sender_report(&self, _arrival: MediaTime, _report: SenderReport) -> Written {
        todo!()
    }
}
