//! From memory to the disk: seals blocks, writes them, keeps them until they are synced, and writes them again where a chunk failed.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ring::aead::{Aad, LessSafeKey, Nonce};

use super::budget::Share;
use super::buffer::Block;
use super::disk::{ChunkFile, Disk};
use super::error::TapeError;
use super::format::{BLOCK_AUTHENTICATED, BLOCK_HEADER, BlockHeader, CHUNK_HEADER, ChunkHeader, TAG};
use super::keys::random;
use crate::model::id::ParticipantId;

/// When a chunk ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkLimits {
    pub(super) bytes: u64,
    pub(super) age: Duration,
    /// Written blocks that are kept until they are synced take at most this; beyond it only the kernel has them.
    pub(super) unsynced_bytes: usize,
}

/// A participant's place (or, at 0, the session's own).
pub(super) struct SealKey {
    pub(super) participant: Option<ParticipantId>,
    /// `None` once erased.
    pub(super) key: Option<LessSafeKey>,
}

/// Blocks sealed together. Their chunk is the last one that they were written to.
#[derive(Debug)]
struct Batch {
    chunk: u32,
    /// Where in the chunk.
    at: u64,
    first_block: u64,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct OpenChunk {
    number: u32,
    file: Arc<dyn ChunkFile>,
    len: u64,
    since: Instant,
}

/// The disk side of a session.
pub(super) struct Sink {
    dir: PathBuf,
    header: ChunkHeader,
    limits: ChunkLimits,
    pub(super) keys: Vec<SealKey>,
    /// Files of keys that are not synced yet.
    pub(super) new_keys: Vec<PathBuf>,
    chunk: Option<OpenChunk>,
    /// Chunks with blocks that are not synced, the present one among them.
    unsynced_files: Vec<(u32, Arc<dyn ChunkFile>)>,
    next_chunk: u32,
    next_block: u64,
    epoch: [u8; 8],
    unwritten: VecDeque<Batch>,
    unsynced: VecDeque<Batch>,
    unsynced_bytes: usize,
    share: Share,
    /// After a failed sync: from where on a chunk holds only what is written again elsewhere, and below which block that is so.
    superseded: Vec<(Arc<dyn ChunkFile>, u64)>,
    superseded_below: u64,
    new_names: bool,
}

/// What a sync is to do, without holding the session up.
pub(super) struct SyncJob {
    files: Vec<(u32, Arc<dyn ChunkFile>)>,
    keys: Vec<PathBuf>,
    dirs: Vec<PathBuf>,
    /// Blocks below this were written before the sync began.
    below: u64,
}

impl Sink {
    /// For a tape in `dir` whose next chunk and block are these.
    pub(super) fn new(dir: &Path, header: ChunkHeader, limits: ChunkLimits, keys: Vec<SealKey>, share: Share) -> Result<Self, TapeError> {
        Ok(Self {
            dir: dir.to_owned(),
            next_chunk: header.number,
            next_block: header.first_block,
            header,
            limits,
            keys,
            new_keys: Vec::new(),
            chunk: None,
            unsynced_files: Vec::new(),
            epoch: random()?,
            unwritten: VecDeque::new(),
            unsynced: VecDeque::new(),
            unsynced_bytes: 0,
            share,
            superseded: Vec::new(),
            superseded_below: 0,
            new_names: true,
        })
    }

    /// Seals blocks into one batch. Blocks of erased participants come to nothing.
    pub(super) fn seal(&mut self, blocks: &[Block]) -> Result<(), TapeError> {
        let size = blocks.iter().map(|b| b.bytes.len() + BLOCK_HEADER + TAG).sum();
        let mut out = Vec::with_capacity(size);
        let first_block = self.next_block;
        for block in blocks.iter().filter(|b| b.records > 0) {
            self.seal_block(block, &mut out)?;
        }
        if !out.is_empty() {
            self.unwritten.push_back(Batch { chunk: 0, at: 0, first_block, bytes: out });
        }
        Ok(())
    }

