//! The stream of events.

use super::Catalogue;
use super::columns::Reading;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::rows::EventRow;
use crate::model::id::SessionId;
use crate::model::time::WallClock;

/// Events a caller may ask for at once.
const MOST: u32 = 10_000;

/// An event that has no number yet.
#[derive(Clone, Copy, Debug)]
pub struct NewEvent<'a> {
    /// When.
    pub at: WallClock,
    /// Of which session.
    pub session: Option<&'a SessionId>,
    /// Its kind, as `EventRow::kind`.
    pub kind: &'a str,
    /// The rest, by kind.
    pub data: &'a serde_json::Value,
}

impl Catalogue {
    /// Appends an event and answers its number. Whoever sees a number has been able to see every smaller one: the counter's row stays locked until the event is in.
    pub async fn append_event(&self, at: WallClock, session: Option<&SessionId>, kind: &str, data: &serde_json::Value) -> Result<i64> {
        self.append_events(&[NewEvent { at, session, kind, data }]).await
    }

    /// Appends events in one change, numbered without a gap in their order; answers the first one's number. What follows from one command
    /// is kept by one write to the disk, so that nobody who waits to be told waits for several.
    pub async fn append_events(&self, events: &[NewEvent<'_>]) -> Result<i64> {
        let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
        let mut tx = self.write.begin().await?;
        let row = sqlx::query("UPDATE counters SET value = value + $1 WHERE name = 'events' RETURNING value")
            .bind(count)
            .fetch_one(&mut *tx)
            .await?;
        let first = Reading::of("counters", &row).number("value")? - count + 1;
        for (seq, event) in (first..).zip(events) {
            sqlx::query("INSERT INTO events (seq, at, session, kind, data) VALUES ($1, $2, $3, $4, $5)")
                .bind(seq)
                .bind(event.at.0)
                .bind(event.session.map(|s| s.as_str().to_owned()))
                .bind(event.kind.to_owned())
                .bind(event.data.to_string())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(first)
    }

    /// Up to `limit` events after `since` (at most 10,000), of one session or of all.
    pub async fn events_since(&self, since: i64, session: Option<&SessionId>, limit: u32) -> Result<Vec<EventRow>> {
        if limit == 0 {
            return Err(ArchiveError::invalid("limit", "must be at least 1"));
        }
        let limit = i64::from(limit.min(MOST));
        let rows = match session {
            Some(id) => {
                sqlx::query("SELECT * FROM events WHERE session = $1 AND seq > $2 ORDER BY seq LIMIT $3")
                    .bind(id.as_str().to_owned())
                    .bind(since)
                    .bind(limit)
                    .fetch_all(&self.read)
                    .await?
            }
            None => {
                sqlx::query("SELECT * FROM events WHERE seq > $1 ORDER BY seq LIMIT $2")
                    .bind(since)
                    .bind(limit)
                    .fetch_all(&self.read)
                    .await?
            }
        };
        rows.iter()
            .map(|row| {
                let row = Reading::of("events", row);
                Ok(EventRow {
                    seq: row.number("seq")?,
                    at: row.time("at")?,
                    session: row.maybe_word("session")?,
                    kind: row.text("kind")?,
                    data: row.json("data")?,
                })
            })
            .collect()
    }

    /// The newest event's number, 0 before the first.
    pub async fn last_event(&self) -> Result<i64> {
        let row = sqlx::query("SELECT value FROM counters WHERE name = 'events'").fetch_one(&self.read).await?;
        Reading::of("counters", &row).number("value")
    }

    /// Removes events older than `before`; their numbers are not used again. Answers how many.
    pub async fn forget_events(&self, before: WallClock) -> Result<u64> {
        Ok(sqlx::query("DELETE FROM events WHERE at < $1").bind(before.0).execute(&self.write).await?.rows_affected())
    }
}
