//! Reading a tape, also while it grows.

use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use litemap::LiteMap;
use ring::aead::{Aad, LessSafeKey, Nonce};

use super::error::TapeError;
use super::format::{BLOCK_HEADER, BlockHeader, CHUNK_HEADER, ChunkHeader, SESSION_KEY, decode_record};
use super::keys::{KeyFolder, MasterKey, TapeKey};
use super::record::{Body, Record};
use super::recover;
use super::scan::{self, Found};
use super::sink::{authenticated, chunk_path};
use super::spot::{Reopened, Spot};
use crate::model::event::TapeEvent;
use crate::model::id::ParticipantId;
use crate::model::time::MediaTime;

/// How much is read from a chunk at once.
const READ: usize = 64 << 10;
/// Runs of missing blocks that are remembered, in case a later chunk has them.
const GAPS: usize = 256;
/// Flaws that are remembered one by one; further ones are counted.
const FLAWS: usize = 1000;

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Flaw {
    /// In which chunk.
    pub chunk: u32,
    /// Where in it.
    pub offset: u64,
    /// What is wrong.
    pub what: FlawKind,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FlawKind {
    /// The chunk's header.
    ChunkHeader,
    /// A chunk is not there.
    ChunkMissing,
    /// A block's header: bytes were passed over to the next block.
    BlockHeader,
    /// A block's body: its checksum does not hold.
    BlockBody,
    /// The seal does not hold: bytes were exchanged with a right checksum, or the key is not the block's.
    Seal,
    /// Neither its key nor the mark of the key's destruction is there.
    KeyMissing,
    /// What was sealed is no record that is known here.
    Record,
    /// A chunk that is not the last one ends inside a block.
    Torn,
}

/// Reads a tape from its beginning. At the end of what is there it answers `None`; asked again later it goes on with what was added.
#[derive(Debug)]
pub struct TapeReader {
    dir: PathBuf,
    keys: ReadKeys,
    chunk: Option<OpenChunk>,
    next_chunk: u32,
    block: Option<OpenBlock>,
    /// Where to go on in a block that was let go.
    rests_at: Option<Spot>,
    /// Where the record stands that was given last.
    spot: Option<Spot>,
    pub(super) reopened: Option<Reopened>,
    seen: Seen,
    started_at_ns: Option<i64>,
    last_block_at: MediaTime,
    damaged: u64,
    flaws: Vec<Flaw>,
    erased_blocks: u64,
    blocks: u64,
}

#[derive(Debug)]
struct OpenBlock {
    bytes: Bytes,
    at: usize,
    chunk: u32,
    offset: u64,
}

#[derive(Debug)]
struct OpenChunk {
    number: u32,
    file: File,
    path: PathBuf,
    /// What was read of it and not taken yet, and where that stands in the file.
    window: Vec<u8>,
    taken: usize,
    window_at: u64,
    header_read: bool,
    lost: bool,
}

impl OpenChunk {
    fn rest(&self) -> &[u8] {
        &self.window[self.taken..]
    }

    fn offset(&self) -> u64 {
        self.window_at + self.taken as u64
    }

    fn read_more(&mut self) -> Result<bool, TapeError> {
        self.window.drain(..self.taken);
        self.window_at += self.taken as u64;
        self.taken = 0;
        let have = self.window.len();
        self.window.resize(have + READ, 0);
        let got = self.file.read_at(&mut self.window[have..], self.window_at + have as u64);
        self.window.truncate(have + *got.as_ref().unwrap_or(&0));
        let got = got.map_err(TapeError::io(&self.path))?;
        if got == 0 {
            // A tape that is waited on holds no memory for it.
            self.window.shrink_to_fit();
        }
        Ok(got > 0)
    }

    /// Forgets what was read and not taken: it is read again.
    fn let_go(&mut self) {
        self.window_at += self.taken as u64;
        self.taken = 0;
        self.window = Vec::new();
    }
}

/// A step of the reader.
enum Step {
    Block(OpenBlock),
    Again,
    End,
}

impl TapeReader {
    /// Opens a session's folder with the node's master key.
    ///
    /// # Errors
    /// Where there is no tape or the key does not fit.
    pub fn open(dir: &Path, master_key: &Path) -> Result<Self, TapeError> {
        let keys = ReadKeys::open(dir, MasterKey::read(master_key)?)?;
        let next_chunk = recover::chunks(dir)?.first().copied().unwrap_or(1);
        Ok(Self {
            dir: dir.to_owned(),
            keys,
            chunk: None,
            next_chunk,
            block: None,
            rests_at: None,
            spot: None,
            reopened: None,
            seen: Seen::default(),
            started_at_ns: None,
            last_block_at: MediaTime::ZERO,
            damaged: 0,
            flaws: Vec::new(),
            erased_blocks: 0,
            blocks: 0,
        })
    }

    /// The next record that can be read; erased participants' media is passed over, damaged records are counted and passed over.
    ///
    /// # Errors
    /// Where the disk fails.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Record>, TapeError> {
        if let Some(at) = self.rests_at {
            // Nothing of it is left to be read where its key has been destroyed meanwhile.
            self.block =
                self.reopen(at)?.bytes.map(|bytes| OpenBlock { bytes, at: at.record_at as usize, chunk: at.chunk, offset: at.block_at });
            self.rests_at = None;
        }
        loop {
            if let Some(block) = &mut self.block {
                if let Some((record, next)) = decode_record(&block.bytes, block.at) {
                    self.spot = Some(Spot { chunk: block.chunk, block_at: block.offset, record_at: block.at as u32 });
                    block.at = next;
                    if let Body::Event(TapeEvent::Erased { participant }) = &record.body {
                        self.keys.forget(participant);
                        self.reopened = None;
                    }
                    return Ok(Some(record));
                }
                let (whole, chunk, offset) = (block.at == block.bytes.len(), block.chunk, block.offset);
                self.block = None;
                if !whole {
                    self.flaw(chunk, offset, FlawKind::Record);
                }
            }
            match self.step()? {
                Step::Block(block) => self.block = Some(block),
                Step::Again => {}
                Step::End => return Ok(None),
            }
        }
    }

    /// Where the record stands that `next` gave last.
    #[must_use]
    pub fn spot(&self) -> Option<Spot> {
        self.spot
    }

    pub(super) fn folder(&self) -> &Path {
        &self.dir
    }

    /// The chunk's file, where it is the one that is read now.
    pub(super) fn file_of(&self, chunk: u32) -> Option<&File> {
        self.chunk.as_ref().filter(|open| open.number == chunk).map(|open| &open.file)
    }

    /// Gives back what memory it can until the next record is asked for.
    pub fn rest(&mut self) {
        self.reopened = None;
        // One that was read to its end has nothing to come back for.
        if let Some(block) = self.block.take().filter(|block| block.at < block.bytes.len()) {
            self.rests_at = Some(Spot { chunk: block.chunk, block_at: block.offset, record_at: block.at as u32 });
        }
        if let Some(chunk) = &mut self.chunk {
            chunk.let_go();
        }
    }

    /// Whose keys have been destroyed, as the folder says: also where a crash kept the event off the tape.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn without_key(&self) -> Result<Vec<ParticipantId>, TapeError> {
        Ok(self.keys.folder.list()?.into_iter().filter(|listed| listed.erased).map(|listed| listed.participant).collect())
    }

    /// Damaged places that were passed over.
    #[must_use]
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// The first thousand of them.
    #[must_use]
    pub fn flaws(&self) -> &[Flaw] {
        &self.flaws
    }

    /// Blocks whose key has been destroyed.
    #[must_use]
    pub fn erased_blocks(&self) -> u64 {
        self.erased_blocks
    }

    /// Whole blocks so far, those of erased participants among them.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Bytes at the present end that are no whole block (yet).
    #[must_use]
    pub fn unfinished_bytes(&self) -> u64 {
        self.chunk.as_ref().map_or(0, |c| c.rest().len() as u64)
    }

    /// The number that the block after the last one has.
    pub(super) fn next_block(&self) -> u64 {
        self.seen.next.max(1)
    }

    /// Wall-clock time of session time zero, as the chunks say.
    #[must_use]
    pub fn started_at_ns(&self) -> Option<i64> {
        self.started_at_ns
    }

    /// The latest beginning of a block, also of those that cannot be opened.
    pub(super) fn last_block_at(&self) -> MediaTime {
        self.last_block_at
    }

    fn flaw(&mut self, chunk: u32, offset: u64, what: FlawKind) {
        self.damaged += 1;
        if self.flaws.len() < FLAWS {
            self.flaws.push(Flaw { chunk, offset, what });
        }
    }

    fn step(&mut self) -> Result<Step, TapeError> {
        let Some(chunk) = &mut self.chunk else { return self.open_chunk(self.next_chunk) };
        if !chunk.header_read {
            return self.chunk_header();
        }
        let (number, offset) = (chunk.number, chunk.offset());
        match scan::look(chunk.rest()) {
            Found::Block(header) => {
                chunk.taken += BLOCK_HEADER + header.body_len as usize;
                chunk.lost = false;
                let body_at = chunk.taken - header.body_len as usize;
                self.open_block(header, number, offset, body_at)
            }
            Found::BadBody(skip) => {
                chunk.taken += skip;
                chunk.lost = false;
                self.flaw(number, offset, FlawKind::BlockBody);
                Ok(Step::Again)
            }
            Found::Lost(skip) => {
                chunk.taken += skip;
                if !std::mem::replace(&mut chunk.lost, true) {
                    self.flaw(number, offset, FlawKind::BlockHeader);
                }
                Ok(Step::Again)
            }
            Found::More if chunk.read_more()? => Ok(Step::Again),
            Found::More => self.chunk_end(),
        }
    }

    fn open_chunk(&mut self, number: u32) -> Result<Step, TapeError> {
        let path = chunk_path(&self.dir, number);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Step::End),
            Err(e) => return Err(TapeError::io(&path)(e)),
        };
        self.next_chunk = number;
        self.chunk = Some(OpenChunk { number, file, path, window: Vec::new(), taken: 0, window_at: 0, header_read: false, lost: false });
        Ok(Step::Again)
    }

    fn chunk_header(&mut self) -> Result<Step, TapeError> {
        let Some(chunk) = &mut self.chunk else { return Ok(Step::Again) };
        if chunk.rest().len() < CHUNK_HEADER {
            return if chunk.read_more()? { Ok(Step::Again) } else { self.chunk_end() };
        }
        chunk.header_read = true;
        match ChunkHeader::parse(chunk.rest()) {
            Ok(header) => {
                self.started_at_ns.get_or_insert(header.started_at_ns);
                chunk.taken += CHUNK_HEADER;
            }
            Err(Some(version)) => return Err(TapeError::Version { path: chunk.path.clone(), version }),
            Err(None) => {
                chunk.taken += CHUNK_HEADER;
                let number = chunk.number;
                self.flaw(number, 0, FlawKind::ChunkHeader);
            }
        }
        Ok(Step::Again)
    }

    /// All of the chunk is read: the next one, if it is there.
    fn chunk_end(&mut self) -> Result<Step, TapeError> {
        let Some(chunk) = &mut self.chunk else { return Ok(Step::End) };
        let number = chunk.number;
        let mut next = number + 1;
        if !chunk_path(&self.dir, next).exists() {
            // A number is left out only where a chunk was lost.
            match recover::chunks(&self.dir)?.into_iter().find(|n| *n > number) {
                Some(later) => next = later,
                None => return Ok(Step::End),
            }
        }
        // The next one is begun after the last byte of this one was written: now this one is complete.
        if chunk.read_more()? {
            return Ok(Step::Again);
        }
        let (offset, torn, lost) = (chunk.offset(), !chunk.rest().is_empty(), chunk.lost);
        if torn && !lost {
            self.flaw(number, offset, FlawKind::Torn);
        }
        if next > number + 1 {
            self.flaw(number + 1, 0, FlawKind::ChunkMissing);
        }
        self.chunk = None;
        self.next_chunk = next;
        Ok(Step::Again)
    }

    fn open_block(&mut self, header: BlockHeader, chunk: u32, offset: u64, body_at: usize) -> Result<Step, TapeError> {
        if !self.seen.is_new(header.number) {
            return Ok(Step::Again);
        }
        self.blocks += 1;
        self.last_block_at = self.last_block_at.max(MediaTime(header.first_at_ns));
        let Some(window) = self.chunk.as_ref().map(|c| &c.window) else { return Ok(Step::Again) };
        let body = window[body_at..body_at + header.body_len as usize].to_vec();
        match self.unseal(&header, body)? {
            Unsealed::Opened(bytes) => {
                self.seen.mark(header.number);
                return Ok(Step::Block(OpenBlock { bytes, at: 0, chunk, offset }));
            }
            Unsealed::Erased => {
                self.seen.mark(header.number);
                self.erased_blocks += 1;
            }
            Unsealed::Missing => self.flaw(chunk, offset, FlawKind::KeyMissing),
            Unsealed::Broken => self.flaw(chunk, offset, FlawKind::Seal),
        }
        Ok(Step::Again)
    }

    /// Opens a block's sealed body.
    pub(super) fn unseal(&mut self, header: &BlockHeader, mut body: Vec<u8>) -> Result<Unsealed, TapeError> {
        let aad = authenticated(&self.keys.session, &header.encode());
        let key = match self.keys.find(header.key)? {
            ReadKey::Key(key) => key,
            ReadKey::Erased => return Ok(Unsealed::Erased),
            ReadKey::Missing => return Ok(Unsealed::Missing),
        };
        let opened = key.open_in_place(Nonce::assume_unique_for_key(header.nonce), Aad::from(aad.bytes()), &mut body).map(|b| b.len());
        let Ok(len) = opened else { return Ok(Unsealed::Broken) };
        body.truncate(len);
        Ok(Unsealed::Opened(Bytes::from(body)))
    }
}

