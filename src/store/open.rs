//! A store from one line of configuration.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::fs::FolderStore;
use super::s3::{S3Options, S3Store};
use super::{SharedStore, StoreError};

/// An unfinished upload of this age belongs to nobody any more.
const STALE: Duration = Duration::from_hours(7 * 24);

/// Opens `folder:/path` or `s3://bucket/prefix?endpoint=…&region=…&path_style=true`; what a bucket needs beside its line comes from the environment.
pub async fn open(line: &str) -> Result<SharedStore, StoreError> {
    open_with(line, S3Options::default()).await
}

/// As `open`, with what a bucket needs beside its line.
pub async fn open_with(line: &str, options: S3Options) -> Result<SharedStore, StoreError> {
    if let Some(path) = line.strip_prefix("folder:") {
        if path.is_empty() {
            return Err(StoreError::Configuration("`folder:` needs a path behind it".into()));
        }
        return Ok(Arc::new(FolderStore::open(Path::new(path))?));
    }
    if line.starts_with("s3:") {
        let store = S3Store::open(line, options).await?;
        tokio::spawn(sweep(store.clone()));
        return Ok(Arc::new(store));
    }
    Err(StoreError::Configuration("must be `folder:<path>` or `s3://bucket/prefix?endpoint=…&region=…&path_style=true`".into()))
}

/// Aborts what crashes left in the bucket; a server that cannot list uploads is as good as one.
async fn sweep(store: S3Store) {
    match store.abort_stale(STALE).await {
        Ok(0) => {}
        Ok(uploads) => tracing::info!(uploads, "stale uploads aborted"),
        Err(e) => tracing::debug!(error = %e, "stale uploads are not looked for"),
    }
}
