//! A folder as a store.
//!
//! A file of the same file system is synced, read back from the disk, compared, and given its second name: nothing is written twice, and no place need be
//! found for another inode, which is what ends of many calls at once wait for. Any other is copied to `<root>/.incoming/<random>`, treated likewise, and
//! renamed into place. Then its folder is synced. A crash anywhere leaves either the whole object or a nameless copy in `.incoming`, which the next start
//! removes. A copy in the making is locked (flock), so that a second node on the same folder leaves it alone.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Seek};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use nix::fcntl::{AT_FDCWD, AtFlags, PosixFadviseAdvice, posix_fadvise};
use nix::unistd::linkat;
use parking_lot::RwLock;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::hash::sha256_of;
use super::key;
use super::{Store, StoreError, Stored};

/// Where copies stand until they are whole.
const INCOMING: &str = ".incoming";
/// Bytes a piece of a stream.
const PIECE: usize = 64 * 1024;
/// What objects may be used for: nobody but the node's group reads them.
const MODE: u32 = 0o640;

/// A folder as a store. Clones share it.
#[derive(Clone, Debug)]
pub struct FolderStore {
    root: Arc<Path>,
    /// Held for writing while empty folders are removed, for reading while an object moves into its folder.
    folders: Arc<RwLock<()>>,
}

impl FolderStore {
    /// Opens a folder (made where absent) and removes what crashes left in its `.incoming`.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let no = |e: io::Error| StoreError::Configuration(format!("folder {}: {e}", root.display()));
        let incoming = root.join(INCOMING);
        fs::create_dir_all(&incoming).map_err(no)?;
        for left in fs::read_dir(&incoming).map_err(no)?.flatten() {
            let path = left.path();
            if File::open(&path).is_ok_and(|f| f.try_lock().is_ok()) {
                let _ = fs::remove_file(path);
            }
        }
        let root = fs::canonicalize(root).map_err(no)?;
        Ok(Self { root: root.into(), folders: Arc::default() })
    }

    fn path_of(&self, key: &str) -> Result<PathBuf, StoreError> {
        key::check(key)?;
        Ok(self.root.join(key))
    }

    /// Runs what waits for the disk away from the async threads.
    async fn blocking<T: Send + 'static>(
        &self,
        key: &str,
        work: impl FnOnce(&Self, &str) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (store, name) = (self.clone(), key.to_owned());
        tokio::task::spawn_blocking(move || work(&store, &name))
            .await
            .unwrap_or_else(|_| Err(StoreError::Backend { key: key.to_owned(), why: "the node is shutting down".into() }))
    }

    fn put(&self, key: &str, from: &Path, sha256: &str) -> Result<Stored, StoreError> {
        let to = self.path_of(key)?;
        let failed = |e: io::Error| self.failed(key, &e);
        let local = |e: io::Error| StoreError::Local { key: key.to_owned(), why: e.to_string() };
        let mut source = File::open(from).map_err(local)?;
        let here = source.metadata().map_err(local)?;
        let bytes = here.len();
        if let Ok(there) = File::open(&to)
            && there.metadata().is_ok_and(|m| m.is_file() && m.len() == bytes)
            && sha256_of(&there).is_ok_and(|got| got == sha256)
        {
            return stored(&there).map_err(failed);
        }
        let as_it_was_made = |file: &File| match read_back(file).map_err(failed)? {
            got if got == sha256 => stored(file).map_err(failed),
            got => Err(StoreError::Mismatch { key: key.to_owned(), got, wrote: sha256.to_owned() }),
        };
        let is_beside = here.is_file() && fs::metadata(&*self.root).is_ok_and(|root| root.dev() == here.dev());
        if is_beside && source.set_permissions(fs::Permissions::from_mode(MODE)).is_ok() {
            let stored = as_it_was_made(&source)?;
            let _folders_stay = self.folders.read();
            // What stands under the key already is replaced by a copy; some file systems give no second names.
            if place(&self.root, &to, || name(&source, &to)).is_ok() {
                return Ok(stored);
            }
            source.rewind().map_err(local)?;
        }
        let incoming = Incoming::new(&self.root).map_err(failed)?;
        // Within one file system that can share extents, the kernel shares them here.
        io::copy(&mut source, &mut &incoming.file).map_err(failed)?;
        let stored = as_it_was_made(&incoming.file)?;
        let _folders_stay = self.folders.read();
        place(&self.root, &to, || incoming.become_object(&to)).map_err(failed)?;
        Ok(stored)
    }

    fn remove(&self, key: &str) -> Result<(), StoreError> {
        let path = self.path_of(key)?;
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::NotFound || is_folder_in_the_way(&e) => return Ok(()),
            Err(e) => return Err(self.failed(key, &e)),
        }
        let _alone = self.folders.write();
        // The object is gone for good before its folders are looked at; those that are empty now go too.
        for folder in path.ancestors().skip(1).take_while(|f| *f != &*self.root) {
            sync(folder).map_err(|e| self.failed(key, &e))?;
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        key::check_prefix(prefix)?;
        let folder = prefix.rfind('/').map_or("", |at| &prefix[..at]);
        let mut found = Vec::new();
        let mut folders = vec![self.root.join(folder)];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(e) if e.kind() == ErrorKind::NotFound || e.kind() == ErrorKind::NotADirectory => continue,
                Err(e) => return Err(self.failed(prefix, &e)),
            };
            for entry in entries {
                let entry = entry.map_err(|e| self.failed(prefix, &e))?;
                let path = entry.path();
                let Some(name) = path.strip_prefix(&self.root).ok().and_then(Path::to_str).map(str::to_owned) else { continue };
                let kind = entry.file_type().map_err(|e| self.failed(prefix, &e))?;
                if key::check(&name).is_err() {
                } else if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() && name.starts_with(prefix) {
                    found.push(name);
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    fn failed(&self, key: &str, e: &io::Error) -> StoreError {
        let why = match e.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => format!("no space is left in {}: {e}", self.root.display()),
            _ => format!("folder {}: {e}", self.root.display()),
        };
        StoreError::Backend { key: key.to_owned(), why }
    }

    async fn open_object(&self, key: &str) -> Result<(tokio::fs::File, Stored), StoreError> {
        let (file, stored) = self
            .blocking(key, |store, key| {
                let path = store.path_of(key)?;
                let open = || {
                    let file = File::open(&path)?;
                    let stored = stored(&file)?;
                    Ok((file, stored))
                };
                open().map_err(|e: io::Error| match e.kind() {
                    ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory => StoreError::NotFound(key.to_owned()),
                    _ => store.failed(key, &e),
                })
            })
            .await?;
        Ok((tokio::fs::File::from_std(file), stored))
    }
}

