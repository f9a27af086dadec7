//! A piece of a tape as a new tape of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::budget::{Budget, Share};
use super::buffer::Buffer;
use super::disk::KernelDisk;
use super::error::TapeError;
use super::format::{ChunkHeader, RecordKind, encode_report};
use super::keys::{KeyFolder, MasterKey, TapeKey};
use super::prelude::Prelude;
use super::reader::TapeReader;
use super::record::Body;
use super::sink::{ChunkLimits, SealKey, Sink};
use super::spool::Written;
use crate::model::event::{SessionOpened, TapeEvent};
use crate::model::id::{ParticipantId, TrackId};
use crate::model::time::MediaTime;

/// What came into the new tape.
#[derive(Debug, Default, Serialize)]
pub struct CutReport {
    /// RTP packets.
    pub packets: u64,
    /// Sender reports.
    pub sender_reports: u64,
    /// Events, those at its beginning that tell how things stood among them.
    pub events: u64,
}

/// Writes what arrived from `from` to before `to` as a new tape in the folder `out` (which must not exist), under keys of its own
/// that the same master key wraps. Session time begins anew at `from`; the tape opens with what led there (who is in, tracks,
/// outputs that run, gates, state) and closes with the session's end.
///
/// # Errors
/// Where there is no tape, nothing of it lies in the piece, the key does not fit, or the disk fails.
pub fn cut(dir: &Path, master_key: &Path, from: MediaTime, to: MediaTime, out: &Path) -> Result<CutReport, TapeError> {
    // Once for what leads to the piece, once for the piece: records may stand a little out of order.
    let mut prelude = Prelude::default();
    let mut reader = TapeReader::open(dir, master_key)?;
    let mut piece = 0u64;
    let mut owners = BTreeMap::new();
    while let Some(record) = reader.next()? {
        if let Body::Event(TapeEvent::Track { track, spec }) = &record.body {
            owners.insert(*track, spec.participant.clone());
        }
        match record.body {
            Body::Event(event) if record.at < from || matches!(event, TapeEvent::SessionOpened(_)) => prelude.take(event),
            _ => piece += u64::from((from..to).contains(&record.at)),
        }
    }
    let Some(mut opened) = prelude.opened().cloned() else { return Err(TapeError::NoTape(dir.to_owned())) };
    if piece == 0 {
        return Err(TapeError::EmptyCut { from_ms: from.as_ms(), to_ms: to.as_ms() });
    }
    opened.started_at = opened.started_at.plus_ns(from.as_ns());
    let mut tape = NewTape::make(out, MasterKey::read(master_key)?, &opened)?;
    let mut report = CutReport::default();
    let mut running = prelude.clone();
    for event in prelude.events(opened) {
        tape.event(MediaTime::ZERO, &event)?;
        report.events += 1;
    }
    let mut reader = TapeReader::open(dir, master_key)?;
    let mut last = MediaTime::ZERO;
    while let Some(record) = reader.next()? {
        if !(from..to).contains(&record.at) {
            continue;
        }
        let at = MediaTime(record.at.since(from));
        last = last.max(at);
        match record.body {
            Body::Rtp { track, packet } => {
                tape.media(owners.get(&track), track, RecordKind::Rtp, at, &packet)?;
                report.packets += 1;
            }
            Body::SenderReport { track, report: sent } => {
                tape.media(owners.get(&track), track, RecordKind::SenderReport, at, &encode_report(&sent))?;
                report.sender_reports += 1;
            }
            Body::Event(TapeEvent::SessionOpened(_) | TapeEvent::SessionEnded) => {}
            Body::Event(event) => {
                tape.event(at, &event)?;
                report.events += 1;
                running.take(event);
            }
        }
    }
    for event in running.closing() {
        tape.event(last, &event)?;
        report.events += 1;
    }
    tape.finish()?;
    Ok(report)
}

