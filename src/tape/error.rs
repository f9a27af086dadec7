//! What can go wrong with a tape.

use std::path::{Path, PathBuf};

use crate::model::id::{ParticipantId, SessionId};

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
    /// The session has a tape already.
    #[error("session {0} has a tape already")]
    Exists(SessionId),
    /// There is no tape where one was looked for.
    #[error("{0}: there is no tape here")]
    NoTape(PathBuf),
    /// The tape is being written by this node.
    #[error("the tape of session {0} is being written")]
    Live(SessionId),
    /// The tape has been closed.
    #[error("the tape is closed")]
    Closed,
    /// More waits for the disk than a session may hold in memory.
    #[error("the disk does not take what waits for it, and the buffer is full")]
    Full,
    /// A session has more participants than key numbers.
    #[error("no more keys for participants; {0} has none")]
    TooManyParticipants(ParticipantId),
    /// Not a key file, or a damaged one.
    #[error("{0}: not a key, or a damaged one")]
    BadKey(PathBuf),
    /// The master key is not the one that this was written with.
    #[error("{0}: the master key does not open it")]
    WrongMasterKey(PathBuf),
    /// Written by a later Ferric.
    #[error("{path}: tape format {version} is not known here")]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: u16,
    },
    /// A record is no longer where it was read before.
    #[error("{path}: at byte {offset} stood a block that can no longer be read")]
    Moved {
        /// Which chunk.
        path: PathBuf,
        /// Where in it.
        offset: u64,
    },
    /// The operating system has no random numbers.
    #[error("the operating system gave no random numbers")]
    NoRandom,
    /// What was to be written somewhere else than a tape could not be.
    #[error("writing: {0}")]
    Output(std::io::Error),
    /// The piece asked for is empty.
    #[error("nothing is on the tape from {from_ms} ms to {to_ms} ms")]
    EmptyCut {
        /// From.
        from_ms: u64,
        /// To.
        to_ms: u64,
    },
}

impl TapeError {
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
