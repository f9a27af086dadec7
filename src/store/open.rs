//! A store from one line of configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fs::FolderStore;
use super::{SharedStore, StoreError};
use crate::model::redact::Secret;

/// A key pair for S3.
#[derive(Clone, Debug)]
pub struct S3Credentials {
    /// Access key id.
    pub access_key: Secret,
    /// Secret access key.
    pub secret_key: Secret,
}

/// What a bucket needs beside its line.
#[derive(Clone, Debug, Default)]
pub struct S3Options {
    /// Keys; absent: from the environment (`AWS_ACCESS_KEY_ID` …), a profile, or the machine's role.
    pub credentials: Option<S3Credentials>,
    /// A folder that remembers unfinished uploads, so that a restart sends only what is missing.
    pub journal: Option<PathBuf>,
}

/// Opens `folder:/path`; what a bucket needs beside its line comes from the environment.
pub async fn open(location: &str) -> Result<SharedStore, StoreError> {
    open_with(location, S3Options::default()).await
}

/// Opens `folder:/path`.
#[allow(clippy::unused_async)]
pub async fn open_with(location: &str, _options: S3Options) -> Result<SharedStore, StoreError> {
    if let Some(path) = location.strip_prefix("folder:") {
        if path.is_empty() {
            return Err(StoreError::Configuration("`folder:` needs a path behind it".into()));
        }
        return Ok(Arc::new(FolderStore::open(Path::new(path))?));
    }
    Err(StoreError::Configuration("must be `folder:<path>` or `s3://bucket/prefix?endpoint=…&region=…&path_style=true`".into()))
}
