//! What was told and may not be in the catalogue yet: lines in two files by turns.
//!
//! A line is the CRC-32C of the rest in eight hex digits, a space, and the event as JSON. What follows a line that does not check is not read: it was being
//! written when the power went.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

use crate::archive::catalogue::file_error;
use crate::archive::error::Result;
use crate::archive::rows::EventRow;
use crate::model::id::SessionId;

/// A journal of this many bytes is large.
const LARGE: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
struct Line {
    seq: i64,
    at_ns: i64,
    session: Option<SessionId>,
    kind: String,
    data: Value,
}

struct Half {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// The newest number in it.
    last: i64,
}

pub(super) struct Journal {
    halves: [Half; 2],
    active: usize,
}

impl Journal {
    /// Opens both files of a folder; answers what they hold, by number.
    pub(super) fn open(dir: &Path) -> Result<(Self, Vec<Arc<EventRow>>)> {
        let (one, mut rows) = Half::open(dir.join("events.1.journal"))?;
        let (two, more) = Half::open(dir.join("events.2.journal"))?;
        rows.extend(more);
        rows.sort_by_key(|row| row.seq);
        Ok((Self { halves: [one, two], active: 0 }, rows))
    }

    /// What it held is in the catalogue.
    pub(super) fn emptied(mut self) -> Result<Self> {
        for half in &mut self.halves {
            half.empty().map_err(|error| file_error(&half.path, &error))?;
        }
        Ok(self)
    }

    /// Takes out what the catalogue holds, which is everything up to the number `committed`.
    pub(super) fn forget(&mut self, committed: i64) -> Result<()> {
        for half in &mut self.halves {
            half.forget(committed).map_err(|error| file_error(&half.path, &error))?;
        }
        Ok(())
    }

    /// Appends an event in one system call. `committed` is the newest number that the catalogue holds.
    pub(super) fn write(&mut self, row: &EventRow, committed: i64) -> Result<()> {
        let other = 1 - self.active;
        if self.halves[self.active].bytes > LARGE && self.halves[other].last <= committed {
            self.active = other;
            let half = &mut self.halves[other];
            half.empty().map_err(|error| file_error(&half.path, &error))?;
        }
        let half = &mut self.halves[self.active];
        half.write(row).map_err(|error| file_error(&half.path, &error))
    }
}

impl Half {
    fn open(path: PathBuf) -> Result<(Self, Vec<Arc<EventRow>>)> {
        let open = || {
            let mut file = std::fs::OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok((file, bytes))
        };
        let (file, held) = open().map_err(|error| file_error(&path, &error))?;
        let rows: Vec<_> = held.split_inclusive(|byte| *byte == b'\n').map_while(read_line).collect();
        let last = rows.iter().map(|row| row.seq).max().unwrap_or(0);
        Ok((Self { path, file, bytes: held.len() as u64, last }, rows))
    }

    fn empty(&mut self) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.bytes = 0;
        Ok(())
    }

    fn forget(&mut self, committed: i64) -> std::io::Result<()> {
        if self.last <= committed {
            return self.empty();
        }
        let held = std::fs::read(&self.path)?;
        let lines = held.split_inclusive(|byte| *byte == b'\n');
        let kept = lines.filter(|line| read_line(line).is_some_and(|row| row.seq > committed)).collect::<Vec<_>>().concat();
        // Whoever dies meanwhile finds the one file or the other, whole.
        let new = self.path.with_extension("new");
        let mut file = std::fs::OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&new)?;
        file.set_len(0)?;
        file.write_all(&kept)?;
        std::fs::rename(&new, &self.path)?;
        (self.file, self.bytes) = (file, kept.len() as u64);
        Ok(())
    }

    fn write(&mut self, row: &EventRow) -> std::io::Result<()> {
        let line = Line { seq: row.seq, at_ns: row.at.0, session: row.session.clone(), kind: row.kind.clone(), data: row.data.clone() };
        let json = serde_json::to_string(&line)?;
        let text = format!("{:08x} {json}\n", crc32c::crc32c(json.as_bytes()));
        // After a write that was cut short (a full disk) the next line must not hang on to its torn end.
        if let Err(error) = self.file.write_all(text.as_bytes()) {
            self.file.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += text.len() as u64;
        self.last = row.seq;
        Ok(())
    }
}

fn read_line(line: &[u8]) -> Option<Arc<EventRow>> {
    let text = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (crc, json) = text.split_once(' ')?;
    if u32::from_str_radix(crc, 16).ok()? != crc32c::crc32c(json.as_bytes()) {
        return None;
    }
    let line: Line = serde_json::from_str(json).ok()?;
    Some(Arc::new(EventRow {
        seq: line.seq,
        at: crate::model::time::WallClock(line.at_ns),
        session: line.session,
        kind: line.kind,
        data: line.data,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::WallClock;

    fn event(seq: i64) -> EventRow {
        EventRow {
            seq,
            at: WallClock(seq * 7 + 1),
            session: Some(SessionId::random()),
            kind: "state".into(),
            data: serde_json::json!({"n": seq, "text": "ø\n"}),
        }
    }

    fn numbers(dir: &Path) -> Vec<i64> {
        Journal::open(dir).unwrap().1.iter().map(|row| row.seq).collect()
    }

    #[test]
    fn what_was_written_comes_back_and_a_torn_end_costs_itself_alone() {
        let dir = tempfile::tempdir().unwrap();
        let rows: Vec<_> = (1..=3).map(event).collect();
        let (mut journal, before) = Journal::open(dir.path()).unwrap();
        assert!(before.is_empty());
        for row in &rows {
            journal.write(row, 0).unwrap();
        }
        drop(journal);
        let back = Journal::open(dir.path()).unwrap().1;
        assert_eq!(back.iter().map(|row| (**row).clone()).collect::<Vec<_>>(), rows);
        let path = dir.path().join("events.1.journal");
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let lines = whole[..cut].split(|byte| *byte == b'\n').count() as i64 - 1;
            assert_eq!(numbers(dir.path()), (1..=lines).collect::<Vec<_>>(), "cut at {cut}");
        }
        let mut damaged = whole.clone();
        damaged[whole.len() - 5] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        assert_eq!(numbers(dir.path()), [1, 2]);
    }

    #[test]
    fn what_the_catalogue_holds_is_taken_out_and_the_rest_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(dir.path()).unwrap();
        for seq in 1..=5 {
            journal.write(&event(seq), 0).unwrap();
        }
        journal.forget(3).unwrap();
        assert_eq!(numbers(dir.path()), [4, 5]);
        journal.write(&event(6), 3).unwrap();
        assert_eq!(numbers(dir.path()), [4, 5, 6]);
        journal.forget(6).unwrap();
        assert_eq!(std::fs::metadata(dir.path().join("events.1.journal")).unwrap().len(), 0);
        journal.write(&event(7), 6).unwrap();
        assert_eq!(numbers(dir.path()), [7]);
    }

    #[test]
    fn what_the_catalogue_lacks_is_never_emptied() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(dir.path()).unwrap();
        let mut row = event(0);
        row.data = serde_json::json!("x".repeat(100_000));
        for seq in 1..=200 {
            row.seq = seq;
            let committed = (seq - 30).max(0);
            journal.write(&row, committed).unwrap();
            if seq % 20 == 0 {
                let kept = numbers(dir.path());
                assert!(((committed + 1)..=seq).all(|n| kept.contains(&n)), "{seq}: {kept:?}");
                assert!(kept.len() < 80, "{}", kept.len());
            }
        }
    }
}
