//! Recipients on their way in: links, one-time codes, web sessions, plays (archive.md C4 to C9).

use super::Catalogue;
use super::audit::append;
use super::columns::Reading;
use super::outbox::insert_letter;
use super::shares::item_of;
use crate::archive::audit::NewAudit;
use crate::archive::error::Result;
use crate::archive::keys;
use crate::archive::outbox::Letter;
use crate::archive::shares::{ShareItem, ShareSession};
use crate::model::id::{ShareId, ShareItemId, SharePageId};
use crate::model::language::Language;
use crate::model::time::WallClock;

/// A one-time code that was asked for, as it is kept.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// Its row.
    pub id: String,
    /// For which page.
    pub page: SharePageId,
    /// The hash of the asking browser's cookie.
    pub browser: String,
    /// Its keyed hash.
    pub hash: String,
    /// When it was asked for.
    pub made: WallClock,
    /// Good until then.
    pub until: WallClock,
}

/// How many codes there may be: at most `most` that were asked for since, of a page that were not used, of a page, or of all.
#[derive(Clone, Copy, Debug)]
pub struct CodeBounds {
    /// Unused ones of a page.
    pub unused: (WallClock, u32),
    /// Unused ones of a page over a longer time.
    pub unused_long: (WallClock, u32),
    /// Any of a page.
    pub of_page: (WallClock, u32),
    /// All there are.
    pub of_all: (WallClock, u32),
}

/// What somebody asks a piece of.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Of which share.
    pub share: ShareId,
    /// What.
    pub item: ShareItem,
    /// That this showing of it is played is in the audit log already.
    pub noted: bool,
}

impl Catalogue {
    /// The page of a link, with the language of the share that it was sent for, whether or not anything is valid there.
    pub async fn share_link(&self, link: &str) -> Result<Option<(SharePageId, Language)>> {
        let row = sqlx::query(
            "SELECT share_links.page AS page, shares.language AS language FROM share_links JOIN shares ON shares.id = share_links.share \
             WHERE share_links.hash = $1",
        )
        .bind(keys::hash(link))
        .fetch_optional(&self.read)
        .await?;
        row.map(|row| {
            let row = Reading::of("share_links", &row);
            Ok((row.word("page")?, row.word("language")?))
        })
        .transpose()
    }

