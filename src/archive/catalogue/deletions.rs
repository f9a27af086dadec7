//! Recordings going: first their rows, with everything personal that belongs to them, and what is left to be done about their copies instead.

use std::collections::BTreeSet;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::Catalogue;
use super::audit::append;
use super::columns::{Reading, word};
use super::holds::held;
use super::shares::recording_is_deleted;
use crate::archive::audit::{AuditAction, NewAudit};
use crate::archive::deletion::{Asked, Gone, Kept};
use crate::archive::error::Result;
use crate::archive::event_log::{NAMING, without_names};
use crate::archive::recording::{RecordingState, Source};
use crate::model::id::{ProjectSlug, RecordingId, SessionId};
use crate::model::time::WallClock;

impl Catalogue {
    /// Takes recordings out of the catalogue, in one change with an entry in the audit log for each: from then on nobody finds them. Answers whose copies
    /// are to go, and which recordings stay and why.
    pub async fn begin_deletions(&self, recordings: &[RecordingId], asked: &Asked) -> Result<(Vec<Gone>, Vec<(RecordingId, Kept)>)> {
        let mut tx = self.configuring().await?;
        let (mut gone, mut kept) = (Vec::new(), Vec::new());
        for id in recordings {
            match standing(&mut tx, id).await? {
                Ok((one, project, held_flag)) if !held_flag => {
                    let detail = serde_json::json!({ "project": project, "session": one.session, "why": asked.why });
                    let (actor, subject) = (asked.by.clone(), format!("recording:{id}"));
                    append(&mut tx, &NewAudit { at: asked.at, actor, action: AuditAction::Delete, subject, detail }).await?;
                    forget(&mut tx, &one, asked.at).await?;
                    gone.push(one);
                }
                Ok(_) => kept.push((id.clone(), Kept::Held)),
                Err(why) => kept.push((id.clone(), why)),
            }
        }
        tx.commit().await?;
        Ok((gone, kept))
    }

    /// Deleted recordings of which copies may be left, oldest first.
    pub async fn deletions_left(&self, limit: u32) -> Result<Vec<Gone>> {
        let rows = sqlx::query("SELECT * FROM deletions WHERE done_at IS NULL ORDER BY begun_at, recording LIMIT $1")
            .bind(i64::from(limit))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(gone_of).collect()
    }

    /// No copy of these is left. Answers those of which that was not known.
    pub async fn end_deletions(&self, recordings: &[RecordingId], at: WallClock) -> Result<Vec<RecordingId>> {
        let mut tx = self.write.begin().await?;
        let mut news = Vec::new();
        for id in recordings {
            let ended = sqlx::query("UPDATE deletions SET done_at = $2 WHERE recording = $1 AND done_at IS NULL")
                .bind(id.as_str().to_owned())
                .bind(at.0)
                .execute(&mut *tx)
                .await?;
            if ended.rows_affected() > 0 {
                news.push(id.clone());
            }
        }
        tx.commit().await?;
        Ok(news)
    }

    /// Recordings of a session that were deleted: they are not to be made anew.
    pub async fn deleted_of(&self, session: &SessionId) -> Result<BTreeSet<RecordingId>> {
        let rows = sqlx::query("SELECT recording FROM deletions WHERE session = $1")
            .bind(session.as_str().to_owned())
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(|row| Reading::of("deletions", row).word("recording")).collect()
    }

    /// States of a session's recordings.
    pub async fn states_of(&self, session: &SessionId) -> Result<Vec<RecordingState>> {
        let rows =
            sqlx::query("SELECT state FROM recordings WHERE session = $1").bind(session.as_str().to_owned()).fetch_all(&self.read).await?;
        rows.iter().map(|row| Reading::of("recordings", row).word("state")).collect()
    }

    /// Recordings of a project and a source that began before `cut` and are not being made, oldest first, with their beginnings: those with a
    /// legal hold, or those without.
    pub async fn begun_before(
        &self,
        project: &ProjectSlug,
        source: Source,
        cut: WallClock,
        after: &(WallClock, String),
        held: bool,
        limit: u32,
    ) -> Result<Vec<(RecordingId, WallClock)>> {
        let rows = sqlx::query(
            "SELECT id, started_at FROM recordings WHERE project = $1 AND source = $2 AND started_at < $3 AND (started_at, id) > ($4, $5) \
             AND state IN ('ready', 'failed', 'discarded') AND legal_hold = $6 ORDER BY started_at, id LIMIT $7",
        )
        .bind(project.as_str().to_owned())
        .bind(word(&source, "source")?)
        .bind(cut.0)
        .bind(after.0.0)
        .bind(after.1.clone())
        .bind(i64::from(held))
        .bind(i64::from(limit))
        .fetch_all(&self.read)
        .await?;
        let read = |row: &AnyRow| {
            let row = Reading::of("recordings", row);
            Ok((row.word("id")?, row.time("started_at")?))
        };
        rows.iter().map(read).collect()
    }

