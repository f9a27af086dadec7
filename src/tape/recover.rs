//! After a crash: torn tails are cut off, interrupted destructions finished (docs/tape.md, "Recovery").

use std::fs::{self, OpenOptions};
use std::path::Path;

use super::error::TapeError;
use super::format::{CHUNK_HEADER, ChunkHeader};
use super::keys::KeyFolder;
use super::reader::TapeReader;
use super::record::Body;
use super::scan;
use super::sink::chunk_path;
use super::spool::Recovered;
use crate::model::event::TapeEvent;
use crate::model::id::SessionId;
use crate::model::time::MediaTime;

/// The numbers of a tape's chunks, in order.
pub(super) fn chunks(dir: &Path) -> Result<Vec<u32>, TapeError> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir).map_err(TapeError::io(dir))? {
        let name = entry.map_err(TapeError::io(dir))?.file_name();
        if let Some(number) = name.to_string_lossy().strip_suffix(".tape").and_then(|n| n.parse().ok()) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Cuts the torn end off: of the last chunk, and of the one before where nothing of the last is left. Answers how many bytes.
pub(super) fn mend(dir: &Path) -> Result<u64, TapeError> {
    KeyFolder::of(dir).finish_destructions()?;
    let mut torn = 0;
    for number in chunks(dir)?.into_iter().rev() {
        let path = chunk_path(dir, number);
        let bytes = fs::read(&path).map_err(TapeError::io(&path))?;
        // Where the header itself is damaged, blocks may still stand behind it.
        let (end, _) = scan::sound_end(&bytes, CHUNK_HEADER);
        let has_blocks = end > CHUNK_HEADER;
        if !has_blocks && ChunkHeader::parse(&bytes).is_err() {
            torn += bytes.len() as u64;
            fs::remove_file(&path).map_err(TapeError::io(&path))?;
            super::keys::sync_dir(dir)?;
            continue;
        }
        if end < bytes.len() {
            torn += (bytes.len() - end) as u64;
            let file = OpenOptions::new().write(true).open(&path).map_err(TapeError::io(&path))?;
            file.set_len(end as u64).and_then(|()| file.sync_all()).map_err(TapeError::io(&path))?;
        }
        if has_blocks {
            break;
        }
    }
    Ok(torn)
}

/// Mends a tape and reads it to its end.
pub(super) fn recover(session: &SessionId, dir: &Path, master_key: &Path) -> Recovered {
    let mut found =
        Recovered { session: session.clone(), dir: dir.to_owned(), ended: false, last: MediaTime::ZERO, torn_bytes: 0, damaged: 0 };
    let read = mend(dir).and_then(|torn| {
        found.torn_bytes = torn;
        let mut reader = TapeReader::open(dir, master_key)?;
        while let Some(record) = reader.next()? {
            found.last = found.last.max(record.at);
            found.ended = matches!(record.body, Body::Event(TapeEvent::SessionEnded));
        }
        found.last = found.last.max(reader.last_block_at());
        found.damaged += reader.damaged();
        Ok(())
    });
    if let Err(error) = read {
        tracing::warn!(%session, %error, "a tape cannot be recovered");
        found.damaged += 1;
    }
    found
}
