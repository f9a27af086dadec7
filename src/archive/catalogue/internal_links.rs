//! Links to colleagues in their tables.

use super::Catalogue;
use super::audit::append;
use super::columns::Reading;
use super::outbox::insert_letter;
use crate::archive::audit::NewAudit;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::internal_links::{InternalLink, Linked};
use crate::archive::outbox::Letter;
use crate::model::id::InternalLinkId;

impl Catalogue {
    /// Keeps a link with its letter and its entries, or nothing of it.
    ///
    /// # Errors
    /// `NotFound` where something of it was deleted meanwhile.
    pub async fn put_internal_link(&self, link: &InternalLink, letter: &Letter, entries: &[NewAudit]) -> Result<()> {
        let mut tx = self.write.begin().await?;
        sqlx::query("INSERT INTO internal_links (id, created, sent_by, recipient, letter) VALUES ($1, $2, $3, $4, $5)")
            .bind(link.id.as_str().to_owned())
            .bind(link.created.0)
            .bind(link.sent_by.clone())
            .bind(link.recipient.clone())
            .bind(link.letter.as_str().to_owned())
            .execute(&mut *tx)
            .await?;
        for (place, item) in link.items.iter().enumerate() {
            let (sql, what, name) = match item {
                Linked::Recording(id) => (
                    "INSERT INTO internal_link_items (link, place, recording) SELECT $1, $2, id FROM recordings WHERE id = $3",
                    "recording",
                    id.as_str(),
                ),
                Linked::Chat(session) => (
                    "INSERT INTO internal_link_items (link, place, session) SELECT $1, $2, session FROM chats WHERE session = $3",
                    "chat log",
                    session.as_str(),
                ),
            };
            let kept = sqlx::query(sql)
                .bind(link.id.as_str().to_owned())
                .bind(i64::try_from(place).unwrap_or(i64::MAX))
                .bind(name.to_owned())
                .execute(&mut *tx)
                .await?;
            if kept.rows_affected() == 0 {
                return Err(ArchiveError::not_found(what, name));
            }
        }
        insert_letter(&mut tx, letter).await?;
        for entry in entries {
            append(&mut tx, entry).await?;
        }
        Ok(tx.commit().await?)
    }

    /// A link with what is left of its selection.
    pub async fn internal_link(&self, id: &InternalLinkId) -> Result<InternalLink> {
        let mut c = self.read.acquire().await?;
        let row = sqlx::query("SELECT id, created, sent_by, recipient, letter FROM internal_links WHERE id = $1")
            .bind(id.as_str().to_owned())
            .fetch_optional(&mut *c)
            .await?;
        let row = row.ok_or_else(|| ArchiveError::not_found("link", id.as_str()))?;
        let row = Reading::of("internal_links", &row);
        let items = sqlx::query("SELECT recording, session FROM internal_link_items WHERE link = $1 ORDER BY place")
            .bind(id.as_str().to_owned())
            .fetch_all(&mut *c)
            .await?;
        let items = items.iter().map(|item| {
            let item = Reading::of("internal_link_items", item);
            match (item.maybe_word("recording")?, item.maybe_word("session")?) {
                (Some(recording), _) => Ok(Linked::Recording(recording)),
                (None, Some(session)) => Ok(Linked::Chat(session)),
                (None, None) => Err(ArchiveError::Damaged { table: "internal_link_items", column: "recording" }),
            }
        });
        Ok(InternalLink {
            id: row.word("id")?,
            created: row.time("created")?,
            sent_by: row.text("sent_by")?,
            recipient: row.text("recipient")?,
            letter: row.word("letter")?,
            items: items.collect::<Result<_>>()?,
        })
    }
}
