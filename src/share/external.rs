//! The external store: copies of what is shared, and nothing else. They are gone in the second in which their share is over (archive.md C3).
//!
//! What is to go stands in the catalogue before it goes, so that neither a store that is away nor a restart leaves anything.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use ring::digest::{Context, SHA256};
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::archive::deletion::{Elsewhere, Gone};
use crate::archive::shares::share_of;
use crate::archive::{ArchiveError, Catalogue, now};
use crate::model::id::{RecordingId, ShareId};
use crate::model::time::WallClock;
use crate::store::{SharedStore, StoreError};

/// How often is looked for what is over: more than once in a second.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// Wait before a store that failed is asked again.
const AGAIN_NS: u64 = 5_000_000_000;
/// How often what recipients left is forgotten, in turns of the sweep.
const FORGET_EVERY: u32 = 9_000;
/// How long codes and web sessions that are over stay: codes count for the limit of a day.
const FORGET_NS: i64 = 2 * 86_400 * 1_000_000_000;
/// How long is waited for what is being copied to stop, before it is tried again.
const STOPPING: Duration = Duration::from_millis(1_500);

/// Why something was not shared.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The recording's store, or the external one.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk between them.
    #[error("copying: {0}")]
    Disk(#[from] std::io::Error),
    /// The catalogue.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Somebody's media are being taken out of it.
    #[error("somebody declined to be recorded: what is theirs is being taken out first")]
    BeingErased,
    /// It is not there.
    #[error("{0} has no file that could be played")]
    NothingToPlay(RecordingId),
    /// It is not shared any more, or something of it is not.
    #[error("stopped: something of it is removed")]
    Stopped,
}

/// The external store. Clones share it.
#[derive(Clone)]
pub struct External {
    store: SharedStore,
    catalogue: Catalogue,
    work: Arc<Path>,
    more: Arc<Notify>,
    /// Shares that are being copied, with what stops it and what says that it has stopped.
    under_way: Arc<Mutex<HashMap<ShareId, (CancellationToken, CancellationToken)>>>,
}

/// A share that is being copied.
pub(super) struct UnderWay {
    external: External,
    share: ShareId,
    /// Cancelled where it is to stop.
    pub(super) stop: CancellationToken,
    done: CancellationToken,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.external.under_way.lock().remove(&self.share);
        self.done.cancel();
    }
}

impl std::fmt::Debug for External {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("External")
    }
}

impl External {
    /// Over a store; `work` is a folder for files on their way, emptied here.
    ///
    /// # Errors
    /// Where the folder cannot be made.
    pub fn open(store: SharedStore, catalogue: Catalogue, work: &Path) -> std::io::Result<Self> {
        match std::fs::remove_dir_all(work) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::fs::create_dir_all(work)?;
        Ok(Self { store, catalogue, work: work.into(), more: Arc::default(), under_way: Arc::default() })
    }

    /// Copying a share begins: nothing of it is removed until what is answered is dropped, and it is told to stop then. `None` where it is being copied.
    /// It is told to stop by `node` too.
    pub(super) fn copying(&self, share: &ShareId, node: &CancellationToken) -> Option<UnderWay> {
        let (stop, done) = (node.child_token(), CancellationToken::new());
        match self.under_way.lock().entry(share.clone()) {
            Entry::Occupied(_) => return None,
            Entry::Vacant(free) => free.insert((stop.clone(), done.clone())),
        };
        Some(UnderWay { external: self.clone(), share: share.clone(), stop, done })
    }

    /// Stops what is being copied below a prefix: whether nothing is any more.
    async fn stop_copying(&self, prefix: &str) -> bool {
        let found = share_of(prefix).and_then(|share| self.under_way.lock().get(&share).cloned());
        let Some((stop, done)) = found else { return true };
        stop.cancel();
        tokio::time::timeout(STOPPING, done.cancelled()).await.is_ok()
    }

    /// Copies a file of another store, until it is told to stop. What is on its way into the store is let in: a store that is left alone with it might let it
    /// in later.
    ///
    /// # Errors
    /// Where a store or the disk fails, and where it was stopped; nothing is there then, or less than all.
    pub async fn copy(&self, from: &SharedStore, key: &str, to: &str, stop: &CancellationToken) -> Result<(), CopyError> {
        let (_, mut pieces) = from.get(key, None).await?;
        let way = OnItsWay::new(&self.work);
        let mut file = tokio::fs::File::create_new(&way.0).await?;
        let mut hash = Context::new(&SHA256);
        loop {
            let piece = tokio::select! {
                () = stop.cancelled() => return Err(CopyError::Stopped),
                piece = pieces.next() => piece,
            };
            let Some(piece) = piece.transpose()? else { break };
            hash.update(&piece);
            file.write_all(&piece).await?;
        }
        file.flush().await?;
        drop(file);
        self.store.put_file(to, &way.0, &hex::encode(hash.finish())).await?;
        Ok(())
    }

