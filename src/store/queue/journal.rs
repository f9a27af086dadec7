//! What has to be in the store, a small file for each recording, and beside it a line for each file that is stored.
//!
//! `<recording>.json` is written whole or not at all. `<recording>.stored` is only appended to and never synced: a line that a power cut takes costs another
//! look at a file that stands in the store already.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::id::RecordingId;
use crate::store::Stored;

/// Ending of the files of lines.
const STORED: &str = "stored";

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

/// A line of what is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// Of which note.
    number: u64,
    file: usize,
    bytes: u64,
    etag: String,
}

/// The folder of notes.
#[derive(Clone, Debug)]
pub(super) struct Notes {
    folder: PathBuf,
    synced: bool,
}

impl Notes {
    /// Opens the folder and reads what an earlier run left, oldest first. A note that does not read is set aside, not thrown away. `synced`: a note is on
    /// the disk when `write` returns.
    pub(super) fn open(folder: &Path, synced: bool) -> io::Result<(Self, Vec<Note>)> {
        fs::create_dir_all(folder)?;
        let mut left = Vec::new();
        let (mut lines, mut spent): (HashMap<u64, Vec<Line>>, Vec<PathBuf>) = (HashMap::new(), Vec::new());
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == STORED) {
                let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
                for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
                    lines.entry(line.number).or_default().push(line);
                }
                if !path.with_extension("json").exists() {
                    spent.push(path);
                }
                continue;
            }
            if path.extension().is_none_or(|e| e != "json") {
                continue;
            }
            let bytes = fs::read(&path)?;
            match serde_json::from_slice::<Note>(&bytes) {
                Ok(note) if note.format == 1 => left.push(note),
                // A name without a byte is what a power cut leaves of a note that was not synced.
                _ if bytes.is_empty() && !synced => fs::remove_file(&path)?,
                _ => {
                    tracing::error!(file = %path.display(), "a note of the upload queue does not read; it is set aside");
                    fs::rename(&path, path.with_extension("unreadable"))?;
                }
            }
        }
        for path in spent {
            fs::remove_file(path)?;
        }
        for note in &mut left {
            for line in lines.remove(&note.number).unwrap_or_default() {
                if let Some(file) = note.files.get_mut(line.file) {
                    file.stored = Some((line.bytes, line.etag));
                }
            }
        }
        left.sort_by_key(|n| n.number);
        Ok((Self { folder: folder.to_owned(), synced }, left))
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
        if self.synced {
            out.sync_all()?;
        }
        fs::rename(&new, &file)?;
        self.sync_folder()
    }

    /// Adds that a file of a note is stored.
    pub(super) fn stored(&self, note: &Note, file: usize) -> io::Result<()> {
        let Some((bytes, etag)) = note.files.get(file).and_then(|f| f.stored.clone()) else { return Ok(()) };
        let mut line = serde_json::to_vec(&Line { number: note.number, file, bytes, etag })?;
        line.push(b'\n');
        let path = self.file_of(&note.recording).with_extension(STORED);
        fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(&line)
    }

    pub(super) fn remove(&self, recording: &RecordingId) -> io::Result<()> {
        let note = self.file_of(recording);
        // The note goes first: lines without one are taken away at the next start.
        for path in [note.clone(), note.with_extension(STORED)] {
            match fs::remove_file(path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        self.sync_folder()
    }

    fn sync_folder(&self) -> io::Result<()> {
        if self.synced { File::open(&self.folder)?.sync_all() } else { Ok(()) }
    }
}
