//! Tapes that lie there when nothing of them is under way.

use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use crate::api::Tapes;
use crate::model::id::SessionId;
use crate::tape::Spool;

/// See [`Tapes`].
pub struct TapesLeft {
    /// Where they lie.
    pub spool: Spool,
    /// Told which are wanted.
    pub wanted: mpsc::UnboundedSender<SessionId>,
}

impl Tapes for TapesLeft {
    fn make_again(&self, session: &SessionId) -> bool {
        let dir = self.spool.folder(session);
        dir.is_dir() && !done_mark(&dir).exists() && self.wanted.send(session.clone()).is_ok()
    }
}

/// Marks a tape whose recordings are safe and that is kept for other views.
#[must_use]
pub fn done_mark(tape: &Path) -> PathBuf {
    tape.join("stored")
}
