//! What waits in memory for the next flush: one growing block a key, so that a packet costs a lock and a copy and is sealed where it lies.

use std::collections::BTreeMap;

use super::budget::Share;
use super::format::{RECORD_HEADER, RecordKind, SESSION_KEY, encode_record};
use super::spool::Written;
use crate::model::event::TapeEvent;
use crate::model::id::TrackId;
use crate::model::time::MediaTime;

/// A block holds no longer a time than this: what bounds the disorder between tracks (see `Record`).
const BLOCK_SPAN_NS: u64 = 200_000_000;
/// A block is closed when it holds this much.
const BLOCK_BYTES: usize = 256 << 10;
/// Events may use this much beyond the limit that media keeps to.
const EVENT_RESERVE: usize = 1 << 20;

/// A block that is not sealed yet.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) key: u16,
    /// Blocks are written in the order in which they began.
    pub(super) began: u64,
    pub(super) first_at: MediaTime,
    pub(super) records: u16,
    pub(super) bytes: Vec<u8>,
}

impl Block {
    /// Overwrites what it holds.
    pub(super) fn wipe(&mut self) {
        self.bytes.fill(0);
        std::hint::black_box(&self.bytes);
        self.bytes.clear();
    }
}

#[derive(Debug, Default)]
struct Slot {
    open: Block,
    erased: bool,
}

/// A session's buffer.
#[derive(Debug)]
pub(super) struct Buffer {
    slots: Vec<Slot>,
    full: Vec<Block>,
    began: u64,
    /// Bytes in `slots` and `full`.
    held: usize,
    /// Bytes that were taken from here and that the kernel has not taken yet.
    pub(super) backlog: usize,
    limit: usize,
    share: Share,
    pub(super) closed: bool,
    latest: MediaTime,
    dropped: BTreeMap<TrackId, u64>,
}

impl Buffer {
    pub(super) fn new(limit: usize, share: Share) -> Self {
        Self {
            slots: vec![Slot::default()],
            full: Vec::new(),
            began: 0,
            held: 0,
            backlog: 0,
            limit,
            share,
            closed: false,
            latest: MediaTime::ZERO,
            dropped: BTreeMap::new(),
        }
    }

    /// Makes room for a key's number.
    pub(super) fn add_key(&mut self, key: u16, erased: bool) {
        while self.slots.len() <= usize::from(key) {
            let number = self.slots.len() as u16;
            self.slots.push(Slot { open: Block { key: number, ..Block::default() }, erased: false });
        }
        self.slots[usize::from(key)].erased |= erased;
    }

    /// Appends media of a participant.
    pub(super) fn media(&mut self, key: u16, kind: RecordKind, track: TrackId, at: MediaTime, body: &[u8]) -> Written {
        if self.closed || self.slots.get(usize::from(key)).is_none_or(|s| s.erased) {
            return Written::Dropped;
        }
        self.latest = self.latest.max(at);
        let needs = self.held + self.backlog + RECORD_HEADER + body.len();
        if needs > self.limit || !self.share.cover(needs) {
            *self.dropped.entry(track).or_default() += 1;
            return Written::Dropped;
        }
        self.append(key, kind, track, at, body);
        Written::Kept
    }

    /// Appends an event. `last`: everything else that waits goes before it.
    pub(super) fn event(&mut self, at: MediaTime, json: &[u8], last: bool) -> Written {
        if self.closed || self.held + self.backlog + json.len() > self.limit + EVENT_RESERVE {
            return Written::Dropped;
        }
        if last {
            for key in 0..self.slots.len() {
                self.close_block(key);
            }
        }
        self.latest = self.latest.max(at);
        self.append(SESSION_KEY, RecordKind::Event, TrackId(0), at, json);
        Written::Kept
    }

    fn append(&mut self, key: u16, kind: RecordKind, track: TrackId, at: MediaTime, body: &[u8]) {
        let index = usize::from(key);
        let open = &self.slots[index].open;
        let spans = at.as_ns().abs_diff(open.first_at.as_ns()) > BLOCK_SPAN_NS;
        if open.records > 0 && (spans || open.records == u16::MAX || open.bytes.len() > BLOCK_BYTES) {
            self.close_block(index);
        }
        let open = &mut self.slots[index].open;
        if open.records == 0 {
            self.began += 1;
            open.began = self.began;
            open.first_at = at;
        }
        open.records += 1;
        encode_record(&mut open.bytes, kind, track, at, body);
        self.held += RECORD_HEADER + body.len();
        self.share.cover_at_any_cost(self.held + self.backlog);
    }

    /// So much of what was taken from here is not in the kernel yet.
    pub(super) fn set_backlog(&mut self, bytes: usize) {
        self.backlog = bytes;
        self.share.shrink_to(self.held + bytes);
    }

    fn close_block(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        if slot.open.records > 0 {
            let fresh = Block { key: slot.open.key, ..Block::default() };
            self.full.push(std::mem::replace(&mut slot.open, fresh));
        }
    }

    /// Everything that waits, in the order in which it is to be written. It counts as backlog from here on.
    pub(super) fn take(&mut self) -> Vec<Block> {
        self.tell_what_was_dropped();
        let mut blocks = std::mem::take(&mut self.full);
        for slot in &mut self.slots {
            // Room for as much as came this time and a quarter more: hundreds of calls each hold their next blocks.
            let len = slot.open.bytes.len();
            let fresh = Block { key: slot.open.key, bytes: Vec::with_capacity(len + len / 4), ..Block::default() };
            let block = std::mem::replace(&mut slot.open, fresh);
            if block.records > 0 {
                blocks.push(block);
            }
        }
        blocks.sort_by_key(|b| b.began);
        self.backlog += self.held;
        self.held = 0;
        blocks
    }

    fn tell_what_was_dropped(&mut self) {
        if self.dropped.is_empty() || self.held + self.backlog > self.limit / 2 {
            return;
        }
        for (track, packets) in std::mem::take(&mut self.dropped) {
            if let Ok(json) = serde_json::to_vec(&TapeEvent::Dropped { track, packets }) {
                self.append(SESSION_KEY, RecordKind::Event, TrackId(0), self.latest, &json);
            }
        }
    }

    /// Bytes that wait.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Whether anything waits, or is still to be told.
    pub(super) fn is_empty(&self) -> bool {
        self.held == 0 && self.dropped.is_empty()
    }

    /// Wipes what waits of a participant and takes nothing more of theirs.
    pub(super) fn erase(&mut self, key: u16) {
        self.add_key(key, true);
        let mut gone = 0;
        for block in self.full.iter_mut().filter(|b| b.key == key) {
            gone += block.bytes.len();
            block.wipe();
            block.records = 0;
        }
        self.full.retain(|b| b.records > 0);
        let open = &mut self.slots[usize::from(key)].open;
        gone += open.bytes.len();
        open.wipe();
        open.records = 0;
        self.held -= gone;
    }
}
