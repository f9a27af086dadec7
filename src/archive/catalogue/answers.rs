//! Kept answers in their table.

use super::Catalogue;
use super::columns::Reading;
use crate::archive::answers::{Answer, AnswerKey, KEPT_NS, Known};
use crate::archive::error::Result;
use crate::model::time::WallClock;

impl Catalogue {
    /// Notes that a request with this key begins now, unless one was seen within a day: says which.
    pub async fn begin_answer(&self, key: &AnswerKey, fingerprint: &str, now: WallClock) -> Result<Known> {
        let mut tx = self.write.begin().await?;
        sqlx::query("DELETE FROM answers WHERE key_hash = $1 AND begun_at < $2")
            .bind(key.found_by.clone())
            .bind(now.0.saturating_sub(KEPT_NS))
            .execute(&mut *tx)
            .await?;
        let new =
            sqlx::query("INSERT INTO answers (key_hash, fingerprint, begun_at) VALUES ($1, $2, $3) ON CONFLICT (key_hash) DO NOTHING")
                .bind(key.found_by.clone())
                .bind(fingerprint.to_owned())
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
        let row = sqlx::query("SELECT fingerprint, status, answer FROM answers WHERE key_hash = $1").bind(key.found_by.clone());
        let row = row.fetch_optional(&mut *tx).await?;
        tx.commit().await?;
        if new.rows_affected() > 0 {
            return Ok(Known::New);
        }
        let Some(row) = row else { return Ok(Known::UnderWay) };
        let row = Reading::of("answers", &row);
        if row.text("fingerprint")? != fingerprint {
            return Ok(Known::Reused);
        }
        match row.maybe_text("answer")? {
            Some(text) => Ok(Known::Answered(Box::new(key.decrypted(&text)?))),
            None => Ok(Known::UnderWay),
        }
    }

    /// Keeps the answer of the request that began at this time. Another one that came with the key meanwhile stays as it is.
    pub async fn keep_answer(&self, key: &AnswerKey, begun: WallClock, answer: &Answer) -> Result<()> {
        sqlx::query("UPDATE answers SET status = $3, answer = $4 WHERE key_hash = $1 AND begun_at = $2")
            .bind(key.found_by.clone())
            .bind(begun.0)
            .bind(i64::from(answer.status))
            .bind(key.encrypted(answer)?)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Forgets the request that began at this time: it may be made again as if it had never been.
    pub async fn forget_answer(&self, key: &AnswerKey, begun: WallClock) -> Result<()> {
        sqlx::query("DELETE FROM answers WHERE key_hash = $1 AND begun_at = $2")
            .bind(key.found_by.clone())
            .bind(begun.0)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Forgets answers that are older than a day; `starting`: also requests that an earlier run was cut off in.
    pub async fn forget_answers(&self, now: WallClock, starting: bool) -> Result<()> {
        sqlx::query("DELETE FROM answers WHERE begun_at < $1 OR (status IS NULL AND $2 = 1)")
            .bind(now.0.saturating_sub(KEPT_NS))
            .bind(i64::from(starting))
            .execute(&self.write)
            .await?;
        Ok(())
    }
}
