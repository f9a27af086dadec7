//! Reading a tape, also while it grows.

use std::path::Path;

use super::error::TapeError;
use super::record::Record;

/// Reads a tape from its beginning. At the end of what is there it answers `None`; asked again later it goes on with what was added.
#[derive(Debug)]
pub struct TapeReader {}

impl TapeReader {
    /// Opens a session's folder with the node's master key.
    ///
    /// # Errors
    /// Where there is no tape or the key does not fit.
    pub fn open(_dir: &Path, _master_key: &Path) -> Result<Self, TapeError> {
        todo!()
    }

    /// The next record that can be read; erased participants' media is passed over, damaged records are counted and passed over.
    ///
    /// # Errors
    /// Where the disk fails.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Record>, TapeError> {
        todo!()
    }
}