/// A tape written at once, from records that a permit has once admitted: nothing outside this room can write with it.
struct NewTape {
    sink: Sink,
    buffer: Buffer,
    disk: KernelDisk,
    master: MasterKey,
    folder: KeyFolder,
    session: String,
    keys: BTreeMap<ParticipantId, u16>,
}

const WRITE_AT: usize = 256 << 10;

impl NewTape {
    fn make(out: &Path, master: MasterKey, opened: &SessionOpened) -> Result<Self, TapeError> {
        if let Some(parent) = out.parent() {
            fs::create_dir_all(parent).map_err(TapeError::io(parent))?;
        }
        fs::create_dir(out).map_err(TapeError::io(out))?;
        let folder = KeyFolder::of(out);
        fs::create_dir(folder.path()).map_err(TapeError::io(folder.path()))?;
        let session = opened.session.to_string();
        let key = TapeKey::make(&master, &folder.session_key(), &session)?;
        let header =
            ChunkHeader { number: 1, started_at_ns: opened.started_at.0, key_id: master.id, first_block: 1, session: session.clone() };
        let limits = ChunkLimits { bytes: 16 << 20, age: Duration::MAX, unsynced_bytes: 0 };
        let budget = Budget::of(usize::MAX);
        let mut sink = Sink::new(out, header, limits, vec![SealKey { participant: None, key: Some(key.key) }], Share::of(&budget))?;
        sink.new_keys.push(folder.session_key());
        let disk = KernelDisk::at(out).map_err(TapeError::io(out))?;
        Ok(Self { sink, buffer: Buffer::new(usize::MAX / 4, Share::of(&budget)), disk, master, folder, session, keys: BTreeMap::new() })
    }

    fn event(&mut self, at: MediaTime, event: &TapeEvent) -> Result<(), TapeError> {
        let json = serde_json::to_vec(event).map_err(|e| TapeError::Output(e.into()))?;
        self.buffer.event(at, &json, matches!(event, TapeEvent::SessionEnded));
        self.write_out(WRITE_AT)
    }

    fn media(
        &mut self,
        owner: Option<&ParticipantId>,
        track: TrackId,
        kind: RecordKind,
        at: MediaTime,
        body: &[u8],
    ) -> Result<(), TapeError> {
        // Media of a track that no event names goes under a name of its own rather than being lost.
        let owner = match owner {
            Some(owner) => owner.clone(),
            None => format!("track-{}", track.0).parse().map_err(|_| TapeError::Closed)?,
        };
        let key = match self.keys.get(&owner) {
            Some(key) => *key,
            None => self.add_key(owner)?,
        };
        match self.buffer.media(key, kind, track, at, body) {
            Written::Kept => self.write_out(WRITE_AT),
            _ => Err(TapeError::Full),
        }
    }

    fn add_key(&mut self, owner: ParticipantId) -> Result<u16, TapeError> {
        let number = u16::try_from(self.sink.keys.len()).map_err(|_| TapeError::TooManyParticipants(owner.clone()))?;
        let path = self.folder.participant_key(&owner, number);
        let key = TapeKey::make(&self.master, &path, &self.session)?;
        self.sink.keys.push(SealKey { participant: Some(owner.clone()), key: Some(key.key) });
        self.sink.new_keys.push(path);
        self.buffer.add_key(number, false);
        self.keys.insert(owner, number);
        Ok(number)
    }

    fn write_out(&mut self, at: usize) -> Result<(), TapeError> {
        if self.buffer.held() < at {
            return Ok(());
        }
        let blocks = self.buffer.take();
        self.sink.seal(&blocks)?;
        for mut block in blocks {
            block.wipe();
        }
        self.buffer.set_backlog(0);
        self.sink.write_out(&self.disk, Instant::now())
    }

    fn finish(&mut self) -> Result<(), TapeError> {
        self.write_out(1)?;
        if let Some(job) = self.sink.begin_sync() {
            job.run()?;
            self.sink.end_sync(job, true);
        }
        Ok(())
    }
}
