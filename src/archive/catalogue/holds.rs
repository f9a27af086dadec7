//! Legal holds in their tables, and the flag `recordings.legal_hold` that follows from them.
//!
//! One condition says what is held, here and nowhere else: [`held`]. The flag is what lists show; a deletion asks the condition itself.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::Catalogue;
use super::audit::append;
use super::columns::Reading;
use crate::archive::audit::{AuditAction, NewAudit, masked};
use crate::archive::change::Change;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::facts::LONGEST_TERM;
use crate::archive::holds::{Hold, HoldFilter, NewHold, reason};
use crate::model::id::{HoldId, RecordingId};
use crate::model::redact::Personal;

/// Whether all conditions of the hold `h` fit a row of `recordings`. Numbers fit where one of both is the end of the other: people leave countries out.
/// A name or an address that is longer than terms are is compared as far as they go.
fn fits() -> String {
    format!(
        "h.filtered = 1 AND (h.project IS NULL OR h.project = recordings.project) AND (h.session IS NULL OR h.session = recordings.session) \
         AND (h.from_at IS NULL OR recordings.started_at >= h.from_at) AND (h.to_at IS NULL OR recordings.started_at < h.to_at) \
         AND (h.agent IS NULL OR EXISTS (SELECT 1 FROM recording_terms t WHERE t.recording = recordings.id AND t.kind = 'agent' \
         AND t.term = substr(h.agent, 1, {LONGEST_TERM}))) \
         AND (h.email IS NULL OR EXISTS (SELECT 1 FROM recording_terms t WHERE t.recording = recordings.id AND t.kind = 'email' \
         AND t.term = substr(h.email, 1, {LONGEST_TERM}))) \
         AND (h.number_end IS NULL OR EXISTS (SELECT 1 FROM recording_terms t WHERE t.recording = recordings.id AND t.kind = 'number_end' \
         AND (substr(t.term, 1, length(h.number_end)) = h.number_end \
         OR (length(t.term) >= 6 AND substr(h.number_end, 1, length(t.term)) = t.term))))"
    )
}

/// Whether the hold `h` covers a row of `recordings`.
fn covers() -> String {
    format!("(EXISTS (SELECT 1 FROM held_recordings r WHERE r.hold = h.id AND r.recording = recordings.id) OR ({}))", fits())
}

/// Whether any hold in force covers a row of `recordings`.
pub(super) fn held() -> String {
    format!("EXISTS (SELECT 1 FROM holds h WHERE h.released_at IS NULL AND {})", covers())
}