    fn seal_block(&mut self, block: &Block, out: &mut Vec<u8>) -> Result<(), TapeError> {
        let Some(key) = self.keys.get(usize::from(block.key)).and_then(|k| k.key.as_ref()) else { return Ok(()) };
        let number = self.next_block;
        // A nonce is the random number of this opening of the tape and the low half of the block's number: never twice under one key.
        if number as u32 == 0 {
            self.epoch = random()?;
        }
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&self.epoch);
        nonce[8..].copy_from_slice(&(number as u32).to_le_bytes());
        let mut header = BlockHeader {
            body_len: (block.bytes.len() + TAG) as u32,
            number,
            key: block.key,
            records: block.records,
            first_at_ns: block.first_at.as_ns(),
            nonce,
            body_crc: 0,
        };
        let start = out.len();
        out.extend_from_slice(&[0; BLOCK_HEADER]);
        out.extend_from_slice(&block.bytes);
        let aad = authenticated(&self.header.session, &header.encode());
        let body = &mut out[start + BLOCK_HEADER..];
        let tag = key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad.bytes()), body)
            .map_err(|_| TapeError::BadKey(self.dir.clone()))?;
        out.extend_from_slice(tag.as_ref());
        header.body_crc = crc32c::crc32c(&out[start + BLOCK_HEADER..]);
        out[start..start + BLOCK_HEADER].copy_from_slice(&header.encode());
        self.next_block += 1;
        Ok(())
    }

    /// Bytes that the kernel has not taken.
    pub(super) fn unwritten_bytes(&self) -> usize {
        self.unwritten.iter().map(|b| b.bytes.len()).sum()
    }

    /// Whether nothing waits for the disk.
    pub(super) fn is_settled(&self) -> bool {
        self.unwritten.is_empty() && self.unsynced_files.is_empty() && self.superseded.is_empty()
    }

    /// Hands everything sealed to the kernel. After a failure it stays in memory and the next call begins a new chunk.
    pub(super) fn write_out(&mut self, disk: &dyn Disk, now: Instant) -> Result<(), TapeError> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        if self.chunk.as_ref().is_some_and(|c| c.len >= self.limits.bytes || now.duration_since(c.since) >= self.limits.age) {
            self.chunk = None;
        }
        match &self.chunk {
            Some(chunk) => {
                let path = chunk_path(&self.dir, chunk.number);
                if let Err(e) = append(&*chunk.file, None, &self.unwritten) {
                    let _ = chunk.file.cut_to(chunk.len);
                    self.chunk = None;
                    return Err(TapeError::io(&path)(e));
                }
            }
            None => self.begin_chunk(disk, now)?,
        }
        self.keep_until_synced();
        Ok(())
    }

    fn begin_chunk(&mut self, disk: &dyn Disk, now: Instant) -> Result<(), TapeError> {
        let number = self.next_chunk;
        let path = chunk_path(&self.dir, number);
        let file = match disk.create(&path) {
            Ok(file) => file,
            Err(e) => {
                // Somebody else's file is never written to: the next try takes the next number.
                if e.kind() == io::ErrorKind::AlreadyExists {
                    self.next_chunk += 1;
                }
                return Err(TapeError::io(&path)(e));
            }
        };
        let first_block = self.unwritten.front().map_or(self.next_block, |b| b.first_block);
        let header = ChunkHeader { number, first_block, ..self.header.clone() }.encode();
        if let Err(e) = append(&*file, Some(&header), &self.unwritten) {
            let _ = file.cut_to(0);
            if std::fs::remove_file(&path).is_err() {
                self.next_chunk += 1;
            }
            return Err(TapeError::io(&path)(e));
        }
        self.next_chunk = number + 1;
        self.new_names = true;
        self.chunk = Some(OpenChunk { number, file, len: CHUNK_HEADER as u64, since: now });
        Ok(())
    }

    fn keep_until_synced(&mut self) {
        let Some(chunk) = &mut self.chunk else { return };
        if self.unsynced_files.last().is_none_or(|(number, _)| *number != chunk.number) {
            self.unsynced_files.push((chunk.number, Arc::clone(&chunk.file)));
        }
        for mut batch in self.unwritten.drain(..) {
            batch.chunk = chunk.number;
            batch.at = chunk.len;
            chunk.len += batch.bytes.len() as u64;
            self.unsynced_bytes += batch.bytes.len();
            self.unsynced.push_back(batch);
        }
        self.unwritten.shrink_to(8);
        while self.unsynced.len() > 1 && (self.unsynced_bytes > self.limits.unsynced_bytes || !self.share.cover(self.unsynced_bytes)) {
            self.unsynced_bytes -= self.unsynced.pop_front().map_or(0, |b| b.bytes.len());
        }
        self.share.cover_at_any_cost(self.unsynced_bytes);
    }

    /// What has to be synced now, if anything.
    pub(super) fn begin_sync(&mut self) -> Option<SyncJob> {
        if self.unsynced_files.is_empty() && self.new_keys.is_empty() {
            return None;
        }
        let keys = std::mem::take(&mut self.new_keys);
        let mut dirs = Vec::new();
        if !keys.is_empty() {
            dirs.push(self.dir.join("keys"));
        }
        if std::mem::take(&mut self.new_names) || !keys.is_empty() {
            dirs.push(self.dir.clone());
            dirs.extend(self.dir.parent().map(Path::to_owned));
        }
        let below = self.unwritten.front().map_or(self.next_block, |b| b.first_block);
        Some(SyncJob { files: self.unsynced_files.clone(), keys, dirs, below })
    }

    /// What came of it. After a failure everything that is not known to be on the disk is written again, in a new chunk.
    pub(super) fn end_sync(&mut self, job: SyncJob, done: bool) {
        if done {
            // A batch that another sync sent to a new chunk in the meantime is not among what this one synced.
            let covered = |b: &Batch| b.first_block < job.below && job.files.iter().any(|(n, _)| *n == b.chunk);
            while self.unsynced.front().is_some_and(covered) {
                self.unsynced_bytes -= self.unsynced.pop_front().map_or(0, |b| b.bytes.len());
            }
            let unsynced = &self.unsynced;
            self.unsynced_files.retain(|(n, _)| !job.files.iter().any(|(m, _)| m == n) || unsynced.iter().any(|b| b.chunk == *n));
            if self.unsynced.is_empty() {
                self.unsynced.shrink_to(8);
            }
            self.share.shrink_to(self.unsynced_bytes);
            self.cut_superseded();
        } else {
            for (number, file) in self.unsynced_files.drain(..) {
                if let Some(first) = self.unsynced.iter().find(|b| b.chunk == number) {
                    self.superseded.push((file, first.at));
                }
            }
            self.superseded_below = self.unwritten.front().map_or(self.next_block, |b| b.first_block);
            self.chunk = None;
            self.new_keys.extend(job.keys);
            self.new_names = true;
            self.unsynced_bytes = 0;
            self.share.shrink_to(0);
            while let Some(batch) = self.unsynced.pop_back() {
                self.unwritten.push_front(batch);
            }
        }
    }

    /// Once the second copy is safe the first goes: a reader finds each block once, and in its place.
    fn cut_superseded(&mut self) {
        let first_unsafe = self.unsynced.front().or(self.unwritten.front()).map_or(self.next_block, |b| b.first_block);
        if first_unsafe >= self.superseded_below {
            for (file, len) in self.superseded.drain(..) {
                // A copy that cannot be cut off is passed over by readers.
                let _ = file.cut_to(len);
            }
        }
    }
}