    /// Puts bytes there.
    ///
    /// # Errors
    /// As [`External::copy`].
    pub async fn put(&self, bytes: &[u8], to: &str) -> Result<(), CopyError> {
        let way = OnItsWay::new(&self.work);
        tokio::fs::write(&way.0, bytes).await?;
        let sha256 = hex::encode(ring::digest::digest(&SHA256, bytes));
        self.store.put_file(to, &way.0, &sha256).await?;
        Ok(())
    }

    /// The size of a file.
    ///
    /// # Errors
    /// Where it is not there, or the store is away.
    pub async fn size(&self, key: &str) -> Result<u64, StoreError> {
        Ok(self.store.head(key).await?.bytes)
    }

    /// Bytes of a file.
    ///
    /// # Errors
    /// Where they are not there, or the store is away.
    pub async fn get(&self, key: &str, range: std::ops::Range<u64>) -> Result<BoxStream<'static, Result<Bytes, StoreError>>, StoreError> {
        Ok(self.store.get(key, Some(range)).await?.1)
    }

    /// Removes what lies below a prefix that the catalogue has among what is to go: whether it is gone. Where the store fails, the sweep tries again. What is
    /// being copied there is stopped first.
    pub async fn remove(&self, prefix: &str) -> bool {
        let gone = async {
            if !self.stop_copying(prefix).await {
                return Err(CopyError::Stopped);
            }
            for key in self.store.list(prefix).await? {
                self.store.delete(&key).await?;
            }
            Ok::<_, CopyError>(self.catalogue.share_files_gone(prefix).await?)
        };
        let Err(error) = gone.await else { return true };
        tracing::warn!(prefix, %error, "copies that are shared no longer could not be removed; it is tried again");
        if let Err(error) = self.catalogue.share_files_later(prefix, now().plus_ns(AGAIN_NS)).await {
            tracing::error!(prefix, %error, "the catalogue does not answer");
        }
        false
    }

    /// Somebody declined: a recording leaves every share, and its copies leave the store. Whether none is left.
    pub async fn take_out(&self, recording: &RecordingId) -> bool {
        let prefixes = match self.catalogue.take_out_of_shares(recording).await {
            Ok(prefixes) => prefixes,
            Err(error) => {
                tracing::error!(%recording, %error, "what a participant declined is shared; taking it out is tried again");
                return false;
            }
        };
        let mut gone = true;
        for prefix in prefixes {
            gone &= self.remove(&prefix).await;
        }
        gone
    }

    /// There is something to be removed.
    pub fn look(&self) {
        self.more.notify_one();
    }

    /// Removes what is over, until it is told to stop. `over` hears of every share whose days are over.
    pub async fn run(self, over: impl Fn(&ShareId) + Send + 'static, stop: CancellationToken) {
        let mut turns: u32 = 0;
        loop {
            if let Err(error) = self.turn(&over).await {
                tracing::error!(%error, "what is no longer shared could not be looked for; tried again");
            }
            if turns.is_multiple_of(FORGET_EVERY)
                && let Err(error) = self.catalogue.forget_share_entries(WallClock(now().0.saturating_sub(FORGET_NS))).await
            {
                tracing::error!(%error, "codes that are over could not be removed");
            }
            turns = turns.wrapping_add(1);
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.more.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn turn(&self, over: &(impl Fn(&ShareId) + Send)) -> Result<(), ArchiveError> {
        loop {
            let ended = self.catalogue.end_shares(now()).await?;
            ended.iter().for_each(over);
            if ended.is_empty() {
                break;
            }
        }
        let prefixes = self.catalogue.share_removals(now()).await?;
        // Several at once: a store that is slow for one holds up no other.
        futures::stream::iter(prefixes)
            .for_each_concurrent(8, |prefix| async move {
                self.remove(&prefix).await;
            })
            .await;
        Ok(())
    }
}

#[async_trait]
impl Elsewhere for External {
    async fn remove(&self, gone: &Gone) -> Result<(), String> {
        if self.take_out(&gone.recording).await { Ok(()) } else { Err("copies that were shared are left in the external store".to_owned()) }
    }
}

/// A file between two stores, removed when dropped.
struct OnItsWay(PathBuf);

impl OnItsWay {
    fn new(work: &Path) -> Self {
        Self(work.join(uuid::Uuid::new_v4().simple().to_string()))
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
