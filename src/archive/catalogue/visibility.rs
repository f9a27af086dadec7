//! Visibilities, selected people and their temporary links in their tables.

use std::collections::BTreeSet;

use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Transaction};

use super::Catalogue;
use super::audit::append;
use super::columns::{Reading, word};
use super::outbox::insert_letter;
use super::requesters::requester_in;
use crate::archive::audit::NewAudit;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::keys;
use crate::archive::recording::Recording;
use crate::archive::visibility::{Access, SentLink, TemporaryLink, new_link};
use crate::model::id::RecordingId;
use crate::model::redact::{Personal, Secret};
use crate::model::time::WallClock;
use crate::model::visibility::Reach;

impl Catalogue {
    /// Who may open a recording's link; `None` while nobody but members may, since it has none yet.
    pub async fn access(&self, id: &RecordingId) -> Result<Option<Access>> {
        let mut c = self.read.acquire().await?;
        let row = sqlx::query("SELECT recording, level, link FROM visibilities WHERE recording = $1")
            .bind(id.as_str().to_owned())
            .fetch_optional(&mut *c)
            .await?;
        with_people(&mut c, row).await
    }

    /// Whose link this is now.
    pub async fn access_by_link(&self, link: &str) -> Result<Option<Access>> {
        let mut c = self.read.acquire().await?;
        let row = sqlx::query("SELECT recording, level, link FROM visibilities WHERE link_hash = $1")
            .bind(keys::hash(link))
            .fetch_optional(&mut *c)
            .await?;
        with_people(&mut c, row).await
    }

    /// Gives a recording its first visibility and its link, and selects whom its session brought, or else whom its agent named. What somebody set already
    /// stays. Whether it was the first and nobody is selected.
    pub async fn settle_visibility(&self, recording: &Recording, reach: Reach, selected: Option<&str>, at: WallClock) -> Result<bool> {
        let mut tx = self.write.begin().await?;
        let first = first(&mut tx, &recording.id, reach).await?;
        let named = if first && selected.is_none() { requester_in(&mut tx, &recording.session).await? } else { None };
        let selected = selected.or(named.as_ref().map(Personal::reveal));
        if first && let Some(address) = selected {
            select(&mut tx, &recording.id, address, at).await?;
        }
        tx.commit().await?;
        Ok(first && selected.is_none())
    }

    /// Sets who may open a recording's link. Who is taken away loses what was sent to them in the same moment.
    pub async fn change_visibility(&self, id: &RecordingId, reach: Reach, selected: &BTreeSet<String>, entry: NewAudit) -> Result<()> {
        let mut tx = self.write.begin().await?;
        if !first(&mut tx, id, reach).await? {
            sqlx::query("UPDATE visibilities SET level = $2 WHERE recording = $1")
                .bind(id.as_str().to_owned())
                .bind(word(&reach, "level")?)
                .execute(&mut *tx)
                .await?;
        }
        for gone in people(&mut tx, id).await?.iter().filter(|address| !selected.contains(address.reveal())) {
            for table in [
                "DELETE FROM selected_people WHERE recording = $1 AND address = $2",
                "DELETE FROM temporary_links WHERE recording = $1 AND address = $2",
            ] {
                sqlx::query(table).bind(id.as_str().to_owned()).bind(gone.reveal().to_owned()).execute(&mut *tx).await?;
            }
        }
        for address in selected {
            select(&mut tx, id, address, entry.at).await?;
        }
        append(&mut tx, &entry).await?;
        Ok(tx.commit().await?)
    }

