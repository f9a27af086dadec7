//! Shares in their tables: ordered, called back, over, and what is to leave the external store.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::Catalogue;
use super::audit::append;
use super::columns::{Reading, word};
use super::outbox::insert_letter;
use crate::archive::audit::NewAudit;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::keys;
use crate::archive::outbox::Letter;
use crate::archive::shares::{Copying, Share, ShareItem, Shared};
use crate::model::id::{RecordingId, SessionId, ShareId, SharePageId};
use crate::model::redact::{Personal, Secret};
use crate::model::time::WallClock;

/// Shares that a page shows, at most.
const MOST_SHOWN: i64 = 500;
/// Removals looked at in one turn.
const TURN: i64 = 100;

impl Catalogue {
    /// Keeps a share whose files are to be copied, its link, its letter and its entries, or nothing of it. Answers the page that it stands on: that of a share
    /// of the same address that is valid, or a new one.
    ///
    /// # Errors
    /// `ChangedMeanwhile` where something of it was deleted, or is made anew, since it was looked at.
    pub async fn put_share(&self, share: &Share, link: &Secret, letter: &Letter, entries: &[NewAudit]) -> Result<SharePageId> {
        let mut tx = self.configuring().await?;
        let meanwhile = |name: &str| ArchiveError::ChangedMeanwhile { what: "recording or chat log", name: name.to_owned() };
        for item in &share.items {
            let (sql, id) = match &item.what {
                Shared::Recording(id) => ("SELECT COUNT(*) AS n FROM recordings WHERE id = $1 AND state = 'ready'", id.as_str()),
                Shared::Chat => ("SELECT COUNT(*) AS n FROM chats WHERE session = $1", item.session.as_str()),
            };
            let row = sqlx::query(sql).bind(id.to_owned()).fetch_one(&mut *tx).await?;
            if Reading::of("recordings", &row).number("n")? == 0 {
                return Err(meanwhile(id));
            }
        }
        let page = page_of_address(&mut tx, &share.address, share.created).await?.unwrap_or_else(|| share.page.clone());
        insert(&mut tx, share, &page).await?;
        keep_link(&mut tx, link, &page, &share.id, share.created).await?;
        insert_letter(&mut tx, letter).await?;
        for entry in entries {
            append(&mut tx, entry).await?;
        }
        tx.commit().await?;
        Ok(page)
    }

    /// A share.
    pub async fn share(&self, id: &ShareId) -> Result<Share> {
        let mut c = self.read.acquire().await?;
        let row = sqlx::query("SELECT * FROM shares WHERE id = $1").bind(id.as_str().to_owned()).fetch_optional(&mut *c).await?;
        let mut share = row.as_ref().map(share_of).transpose()?.ok_or_else(|| ArchiveError::not_found("share", id.as_str()))?;
        share.items = items_of(&mut c, id).await?;
        Ok(share)
    }

    /// Everything that stands or stood on a page: what is valid now first, the newest of it before the others.
    pub async fn shares_of_page(&self, page: &SharePageId, now: WallClock) -> Result<Vec<Share>> {
        let mut c = self.read.acquire().await?;
        let rows = sqlx::query(
            "SELECT * FROM shares WHERE page = $1 \
             ORDER BY CASE WHEN cancelled_at IS NULL AND until >= $2 THEN 0 ELSE 1 END, created DESC, id DESC LIMIT $3",
        )
        .bind(page.as_str().to_owned())
        .bind(now.0)
        .bind(MOST_SHOWN)
        .fetch_all(&mut *c)
        .await?;
        let mut shares = rows.iter().map(share_of).collect::<Result<Vec<_>>>()?;
        for share in &mut shares {
            share.items = items_of(&mut c, &share.id).await?;
        }
        Ok(shares)
    }

