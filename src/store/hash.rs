//! SHA-256 of files and of stored objects, lower-case hex.

use std::io::Read;
use std::path::Path;

use futures::StreamExt;
use ring::digest::{Context, SHA256};

use super::{Store, StoreError, Stored};

/// SHA-256 of a local file.
pub fn sha256_of_file(path: &Path) -> std::io::Result<String> {
    sha256_of(std::fs::File::open(path)?)
}

pub(super) fn sha256_of(mut from: impl Read) -> std::io::Result<String> {
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(hex::encode(context.finish())),
            Ok(n) => context.update(&buffer[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// SHA-256 of what a store holds under a key, read back whole.
pub async fn sha256_of_object(store: &(impl Store + ?Sized), key: &str) -> Result<(Stored, String), StoreError> {
    let (stored, mut body) = store.get(key, None).await?;
    let mut context = Context::new(&SHA256);
    while let Some(piece) = body.next().await {
        context.update(&piece?);
    }
    Ok((stored, hex::encode(context.finish())))
}