    /// Keeps a code with its letter, where something is valid on its page and there are not too many already; earlier ones of the same browser are over with
    /// it. Whether it is kept.
    pub async fn put_share_code(&self, code: &NewCode, bounds: CodeBounds, letter: &Letter) -> Result<bool> {
        let mut tx = self.write.begin().await?;
        // PostgreSQL would let requests side by side count the same codes: whoever holds the page's rows counts alone.
        sqlx::query("UPDATE shares SET page = page WHERE page = $1").bind(code.page.as_str().to_owned()).execute(&mut *tx).await?;
        let kept = sqlx::query(
            "INSERT INTO share_codes (id, page, browser, hash, made, until, tries, used) SELECT $1, $2, $3, $4, $5, $6, 0, 0 \
             WHERE EXISTS (SELECT 1 FROM shares WHERE page = $2 AND cancelled_at IS NULL AND until >= $5) \
             AND (SELECT COUNT(*) FROM share_codes WHERE page = $2 AND used = 0 AND made > $7) < $8 \
             AND (SELECT COUNT(*) FROM share_codes WHERE page = $2 AND used = 0 AND made > $9) < $10 \
             AND (SELECT COUNT(*) FROM share_codes WHERE page = $2 AND made > $11) < $12 \
             AND (SELECT COUNT(*) FROM share_codes WHERE made > $13) < $14",
        )
        .bind(code.id.clone())
        .bind(code.page.as_str().to_owned())
        .bind(code.browser.clone())
        .bind(code.hash.clone())
        .bind(code.made.0)
        .bind(code.until.0)
        .bind(bounds.unused.0.0)
        .bind(i64::from(bounds.unused.1))
        .bind(bounds.unused_long.0.0)
        .bind(i64::from(bounds.unused_long.1))
        .bind(bounds.of_page.0.0)
        .bind(i64::from(bounds.of_page.1))
        .bind(bounds.of_all.0.0)
        .bind(i64::from(bounds.of_all.1))
        .execute(&mut *tx)
        .await?;
        if kept.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("UPDATE share_codes SET until = 0 WHERE page = $1 AND browser = $2 AND id <> $3")
            .bind(code.page.as_str().to_owned())
            .bind(code.browser.clone())
            .bind(code.id.clone())
            .execute(&mut *tx)
            .await?;
        insert_letter(&mut tx, letter).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes one of the tries of a browser's code, if one is left: answers the code's row and keyed hash. One statement: tries that come at once take one
    /// each, and there are never more than `tries`.
    pub async fn try_share_code(&self, page: &SharePageId, browser: &str, tries: u32, now: WallClock) -> Result<Option<(String, String)>> {
        let row = sqlx::query(
            "UPDATE share_codes SET tries = tries + 1 WHERE id = (SELECT id FROM share_codes WHERE page = $1 AND browser = $2 AND used = 0 \
             AND until > $3 AND tries < $4 ORDER BY made DESC, id DESC LIMIT 1) AND used = 0 AND until > $3 AND tries < $4 RETURNING id, hash",
        )
        .bind(page.as_str().to_owned())
        .bind(browser.to_owned())
        .bind(now.0)
        .bind(i64::from(tries))
        .fetch_optional(&self.write)
        .await?;
        row.map(|row| {
            let row = Reading::of("share_codes", &row);
            Ok((row.text("id")?, row.text("hash")?))
        })
        .transpose()
    }

    /// Uses a code up and begins the web session that it was for, where something is valid on its page. Whether it was the first to use it.
    pub async fn use_share_code(&self, code: &str, session: &ShareSession, entry: NewAudit) -> Result<bool> {
        let mut tx = self.write.begin().await?;
        let used = sqlx::query(
            "UPDATE share_codes SET used = 1 WHERE id = $1 AND used = 0 AND page = $2 \
             AND EXISTS (SELECT 1 FROM shares WHERE page = $2 AND cancelled_at IS NULL AND until >= $3)",
        )
        .bind(code.to_owned())
        .bind(session.page.as_str().to_owned())
        .bind(entry.at.0)
        .execute(&mut *tx)
        .await?;
        if used.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("INSERT INTO share_sessions (hash, page, began, until) VALUES ($1, $2, $3, $4)")
            .bind(session.hash.clone())
            .bind(session.page.as_str().to_owned())
            .bind(entry.at.0)
            .bind(session.until.0)
            .execute(&mut *tx)
            .await?;
        append(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The web session of a cookie on a page, while it lasts.
    pub async fn share_session(&self, cookie: &str, page: &SharePageId, now: WallClock) -> Result<Option<ShareSession>> {
        let row = sqlx::query("SELECT hash, page, until, accepted FROM share_sessions WHERE hash = $1 AND page = $2 AND until > $3")
            .bind(keys::hash(cookie))
            .bind(page.as_str().to_owned())
            .bind(now.0)
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| {
            let row = Reading::of("share_sessions", &row);
            Ok(ShareSession {
                hash: row.text("hash")?,
                page: row.word("page")?,
                until: row.time("until")?,
                accepted: row.maybe_time("accepted")?,
            })
        })
        .transpose()
    }

    /// The recipient accepts the terms of use.
    pub async fn accept_share_terms(&self, session: &ShareSession, entry: NewAudit) -> Result<()> {
        let mut tx = self.write.begin().await?;
        let first = sqlx::query("UPDATE share_sessions SET accepted = $2 WHERE hash = $1 AND accepted IS NULL")
            .bind(session.hash.clone())
            .bind(entry.at.0)
            .execute(&mut *tx)
            .await?;
        if first.rows_affected() > 0 {
            append(&mut tx, &entry).await?;
        }
        Ok(tx.commit().await?)
    }

    /// What a web session may have a piece of now: its terms are accepted, the share is valid, and the item is there.
    pub async fn open_share_item(&self, session: &ShareSession, item: &ShareItemId, view: &str, now: WallClock) -> Result<Option<Opened>> {
        let row = sqlx::query(
            "SELECT share_items.*, (SELECT COUNT(*) FROM share_plays WHERE session = $2 AND item = $1 AND view = $4) AS noted \
             FROM share_items JOIN shares ON shares.id = share_items.share JOIN share_sessions ON share_sessions.page = shares.page \
             WHERE share_items.id = $1 AND share_items.gone = 0 AND share_sessions.hash = $2 AND share_sessions.until > $3 \
             AND share_sessions.accepted IS NOT NULL AND shares.cancelled_at IS NULL AND shares.until >= $3 \
             AND shares.files = 'there'",
        )
        .bind(item.as_str().to_owned())
        .bind(session.hash.clone())
        .bind(now.0)
        .bind(view.to_owned())
        .fetch_optional(&self.read)
        .await?;
        row.map(|row| {
            let reading = Reading::of("share_items", &row);
            Ok(Opened { share: reading.word("share")?, noted: reading.number("noted")? > 0, item: item_of(&row)? })
        })
        .transpose()
    }

    /// Notes that an item is played, once for each showing of it. Whether this was the first time.
    pub async fn note_share_play(&self, session: &ShareSession, item: &ShareItemId, view: &str, entry: NewAudit) -> Result<bool> {
        let mut tx = self.write.begin().await?;
        let first =
            sqlx::query("INSERT INTO share_plays (session, item, view) VALUES ($1, $2, $3) ON CONFLICT (session, item, view) DO NOTHING")
                .bind(session.hash.clone())
                .bind(item.as_str().to_owned())
                .bind(view.to_owned())
                .execute(&mut *tx)
                .await?;
        if first.rows_affected() == 0 {
            return Ok(false);
        }
        append(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(true)
    }
}