    /// How many recordings of a project and a source began before `cut`, and how many of them are held.
    pub async fn count_begun_before(&self, project: &ProjectSlug, source: Source, cut: WallClock) -> Result<(u64, u64)> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(legal_hold), 0) AS BIGINT) AS held FROM recordings \
             WHERE project = $1 AND source = $2 AND started_at < $3",
        )
        .bind(project.as_str().to_owned())
        .bind(word(&source, "source")?)
        .bind(cut.0)
        .fetch_one(&self.read)
        .await?;
        Ok((row.try_get::<i64, _>("n")?.unsigned_abs(), row.try_get::<i64, _>("held")?.unsigned_abs()))
    }

    /// Takes what is personal out of sessions of a project that are over, began before `cut` and have no recording (any more), and their chat logs.
    pub async fn forget_sessions(&self, project: &ProjectSlug, cut: WallClock) -> Result<()> {
        sqlx::query(
            "UPDATE sessions SET external_id = NULL, metadata = '{}' WHERE ended_at IS NOT NULL AND (metadata <> '{}' OR external_id IS NOT NULL) \
             AND project = $1 AND started_at < $2 AND NOT EXISTS (SELECT 1 FROM recordings WHERE recordings.session = sessions.id)",
        )
        .bind(project.as_str().to_owned())
        .bind(cut.0)
        .execute(&self.write)
        .await?;
        let chats = sqlx::query(
            "SELECT session FROM chats WHERE project = $1 AND started_at < $2 \
             AND NOT EXISTS (SELECT 1 FROM recordings WHERE recordings.session = chats.session)",
        )
        .bind(project.as_str().to_owned())
        .bind(cut.0)
        .fetch_all(&self.read)
        .await?;
        for row in &chats {
            self.delete_chat(&Reading::of("chats", row).word("session")?).await?;
        }
        Ok(())
    }

    /// Sessions of a project that are over, began at or after `since` and before `cut`, have no recording (any more), and whose events still name somebody.
    pub async fn named_sessions(&self, project: &ProjectSlug, since: WallClock, cut: WallClock) -> Result<Vec<SessionId>> {
        let rows = sqlx::query(
            "SELECT DISTINCT e.session FROM sessions s JOIN events e ON e.session = s.id WHERE s.project = $1 AND s.started_at >= $2 \
             AND s.started_at < $3 AND s.ended_at IS NOT NULL AND e.kind IN ($4, $5) \
             AND (e.data LIKE '%\"name\":\"%' OR e.data LIKE '%\"external_id\":\"%') \
             AND NOT EXISTS (SELECT 1 FROM recordings WHERE recordings.session = s.id)",
        )
        .bind(project.as_str().to_owned())
        .bind(since.0)
        .bind(cut.0)
        .bind(NAMING[0].as_str())
        .bind(NAMING[1].as_str())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Reading::of("events", row).word("session")).collect()
    }

    /// Takes names out of the events of sessions; an event that was kept only now is among them.
    pub async fn forget_names(&self, sessions: &[SessionId]) -> Result<()> {
        let mut left = Vec::new();
        for session in sessions {
            if !named(&mut *self.read.acquire().await?, session.as_str()).await?.is_empty() {
                left.push(session);
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        let mut tx = self.configuring().await?;
        for session in left {
            forget_names(&mut tx, session.as_str()).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Whether a hold lies on a recording of a session.
    pub async fn session_is_held(&self, session: &SessionId) -> Result<bool> {
        let sql = format!("SELECT 1 AS n FROM recordings WHERE session = $1 AND (legal_hold = 1 OR {}) LIMIT 1", held());
        let found = sqlx::query(AssertSqlSafe(sql)).bind(session.as_str().to_owned()).fetch_optional(&self.read).await?;
        Ok(found.is_some())
    }
}

/// What a recording's row says now, under the change's lock.
async fn standing(c: &mut AnyConnection, id: &RecordingId) -> Result<std::result::Result<(Gone, String, bool), Kept>> {
    let sql = format!(
        "SELECT session, project, state, region, CASE WHEN legal_hold = 1 OR {} THEN 1 ELSE 0 END AS held FROM recordings WHERE id = $1",
        held()
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id.as_str().to_owned()).fetch_optional(c).await?;
    let Some(row) = row else { return Ok(Err(Kept::NotThere)) };
    let held = row.try_get::<i64, _>("held").or_else(|_| row.try_get::<i32, _>("held").map(i64::from))? != 0;
    let row = Reading::of("recordings", &row);
    match row.word("state")? {
        RecordingState::Recording => return Ok(Err(Kept::Recording)),
        RecordingState::Processing => return Ok(Err(Kept::Processing)),
        RecordingState::Ready | RecordingState::Failed | RecordingState::Discarded => {}
    }
    let gone = Gone { recording: id.clone(), session: row.word("session")?, region: row.maybe_word("region")? };
    Ok(Ok((gone, row.text("project")?, held)))
}

/// Everything personal of a recording, and of its session where this was its last one.
async fn forget(c: &mut AnyConnection, gone: &Gone, at: WallClock) -> Result<()> {
    recording_is_deleted(c, &gone.recording).await?;
    let (recording, session) = (gone.recording.as_str().to_owned(), gone.session.as_str().to_owned());
    sqlx::query("INSERT INTO deletions (recording, session, region, begun_at) VALUES ($1, $2, $3, $4) ON CONFLICT (recording) DO NOTHING")
        .bind(recording.clone())
        .bind(session.clone())
        .bind(gone.region.map(crate::model::region::Region::as_str))
        .bind(at.0)
        .execute(&mut *c)
        .await?;
    for sql in [
        "DELETE FROM upload_invitations WHERE recording = $1",
        "DELETE FROM held_recordings WHERE recording = $1",
        // Its visibility, links, selected people and terms go with the row.
        "DELETE FROM recordings WHERE id = $1",
    ] {
        sqlx::query(sql).bind(recording.clone()).execute(&mut *c).await?;
    }
    // A letter that still waits would lead nowhere; one that is out holds an address.
    sqlx::query("DELETE FROM outbox WHERE about = $1").bind(format!("recording:{recording}")).execute(&mut *c).await?;
    let more =
        sqlx::query("SELECT 1 AS n FROM recordings WHERE session = $1 LIMIT 1").bind(session.clone()).fetch_optional(&mut *c).await?;
    if more.is_some() {
        return Ok(());
    }
    for sql in [
        "DELETE FROM chats WHERE session = $1",
        "DELETE FROM requesters WHERE session = $1",
        // A live session still needs what it was opened with; what it leaves goes by `forget_sessions`.
        "UPDATE sessions SET external_id = NULL, metadata = '{}' WHERE id = $1 AND ended_at IS NOT NULL",
    ] {
        sqlx::query(sql).bind(session.clone()).execute(&mut *c).await?;
    }
    forget_names(c, &session).await
}

/// Names and the platform's id in what was told of a session. Readers that come later find the events without them.
async fn forget_names(c: &mut AnyConnection, session: &str) -> Result<()> {
    for (seq, without) in named(c, session).await? {
        sqlx::query("UPDATE events SET data = $2 WHERE seq = $1").bind(seq).bind(without.to_string()).execute(&mut *c).await?;
    }
    Ok(())
}

/// Events of a session that say who somebody is, with what stays of each.
async fn named(c: &mut AnyConnection, session: &str) -> Result<Vec<(i64, serde_json::Value)>> {
    let rows = sqlx::query("SELECT seq, kind, data FROM events WHERE session = $1 AND kind IN ($2, $3)")
        .bind(session.to_owned())
        .bind(NAMING[0].as_str())
        .bind(NAMING[1].as_str())
        .fetch_all(c)
        .await?;
    let mut found = Vec::new();
    for row in &rows {
        let row = Reading::of("events", row);
        if let Some(without) = without_names(&row.text("kind")?, &row.json("data")?) {
            found.push((row.number("seq")?, without));
        }
    }
    Ok(found)
}

/// Something wrote a row again that was deleted meanwhile: it goes again.
pub(super) async fn stay_deleted(c: &mut AnyConnection, recording: &RecordingId) -> Result<()> {
    sqlx::query("DELETE FROM recordings WHERE id = $1 AND EXISTS (SELECT 1 FROM deletions WHERE deletions.recording = $1)")
        .bind(recording.as_str().to_owned())
        .execute(c)
        .await?;
    Ok(())
}

fn gone_of(row: &AnyRow) -> Result<Gone> {
    let row = Reading::of("deletions", row);
    Ok(Gone { recording: row.word("recording")?, session: row.word("session")?, region: row.maybe_word("region")? })
}
