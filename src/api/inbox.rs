//! Where files that are sent in lie until they are recordings: a folder, a file each, and nothing kept in memory but who is writing.
//!
//! Invariant: what stands in a file up to its length was received; where a piece is to be checked against a sum, a mark beside the file says from where on it
//! is not known to be right, and whoever opens the file next cuts it there.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::fs::OpenOptions;
use tokio::sync::mpsc;

use crate::archive::uploads::UploadBounds;
use crate::model::id::UploadId;

/// What may be sent in, and for how long it is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxLimits {
    /// Bytes of one file.
    pub file_bytes: u64,
    /// What may be under way at once.
    pub bounds: UploadBounds,
    /// An unfinished file goes when nothing of it came for so long.
    pub unfinished: Duration,
}

/// The folder, its limits, and who is told that a file is whole. Clones share it.
#[derive(Clone)]
pub struct Inbox(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    limits: InboxLimits,
    arrived: mpsc::UnboundedSender<UploadId>,
    writing: Mutex<HashSet<UploadId>>,
}

/// Nobody else writes the file while this is there.
pub struct Writing {
    inbox: Inbox,
    id: UploadId,
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.inbox.0.writing.lock().remove(&self.id);
    }
}

impl Inbox {
    /// Opens the folder (made where absent, for its owner alone).
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn open(dir: &Path, limits: InboxLimits, arrived: mpsc::UnboundedSender<UploadId>) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        Ok(Self(Arc::new(Inner { dir: dir.to_owned(), limits, arrived, writing: Mutex::default() })))
    }

    /// What may be sent in.
    #[must_use]
    pub fn limits(&self) -> InboxLimits {
        self.0.limits
    }

    /// The file of an upload.
    #[must_use]
    pub fn file(&self, id: &UploadId) -> PathBuf {
        self.0.dir.join(id.as_str())
    }

    fn mark(&self, id: &UploadId) -> PathBuf {
        self.0.dir.join(format!("{id}.unchecked"))
    }

    /// Makes the empty file.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub async fn create(&self, id: &UploadId) -> io::Result<()> {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.file(id)).await.map(|_| ())
    }

    /// Takes the file for one writer; `None` while another has it.
    #[must_use]
    pub fn write(&self, id: &UploadId) -> Option<Writing> {
        let is_new = self.0.writing.lock().insert(id.clone());
        is_new.then(|| Writing { inbox: self.clone(), id: id.clone() })
    }

    /// How much of a file is here for certain.
    ///
    /// # Errors
    /// Where it is gone.
    pub async fn offset(&self, id: &UploadId) -> io::Result<u64> {
        let length = tokio::fs::metadata(self.file(id)).await?.len();
        let marked = tokio::fs::read_to_string(self.mark(id)).await.ok().and_then(|text| text.trim().parse().ok());
        Ok(length.min(marked.unwrap_or(u64::MAX)))
    }

    /// Removes what there is of a file.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub async fn remove(&self, id: &UploadId) -> io::Result<()> {
        let _ = tokio::fs::remove_file(self.mark(id)).await;
        match tokio::fs::remove_file(self.file(id)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// A file is whole, or is to be tried again.
    pub fn arrived(&self, id: UploadId) {
        // Nobody listens only while the node is going down; the next start looks through them.
        let _ = self.0.arrived.send(id);
    }
}

impl Writing {
    /// The file, cut to what is here for certain.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub async fn open(&self) -> io::Result<(tokio::fs::File, u64)> {
        let offset = self.inbox.offset(&self.id).await?;
        let mut file = OpenOptions::new().write(true).open(self.inbox.file(&self.id)).await?;
        file.set_len(offset).await?;
        tokio::io::AsyncSeekExt::seek(&mut file, io::SeekFrom::Start(offset)).await?;
        self.checked().await?;
        Ok((file, offset))
    }

    /// What comes from here on is not known to be right.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub async fn unchecked_from(&self, offset: u64) -> io::Result<()> {
        tokio::fs::write(self.inbox.mark(&self.id), offset.to_string()).await
    }

    /// All that is there is right.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub async fn checked(&self) -> io::Result<()> {
        match tokio::fs::remove_file(self.inbox.mark(&self.id)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt as _;

    #[tokio::test]
    async fn a_piece_that_was_never_checked_is_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let limits = InboxLimits { file_bytes: 1, bounds: UploadBounds { at_once: 1, total_bytes: 1 }, unfinished: Duration::from_secs(1) };
        let inbox = Inbox::open(dir.path(), limits, mpsc::unbounded_channel().0).unwrap();
        let id = UploadId::random();
        inbox.create(&id).await.unwrap();
        let writing = inbox.write(&id).unwrap();
        assert!(inbox.write(&id).is_none(), "one writer at a time");
        let (mut file, _) = writing.open().await.unwrap();
        file.write_all(b"right").await.unwrap();
        writing.unchecked_from(5).await.unwrap();
        file.write_all(b" or wrong").await.unwrap();
        file.flush().await.unwrap();
        drop((file, writing));
        assert_eq!(inbox.offset(&id).await.unwrap(), 5);
        let (_, offset) = inbox.write(&id).unwrap().open().await.unwrap();
        assert_eq!((offset, tokio::fs::read(inbox.file(&id)).await.unwrap()), (5, b"right".to_vec()));
        inbox.remove(&id).await.unwrap();
        inbox.remove(&id).await.unwrap();
    }
}