#[async_trait]
impl Store for FolderStore {
    async fn put_file(&self, key: &str, file: &Path, sha256: &str) -> Result<Stored, StoreError> {
        let (file, sha256) = (file.to_owned(), sha256.to_owned());
        self.blocking(key, move |store, key| store.put(key, &file, &sha256)).await
    }

    async fn head(&self, key: &str) -> Result<Stored, StoreError> {
        Ok(self.open_object(key).await?.1)
    }

    async fn get(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<(Stored, BoxStream<'static, Result<Bytes, StoreError>>), StoreError> {
        let (mut file, stored) = self.open_object(key).await?;
        let range = range.unwrap_or(0..stored.bytes);
        if range.start > range.end || range.end > stored.bytes {
            return Err(StoreError::Range { key: key.to_owned(), size: stored.bytes, start: range.start, end: range.end });
        }
        let seek = if range.start > 0 { file.seek(io::SeekFrom::Start(range.start)).await.map(|_| ()) } else { Ok(()) };
        seek.map_err(|e| self.failed(key, &e))?;
        let (store, key) = (self.clone(), key.to_owned());
        let pieces = ReaderStream::with_capacity(file.take(range.end - range.start), PIECE);
        Ok((stored, pieces.map(move |piece| piece.map_err(|e| store.failed(&key, &e))).boxed()))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.blocking(key, Self::remove).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.blocking(prefix, Self::keys).await
    }
}

/// A copy in the making: removed when dropped, unless it became the object.
struct Incoming {
    path: PathBuf,
    file: File,
    kept: Cell<bool>,
}

impl Incoming {
    fn new(root: &Path) -> io::Result<Self> {
        let path = root.join(INCOMING).join(uuid::Uuid::new_v4().simple().to_string());
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        let incoming = Self { path, file, kept: Cell::new(false) };
        incoming.file.lock()?;
        incoming.file.set_permissions(fs::Permissions::from_mode(MODE))?;
        Ok(incoming)
    }

    fn become_object(&self, to: &Path) -> io::Result<()> {
        fs::rename(&self.path, to)?;
        self.kept.set(true);
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.kept.get() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Hash of what is on the disk, not of what the page cache remembers: what is dirty is written, then clean pages are dropped.
fn read_back(mut file: &File) -> io::Result<String> {
    file.sync_all()?;
    posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
    file.rewind()?;
    sha256_of(file)
}

/// Gives an open file a second name. By its descriptor: a path may mean another file by now than the one that was read.
fn name(file: &File, to: &Path) -> io::Result<()> {
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(AT_FDCWD, open.as_str(), AT_FDCWD, to, AtFlags::AT_SYMLINK_FOLLOW)?)
}

/// Puts an object where it belongs, with the folders that it needs, for good.
fn place(root: &Path, to: &Path, put: impl Fn() -> io::Result<()>) -> io::Result<()> {
    let folder = to.parent().unwrap_or(root);
    let mut tries = 0;
    // Another node on this folder may delete the last object of a folder, and the folder with it, in between.
    while let Err(e) = make_folders(root, folder).and_then(|()| put()) {
        tries += 1;
        if e.kind() != ErrorKind::NotFound || tries > 8 {
            return Err(e);
        }
    }
    sync(folder)
}

/// Makes the folders down to `folder` and syncs the parent of each that is new.
fn make_folders(root: &Path, folder: &Path) -> io::Result<()> {
    if folder == root || folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().unwrap_or(root);
    make_folders(root, parent)?;
    match fs::create_dir(folder) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
        _ => sync(parent),
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    match File::open(folder) {
        Ok(f) => f.sync_all(),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}

fn is_folder_in_the_way(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::IsADirectory | ErrorKind::NotADirectory)
}

/// The tag changes with every replacement: a replaced object is another inode, and inode numbers that are used again come with another time.
fn stored(file: &File) -> io::Result<Stored> {
    let m = file.metadata()?;
    if !m.is_file() {
        return Err(ErrorKind::NotFound.into());
    }
    let changed_ns = i128::from(m.mtime()) * 1_000_000_000 + i128::from(m.mtime_nsec());
    Ok(Stored { bytes: m.len(), etag: format!("{:x}-{:x}-{:x}", m.ino(), m.len(), changed_ns) })
}
