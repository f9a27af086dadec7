//! The outbox in its table.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::Catalogue;
use super::columns::{Reading, word};
use crate::archive::error::{ArchiveError, Result};
use crate::archive::outbox::{Letter, LetterState};
use crate::model::id::LetterId;
use crate::model::redact::Personal;
use crate::model::time::WallClock;

/// Letters that wait at once: whoever could write more would fill the disk.
const MOST_WAITING: i64 = 100_000;

impl Catalogue {
    /// Keeps a new letter.
    pub async fn put_letter(&self, letter: &Letter) -> Result<()> {
        let mut tx = self.write.begin().await?;
        insert_letter(&mut tx, letter).await?;
        Ok(tx.commit().await?)
    }

    /// A letter.
    pub async fn letter(&self, id: &LetterId) -> Result<Letter> {
        let row = sqlx::query("SELECT * FROM outbox WHERE id = $1").bind(id.as_str().to_owned()).fetch_optional(&self.read).await?;
        row.as_ref().map(letter_of).transpose()?.ok_or_else(|| ArchiveError::not_found("letter", id.as_str()))
    }

    /// Letters that may be tried now: urgent ones first, then those that wait for longest.
    pub async fn letters_due(&self, now: WallClock, most: u32) -> Result<Vec<Letter>> {
        let rows = sqlx::query("SELECT * FROM outbox WHERE state = 'waiting' AND next_at <= $1 ORDER BY urgent DESC, next_at, id LIMIT $2")
            .bind(now.0)
            .bind(i64::from(most))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(letter_of).collect()
    }

    /// When the next letter may be tried, if any waits.
    pub async fn next_letter_at(&self) -> Result<Option<WallClock>> {
        let row = sqlx::query("SELECT MIN(next_at) AS next_at FROM outbox WHERE state = 'waiting'").fetch_one(&self.read).await?;
        Reading::of("outbox", &row).maybe_time("next_at")
    }

    /// Keeps what became of a letter. What it said is forgotten once it is over.
    pub async fn letter_tried(&self, letter: &Letter) -> Result<()> {
        let over = letter.state != LetterState::Waiting;
        sqlx::query(
            "UPDATE outbox SET state = $2, attempts = $3, next_at = $4, last_at = $5, failure = $6, \
             subject = CASE WHEN $7 = 1 THEN '' ELSE subject END, body = CASE WHEN $7 = 1 THEN '' ELSE body END \
             WHERE id = $1 AND state = 'waiting'",
        )
        .bind(letter.id.as_str().to_owned())
        .bind(word(&letter.state, "state")?)
        .bind(i64::from(letter.attempts))
        .bind(letter.next_at.0)
        .bind(letter.last_at.map(|at| at.0))
        .bind(letter.failure.clone())
        .bind(i64::from(over))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Removes letters that were over before this.
    pub async fn forget_letters(&self, before: WallClock) -> Result<()> {
        sqlx::query("DELETE FROM outbox WHERE state NOT IN ('held', 'waiting') AND created < $1")
            .bind(before.0)
            .execute(&self.write)
            .await?;
        Ok(())
    }
}

pub(super) async fn insert_letter(c: &mut AnyConnection, letter: &Letter) -> Result<()> {
    let kept = sqlx::query(
        "INSERT INTO outbox (id, recipient, recipient_name, sender, subject, body, about, urgent, state, attempts, created, next_at, give_up_at) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $13, 0, $9, $10, $11 \
         WHERE (SELECT COUNT(*) FROM outbox WHERE state = 'waiting') < $12",
    )
    .bind(letter.id.as_str().to_owned())
    .bind(letter.recipient.reveal().to_owned())
    .bind(letter.recipient_name.as_ref().map(|name| name.reveal().to_owned()))
    .bind(letter.sender.clone())
    .bind(letter.subject.reveal().to_owned())
    .bind(letter.body.reveal().to_owned())
    .bind(letter.about.clone())
    .bind(i64::from(letter.urgent))
    .bind(letter.created.0)
    .bind(letter.next_at.0)
    .bind(letter.give_up_at.0)
    .bind(MOST_WAITING)
    .bind(word(&letter.state, "state")?)
    .execute(c)
    .await?;
    if kept.rows_affected() == 0 {
        return Err(ArchiveError::invalid("letter", format!("{MOST_WAITING} letters wait already; see why they do not go out")));
    }
    Ok(())
}

fn letter_of(row: &AnyRow) -> Result<Letter> {
    let row = Reading::of("outbox", row);
    Ok(Letter {
        id: row.word("id")?,
        recipient: Personal::new(row.text("recipient")?),
        recipient_name: row.maybe_text("recipient_name")?.map(Personal::new),
        sender: row.maybe_text("sender")?,
        subject: Personal::new(row.text("subject")?),
        body: Personal::new(row.text("body")?),
        about: row.maybe_text("about")?,
        urgent: row.number("urgent")? != 0,
        state: row.word("state")?,
        attempts: u32::try_from(row.number("attempts")?).unwrap_or(u32::MAX),
        created: row.time("created")?,
        next_at: row.time("next_at")?,
        give_up_at: row.time("give_up_at")?,
        last_at: row.maybe_time("last_at")?,
        failure: row.maybe_text("failure")?,
    })
}
