//! What has to be in the store, a small file for each recording: on the disk before anybody is told that it is queued.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::id::RecordingId;
use crate::store::Stored;

/// A file that has to be in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadFile {
    /// Where it lies here.
    pub path: PathBuf,
    /// Under which key it has to stand.
    pub key: String,
    /// Its SHA-256, lower-case hex.
    pub sha256: String,
}

/// A recording's files and what is stored of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Note {
    /// 1.
    pub format: u32,
    /// Rises from note to note: the order in which they came.
    pub number: u64,
    pub recording: RecordingId,
    pub files: Vec<NotedFile>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct NotedFile {
    #[serde(flatten)]
    pub file: UploadFile,
    /// Size and tag, once it was stored and read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<(u64, String)>,
}

impl Note {
    /// Every file with what the store said of it; `None` until all are stored.
    pub(super) fn result(&self) -> Option<Vec<(String, Stored)>> {
        let one = |f: &NotedFile| f.stored.clone().map(|(bytes, etag)| (f.file.key.clone(), Stored { bytes, etag }));
        self.files.iter().map(one).collect()
    }
}

/// The folder of notes.
#[derive(Clone, Debug)]
pub(super) struct Notes {
    folder: PathBuf,
}

impl Notes {
    /// Opens the folder and reads what an earlier run left, oldest first. A note that does not read is set aside, not thrown away.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, Vec<Note>)> {
        fs::create_dir_all(folder)?;
        let mut left = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|e| e != "json") {
                continue;
            }
            match serde_json::from_slice::<Note>(&fs::read(&path)?) {
                Ok(note) if note.format == 1 => left.push(note),
                _ => {
                    tracing::error!(file = %path.display(), "a note of the upload queue does not read; it is set aside");
                    fs::rename(&path, path.with_extension("unreadable"))?;
                }
            }
        }
        left.sort_by_key(|n| n.number);
        Ok((Self { folder: folder.to_owned() }, left))
    }

    fn file_of(&self, recording: &RecordingId) -> PathBuf {
        self.folder.join(format!("{recording}.json"))
    }

    /// Writes a note, whole or not at all.
    pub(super) fn write(&self, note: &Note) -> io::Result<()> {
        let file = self.file_of(&note.recording);
        let new = file.with_extension("json-new");
        let mut out = File::create(&new)?;
        out.write_all(&serde_json::to_vec_pretty(note)?)?;
        out.sync_all()?;
        fs::rename(&new, &file)?;
        File::open(&self.folder)?.sync_all()
    }

    pub(super) fn remove(&self, recording: &RecordingId) -> io::Result<()> {
        match fs::remove_file(self.file_of(recording)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => File::open(&self.folder)?.sync_all(),
        }
    }
}
