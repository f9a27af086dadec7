//! The stream of events.

use super::Catalogue;
use super::columns::Reading;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::rows::EventRow;
use crate::model::id::SessionId;
use crate::model::time::WallClock;

/// Events a caller may ask for at once.
const MOST: u32 = 10_000;

impl Catalogue {
    /// Takes the next `count` numbers: answers the last of them. Nobody else gets these, whatever becomes of them.
    pub async fn take_event_numbers(&self, count: i64) -> Result<i64> {
        let row = sqlx::query("UPDATE counters SET value = value + $1 WHERE name = 'events' RETURNING value")
            .bind(count)
            .fetch_one(&self.write)
            .await?;
        Reading::of("counters", &row).number("value")
    }

    /// Keeps numbered events, all or none; one whose number is there already stays as it is.
    pub async fn keep_events<R: std::borrow::Borrow<EventRow>>(&self, rows: &[R]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut tx = self.write.begin().await?;
        for row in rows.iter().map(std::borrow::Borrow::borrow) {
            sqlx::query("INSERT INTO events (seq, at, session, kind, data) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (seq) DO NOTHING")
                .bind(row.seq)
                .bind(row.at.0)
                .bind(row.session.as_ref().map(|s| s.as_str().to_owned()))
                .bind(row.kind.clone())
                .bind(row.data.to_string())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Up to `limit` events after `since` (at most 10,000), of one session or of all.
    pub async fn events_since(&self, since: i64, session: Option<&SessionId>, limit: u32) -> Result<Vec<EventRow>> {
        self.events_between(since, i64::MAX, session, limit).await
    }

    /// As [`Catalogue::events_since`], up to and including the number `upto`.
    pub async fn events_between(&self, since: i64, upto: i64, session: Option<&SessionId>, limit: u32) -> Result<Vec<EventRow>> {
        if limit == 0 {
            return Err(ArchiveError::invalid("limit", "must be at least 1"));
        }
        let limit = i64::from(limit.min(MOST));
        let rows = match session {
            Some(id) => {
                sqlx::query("SELECT * FROM events WHERE session = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4")
                    .bind(id.as_str().to_owned())
                    .bind(since)
                    .bind(upto)
                    .bind(limit)
                    .fetch_all(&self.read)
                    .await?
            }
            None => {
                sqlx::query("SELECT * FROM events WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3")
                    .bind(since)
                    .bind(upto)
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

    /// Removes events older than `before`; their numbers are not used again. Answers how many.
    pub async fn forget_events(&self, before: WallClock) -> Result<u64> {
        Ok(sqlx::query("DELETE FROM events WHERE at < $1").bind(before.0).execute(&self.write).await?.rows_affected())
    }
}
