//! A recording as callers see it.

use serde::Serialize;

use crate::archive::{Page, Recording, RecordingState, Source};
use crate::model::event::Party;
use crate::model::gate::{DiscardReason, EndedBy};
use crate::model::id::{OutputKey, ProjectSlug, RecordingId, SessionId};
use crate::model::settings::Kind;
use crate::model::time::WallClock;

/// A recording.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RecordingJson {
    /// Its id.
    #[schema(value_type = String)]
    pub id: RecordingId,
    /// Its session.
    #[schema(value_type = String)]
    pub session: SessionId,
    /// `main`, `main:2` …, `receipt:<order>:<n>`.
    #[schema(value_type = String)]
    pub output: OutputKey,
    /// Its project.
    #[schema(value_type = String)]
    pub project: ProjectSlug,
    /// `call` or `room`.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// `recording` → `processing` → `ready`; or `failed`, `discarded`.
    #[schema(value_type = String)]
    pub state: RecordingState,
    /// Percent.
    pub progress: u8,
    /// First instant (RFC 3339).
    #[schema(value_type = String)]
    pub started_at: WallClock,
    /// Last instant.
    #[schema(value_type = Option<String>)]
    pub ended_at: Option<WallClock>,
    /// Its own timeline.
    pub duration_ms: Option<u64>,
    /// `end`, `stop`, `receipt_stop`, `max_duration`, `host_left`, `last_left`, `third_party`.
    #[schema(value_type = Option<String>)]
    pub ended_by: Option<EndedBy>,
    /// `live` or `upload`.
    #[schema(value_type = String)]
    pub source: Source,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Why it is not kept: `conference_none`, `replaced`, `too_short`, `declined`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub discarded: Option<DiscardReason>,
    /// The platform's own id of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Labels.
    pub labels: Vec<String>,
    /// Its parties, once there is a manifest.
    #[schema(value_type = Vec<Object>)]
    pub parties: Vec<Party>,
    /// Its files, once it is ready.
    pub files: Vec<FileJson>,
}

/// A file of a recording.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FileJson {
    /// Its name, as `hls/index.m3u8`.
    pub name: String,
    /// Where it is, relative to the node.
    pub url: String,
    /// MIME type.
    pub media_type: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A page of recordings.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RecordingPageJson {
    /// Newest first.
    pub items: Vec<RecordingJson>,
    /// For `after` of the next page; null on the last.
    pub next: Option<String>,
}

impl From<Recording> for RecordingJson {
    fn from(row: Recording) -> Self {
        let id = row.id.clone();
        let (parties, files) = row.manifest.map_or_else(Default::default, |m| (m.parties, m.files));
        let files = files
            .into_iter()
            .map(|f| FileJson {
                url: format!("/v1/recordings/{id}/files/{}", f.name),
                name: f.name,
                media_type: f.media_type,
                bytes: f.bytes,
                sha256: f.sha256,
            })
            .collect();
        Self {
            id: row.id,
            session: row.session,
            output: row.output,
            project: row.project,
            kind: row.kind,
            state: row.state,
            progress: row.progress,
            started_at: row.started_at,
            ended_at: row.ended_at,
            duration_ms: row.duration_ms,
            ended_by: row.ended_by,
            source: row.source,
            failure: row.failure,
            discarded: row.discarded,
            external_id: row.external_id,
            labels: row.labels,
            parties,
            files,
        }
    }
}

impl From<Page> for RecordingPageJson {
    fn from(page: Page) -> Self {
        Self { items: page.items.into_iter().map(Into::into).collect(), next: page.next }
    }
}
