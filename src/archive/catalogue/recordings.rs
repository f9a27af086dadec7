//! Recordings and their lists.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::Catalogue;
use super::columns::{Reading, json, word};
use super::sessions::no_project;
use super::terms::keep_terms;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::recording::{ListFilter, Page, Recording};
use crate::model::id::RecordingId;
use crate::model::redact::Personal;
use crate::model::region::Region;

/// Rows a page where none are asked for, and the most.
const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;

/// A row that is there keeps its region (what is stored of it already lies there) and what people said of it (see `amending`). Answered with what is there.
const PUT: &str = "INSERT INTO recordings (id, session, output, project, kind, source, state, progress, failure, discarded, started_at, ended_at, \
     duration_ms, ended_by, external_id, manifest, queue, access_number, caller_number, customer_email, ticket, agents, orders, bytes, \
     labels, region, title, folder, assignees, restricted, legal_hold) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, \
     $30, $31) \
     ON CONFLICT (id) DO UPDATE SET session = excluded.session, output = excluded.output, project = excluded.project, kind = excluded.kind, \
     source = excluded.source, state = excluded.state, progress = excluded.progress, failure = excluded.failure, discarded = excluded.discarded, \
     started_at = excluded.started_at, ended_at = excluded.ended_at, duration_ms = excluded.duration_ms, ended_by = excluded.ended_by, \
     external_id = excluded.external_id, manifest = excluded.manifest, queue = excluded.queue, access_number = excluded.access_number, \
     caller_number = excluded.caller_number, customer_email = excluded.customer_email, ticket = excluded.ticket, agents = excluded.agents, \
     orders = excluded.orders, bytes = excluded.bytes \
     RETURNING labels, title, assignees";

impl Catalogue {
    /// Inserts or replaces a recording's row whole.
    pub async fn put_recording(&self, row: &Recording) -> Result<()> {
        put(&mut *self.write.acquire().await?, row).await
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
        let row = sqlx::query("SELECT * FROM recordings WHERE id = $1")
            .bind(id.as_str().to_owned())
            .fetch_optional(&self.read)
            .await?
            .ok_or_else(|| ArchiveError::not_found("recording", id.as_str()))?;
        recording_of(&row)
    }

    /// A page of recordings, newest first. A recording that is added while somebody pages changes no later page.
    pub async fn recordings(&self, filter: &ListFilter) -> Result<Page> {
        let limit = filter.limit.unwrap_or(PAGE);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(ArchiveError::invalid("limit", format!("must be 1 to {LARGEST_PAGE}")));
        }
        if let (Some(from), Some(to)) = (filter.from, filter.to)
            && to <= from
        {
            return Err(ArchiveError::invalid("to", "must be later than `from`"));
        }
        let after = filter.after.as_deref().map(place_of).transpose()?;
        let mut wanted: Vec<(&'static str, Value)> = Vec::new();
        if let Some(session) = &filter.session {
            wanted.push(("session =", Value::Text(session.as_str().to_owned())));
        }
        if let Some(project) = &filter.project {
            wanted.push(("project =", Value::Text(project.as_str().to_owned())));
        }
        if let Some(state) = &filter.state {
            wanted.push(("state =", Value::Text(word(state, "state")?)));
        }
        if let Some(from) = filter.from {
            wanted.push(("started_at >=", Value::Number(from.0)));
        }
        if let Some(to) = filter.to {
            wanted.push(("started_at <", Value::Number(to.0)));
        }
        let rows = self.page(wanted, after, i64::from(limit) + 1).await?;
        let more = rows.len() > limit as usize;
        let items = rows.iter().take(limit as usize).map(recording_of).collect::<Result<Vec<_>>>()?;
        let next = items.last().filter(|_| more).map(key_of);
        Ok(Page { items, next })
    }

    async fn page(&self, wanted: Vec<(&'static str, Value)>, after: Option<(i64, String)>, rows: i64) -> Result<Vec<AnyRow>> {
        // Only fixed words and numbers of places enter the text; every value is bound.
        let mut conditions: Vec<String> = wanted.iter().zip(1..).map(|((test, _), n)| format!("{test} ${n}")).collect();
        let mut places = conditions.len();
        if after.is_some() {
            conditions.push(format!("(started_at, id) < (${}, ${})", places + 1, places + 2));
            places += 2;
        }
        let filter = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
        let sql = format!("SELECT * FROM recordings {filter} ORDER BY started_at DESC, id DESC LIMIT ${}", places + 1);
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for (_, value) in wanted {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
            };
        }
        if let Some((started_at, id)) = after {
            query = query.bind(started_at).bind(id);
        }
        Ok(query.bind(rows).fetch_all(&self.read).await?)
    }

    /// Recordings that are neither ready nor discarded, oldest first: what a restarted node goes on with.
    pub async fn unfinished_recordings(&self) -> Result<Vec<Recording>> {
        let rows = sqlx::query("SELECT * FROM recordings WHERE state IN ('recording', 'processing', 'failed') ORDER BY started_at, id")
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(recording_of).collect()
    }

    /// Removes a recording's row (its files are the caller's).
    pub async fn delete_recording(&self, id: &RecordingId) -> Result<()> {
        let mut tx = self.write.begin().await?;
        // The chat log goes with the last recording of its session.
        sqlx::query(
            "DELETE FROM chats WHERE session IN (SELECT session FROM recordings WHERE id = $1) AND NOT EXISTS \
             (SELECT 1 FROM recordings AS other WHERE other.session = chats.session AND other.id <> $1)",
        )
        .bind(id.as_str().to_owned())
        .execute(&mut *tx)
        .await?;
        let gone = sqlx::query("DELETE FROM recordings WHERE id = $1").bind(id.as_str().to_owned()).execute(&mut *tx).await?;
        tx.commit().await?;
        if gone.rows_affected() == 0 { Err(ArchiveError::not_found("recording", id.as_str())) } else { Ok(()) }
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
        .bind(row.manifest.as_ref().map(|m| json(m, "manifest")).transpose()?)
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
    let kept = Reading::of("recordings", &kept);
    let (labels, assignees) = (kept.json("labels")?, kept.json("assignees")?);
    let title = kept.maybe_text("title")?.map(Personal::new);
    keep_terms(c, &Recording { labels, assignees, title, ..row.clone() }).await
}

fn revealed(text: Option<&Personal>) -> Option<String> {
    text.map(|text| text.reveal().to_owned())
}

enum Value {
    Text(String),
    Number(i64),
}

/// Where a page ended, as its reader carries it.
fn key_of(last: &Recording) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {}", last.started_at.0, last.id))
}

fn place_of(key: &str) -> Result<(i64, String)> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(key).ok()?).ok()?;
        let (started_at, id) = text.split_once(' ')?;
        let id: RecordingId = id.parse().ok()?;
        Some((started_at.parse().ok()?, id.into()))
    };
    read().ok_or_else(|| ArchiveError::invalid("after", "is no `next` of a page"))
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