    /// Gives a recording a new link; the old one, and what was sent to selected people by it, opens nothing any more.
    pub async fn renew_link(&self, id: &RecordingId, entry: NewAudit) -> Result<()> {
        let link = new_link()?;
        let mut tx = self.write.begin().await?;
        first(&mut tx, id, Reach::Members).await?;
        sqlx::query("UPDATE visibilities SET link = $2, link_hash = $3 WHERE recording = $1")
            .bind(id.as_str().to_owned())
            .bind(link.reveal().to_owned())
            .bind(keys::hash(link.reveal()))
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM temporary_links WHERE recording = $1").bind(id.as_str().to_owned()).execute(&mut *tx).await?;
        append(&mut tx, &entry).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps a temporary link and the letter with it, unless the address is not selected, or had `most` of them since `window`. Whether it is sent.
    pub async fn send_temporary_link(&self, sent: &SentLink, window: WallClock, most: u32) -> Result<bool> {
        let made = sent.entry.at;
        let mut tx = self.write.begin().await?;
        // PostgreSQL would let requests side by side count the same links: whoever holds the row of the selected person counts alone.
        sqlx::query("UPDATE selected_people SET address = address WHERE recording = $1 AND address = $2")
            .bind(sent.link.recording.as_str().to_owned())
            .bind(sent.link.address.reveal().to_owned())
            .execute(&mut *tx)
            .await?;
        // Those that are over count for the limit of an hour, then they go.
        sqlx::query("DELETE FROM temporary_links WHERE until < $1 AND made < $2").bind(made.0).bind(window.0).execute(&mut *tx).await?;
        let kept = sqlx::query(
            "INSERT INTO temporary_links (hash, recording, address, made, until) SELECT $1, recording, address, $4, $5 FROM selected_people \
             WHERE recording = $2 AND address = $3 \
             AND (SELECT COUNT(*) FROM temporary_links WHERE recording = $2 AND address = $3 AND made > $6) < $7",
        )
        .bind(keys::hash(sent.token.reveal()))
        .bind(sent.link.recording.as_str().to_owned())
        .bind(sent.link.address.reveal().to_owned())
        .bind(made.0)
        .bind(sent.link.until.0)
        .bind(window.0)
        .bind(i64::from(most))
        .execute(&mut *tx)
        .await?;
        let kept = kept.rows_affected() > 0;
        if kept {
            insert_letter(&mut tx, &sent.letter).await?;
            append(&mut tx, &sent.entry).await?;
        }
        tx.commit().await?;
        Ok(kept)
    }

    /// A temporary link that still opens something.
    pub async fn temporary_link(&self, token: &str, now: WallClock) -> Result<Option<TemporaryLink>> {
        let row = sqlx::query("SELECT recording, address, until FROM temporary_links WHERE hash = $1 AND until > $2")
            .bind(keys::hash(token))
            .bind(now.0)
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| {
            let row = Reading::of("temporary_links", &row);
            Ok(TemporaryLink { recording: row.word("recording")?, address: Personal::new(row.text("address")?), until: row.time("until")? })
        })
        .transpose()
    }
}

/// Makes the row where there is none. Writes first: two who do it at once stand in a line.
async fn first(tx: &mut Transaction<'static, Any>, id: &RecordingId, reach: Reach) -> Result<bool> {
    let link = new_link()?;
    let made = sqlx::query(
        "INSERT INTO visibilities (recording, level, link, link_hash) SELECT id, $2, $3, $4 FROM recordings WHERE id = $1 ON CONFLICT (recording) DO NOTHING",
    )
    .bind(id.as_str().to_owned())
    .bind(word(&reach, "level")?)
    .bind(link.reveal().to_owned())
    .bind(keys::hash(link.reveal()))
    .execute(&mut **tx)
    .await?;
    if made.rows_affected() > 0 {
        return Ok(true);
    }
    let there = sqlx::query("SELECT recording FROM visibilities WHERE recording = $1")
        .bind(id.as_str().to_owned())
        .fetch_optional(&mut **tx)
        .await?;
    there.map(|_| false).ok_or_else(|| ArchiveError::not_found("recording", id.as_str()))
}

async fn select(c: &mut AnyConnection, id: &RecordingId, address: &str, at: WallClock) -> Result<()> {
    sqlx::query("INSERT INTO selected_people (recording, address, added) VALUES ($1, $2, $3) ON CONFLICT (recording, address) DO NOTHING")
        .bind(id.as_str().to_owned())
        .bind(address.to_owned())
        .bind(at.0)
        .execute(c)
        .await?;
    Ok(())
}

async fn people(c: &mut AnyConnection, id: &RecordingId) -> Result<Vec<Personal>> {
    let rows = sqlx::query("SELECT address FROM selected_people WHERE recording = $1 ORDER BY address")
        .bind(id.as_str().to_owned())
        .fetch_all(c)
        .await?;
    rows.iter().map(|row| Ok(Personal::new(Reading::of("selected_people", row).text("address")?))).collect()
}

async fn with_people(c: &mut AnyConnection, row: Option<AnyRow>) -> Result<Option<Access>> {
    let Some(row) = row else { return Ok(None) };
    let row = Reading::of("visibilities", &row);
    let (recording, reach, link): (RecordingId, Reach, _) = (row.word("recording")?, row.word("level")?, Secret::new(row.text("link")?));
    let selected = people(c, &recording).await?;
    Ok(Some(Access { recording, reach, link, selected }))
}
