//! What can go wrong while rendering.

use std::path::{Path, PathBuf};

use crate::model::id::RecordingId;

/// A failed rendering: which file or codec, and why.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The tape.
    #[error(transparent)]
    Tape(#[from] crate::tape::TapeError),
    /// What was written does not read back.
    #[error("{what} does not read back: {why}")]
    Check {
        /// Which file.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A codec, a composing process.
    #[error("{0}")]
    Codec(String),
    /// The tape was rendered to its end, and nothing came of a recording that it began.
    #[error("nothing was rendered of recording {0}")]
    Nothing(RecordingId),
}

impl RenderError {
    /// Whether only room is missing: the same tape renders once there is some.
    #[must_use]
    pub fn wants_room(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, Self::Io { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded))
    }

    /// For `map_err`: names the file.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    /// Something that was read back and is not as it was meant.
    pub fn check(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Check { what: what.into(), why: why.into() }
    }
}
