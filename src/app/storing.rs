//! Into the store: a recording's files, and nothing else under its name.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::archive::seal::{SEAL, Sealer};
use crate::render::RenderedOutput;
use crate::store::queue::{UploadFile, UploadQueue};
use crate::store::{SharedStore, StoreError};

/// The longest wait before a store that is away is asked again.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// The file that says what a recording is; it lists all others.
pub(super) const MANIFEST: &str = "manifest.json";

fn sha256(bytes: &[u8]) -> String {
    hex::encode(ring::digest::digest(&ring::digest::SHA256, bytes))
}

/// Answers when everything is stored and was read back; while the store is away this waits and the queue tries again.
pub(super) async fn store_files(uploads: &UploadQueue, store: &SharedStore, sealer: &Sealer, output: &RenderedOutput) -> Result<()> {
    let prefix = format!("recordings/{}/", output.recording);
    let mut kept = BTreeSet::new();
    if let Some(manifest) = output.manifest.as_ref().filter(|_| output.discarded.is_none()) {
        let whole = output.dir.join(MANIFEST);
        let bytes = tokio::fs::read(&whole).await.with_context(|| whole.display().to_string())?;
        let own_sha256 = sha256(&bytes);
        let (sealed, seal) = (output.dir.join(SEAL), sealer.seal(&bytes));
        tokio::fs::write(&sealed, &seal).await.with_context(|| sealed.display().to_string())?;
        let seal_sha256 = sha256(seal.as_bytes());
        let named = manifest.files.iter().map(|file| (file.name.as_str(), file.sha256.as_str()));
        let files: Vec<UploadFile> = named
            .chain([(MANIFEST, own_sha256.as_str()), (SEAL, seal_sha256.as_str())])
            .map(|(name, sha256)| UploadFile { path: output.dir.join(name), key: format!("{prefix}{name}"), sha256: sha256.to_owned() })
            .collect();
        kept.extend(files.iter().map(|file| file.key.clone()));
        uploads.enqueue(&output.recording, files).await?.stored().await?;
    } else {
        uploads.withdraw(&output.recording).await?;
    }
    // A store may be away now as well as before: what is stored already must not fail for that.
    let mut wait = Duration::from_secs(1);
    while let Err(error) = remove_others(store, &prefix, &kept).await {
        tracing::warn!(recording = %output.recording, %error, "what no longer belongs to a recording could not be looked for; trying again");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    uploads.forget(&output.recording).await?;
    Ok(())
}

/// A rendering after an erasure may have fewer files than the one before: what is no longer part of the recording goes.
async fn remove_others(store: &SharedStore, prefix: &str, kept: &BTreeSet<String>) -> Result<(), StoreError> {
    for key in store.list(prefix).await? {
        if !kept.contains(&key) {
            store.delete(&key).await?;
        }
    }
    Ok(())
}