    /// Calls a share back: its link and its page's media stop with this, its files are to be removed, and a letter that waits does not go out. Whether it
    /// was valid.
    pub async fn cancel_share(&self, id: &ShareId, entry: NewAudit) -> Result<bool> {
        let mut tx = self.write.begin().await?;
        let called_back = sqlx::query(
            "UPDATE shares SET cancelled_at = $2, cancelled_by = $3, files = 'gone' WHERE id = $1 AND cancelled_at IS NULL AND until >= $2",
        )
        .bind(id.as_str().to_owned())
        .bind(entry.at.0)
        .bind(entry.actor.clone())
        .execute(&mut *tx)
        .await?;
        if called_back.rows_affected() == 0 {
            return Ok(false);
        }
        remove_files(&mut tx, "id = $1", id.as_str()).await?;
        end_letters(&mut tx, id, "the share was cancelled before the letter went out").await?;
        append(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Writes a share's letter anew, with a link of its own, unless one waits or went out already. Whether it is written.
    pub async fn resend_share(&self, id: &ShareId, link: &Secret, letter: &Letter, entry: NewAudit) -> Result<bool> {
        let mut tx = self.configuring().await?;
        let row = sqlx::query(
            "SELECT page FROM shares WHERE id = $1 AND cancelled_at IS NULL AND until >= $2 AND files = 'there' \
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.id = shares.letter AND outbox.state <> 'failed')",
        )
        .bind(id.as_str().to_owned())
        .bind(entry.at.0)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(false) };
        let page: SharePageId = Reading::of("shares", &row).word("page")?;
        keep_link(&mut tx, link, &page, id, entry.at).await?;
        insert_letter(&mut tx, letter).await?;
        sqlx::query("UPDATE shares SET letter = $2 WHERE id = $1")
            .bind(id.as_str().to_owned())
            .bind(letter.id.as_str().to_owned())
            .execute(&mut *tx)
            .await?;
        append(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Marks what is over now; its files are to be removed. Answers which.
    pub async fn end_shares(&self, now: WallClock) -> Result<Vec<ShareId>> {
        let over = "SELECT id FROM shares WHERE files IN ('copying', 'there') AND until < $1 LIMIT 100";
        let rows = sqlx::query(over).bind(now.0).fetch_all(&self.read).await?;
        let ids = rows.iter().map(|row| Reading::of("shares", row).word("id")).collect::<Result<Vec<ShareId>>>()?;
        if ids.is_empty() {
            return Ok(ids);
        }
        let mut tx = self.write.begin().await?;
        for id in &ids {
            sqlx::query("UPDATE shares SET files = 'gone' WHERE id = $1").bind(id.as_str().to_owned()).execute(&mut *tx).await?;
            remove_files(&mut tx, "id = $1", id.as_str()).await?;
            end_letters(&mut tx, id, "the share was over before the letter went out").await?;
        }
        tx.commit().await?;
        Ok(ids)
    }

    /// When the next share is over, if any is valid.
    pub async fn next_share_end(&self) -> Result<Option<WallClock>> {
        let row = sqlx::query("SELECT MIN(until) AS until FROM shares WHERE files IN ('copying', 'there')").fetch_one(&self.read).await?;
        Reading::of("shares", &row).maybe_time("until")
    }

    /// Takes a recording out of every share: nobody gets a piece of it from now on, and its copies are to be removed. Answers the prefixes of those that
    /// are not removed yet.
    pub async fn take_out_of_shares(&self, recording: &RecordingId) -> Result<Vec<String>> {
        let mut tx = self.write.begin().await?;
        recording_goes(&mut tx, recording).await?;
        let rows = sqlx::query(
            "SELECT prefix FROM share_removals WHERE prefix IN (SELECT 'shares/' || share || '/' || id || '/' FROM share_items WHERE recording = $1) \
             OR prefix IN (SELECT 'shares/' || share || '/' FROM share_items WHERE recording = $1)",
        )
        .bind(recording.as_str().to_owned())
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter().map(|row| Reading::of("share_removals", row).text("prefix")).collect()
    }

    /// Prefixes of what is to be removed from the external store by now.
    pub async fn share_removals(&self, now: WallClock) -> Result<Vec<String>> {
        let rows = sqlx::query("SELECT prefix FROM share_removals WHERE due <= $1 ORDER BY due, prefix LIMIT $2")
            .bind(now.0)
            .bind(TURN)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(|row| Reading::of("share_removals", row).text("prefix")).collect()
    }

    /// Nothing is left below a prefix.
    pub async fn share_files_gone(&self, prefix: &str) -> Result<()> {
        sqlx::query("DELETE FROM share_removals WHERE prefix = $1").bind(prefix.to_owned()).execute(&self.write).await?;
        Ok(())
    }

    /// What is below a prefix could not be removed: tried again from `due` on.
    pub async fn share_files_later(&self, prefix: &str, due: WallClock) -> Result<()> {
        sqlx::query("UPDATE share_removals SET due = $2 WHERE prefix = $1")
            .bind(prefix.to_owned())
            .bind(due.0)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Forgets codes and web sessions that were over before this.
    pub async fn forget_share_entries(&self, before: WallClock) -> Result<()> {
        let mut tx = self.write.begin().await?;
        for sql in [
            "DELETE FROM share_codes WHERE made < $1",
            "DELETE FROM share_plays WHERE session IN (SELECT hash FROM share_sessions WHERE until < $1)",
            "DELETE FROM share_sessions WHERE until < $1",
        ] {
            sqlx::query(sql).bind(before.0).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// A letter that has not gone out does not any more, and what it says is forgotten.
pub(super) async fn end_letters(c: &mut AnyConnection, id: &ShareId, why: &str) -> Result<()> {
    sqlx::query(
        "UPDATE outbox SET state = 'failed', failure = $2, subject = '', body = '' WHERE about = $1 AND state IN ('held', 'waiting')",
    )
    .bind(about(id))
    .bind(why.to_owned())
    .execute(c)
    .await?;
    Ok(())
}

/// What the outbox calls a share's letters.
pub(super) fn about(id: &ShareId) -> String {
    format!("share:{id}")
}

/// The page on which something for this address is valid.
async fn page_of_address(c: &mut AnyConnection, address: &Personal, now: WallClock) -> Result<Option<SharePageId>> {
    let row = sqlx::query(
        "SELECT page FROM shares WHERE address_key = $1 AND cancelled_at IS NULL AND until >= $2 ORDER BY created DESC, id DESC LIMIT 1",
    )
    .bind(address.reveal().to_lowercase())
    .bind(now.0)
    .fetch_optional(c)
    .await?;
    row.map(|row| Reading::of("shares", &row).word("page")).transpose()
}

async fn insert(c: &mut AnyConnection, share: &Share, page: &SharePageId) -> Result<()> {
    sqlx::query(
        "INSERT INTO shares (id, page, created, ordered_by, kind, name, name_key, address, address_key, reason, days, until, language, \
         show_access_number, show_queue_name, subject, body, sender, letter, files) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 'copying')",
    )
    .bind(share.id.as_str().to_owned())
    .bind(page.as_str().to_owned())
    .bind(share.created.0)
    .bind(share.ordered_by.clone())
    .bind(word(&share.kind, "kind")?)
    .bind(share.name.reveal().to_owned())
    .bind(share.name.reveal().to_lowercase())
    .bind(share.address.reveal().to_owned())
    .bind(share.address.reveal().to_lowercase())
    .bind(share.reason.clone())
    .bind(i64::from(share.days))
    .bind(share.until.0)
    .bind(share.language.code())
    .bind(i64::from(share.show_access_number))
    .bind(i64::from(share.show_queue_name))
    .bind(share.subject.reveal().to_owned())
    .bind(share.body.reveal().to_owned())
    .bind(share.sender.clone())
    .bind(share.letter.as_str().to_owned())
    .execute(&mut *c)
    .await?;
    for (place, item) in share.items.iter().enumerate() {
        let recording = match &item.what {
            Shared::Recording(id) => Some(id.as_str().to_owned()),
            Shared::Chat => None,
        };
        sqlx::query("INSERT INTO share_items (id, share, place, recording, session, gone, copied) VALUES ($1, $2, $3, $4, $5, 0, 0)")
            .bind(item.id.as_str().to_owned())
            .bind(share.id.as_str().to_owned())
            .bind(place as i64)
            .bind(recording)
            .bind(item.session.as_str().to_owned())
            .execute(&mut *c)
            .await?;
    }
    Ok(())
}

async fn keep_link(c: &mut AnyConnection, link: &Secret, page: &SharePageId, share: &ShareId, now: WallClock) -> Result<()> {
    sqlx::query("INSERT INTO share_links (hash, page, share, made) VALUES ($1, $2, $3, $4)")
        .bind(keys::hash(link.reveal()))
        .bind(page.as_str().to_owned())
        .bind(share.as_str().to_owned())
        .bind(now.0)
        .execute(c)
        .await?;
    Ok(())
}

/// Whole shares leave the external store.
pub(super) async fn remove_files(c: &mut AnyConnection, which: &'static str, value: &str) -> Result<()> {
    let sql = format!(
        "INSERT INTO share_removals (prefix, due) SELECT 'shares/' || id || '/', 0 FROM shares WHERE {which} ON CONFLICT (prefix) DO NOTHING"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(value.to_owned()).execute(c).await?;
    Ok(())
}

async fn items_go(c: &mut AnyConnection, which: &'static str, value: &str) -> Result<()> {
    for sql in [
        format!(
            "INSERT INTO share_removals (prefix, due) SELECT 'shares/' || share || '/' || id || '/', 0 FROM share_items \
             WHERE {which} AND gone = 0 ON CONFLICT (prefix) DO NOTHING"
        ),
        format!("UPDATE share_items SET gone = 1 WHERE {which} AND gone = 0"),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(value.to_owned()).execute(&mut *c).await?;
    }
    Ok(())
}

/// A recording is deleted, or is made anew without somebody: it leaves every share.
async fn recording_goes(c: &mut AnyConnection, recording: &RecordingId) -> Result<()> {
    items_go(c, "recording = $1", recording.as_str()).await
}

/// A recording is deleted: it leaves every share, and where it is the last of its session, so does the session's chat log.
pub(super) async fn recording_is_deleted(c: &mut AnyConnection, recording: &RecordingId) -> Result<()> {
    recording_goes(c, recording).await?;
    let last = "recording IS NULL AND session IN (SELECT session FROM recordings WHERE id = $1) AND NOT EXISTS \
         (SELECT 1 FROM recordings AS other WHERE other.session = share_items.session AND other.id <> $1)";
    items_go(c, last, recording.as_str()).await
}

/// The chat log of a session is deleted or made anew without somebody: it leaves every share.
pub(super) async fn chat_goes(c: &mut AnyConnection, session: &SessionId) -> Result<()> {
    items_go(c, "recording IS NULL AND session = $1", session.as_str()).await
}

pub(super) async fn items_of(c: &mut AnyConnection, share: &ShareId) -> Result<Vec<ShareItem>> {
    let rows =
        sqlx::query("SELECT * FROM share_items WHERE share = $1 ORDER BY place").bind(share.as_str().to_owned()).fetch_all(c).await?;
    rows.iter().map(item_of).collect()
}

pub(super) fn item_of(row: &AnyRow) -> Result<ShareItem> {
    let row = Reading::of("share_items", row);
    Ok(ShareItem {
        id: row.word("id")?,
        what: row.maybe_word("recording")?.map_or(Shared::Chat, Shared::Recording),
        session: row.word("session")?,
        gone: row.number("gone")? != 0,
        copied: row.number("copied")? != 0,
    })
}

/// A row without its items.
pub(super) fn share_of(row: &AnyRow) -> Result<Share> {
    let row = Reading::of("shares", row);
    Ok(Share {
        id: row.word("id")?,
        page: row.word("page")?,
        created: row.time("created")?,
        ordered_by: row.text("ordered_by")?,
        kind: row.word("kind")?,
        name: Personal::new(row.text("name")?),
        address: Personal::new(row.text("address")?),
        reason: row.text("reason")?,
        days: u32::try_from(row.number("days")?).map_err(|_| ArchiveError::Damaged { table: "shares", column: "days" })?,
        until: row.time("until")?,
        language: row.word("language")?,
        show_access_number: row.number("show_access_number")? != 0,
        show_queue_name: row.number("show_queue_name")? != 0,
        subject: Personal::new(row.text("subject")?),
        body: Personal::new(row.text("body")?),
        sender: row.maybe_text("sender")?,
        letter: row.word("letter")?,
        cancelled_at: row.maybe_time("cancelled_at")?,
        cancelled_by: row.maybe_text("cancelled_by")?,
        files: row.word("files")?,
        copying: Copying {
            attempts: u32::try_from(row.number("copy_attempts")?).unwrap_or(u32::MAX),
            next_at: row.maybe_time("copy_next_at")?.filter(|at| at.0 > 0),
            failure: row.maybe_text("copy_failure")?,
        },
        items: Vec::new(),
    })
}
