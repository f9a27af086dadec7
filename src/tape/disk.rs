//! The few things that a tape asks of a disk; a trait, so that a disk that fails can stand in for it in tests.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

/// A chunk's file, written from its beginning to its end.
pub(super) trait ChunkFile: Debug + Send + Sync {
    /// Appends all of it, in one call to the kernel where it takes it in one.
    fn append(&self, parts: &mut [IoSlice<'_>]) -> io::Result<()>;
    /// Cuts off what lies behind this; never makes it longer.
    fn cut_to(&self, len: u64) -> io::Result<()>;
    /// To the disk.
    fn sync(&self) -> io::Result<()>;
}

/// Where chunks are made.
pub(super) trait Disk: Debug + Send + Sync {
    /// A new file; it must not exist.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn ChunkFile>>;
    /// Everything of the file system that the spool lies on, to the disk.
    fn sync_all(&self) -> io::Result<()>;
}

/// The kernel's.
#[derive(Debug)]
pub(super) struct KernelDisk {
    /// Held open: the kernel tells of a failed write-back only those who had the file system open when it failed.
    root: File,
}

impl KernelDisk {
    pub(super) fn at(dir: &Path) -> io::Result<Self> {
        Ok(Self { root: File::open(dir)? })
    }
}

/// The kernel takes at most this many pieces in one call.
const PIECES: usize = 1024;

impl ChunkFile for File {
    fn append(&self, mut parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        IoSlice::advance_slices(&mut parts, 0);
        while !parts.is_empty() {
            let now = parts.len().min(PIECES);
            match (&mut &*self).write_vectored(&parts[..now]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => IoSlice::advance_slices(&mut parts, n),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn cut_to(&self, len: u64) -> io::Result<()> {
        if self.metadata()?.len() > len { self.set_len(len) } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

impl Disk for KernelDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn ChunkFile>> {
        Ok(Arc::new(OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?))
    }

    fn sync_all(&self) -> io::Result<()> {
        nix::unistd::syncfs(&self.root).map_err(io::Error::from)
    }
}
