//! What can go wrong with a tape.

use std::path::PathBuf;

/// A tape error: which file, and what.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// The operating system said no.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
}
