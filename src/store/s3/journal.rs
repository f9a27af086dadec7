//! What is known of unfinished uploads, a small file each: written before it is needed, so that a crash forgets at most a part.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// An unfinished upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unfinished {
    /// The bucket and the key.
    pub place: String,
    /// The server's id of it.
    pub upload: String,
    /// The file's SHA-256, hex.
    pub sha256: String,
    /// The file's size.
    pub bytes: u64,
    /// Bytes a part.
    pub part_bytes: u64,
    /// Tags of the parts that the server has, by number from 1.
    pub parts: BTreeMap<i32, String>,
}

/// A folder of them.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    folder: Arc<Path>,
}

impl Journal {
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(folder).map_err(|e| StoreError::Configuration(format!("journal {}: {e}", folder.display())))?;
        Ok(Self { folder: folder.into() })
    }

    fn file_of(&self, place: &str) -> PathBuf {
        let name = hex::encode(ring::digest::digest(&ring::digest::SHA256, place.as_bytes()));
        self.folder.join(format!("{}.json", &name[..40]))
    }

    /// What is known of an upload to this place; a note that does not read is as none.
    pub(super) fn read(&self, place: &str) -> Option<Unfinished> {
        let note: Unfinished = serde_json::from_slice(&fs::read(self.file_of(place)).ok()?).ok()?;
        (note.place == place).then_some(note)
    }

    pub(super) fn write(&self, note: &Unfinished) -> io::Result<()> {
        let file = self.file_of(&note.place);
        let new = file.with_extension("new");
        let mut out = File::create(&new)?;
        out.write_all(&serde_json::to_vec(note)?)?;
        out.sync_all()?;
        fs::rename(&new, &file)
    }

    pub(super) fn remove(&self, place: &str) {
        let _ = fs::remove_file(self.file_of(place));
    }

    /// Ids of every upload that is known.
    pub(super) fn uploads(&self) -> Vec<String> {
        let notes = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        notes.filter_map(|n| serde_json::from_slice::<Unfinished>(&fs::read(n.path()).ok()?).ok()).map(|n| n.upload).collect()
    }
}