impl Catalogue {
    /// Lays a hold. Recordings that it names have to be there.
    pub async fn make_hold(&self, change: &Change, new: &NewHold) -> Result<Hold> {
        let customer = new.check()?;
        let id = HoldId::random();
        let filter = new.filter.clone().unwrap_or_default();
        let mut tx = self.configuring().await?;
        for (n, recording) in new.recordings.iter().enumerate() {
            let there =
                sqlx::query("SELECT 1 AS n FROM recordings WHERE id = $1").bind(recording.as_str().to_owned()).fetch_optional(&mut *tx);
            if there.await?.is_none() {
                return Err(ArchiveError::invalid(format!("recordings[{n}]"), "there is no such recording"));
            }
        }
        sqlx::query(
            "INSERT INTO holds (id, name, reason, made_by, made_at, filtered, project, session, agent, customer, email, number_end, from_at, to_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        )
        .bind(id.as_str().to_owned())
        .bind(new.name.clone())
        .bind(new.reason.clone())
        .bind(change.actor.clone())
        .bind(change.at.0)
        .bind(i64::from(new.filter.is_some()))
        .bind(filter.project.as_ref().map(|project| project.as_str().to_owned()))
        .bind(filter.session.as_ref().map(|session| session.as_str().to_owned()))
        .bind(filter.agent.clone())
        .bind(filter.customer.as_ref().map(|customer| customer.reveal().to_owned()))
        .bind(customer.email)
        .bind(customer.number_end)
        .bind(filter.from.map(|at| at.0))
        .bind(filter.to.map(|at| at.0))
        .execute(&mut *tx)
        .await?;
        for recording in &new.recordings {
            sqlx::query("INSERT INTO held_recordings (hold, recording) VALUES ($1, $2) ON CONFLICT (hold, recording) DO NOTHING")
                .bind(id.as_str().to_owned())
                .bind(recording.as_str().to_owned())
                .execute(&mut *tx)
                .await?;
        }
        let flag = format!(
            "UPDATE recordings SET legal_hold = 1 WHERE legal_hold = 0 AND EXISTS (SELECT 1 FROM holds h WHERE h.id = $1 AND {})",
            covers()
        );
        sqlx::query(AssertSqlSafe(flag)).bind(id.as_str().to_owned()).execute(&mut *tx).await?;
        let detail = serde_json::json!({
            "via": change.via, "name": new.name, "reason": new.reason, "recordings": new.recordings, "filter": new.filter.as_ref().map(without_customer),
        });
        append(&mut tx, &note(change, &id, detail)).await?;
        tx.commit().await?;
        self.hold(&id).await
    }

    /// Releases a hold: what only it covered may be deleted from now on.
    pub async fn release_hold(&self, change: &Change, id: &HoldId, why: &str) -> Result<Hold> {
        reason("reason", why)?;
        let mut tx = self.configuring().await?;
        let released = sqlx::query(
            "UPDATE holds SET released_by = $2, released_at = $3, release_reason = $4, customer = NULL, email = NULL, number_end = NULL \
             WHERE id = $1 AND released_at IS NULL",
        )
        .bind(id.as_str().to_owned())
        .bind(change.actor.clone())
        .bind(change.at.0)
        .bind(why.to_owned())
        .execute(&mut *tx)
        .await?;
        if released.rows_affected() == 0 {
            let there = sqlx::query("SELECT 1 AS n FROM holds WHERE id = $1").bind(id.as_str().to_owned()).fetch_optional(&mut *tx).await?;
            return Err(match there {
                Some(_) => ArchiveError::ChangedMeanwhile { what: "hold", name: id.to_string() },
                None => ArchiveError::not_found("hold", id.as_str()),
            });
        }
        let flag = format!("UPDATE recordings SET legal_hold = 0 WHERE legal_hold = 1 AND NOT {}", held());
        sqlx::query(AssertSqlSafe(flag)).execute(&mut *tx).await?;
        let detail = serde_json::json!({ "via": change.via, "released": true, "reason": why });
        append(&mut tx, &note(change, id, detail)).await?;
        tx.commit().await?;
        self.hold(id).await
    }

    /// A hold.
    pub async fn hold(&self, id: &HoldId) -> Result<Hold> {
        let row = sqlx::query("SELECT * FROM holds WHERE id = $1").bind(id.as_str().to_owned()).fetch_optional(&self.read).await?;
        let row = row.ok_or_else(|| ArchiveError::not_found("hold", id.as_str()))?;
        self.whole(&row).await
    }

    /// Every hold, those in force first, newest first.
    pub async fn holds(&self) -> Result<Vec<Hold>> {
        let rows =
            sqlx::query("SELECT * FROM holds ORDER BY CASE WHEN released_at IS NULL THEN 0 ELSE 1 END, made_at DESC, id DESC LIMIT 500")
                .fetch_all(&self.read)
                .await?;
        let mut holds = Vec::new();
        for row in &rows {
            holds.push(self.whole(row).await?);
        }
        Ok(holds)
    }

    /// Holds in force that cover a recording: ids and names.
    pub async fn holds_on(&self, recording: &RecordingId) -> Result<Vec<(HoldId, String)>> {
        let sql = format!(
            "SELECT h.id AS id, h.name AS name FROM holds h, recordings WHERE recordings.id = $1 AND h.released_at IS NULL AND {} ORDER BY h.made_at",
            covers()
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(recording.as_str().to_owned()).fetch_all(&self.read).await?;
        let read = |row: &AnyRow| {
            let row = Reading::of("holds", row);
            Ok((row.word("id")?, row.text("name")?))
        };
        rows.iter().map(read).collect()
    }

    async fn whole(&self, row: &AnyRow) -> Result<Hold> {
        let row = Reading::of("holds", row);
        let id: HoldId = row.word("id")?;
        let named = sqlx::query("SELECT recording FROM held_recordings WHERE hold = $1 ORDER BY recording")
            .bind(id.as_str().to_owned())
            .fetch_all(&self.read)
            .await?;
        let sql = format!(
            "SELECT COUNT(*) AS n FROM recordings WHERE legal_hold = 1 AND EXISTS (SELECT 1 FROM holds h WHERE h.id = $1 AND h.released_at IS NULL AND {})",
            covers()
        );
        let count = sqlx::query(AssertSqlSafe(sql)).bind(id.as_str().to_owned()).fetch_one(&self.read).await?;
        let filter = HoldFilter {
            project: row.maybe_word("project")?,
            session: row.maybe_word("session")?,
            agent: row.maybe_text("agent")?,
            customer: row.maybe_text("customer")?.map(Personal::new),
            from: row.maybe_time("from_at")?,
            to: row.maybe_time("to_at")?,
        };
        Ok(Hold {
            id,
            name: row.text("name")?,
            reason: row.text("reason")?,
            made_by: row.text("made_by")?,
            made_at: row.time("made_at")?,
            recordings: named.iter().map(|row| Reading::of("held_recordings", row).word("recording")).collect::<Result<_>>()?,
            filter: (row.number("filtered")? != 0).then_some(filter),
            covers: count.try_get::<i64, _>("n")?.unsigned_abs(),
            released_by: row.maybe_text("released_by")?,
            released_at: row.maybe_time("released_at")?,
            release_reason: row.maybe_text("release_reason")?,
        })
    }
}

/// The flag of a row that was just written: a hold may cover what is made later.
pub(super) async fn flag(c: &mut AnyConnection, recording: &RecordingId) -> Result<()> {
    let sql = format!("UPDATE recordings SET legal_hold = 1 WHERE id = $1 AND legal_hold = 0 AND {}", held());
    sqlx::query(AssertSqlSafe(sql)).bind(recording.as_str().to_owned()).execute(c).await?;
    Ok(())
}

fn note(change: &Change, id: &HoldId, detail: serde_json::Value) -> NewAudit {
    NewAudit { at: change.at, actor: change.actor.clone(), action: AuditAction::Hold, subject: format!("hold:{id}"), detail }
}

/// The log cannot forget: it keeps no customer in clear.
fn without_customer(filter: &HoldFilter) -> serde_json::Value {
    let mut filter = serde_json::to_value(filter).unwrap_or_default();
    if let Some(text) = filter["customer"].as_str().map(masked) {
        filter["customer"] = text.into();
    }
    filter
}
