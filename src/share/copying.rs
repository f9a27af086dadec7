//! What was ordered to be shared is copied into the external store after the order was answered (archive.md C3): until all of it is there, across restarts and
//! stores that are away. Then the share opens, and its letter goes out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::external::{CopyError, External};
use crate::archive::shares::{Share, ShareFiles, ShareItem, Shared};
use crate::archive::{ArchiveError, Catalogue, now};
use crate::model::id::{RecordingId, ShareId};
use crate::model::time::WallClock;
use crate::store::Regions;

/// What of a recording is copied, where it has it.
const FILES: [&str; 3] = ["recording.mp4", "poster.jpg", "peaks.json"];
/// The name of a chat log in the external store.
pub const CHAT: &str = "chat.json";
/// Shares that are copied at once, and files of each.
const SHARES_AT_ONCE: usize = 4;
const FILES_AT_ONCE: usize = 4;
/// How often is looked for what is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Wait after a first failure; doubled with each further one.
const FIRST_WAIT_NS: u64 = 2_000_000_000;
const LONGEST_WAIT_NS: u64 = 300_000_000_000;

/// Whether a recording may be read: is cancelled when it may be no more; `None` while it may not.
pub type Readable = Arc<dyn Fn(&RecordingId) -> Option<CancellationToken> + Send + Sync>;

/// Hears of every share that opens.
type Copied = Arc<dyn Fn(&Share) + Send + Sync>;

/// Copies what is shared.
#[derive(Clone)]
pub struct Copier {
    /// Where to.
    pub external: External,
    /// What is to be copied.
    pub catalogue: Catalogue,
    /// Where recordings lie.
    pub regions: Regions,
    /// Which of them may be read.
    pub readable: Readable,
    /// Told when there is something to be copied.
    pub more: Arc<Notify>,
}

