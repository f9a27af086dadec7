//! The one line in which everything that outsiders may hear happens: numbered, told at once, kept for those who come later.
//!
//! A listener must hear of a change within 200 ms, and a catalogue on a busy disk takes longer than that for one row. So an event is told before the
//! catalogue has it, and yet nothing that was told may be lost, told twice, or told under another number, whatever dies in between:
//!
//! 1. **Numbers rise and are never used twice.** The catalogue holds an upper bound of the numbers handed out; a run begins above the bound it finds and
//!    raises it first, by a whole block. So there may be a gap after a crash, but never a second event of a number that somebody saw. Half way through
//!    a block the next one is taken, along with a batch of rows; where even a block runs out because the catalogue has been away for long, telling
//!    waits: a number above the bound is never handed out.
//! 2. **Journal, then tell.** [`EventLog::tell`] numbers an event, writes it as one line to a journal file in one system call, and only then shows it to
//!    listeners, all under one lock. A killed process keeps what it wrote to a file, so whatever a listener may have seen is there at the next start,
//!    which puts it into the catalogue before anybody can ask.
//! 3. **Batches.** A task writes what was told into the catalogue, everything that waits in one transaction; on an error it tries again, in order, until it
//!    works. Rows are inserted "unless that number is there", so a journal that is read twice doubles nothing.
//! 4. **Readers.** The newest events (all that are not in the catalogue yet, and a thousand more) lie in memory: the tail. A reader at number `n` reads
//!    from the tail where that reaches back to `n`, else from the catalogue, and from there only up to where the tail began when it asked: all that is
//!    older is committed. So a reader needs no queue of its own: one that is slow holds up nobody and loses nothing, one that comes from far behind reads pages.
//! 5. **Journals stay small.** There are two; once the one is large and the catalogue holds everything of the other, the other is emptied and taken.
//!
//! What must not be told any more (names, once the last recording of a session is deleted) goes from all three: the tail, the catalogue, the journals.
//!
//! A power cut may take what was told in the last moments (the journal is not forced to the disk; the catalogue's commits are): numbers are not used again,
//! and what the sessions' tapes still hold of it is told at the next start (see `app::events`).
//!
//! Numbers belong to one node: two nodes must not share one catalogue's events.

mod committer;
mod journal;
mod names;
mod reader;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use self::journal::Journal;
pub(super) use self::names::{NAMING, without_names};
pub use self::reader::EventReader;
use super::catalogue::Catalogue;
use super::error::{ArchiveError, Result};
use super::rows::EventRow;
use crate::model::event_kind::EventKind;
use crate::model::id::SessionId;
use crate::model::time::WallClock;

/// Numbers taken at once.
const BLOCK: i64 = 100_000;
/// Events that stay in memory though the catalogue has them: what a listener may be behind before it has to read pages.
const KEPT_IN_MEMORY: usize = 1024;
/// How long [`EventLog::close`] waits for the catalogue: what it has not by then is in the journal.
const CLOSING: Duration = Duration::from_secs(5);

/// An event before it has a number.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// When.
    pub at: WallClock,
    /// Of which session, if of any.
    pub session: Option<SessionId>,
    /// What it is about.
    pub kind: EventKind,
    /// The rest, by kind.
    pub data: Value,
}

/// The log of events. Clones share it.
#[derive(Clone)]
pub struct EventLog(Arc<Shared>);

struct Shared {
    catalogue: Catalogue,
    line: Mutex<Line>,
    /// Raised whenever a block of numbers was taken.
    more_numbers: Condvar,
    tail: Mutex<Tail>,
    /// The newest number told.
    newest: watch::Sender<i64>,
    /// The newest number that the catalogue holds.
    committed: watch::Sender<i64>,
}

/// What telling needs, under one lock: it is what makes one order of all events.
struct Line {
    next: i64,
    /// The last number that may be handed out.
    bound: i64,
    journal: Journal,
    /// To the committer; gone once closed.
    uncommitted: Option<mpsc::UnboundedSender<Arc<EventRow>>>,
}

/// The newest events.
struct Tail {
    rows: VecDeque<Arc<EventRow>>,
    /// Every event with a greater number is in `rows`; every other one is in the catalogue.
    after: i64,
}

impl EventLog {
    /// Takes up what an earlier run's journals hold, and takes numbers. `dir` is a folder that only the node reads.
    ///
    /// # Errors
    /// Where the journals or the catalogue cannot be read or written.
    pub async fn open(catalogue: Catalogue, dir: &Path) -> Result<Self> {
        let (journal, left) = Journal::open(dir)?;
        catalogue.keep_events(&left).await?;
        let bound = catalogue.take_event_numbers(BLOCK).await?;
        let before = bound - BLOCK;
        let (sender, receiver) = mpsc::unbounded_channel();
        let log = Self(Arc::new(Shared {
            catalogue,
            line: Mutex::new(Line { next: before + 1, bound, journal: journal.emptied()?, uncommitted: Some(sender) }),
            more_numbers: Condvar::new(),
            tail: Mutex::new(Tail { rows: VecDeque::new(), after: before }),
            newest: watch::Sender::new(before),
            committed: watch::Sender::new(before),
        }));
        tokio::spawn(committer::run(log.clone(), receiver));
        Ok(log)
    }