/// What became of a sealed body.
pub(super) enum Unsealed {
    Opened(Bytes),
    /// Its key has been destroyed.
    Erased,
    /// Neither its key nor the mark of the key's destruction is there.
    Missing,
    /// The seal does not hold.
    Broken,
}

/// Which blocks were read: a block that was written twice (after a failed sync) is read once.
#[derive(Debug, Default)]
struct Seen {
    next: u64,
    gaps: VecDeque<(u64, u64)>,
}

impl Seen {
    fn is_new(&self, number: u64) -> bool {
        number >= self.next || self.gaps.iter().any(|(from, to)| (*from..*to).contains(&number))
    }

    fn mark(&mut self, number: u64) {
        if number >= self.next {
            if number > self.next {
                self.gaps.push_back((self.next, number));
                if self.gaps.len() > GAPS {
                    self.gaps.pop_front();
                }
            }
            self.next = number.saturating_add(1);
        } else if let Some(at) = self.gaps.iter().position(|(from, to)| (*from..*to).contains(&number)) {
            let (from, to) = self.gaps[at];
            self.gaps[at] = (from, number);
            self.gaps.insert(at + 1, (number + 1, to));
            self.gaps.retain(|(from, to)| from < to);
        }
    }
}

#[derive(Debug)]
struct ReadKeys {
    folder: KeyFolder,
    master: MasterKey,
    session: String,
    keys: LiteMap<u16, (Option<ParticipantId>, Option<Box<LessSafeKey>>)>,
}