impl Copier {
    /// Copies until it is told to stop. `copied` hears of every share that opens.
    pub async fn run(self, copied: impl Fn(&Share) + Send + Sync + 'static, stop: CancellationToken) {
        let copied: Copied = Arc::new(copied);
        let (mut under_way, mut taken) = (FuturesUnordered::<BoxFuture<'static, ShareId>>::new(), BTreeSet::new());
        let (mut looked_at, mut look) = (Vec::new(), tokio::time::interval(LOOK_EVERY));
        loop {
            match self.catalogue.shares_to_copy(now(), 100).await {
                // One that takes long keeps its own place only: whatever is due meanwhile has the others.
                Ok(due) => {
                    for id in due {
                        if under_way.len() < SHARES_AT_ONCE && taken.insert(id.clone()) {
                            under_way.push(self.clone().one(id, copied.clone(), stop.clone()).boxed());
                        }
                    }
                }
                Err(error) => tracing::error!(%error, "what is to be copied could not be looked for; tried again"),
            }
            tokio::select! {
                () = stop.cancelled() => break,
                // One that could not be gone on with now is looked at again a while later, not at once.
                Some(id) = under_way.next() => looked_at.push(id),
                () = self.more.notified() => {}
                _ = look.tick() => looked_at.drain(..).for_each(|id| {
                    taken.remove(&id);
                }),
            }
        }
        // Each comes to its end: nothing may be on its way into the store when this is left.
        while under_way.next().await.is_some() {}
    }

    async fn one(self, id: ShareId, copied: Copied, stop: CancellationToken) -> ShareId {
        match self.copy(&id, &stop).await {
            Ok(Some(share)) => copied(&share),
            // What was removed of it is gone, or it is itself.
            Ok(None) | Err(CopyError::Stopped) => {}
            Err(error) => {
                tracing::warn!(share = %id, %error, "what is shared could not be copied; it is tried again");
                if let Err(error) = self.failed(&id, &error).await {
                    tracing::error!(share = %id, %error, "the catalogue does not answer");
                }
            }
        }
        id
    }

    async fn failed(&self, id: &ShareId, error: &CopyError) -> Result<(), ArchiveError> {
        let attempts = self.catalogue.share(id).await?.copying.attempts;
        let why = match error {
            CopyError::BeingErased | CopyError::NothingToPlay(_) => error.to_string(),
            _ => "the files could not be copied to the external store".to_owned(),
        };
        self.catalogue.share_copy_failed(id, next(attempts, now()), &why).await
    }

    /// Copies what is left of a share: the share, where it opened with that.
    async fn copy(&self, id: &ShareId, stop: &CancellationToken) -> Result<Option<Share>, CopyError> {
        // First this, then what there is to copy: what is taken out from now on stops it.
        let Some(under_way) = self.external.copying(id, stop) else { return Ok(None) };
        let share = self.catalogue.share(id).await?;
        if share.files != ShareFiles::Copying {
            return Ok(None);
        }
        if share.items.iter().all(|item| item.gone) {
            self.catalogue.share_came_to_nothing(id).await?;
            return Ok(None);
        }
        let left = share.items.iter().filter(|item| !item.copied && !item.gone);
        // Each comes to its end, also where another one fails: nothing may be on its way into the store when this is left.
        let left: Vec<BoxFuture<'static, Result<(), CopyError>>> =
            left.map(|item| self.clone().item(share.prefix_of(&item.id), item.clone(), under_way.stop.clone()).boxed()).collect();
        let done: Vec<_> = futures::stream::iter(left).buffer_unordered(FILES_AT_ONCE).collect().await;
        done.into_iter().collect::<Result<(), CopyError>>()?;
        Ok(self.catalogue.share_copied(id, now()).await?.then_some(share))
    }

    async fn item(self, to: String, item: ShareItem, stop: CancellationToken) -> Result<(), CopyError> {
        match &item.what {
            Shared::Recording(id) => self.recording(id, &to, &stop).await?,
            Shared::Chat => match self.catalogue.chat(&item.session).await {
                Ok(chat) => {
                    let bytes = serde_json::to_vec(&chat.lines).map_err(std::io::Error::other)?;
                    self.external.put(&bytes, &format!("{to}{CHAT}")).await?;
                }
                // It is deleted, and leaves the share.
                Err(ArchiveError::NotFound { .. }) => return Err(CopyError::Stopped),
                Err(other) => return Err(other.into()),
            },
        }
        if stop.is_cancelled() {
            return Err(CopyError::Stopped);
        }
        Ok(self.catalogue.share_item_copied(&item.id).await?)
    }

    async fn recording(&self, id: &RecordingId, to: &str, stop: &CancellationToken) -> Result<(), CopyError> {
        // What is taken out of a recording while it is copied is not to be shared.
        let reading = (self.readable)(id).ok_or(CopyError::BeingErased)?;
        let row = match self.catalogue.recording(id).await {
            Err(ArchiveError::NotFound { .. }) => return Err(CopyError::Stopped),
            found => found?,
        };
        let from = self.regions.of(row.region);
        let prefix = format!("recordings/{id}/");
        let there = from.list(&prefix).await?;
        if !there.contains(&format!("{prefix}{}", FILES[0])) {
            return Err(CopyError::NothingToPlay(id.clone()));
        }
        for name in FILES {
            let key = format!("{prefix}{name}");
            if there.contains(&key) {
                self.external.copy(from, &key, &format!("{to}{name}"), stop).await?;
            }
            if reading.is_cancelled() {
                return Err(CopyError::BeingErased);
            }
        }
        Ok(())
    }
}

/// When copying that failed after so many failures is tried next.
fn next(attempts: u32, now: WallClock) -> WallClock {
    now.plus_ns(FIRST_WAIT_NS.saturating_mul(1 << attempts.min(20)).min(LONGEST_WAIT_NS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes() {
        let waits_s: Vec<i64> = (0..10).map(|n| next(n, WallClock(0)).0 / 1_000_000_000).collect();
        assert_eq!(waits_s, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }
}
