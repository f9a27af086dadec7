//! Where a record stands on a tape, and reading it from there once more: who waits with a record for its time need not hold its bytes.

use std::fs::File;
use std::os::unix::fs::FileExt;

use bytes::Bytes;

use super::error::TapeError;
use super::format::{BLOCK_HEADER, BlockHeader, decode_record};
use super::reader::{TapeReader, Unsealed};
use super::record::Record;
use super::sink::chunk_path;

/// A record's place on a tape. What stands earlier is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// The number of the chunk that its block is in.
    pub chunk: u32,
    /// Where the block's header begins in the chunk, bytes.
    pub block_at: u64,
    /// Where the record begins in the opened block, bytes.
    pub record_at: u32,
}

/// The block that was opened last on the way back.
#[derive(Debug)]
pub(super) struct Reopened {
    chunk: u32,
    block_at: u64,
    /// `None` where its key has been destroyed.
    pub(super) bytes: Option<Bytes>,
}

impl TapeReader {
    /// Reads the record at a spot once more; where the reader goes on is not changed by it. `None` where its key has been destroyed since. Cheap for spots
    /// in their order.
    ///
    /// # Errors
    /// Where the disk fails, or the record is not there any longer.
    pub fn again(&mut self, spot: Spot) -> Result<Option<Record>, TapeError> {
        let here = |block: &Reopened| (block.chunk, block.block_at) == (spot.chunk, spot.block_at);
        if !self.reopened.as_ref().is_some_and(here) {
            self.reopened = Some(self.reopen(spot)?);
        }
        let Some(bytes) = self.reopened.as_ref().and_then(|block| block.bytes.as_ref()) else { return Ok(None) };
        match decode_record(bytes, spot.record_at as usize) {
            Some((record, _)) => Ok(Some(record)),
            None => Err(self.moved(spot)),
        }
    }

    fn moved(&self, spot: Spot) -> TapeError {
        TapeError::Moved { path: chunk_path(self.folder(), spot.chunk), offset: spot.block_at }
    }

    /// Opens the block that a spot lies in once more.
    pub(super) fn reopen(&mut self, spot: Spot) -> Result<Reopened, TapeError> {
        let path = chunk_path(self.folder(), spot.chunk);
        let earlier;
        let file = if let Some(file) = self.file_of(spot.chunk) {
            file
        } else {
            earlier = File::open(&path).map_err(TapeError::io(&path))?;
            &earlier
        };
        let mut header = [0; BLOCK_HEADER];
        file.read_exact_at(&mut header, spot.block_at).map_err(TapeError::io(&path))?;
        let header = BlockHeader::parse(&header).ok_or_else(|| self.moved(spot))?;
        let mut body = vec![0; header.body_len as usize];
        file.read_exact_at(&mut body, spot.block_at + BLOCK_HEADER as u64).map_err(TapeError::io(&path))?;
        if crc32c::crc32c(&body) != header.body_crc {
            return Err(self.moved(spot));
        }
        let bytes = match self.unseal(&header, body)? {
            Unsealed::Opened(bytes) => Some(bytes),
            Unsealed::Erased => None,
            Unsealed::Missing | Unsealed::Broken => return Err(self.moved(spot)),
        };
        Ok(Reopened { chunk: spot.chunk, block_at: spot.block_at, bytes })
    }
}