enum ReadKey<'a> {
    Key(&'a LessSafeKey),
    Erased,
    Missing,
}

impl ReadKeys {
    fn open(dir: &Path, master: MasterKey) -> Result<Self, TapeError> {
        let folder = KeyFolder::of(dir);
        let path = folder.session_key();
        if !path.exists() {
            return Err(TapeError::NoTape(dir.to_owned()));
        }
        let own = TapeKey::read(&master, &path)?;
        let keys = LiteMap::from_iter([(SESSION_KEY, (None, Some(Box::new(own.key))))]);
        Ok(Self { folder, master, session: own.session, keys })
    }

    fn find(&mut self, number: u16) -> Result<ReadKey<'_>, TapeError> {
        if !self.keys.contains_key(&number) {
            for listed in self.folder.list()?.into_iter().filter(|l| l.number == number) {
                let path = self.folder.participant_key(&listed.participant, number);
                let key = if listed.erased {
                    None
                } else {
                    match TapeKey::read(&self.master, &path) {
                        Ok(key) => Some(Box::new(key.key)),
                        // Being destroyed just now, or damaged: asked again at the next block.
                        Err(_) => return Ok(ReadKey::Missing),
                    }
                };
                self.keys.insert(number, (Some(listed.participant), key));
            }
        }
        Ok(match self.keys.get(&number) {
            Some((_, Some(key))) => ReadKey::Key(key),
            Some((_, None)) => ReadKey::Erased,
            None => ReadKey::Missing,
        })
    }

    /// A key that is destroyed while the tape is read is not used any longer.
    fn forget(&mut self, participant: &ParticipantId) {
        for (_, (owner, key)) in &mut self.keys {
            if owner.as_ref() == Some(participant) {
                *key = None;
            }
        }
    }
}
