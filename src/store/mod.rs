//! Keys and bytes: `fs` (a folder) and `s3`; the upload queue, whose plans a restarted node makes again from its tapes.
//!
//! Invariants: an object is whole or not there; what `put_file` calls stored has been read back from the store and its SHA-256 compared; nothing here
//! ever deletes the file that was given to it.

pub mod fs;
mod hash;
mod key;
mod open;
pub mod queue;
mod regions;
pub mod s3;

pub use hash::{sha256_of_file, sha256_of_object};
pub use open::{open, open_with};
pub use regions::Regions;
pub use s3::{S3Credentials, S3Options};

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

/// What a store said no to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing is there.
    #[error("{0}: nothing is stored there")]
    NotFound(String),
    /// The key could climb out of the store.
    #[error("{0:?} is no key: relative, no `..`, no empty part")]
    BadKey(String),
    /// What was read back differs from what was written.
    #[error("{key}: read back {got}, wrote {wrote}")]
    Mismatch {
        /// Which key.
        key: String,
        /// Hash read back.
        got: String,
        /// Hash written.
        wrote: String,
    },
    /// A range outside the object.
    #[error("{key}: has {size} bytes, asked for {start}..{end}")]
    Range {
        /// Which key.
        key: String,
        /// Its size.
        size: u64,
        /// First byte asked for.
        start: u64,
        /// Byte after the last asked for.
        end: u64,
    },
    /// The configuration line of a store does not read.
    #[error("store: {0}")]
    Configuration(String),
    /// The file to be stored cannot be read.
    #[error("{key}: the local file cannot be read: {why}")]
    Local {
        /// Which key it was for.
        key: String,
        /// What the system said.
        why: String,
    },
    /// The store itself; trying again later may help.
    #[error("{key}: {why}")]
    Backend {
        /// Which key.
        key: String,
        /// What it said.
        why: String,
    },
}

/// What is known of a stored object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Size.
    pub bytes: u64,
    /// Strong entity tag, without quotes.
    pub etag: String,
}

/// A place for recordings' files. Keys are `recordings/<id>/<name>`.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Stores a file under a key, whole or not at all, and reads it back: `sha256` is compared with what the store holds. The file must not be written to
    /// any more, then or later: a store may keep it itself. To be replaced or removed it is free.
    async fn put_file(&self, key: &str, file: &Path, sha256: &str) -> Result<Stored, StoreError>;
    /// What is there.
    async fn head(&self, key: &str) -> Result<Stored, StoreError>;
    /// Bytes of it, all or a range.
    async fn get(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<(Stored, BoxStream<'static, Result<Bytes, StoreError>>), StoreError>;
    /// Removes it; absent is no error.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;
    /// Keys below a prefix.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError>;
}

/// A shared store.
pub type SharedStore = Arc<dyn Store>;
