//! A tape being written: its handles, and what the writing threads do with it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};
use std::time::Instant;

use parking_lot::Mutex;

use super::buffer::Buffer;
use super::error::TapeError;
use super::format::{RecordKind, encode_report};
use super::keys::{KeyFolder, MasterKey, TapeKey};
use super::record::SenderReport;
use super::sink::{SealKey, Sink, SyncJob};
use super::spool::{SpoolInner, Written};
use crate::model::event::TapeEvent;
use crate::model::id::{ParticipantId, SessionId, TrackId};
use crate::model::time::MediaTime;
use crate::policy::Permit;

/// A session's tape in this process. Locks are taken in this order: `sink`, `buffer`.
pub(super) struct LiveTape {
    pub(super) id: SessionId,
    pub(super) dir: PathBuf,
    pub(super) sink: Mutex<Sink>,
    pub(super) buffer: Mutex<Buffer>,
    /// Whether the last write failed: what is told once, not at each try.
    pub(super) failing: AtomicBool,
    /// Everything that was appended before this is in the kernel.
    pub(super) written_at: Mutex<Instant>,
}

impl fmt::Debug for LiveTape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveTape").field("id", &self.id).finish_non_exhaustive()
    }
}

impl LiveTape {
    /// Seals what waits and hands it to the kernel.
    pub(super) fn write_out(&self, spool: &SpoolInner) -> Result<(), TapeError> {
        let mut sink = self.sink.lock();
        let (began, blocks) = {
            let mut buffer = self.buffer.lock();
            let began = Instant::now();
            if buffer.is_empty() && buffer.backlog == 0 {
                *self.written_at.lock() = began;
                return Ok(());
            }
            (began, buffer.take())
        };
        let sealed = sink.seal(&blocks);
        for mut block in blocks {
            block.wipe();
        }
        let written = sealed.and_then(|()| sink.write_out(&*spool.disk, began));
        self.buffer.lock().set_backlog(sink.unwritten_bytes());
        if written.is_ok() {
            *self.written_at.lock() = began;
        }
        written
    }

    /// To the disk, this session alone.
    pub(super) fn sync(&self) -> Result<(), TapeError> {
        let Some(job) = self.sink.lock().begin_sync() else { return Ok(()) };
        let done = job.run();
        self.end_sync(job, done.is_ok());
        done
    }

    pub(super) fn end_sync(&self, job: SyncJob, done: bool) {
        let mut sink = self.sink.lock();
        sink.end_sync(job, done);
        self.buffer.lock().set_backlog(sink.unwritten_bytes());
    }

    /// Whether the kernel has everything of it.
    pub(super) fn is_written(&self) -> bool {
        let sink = self.sink.lock();
        sink.unwritten_bytes() == 0 && self.buffer.lock().is_empty()
    }

    /// Whether nothing of it is left in memory.
    pub(super) fn is_settled(&self) -> bool {
        let sink = self.sink.lock();
        sink.is_settled() && self.buffer.lock().is_empty()
    }

    fn key_of(&self, master: &MasterKey, participant: &ParticipantId) -> Result<u16, TapeError> {
        let mut sink = self.sink.lock();
        if let Some(at) = sink.keys.iter().position(|k| k.participant.as_ref() == Some(participant)) {
            return Ok(at as u16);
        }
        let number = u16::try_from(sink.keys.len()).map_err(|_| TapeError::TooManyParticipants(participant.clone()))?;
        let path = KeyFolder::of(&self.dir).participant_key(participant, number);
        let key = TapeKey::make(master, &path, self.id.as_str())?;
        // Each is half a kilobyte, and most sessions have two parties.
        sink.keys.reserve_exact(1);
        sink.keys.push(SealKey { participant: Some(participant.clone()), key: Some(key.key) });
        sink.new_keys.push(path);
        self.buffer.lock().add_key(number, false);
        Ok(number)
    }

    fn erase(&self, participant: &ParticipantId) -> Result<(), TapeError> {
        let number = {
            let mut sink = self.sink.lock();
            let known = sink.keys.iter().position(|k| k.participant.as_ref() == Some(participant));
            let number = known.unwrap_or(sink.keys.len());
            let number = u16::try_from(number).map_err(|_| TapeError::TooManyParticipants(participant.clone()))?;
            if known.is_none() {
                sink.keys.push(SealKey { participant: Some(participant.clone()), key: None });
            }
            sink.keys[usize::from(number)].key = None;
            self.buffer.lock().erase(number);
            number
        };
        KeyFolder::of(&self.dir).destroy(participant, number)
    }
}

