//! What recordings are found by, kept in step with their rows.

use std::collections::BTreeSet;

use sqlx::AnyConnection;

use super::columns::Reading;
use crate::archive::error::Result;
use crate::archive::recording::Recording;
use crate::archive::stretches::stretch_of;

/// Writes what is new of a recording's terms and deletes what is gone; most writes of a row change none.
pub(super) async fn keep_terms(c: &mut AnyConnection, row: &Recording) -> Result<()> {
    let id = row.id.as_str();
    let mut wanted = row.terms();
    let mut gone = BTreeSet::new();
    let kept = sqlx::query("SELECT kind, term, started_at FROM recording_terms WHERE recording = $1")
        .bind(id.to_owned())
        .fetch_all(&mut *c)
        .await?;
    for found in &kept {
        let found = Reading::of("recording_terms", found);
        let (kind, term, started_at) = (found.text("kind")?, found.text("term")?, found.number("started_at")?);
        let known = wanted.iter().find(|(k, t)| *k == kind && *t == term).cloned();
        match known.filter(|_| started_at == row.started_at.0) {
            Some(known) => drop(wanted.remove(&known)),
            None => drop(gone.insert((kind, term, started_at))),
        }
    }
    for (kind, term, started_at) in gone {
        sqlx::query("DELETE FROM recording_terms WHERE kind = $1 AND stretch = $2 AND term = $3 AND started_at = $4 AND recording = $5")
            .bind(kind.clone())
            .bind(stretch_of(&kind, started_at))
            .bind(term)
            .bind(started_at)
            .bind(id.to_owned())
            .execute(&mut *c)
            .await?;
    }
    for (kind, term) in wanted {
        sqlx::query(
            "INSERT INTO recording_terms (kind, stretch, term, started_at, recording) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        )
        .bind(kind)
        .bind(stretch_of(kind, row.started_at.0))
        .bind(term)
        .bind(row.started_at.0)
        .bind(id.to_owned())
        .execute(&mut *c)
        .await?;
    }
    Ok(())
}