fn append(file: &dyn ChunkFile, header: Option<&[u8]>, batches: &VecDeque<Batch>) -> io::Result<()> {
    let mut parts: Vec<IoSlice<'_>> = header.into_iter().chain(batches.iter().map(|b| b.bytes.as_slice())).map(IoSlice::new).collect();
    file.append(&mut parts)
}

impl SyncJob {
    /// Syncs file by file.
    pub(super) fn run(&self) -> Result<(), TapeError> {
        for key in &self.keys {
            match std::fs::File::open(key).and_then(|f| f.sync_data()) {
                // Destroyed in between.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                done => done.map_err(TapeError::io(key))?,
            }
        }
        for (number, file) in &self.files {
            file.sync().map_err(TapeError::io(Path::new(&format!("chunk {number}"))))?;
        }
        for dir in &self.dirs {
            super::keys::sync_dir(dir)?;
        }
        Ok(())
    }
}

/// A chunk's file.
pub(super) fn chunk_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:06}.tape"))
}

/// What a block's seal also vouches for: its session and the first part of its header, which holds its position in the tape.
pub(super) struct Authenticated {
    bytes: [u8; 64 + BLOCK_AUTHENTICATED],
    len: usize,
}

impl Authenticated {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// See [`Authenticated`].
pub(super) fn authenticated(session: &str, header: &[u8; BLOCK_HEADER]) -> Authenticated {
    let session = &session.as_bytes()[..session.len().min(64)];
    let mut bytes = [0; 64 + BLOCK_AUTHENTICATED];
    bytes[..BLOCK_AUTHENTICATED].copy_from_slice(&header[..BLOCK_AUTHENTICATED]);
    bytes[BLOCK_AUTHENTICATED..BLOCK_AUTHENTICATED + session.len()].copy_from_slice(session);
    Authenticated { bytes, len: BLOCK_AUTHENTICATED + session.len() }
}
