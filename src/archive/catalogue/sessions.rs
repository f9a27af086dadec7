//! Sessions, live and ended.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::Catalogue;
use super::columns::{Reading, json, word};
use crate::archive::error::{ArchiveError, Result};
use crate::archive::rows::SessionRow;
use crate::model::id::SessionId;
use crate::model::time::WallClock;

impl Catalogue {
    /// Keeps a session that began.
    pub async fn insert_session(&self, row: &SessionRow) -> Result<()> {
        if insert(&mut *self.write.acquire().await?, row).await? {
            Ok(())
        } else {
            Err(ArchiveError::Exists { what: "session", name: row.id.to_string() })
        }
    }

    /// Notes a session's end. The first end stands: a second one changes nothing.
    pub async fn end_session(&self, id: &SessionId, at: WallClock) -> Result<()> {
        let known = end(&mut *self.write.acquire().await?, id, at).await?;
        if known { Ok(()) } else { Err(ArchiveError::not_found("session", id.as_str())) }
    }

    /// One session.
    pub async fn session(&self, id: &SessionId) -> Result<SessionRow> {
        let row = sqlx::query("SELECT * FROM sessions WHERE id = $1")
            .bind(id.as_str().to_owned())
            .fetch_optional(&self.read)
            .await?
            .ok_or_else(|| ArchiveError::not_found("session", id.as_str()))?;
        session_of(&row)
    }

    /// Sessions without an end, oldest first: after a restart, those that a crash cut short.
    pub async fn open_sessions(&self) -> Result<Vec<SessionRow>> {
        let rows = sqlx::query("SELECT * FROM sessions WHERE ended_at IS NULL ORDER BY started_at, id").fetch_all(&self.read).await?;
        rows.iter().map(session_of).collect()
    }
}

/// Whether it was not there yet.
pub(super) async fn insert(c: &mut AnyConnection, row: &SessionRow) -> Result<bool> {
    let made = sqlx::query(
        "INSERT INTO sessions (id, project, kind, external_id, metadata, started_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(row.id.as_str().to_owned())
    .bind(row.project.as_str().to_owned())
    .bind(word(&row.kind, "kind")?)
    .bind(row.external_id.clone())
    .bind(json(&row.metadata, "metadata")?)
    .bind(row.started_at.0)
    .bind(row.ended_at.map(|t| t.0))
    .execute(c)
    .await
    .map_err(|e| no_project(e, row.project.as_str()))?;
    Ok(made.rows_affected() > 0)
}

/// Whether it is there.
pub(super) async fn end(c: &mut AnyConnection, id: &SessionId, at: WallClock) -> Result<bool> {
    let done = sqlx::query("UPDATE sessions SET ended_at = COALESCE(ended_at, $1) WHERE id = $2")
        .bind(at.0)
        .bind(id.as_str().to_owned())
        .execute(c)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// A broken reference can only be the project's.
pub(super) fn no_project(e: sqlx::Error, project: &str) -> ArchiveError {
    if e.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation) {
        return ArchiveError::invalid("project", format!("there is no project `{project}`"));
    }
    e.into()
}

fn session_of(row: &AnyRow) -> Result<SessionRow> {
    let row = Reading::of("sessions", row);
    Ok(SessionRow {
        id: row.word("id")?,
        project: row.word("project")?,
        kind: row.word("kind")?,
        external_id: row.maybe_text("external_id")?,
        metadata: row.json("metadata")?,
        started_at: row.time("started_at")?,
        ended_at: row.maybe_time("ended_at")?,
    })
}
