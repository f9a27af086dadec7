//! One reader of the log.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;

use super::EventLog;
use crate::archive::error::Result;
use crate::archive::rows::EventRow;
use crate::model::id::SessionId;

/// Rows read at once.
const PAGE: usize = 500;

/// Reads events in their order, each once; waits where there is none. A reader that is not asked costs nothing and misses nothing.
pub struct EventReader {
    log: EventLog,
    session: Option<SessionId>,
    /// Everything up to this number was handed out, lies in `pending`, or is of another session.
    seen: i64,
    pending: VecDeque<Arc<EventRow>>,
    news: watch::Receiver<i64>,
}

/// What the tail says to a reader.
enum Found {
    /// Read up to this number.
    Here(i64),
    /// The tail begins after this number: older ones are in the catalogue, all of them.
    Older(i64),
    Nothing,
}

impl EventReader {
    pub(super) fn new(log: EventLog, seen: i64, session: Option<SessionId>) -> Self {
        let news = log.0.newest.subscribe();
        Self { log, session, seen, pending: VecDeque::new(), news }
    }

    /// The next event. May be dropped while it waits: nothing is lost by it.
    ///
    /// # Errors
    /// Where the catalogue cannot be read; asking again goes on at the same place.
    pub async fn next(&mut self) -> Result<Arc<EventRow>> {
        loop {
            self.news.borrow_and_update();
            if let Some(row) = self.at_once().await? {
                return Ok(row);
            }
            // The log lives as long as `self.log`.
            let _ = self.news.changed().await;
        }
    }

    /// The next event if one was told by now, without waiting for another.
    ///
    /// # Errors
    /// As [`EventReader::next`].
    pub async fn at_once(&mut self) -> Result<Option<Arc<EventRow>>> {
        loop {
            if let Some(row) = self.pending.pop_front() {
                return Ok(Some(row));
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// The next event up to a number.
    pub(super) async fn next_up_to(&mut self, last: i64) -> Result<Option<Arc<EventRow>>> {
        Ok(self.at_once().await?.filter(|row| row.seq <= last))
    }

    /// The number from which another reader would go on as this one does.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.pending.front().map_or(self.seen, |row| row.seq - 1)
    }

    /// Whether it got any further.
    async fn fill(&mut self) -> Result<bool> {
        match self.look_at_the_tail() {
            Found::Here(upto) => self.seen = upto,
            Found::Older(upto) => {
                let rows = self.log.0.catalogue.events_between(self.seen, upto, self.session.as_ref(), PAGE as u32).await?;
                self.seen = if rows.len() < PAGE { upto } else { rows.last().map_or(upto, |row| row.seq) };
                self.pending.extend(rows.into_iter().map(Arc::new));
            }
            Found::Nothing => return Ok(false),
        }
        Ok(true)
    }

    fn look_at_the_tail(&mut self) -> Found {
        let tail = self.log.0.tail.lock();
        if self.seen < tail.after {
            return Found::Older(tail.after);
        }
        let from = tail.rows.partition_point(|row| row.seq <= self.seen);
        let mut upto = None;
        for row in tail.rows.range(from..).take(PAGE) {
            upto = Some(row.seq);
            if self.session.is_none() || self.session == row.session {
                self.pending.push_back(row.clone());
            }
        }
        upto.map_or(Found::Nothing, Found::Here)
    }
}
