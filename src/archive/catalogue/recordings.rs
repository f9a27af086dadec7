//! Recordings and their lists.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::Catalogue;
use super::columns::{Reading, json, word};
use super::deletions::stay_deleted;
use super::holds::flag;
use super::sessions::no_project;
use super::terms::keep_terms;
use super::triage::triage;
use super::wanted::Wanted;
use crate::archive::change::now;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::recording::Recording;
use crate::model::id::{RecordingId, SessionId};
use crate::model::redact::Personal;
use crate::model::region::Region;

/// A recording with its manifest.
pub(super) const ROW: &str = "SELECT r.*, m.manifest FROM recordings r LEFT JOIN manifests m ON m.recording = r.id";

/// A recording without its manifest.
pub(super) const BARE_ROW: &str = "SELECT r.*, CAST(NULL AS TEXT) AS manifest FROM recordings r";

/// A row that is there keeps its region (what is stored of it already lies there) and what people said of it (see `amending`). Answered with what is there.
const PUT: &str = "INSERT INTO recordings (id, session, output, project, kind, source, state, progress, failure, discarded, started_at, ended_at, \
     duration_ms, ended_by, external_id, queue, access_number, caller_number, customer_email, ticket, agents, orders, bytes, \
     labels, region, title, folder, assignees, restricted, legal_hold) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, \
     $30) \
     ON CONFLICT (id) DO UPDATE SET session = excluded.session, output = excluded.output, project = excluded.project, kind = excluded.kind, \
     source = excluded.source, state = excluded.state, progress = excluded.progress, failure = excluded.failure, discarded = excluded.discarded, \
     started_at = excluded.started_at, ended_at = excluded.ended_at, duration_ms = excluded.duration_ms, ended_by = excluded.ended_by, \
     external_id = excluded.external_id, queue = excluded.queue, access_number = excluded.access_number, \
     caller_number = excluded.caller_number, customer_email = excluded.customer_email, ticket = excluded.ticket, agents = excluded.agents, \
     orders = excluded.orders, bytes = excluded.bytes \
     RETURNING labels, title, assignees, folder";

impl Catalogue {
    /// Inserts or replaces a recording's row whole.
    pub async fn put_recording(&self, row: &Recording) -> Result<()> {
        self.put_recordings(std::slice::from_ref(row)).await
    }

    /// Inserts or replaces many rows, all or none: for a catalogue that is made anew from stored manifests.
    pub async fn put_recordings(&self, rows: &[Recording]) -> Result<()> {
        let mut tx = self.write.begin().await?;
        for row in rows {
            put(&mut tx, row).await?;
        }
        Ok(tx.commit().await?)
    }

    /// One recording.
    pub async fn recording(&self, id: &RecordingId) -> Result<Recording> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{ROW} WHERE r.id = $1")))
            .bind(id.as_str().to_owned())
            .fetch_optional(&self.read)
            .await?
            .ok_or_else(|| ArchiveError::not_found("recording", id.as_str()))?;
        recording_of(&row)
    }

    /// Every recording of these sessions, newest first, without manifests: what rights are asked of.
    pub async fn recordings_of(&self, sessions: &[SessionId]) -> Result<Vec<Recording>> {
        let mut wanted = Wanted::default();
        wanted.one_of("r.session", sessions.iter().map(SessionId::as_str));
        let mut c = self.read.acquire().await?;
        let rows = wanted.fetch(&mut c, BARE_ROW, "r.started_at DESC, r.id DESC", i64::MAX).await?;
        rows.iter().map(recording_of).collect()
    }

    /// Recordings that are neither ready nor discarded, oldest first: what a restarted node goes on with.
    pub async fn unfinished_recordings(&self) -> Result<Vec<Recording>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{ROW} WHERE r.state IN ('recording', 'processing', 'failed') ORDER BY r.started_at, r.id"
        )))
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(recording_of).collect()
    }
}