/// A tape being written. Clones share it.
#[derive(Clone, Debug)]
pub struct SessionTape {
    pub(super) tape: Arc<LiveTape>,
    pub(super) spool: Arc<SpoolInner>,
}

impl SessionTape {
    /// Appends an event. Times never go back by more than the 200 ms of a buffer.
    ///
    /// # Errors
    /// Where the tape is closed, or the disk has not taken anything for so long that the buffer is full.
    pub fn event(&self, at: MediaTime, event: &TapeEvent) -> Result<(), TapeError> {
        let json = serde_json::to_vec(event).map_err(|e| TapeError::Output(e.into()))?;
        let mut buffer = self.tape.buffer.lock();
        match buffer.event(at, &json, matches!(event, TapeEvent::SessionEnded)) {
            Written::Kept => Ok(()),
            _ if buffer.closed => Err(TapeError::Closed),
            _ => Err(TapeError::Full),
        }
    }

    /// A writer for a track of a participant (whose key is made at the first call).
    ///
    /// # Errors
    /// Where the key cannot be kept.
    pub fn track(&self, participant: &ParticipantId, track: TrackId) -> Result<TrackWriter, TapeError> {
        let key = self.tape.key_of(&self.spool.master, participant)?;
        Ok(TrackWriter { tape: Arc::clone(&self.tape), _spool: Arc::clone(&self.spool), key, track })
    }

    /// Destroys a participant's key: what was captured of them cannot be read any more, by anybody. What is still in the buffer goes too.
    /// Returns when the destruction is on the disk.
    ///
    /// # Errors
    /// Where the key file cannot be destroyed.
    pub fn erase(&self, participant: &ParticipantId) -> Result<(), TapeError> {
        self.tape.erase(participant)
    }

    /// Hands what waits to the kernel now, without waiting for the disk: a reader finds it.
    ///
    /// # Errors
    /// Where the disk does not take it.
    pub fn write_out(&self) -> Result<(), TapeError> {
        self.tape.write_out(&self.spool)
    }

    /// Writes out and syncs everything now.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn flush(&self) -> Result<(), TapeError> {
        self.write_out()?;
        self.tape.sync()
    }

    /// Flushes and closes; later writes are refused. Where the disk fails, the writing threads go on trying.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn close(&self) -> Result<(), TapeError> {
        let flushed = self.flush();
        self.tape.buffer.lock().closed = true;
        flushed?;
        // What came in between the flush and the closing.
        self.flush()?;
        self.spool.forget(&self.tape);
        Ok(())
    }

    /// Whether a reader finds everything that was appended.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.tape.is_written()
    }

    /// The tape's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.tape.dir
    }
}

/// How far a tape is written: what a reader has not found by then has not happened, later it may still wait in memory for the disk.
#[derive(Clone, Debug)]
pub struct Watermark {
    tape: Weak<LiveTape>,
}

impl Watermark {
    pub(super) fn of(tape: Option<&Arc<LiveTape>>) -> Self {
        Self { tape: tape.map_or_else(Weak::new, Arc::downgrade) }
    }

    /// Everything that was appended before this instant is there to be read; `None` where all of the tape is.
    #[must_use]
    pub fn written_at(&self) -> Option<Instant> {
        self.tape.upgrade().map(|tape| *tape.written_at.lock())
    }
}

/// Appends one track's packets.
#[derive(Clone, Debug)]
pub struct TrackWriter {
    tape: Arc<LiveTape>,
    /// Keeps the writing threads alive as long as somebody writes.
    _spool: Arc<SpoolInner>,
    key: u16,
    track: TrackId,
}

impl TrackWriter {
    /// Appends an RTP packet if the permit admits it.
    pub fn rtp(&self, permit: &Permit, arrival: MediaTime, packet: &[u8]) -> Written {
        if !permit.admits(arrival) {
            return Written::Gated;
        }
        self.tape.buffer.lock().media(self.key, RecordKind::Rtp, self.track, arrival, packet)
    }

    /// Appends a sender report (no media: needs no permit, but a declined participant's is dropped).
    pub fn sender_report(&self, arrival: MediaTime, report: SenderReport) -> Written {
        self.tape.buffer.lock().media(self.key, RecordKind::SenderReport, self.track, arrival, &encode_report(&report))
    }
}
