//! Copies on their way into the external store: which shares wait for them, what is there, and the letter that goes out once all of it is.

use super::Catalogue;
use super::columns::Reading;
use super::shares::{about, end_letters, remove_files};
use crate::archive::error::Result;
use crate::model::id::{ShareId, ShareItemId};
use crate::model::time::WallClock;

impl Catalogue {
    /// Shares whose files are to be copied now, those that wait for longest first.
    pub async fn shares_to_copy(&self, now: WallClock, most: u32) -> Result<Vec<ShareId>> {
        let rows =
            sqlx::query("SELECT id FROM shares WHERE files = 'copying' AND copy_next_at <= $1 ORDER BY copy_next_at, created, id LIMIT $2")
                .bind(now.0)
                .bind(i64::from(most))
                .fetch_all(&self.read)
                .await?;
        rows.iter().map(|row| Reading::of("shares", row).word("id")).collect()
    }

    /// The files of an item are there.
    pub async fn share_item_copied(&self, item: &ShareItemId) -> Result<()> {
        sqlx::query("UPDATE share_items SET copied = 1 WHERE id = $1").bind(item.as_str().to_owned()).execute(&self.write).await?;
        Ok(())
    }

    /// Copying failed: it is tried again from `next` on.
    pub async fn share_copy_failed(&self, id: &ShareId, next: WallClock, why: &str) -> Result<()> {
        sqlx::query(
            "UPDATE shares SET copy_attempts = copy_attempts + 1, copy_next_at = $2, copy_failure = $3 WHERE id = $1 AND files = 'copying'",
        )
        .bind(id.as_str().to_owned())
        .bind(next.0)
        .bind(why.to_owned())
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Everything that was to be copied is deleted or taken out meanwhile: its letter does not go out.
    pub async fn share_came_to_nothing(&self, id: &ShareId) -> Result<()> {
        let mut tx = self.write.begin().await?;
        sqlx::query("UPDATE shares SET files = 'gone' WHERE id = $1 AND files = 'copying'")
            .bind(id.as_str().to_owned())
            .execute(&mut *tx)
            .await?;
        remove_files(&mut tx, "id = $1", id.as_str()).await?;
        end_letters(&mut tx, id, "all that was shared is deleted or taken out").await?;
        Ok(tx.commit().await?)
    }

    /// All copies are there: the share opens, and its letter goes out. Whether it still was to: not where it was called back, is over, or has an item left to
    /// be copied.
    pub async fn share_copied(&self, id: &ShareId, now: WallClock) -> Result<bool> {
        let mut tx = self.write.begin().await?;
        let done = sqlx::query(
            "UPDATE shares SET files = 'there', copy_failure = NULL WHERE id = $1 AND files = 'copying' AND cancelled_at IS NULL AND until >= $2 \
             AND NOT EXISTS (SELECT 1 FROM share_items WHERE share = $1 AND copied = 0 AND gone = 0)",
        )
        .bind(id.as_str().to_owned())
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        // Its time begins now: it is tried for as long as it would have been.
        sqlx::query("UPDATE outbox SET state = 'waiting', next_at = $2, give_up_at = give_up_at + ($2 - created) WHERE about = $1 AND state = 'held'")
            .bind(about(id))
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }
}
