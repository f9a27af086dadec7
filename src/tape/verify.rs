//! Whether every record of a tape can be read.

use std::path::Path;

use serde::Serialize;

use super::error::TapeError;
use super::reader::{Flaw, TapeReader};
use super::record::Body;
use crate::model::event::TapeEvent;

/// What `verify` found.
#[derive(Debug, Default, Serialize)]
pub struct Verified {
    /// Records that were read.
    pub records: u64,
    /// Blocks that were read, or passed over because they are erased.
    pub blocks: u64,
    /// Blocks whose key has been destroyed, as it should be.
    pub erased_blocks: u64,
    /// Whether the session's end is on the tape.
    pub ended: bool,
    /// Damaged places.
    pub damaged: u64,
    /// The first thousand of them.
    pub flaws: Vec<Flaw>,
    /// Bytes behind the last whole block: a torn end, or a tape that is being written.
    pub unfinished_bytes: u64,
}

impl Verified {
    /// Whether nothing is damaged.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.damaged == 0
    }
}

/// Reads every record of a tape. Changes nothing.
///
/// # Errors
/// Where there is no tape, the key does not fit, or the disk fails.
pub fn verify(dir: &Path, master_key: &Path) -> Result<Verified, TapeError> {
    let mut reader = TapeReader::open(dir, master_key)?;
    let mut found = Verified::default();
    while let Some(record) = reader.next()? {
        found.records += 1;
        found.ended |= matches!(record.body, Body::Event(TapeEvent::SessionEnded));
    }
    found.blocks = reader.blocks();
    found.erased_blocks = reader.erased_blocks();
    found.damaged = reader.damaged();
    found.flaws = reader.flaws().to_vec();
    found.unfinished_bytes = reader.unfinished_bytes();
    Ok(found)
}