    /// Numbers an event and shows it to every listener; the catalogue gets it a little later. Answers its number. After [`EventLog::close`] it only
    /// reaches the journal.
    pub fn tell(&self, event: NewEvent) -> i64 {
        let mut line = self.0.line.lock();
        while line.next > line.bound {
            tracing::error!("events wait: the catalogue gives no more numbers");
            self.0.more_numbers.wait(&mut line);
        }
        let seq = line.next;
        line.next += 1;
        let row = Arc::new(EventRow { seq, at: event.at, session: event.session, kind: event.kind.as_str().to_owned(), data: event.data });
        if let Err(error) = line.journal.write(&row, *self.0.committed.borrow()) {
            tracing::error!(%error, "the journal of events cannot be written: a crash now would lose an event");
        }
        if let Some(uncommitted) = &line.uncommitted {
            let _ = uncommitted.send(row.clone());
        }
        // Under one lock: who is given an event may come again with its number at once.
        let mut tail = self.0.tail.lock();
        tail.rows.push_back(row);
        self.0.newest.send_replace(seq);
        seq
    }

    /// A reader of everything after `since` (0 = all that is kept), or from now on; of one session, or of all.
    ///
    /// # Errors
    /// Where no event of that number has been told yet: the reader took it from another node, or from data that is gone.
    pub fn read(&self, since: Option<i64>, session: Option<SessionId>) -> Result<EventReader> {
        let newest = *self.0.newest.borrow();
        if since.is_some_and(|since| since > newest || since < 0) {
            return Err(ArchiveError::invalid("since", format!("there is no event of that number; the newest is {newest}")));
        }
        Ok(EventReader::new(self.clone(), since.unwrap_or(newest), session))
    }

    /// What a session has told so far, at most `limit` events, oldest first.
    ///
    /// # Errors
    /// Where the catalogue cannot be read.
    pub async fn of_session(&self, session: &SessionId, limit: u32) -> Result<Vec<Arc<EventRow>>> {
        let newest = *self.0.newest.borrow();
        let mut reader = self.read(Some(0), Some(session.clone()))?;
        let mut rows = Vec::new();
        while let Some(row) = reader.next_up_to(newest).await? {
            rows.push(row);
            if rows.len() >= limit as usize {
                break;
            }
        }
        Ok(rows)
    }

    /// The newest number told.
    #[must_use]
    pub fn newest(&self) -> i64 {
        *self.0.newest.borrow()
    }

    /// Waits until the catalogue holds everything that was told so far.
    pub async fn committed(&self) {
        let newest = self.newest();
        // The sender lives as long as `self`.
        let _ = self.0.committed.subscribe().wait_for(|committed| *committed >= newest).await;
    }

    /// Takes names and the platforms' ids out of what was told of sessions, wherever it lies: who reads from now on finds the events without them.
    ///
    /// # Errors
    /// Where the catalogue or the journals cannot be read or written: it has to be done again.
    pub async fn forget_names(&self, sessions: &[SessionId]) -> Result<()> {
        if sessions.is_empty() {
            return Ok(());
        }
        {
            let mut tail = self.0.tail.lock();
            for row in &mut tail.rows {
                if row.session.as_ref().is_some_and(|session| sessions.contains(session))
                    && let Some(data) = without_names(&row.kind, &row.data)
                {
                    *row = Arc::new(EventRow { data, ..EventRow::clone(row) });
                }
            }
        }
        // What waits for the catalogue waits with its names.
        if tokio::time::timeout(CLOSING, self.committed()).await.is_err() {
            return Err(ArchiveError::Database(sqlx::Error::PoolTimedOut));
        }
        self.0.catalogue.forget_names(sessions).await?;
        let mut line = self.0.line.lock();
        let committed = *self.0.committed.borrow();
        line.journal.forget(committed)
    }

    /// Brings what was told into the catalogue and stops; what the catalogue does not take in time stays in the journal for the next start.
    pub async fn close(&self) {
        self.0.line.lock().uncommitted = None;
        if tokio::time::timeout(CLOSING, self.committed()).await.is_err() {
            tracing::warn!("the catalogue did not take the last events; the journal has them");
        }
    }

    fn trim(&self, committed: i64) {
        let mut tail = self.0.tail.lock();
        while tail.rows.len() > KEPT_IN_MEMORY && tail.rows.front().is_some_and(|row| row.seq <= committed) {
            if let Some(gone) = tail.rows.pop_front() {
                tail.after = gone.seq;
            }
        }
    }
}