pub(super) async fn put(c: &mut AnyConnection, row: &Recording) -> Result<()> {
    if row.progress > 100 {
        return Err(ArchiveError::invalid("progress", "must be 0 to 100"));
    }
    let kept = sqlx::query(PUT)
        .bind(row.id.as_str().to_owned())
        .bind(row.session.as_str().to_owned())
        .bind(row.output.to_string())
        .bind(row.project.as_str().to_owned())
        .bind(word(&row.kind, "kind")?)
        .bind(word(&row.source, "source")?)
        .bind(word(&row.state, "state")?)
        .bind(i64::from(row.progress))
        .bind(row.failure.clone())
        .bind(row.discarded.as_ref().map(|d| word(d, "discarded")).transpose()?)
        .bind(row.started_at.0)
        .bind(row.ended_at.map(|t| t.0))
        .bind(row.duration_ms.map(u64::cast_signed))
        .bind(row.ended_by.as_ref().map(|e| word(e, "ended_by")).transpose()?)
        .bind(row.external_id.clone())
        .bind(row.queue.clone())
        .bind(revealed(row.access_number.as_ref()))
        .bind(revealed(row.caller_number.as_ref()))
        .bind(revealed(row.customer_email.as_ref()))
        .bind(row.ticket.clone())
        .bind(json(&row.agents, "agents")?)
        .bind(json(&row.orders, "orders")?)
        .bind(row.bytes.cast_signed())
        .bind(json(&row.labels, "labels")?)
        .bind(row.region.map(Region::as_str))
        .bind(revealed(row.title.as_ref()))
        .bind(row.folder.clone())
        .bind(json(&row.assignees, "assignees")?)
        .bind(i64::from(row.restricted))
        .bind(i64::from(row.legal_hold))
        .fetch_one(&mut *c)
        .await
        .map_err(|e| no_project(e, row.project.as_str()))?;
    keep_manifest(c, row).await?;
    let kept = Reading::of("recordings", &kept);
    let (labels, assignees) = (kept.json("labels")?, kept.json("assignees")?);
    let (title, folder) = (kept.maybe_text("title")?.map(Personal::new), kept.maybe_text("folder")?);
    let row = Recording { labels, title, folder, assignees, ..row.clone() };
    let sorted = triage(c, &row, now()).await?;
    let id = row.id.clone();
    keep_terms(c, &sorted.unwrap_or(row)).await?;
    flag(c, &id).await?;
    stay_deleted(c, &id).await
}

async fn keep_manifest(c: &mut AnyConnection, row: &Recording) -> Result<()> {
    let id = row.id.as_str().to_owned();
    let query = match &row.manifest {
        Some(manifest) => sqlx::query(
            "INSERT INTO manifests (recording, manifest) VALUES ($1, $2) ON CONFLICT (recording) DO UPDATE SET manifest = excluded.manifest",
        )
        .bind(id)
        .bind(json(manifest, "manifest")?),
        None => sqlx::query("DELETE FROM manifests WHERE recording = $1").bind(id),
    };
    query.execute(c).await?;
    Ok(())
}

fn revealed(text: Option<&Personal>) -> Option<String> {
    text.map(|text| text.reveal().to_owned())
}

pub(super) fn recording_of(row: &AnyRow) -> Result<Recording> {
    let row = Reading::of("recordings", row);
    Ok(Recording {
        id: row.word("id")?,
        session: row.word("session")?,
        output: row.word("output")?,
        project: row.word("project")?,
        kind: row.word("kind")?,
        source: row.word("source")?,
        state: row.word("state")?,
        progress: u8::try_from(row.number("progress")?).map_err(|_| ArchiveError::Damaged { table: "recordings", column: "progress" })?,
        failure: row.maybe_text("failure")?,
        discarded: row.maybe_word("discarded")?,
        started_at: row.time("started_at")?,
        ended_at: row.maybe_time("ended_at")?,
        duration_ms: row.maybe_number("duration_ms")?.map(i64::cast_unsigned),
        ended_by: row.maybe_word("ended_by")?,
        external_id: row.maybe_text("external_id")?,
        manifest: row.maybe_json("manifest")?,
        labels: row.json("labels")?,
        queue: row.maybe_text("queue")?,
        access_number: row.maybe_text("access_number")?.map(Personal::new),
        caller_number: row.maybe_text("caller_number")?.map(Personal::new),
        customer_email: row.maybe_text("customer_email")?.map(Personal::new),
        ticket: row.maybe_text("ticket")?,
        agents: row.json("agents")?,
        orders: row.json("orders")?,
        bytes: row.number("bytes")?.unsigned_abs(),
        title: row.maybe_text("title")?.map(Personal::new),
        folder: row.maybe_text("folder")?,
        assignees: row.json("assignees")?,
        restricted: row.number("restricted")? != 0,
        legal_hold: row.number("legal_hold")? != 0,
        region: row.maybe_word("region")?,
    })
}
