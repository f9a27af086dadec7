//! Removing a tape for good. Its keys are destroyed one after the other, and a crash in between must not leave what reads as a tape of people who declined:
//! so its folder first gets a name that no tape has, in one step.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::TapeError;
use super::keys::{KeyFolder, sync_dir};
use crate::model::id::SessionId;

/// No id begins with a dot.
const GOING: &str = ".going-";

fn going(dir: &Path, session: &SessionId) -> PathBuf {
    dir.join(format!("{GOING}{session}"))
}

/// Takes a tape's folder out of the spool `dir`: from here on there is no such tape, whatever happens. Answers what is left to be destroyed.
pub(super) fn take_out(dir: &Path, session: &SessionId) -> Result<PathBuf, TapeError> {
    let going = going(dir, session);
    let tape = dir.join(session.as_str());
    fs::rename(&tape, &going).map_err(TapeError::io(&tape))?;
    sync_dir(dir)?;
    Ok(going)
}

/// Destroys the keys of a folder that was taken out, and then everything in it.
pub(super) fn destroy(going: &Path) -> Result<(), TapeError> {
    let folder = KeyFolder::of(going);
    for listed in folder.list().unwrap_or_default().into_iter().filter(|listed| !listed.erased) {
        folder.destroy(&listed.participant, listed.number)?;
    }
    fs::remove_dir_all(going).map_err(TapeError::io(going))
}

pub(super) fn is_half_done(dir: &Path, session: &SessionId) -> bool {
    going(dir, session).is_dir()
}

/// Goes on where a removal of this tape failed; whether it had.
pub(super) fn go_on(dir: &Path, session: &SessionId) -> Result<bool, TapeError> {
    let half_done = is_half_done(dir, session);
    if half_done {
        destroy(&going(dir, session))?;
    }
    Ok(half_done)
}

/// Goes on where a crash stopped removals. One that fails keeps no other.
pub(super) fn finish(dir: &Path) -> Result<(), TapeError> {
    let mut done = Ok(());
    for entry in fs::read_dir(dir).map_err(TapeError::io(dir))? {
        let entry = entry.map_err(TapeError::io(dir))?;
        if entry.file_name().to_string_lossy().starts_with(GOING) {
            done = done.and(destroy(&entry.path()));
        }
    }
    done
}
