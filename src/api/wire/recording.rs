//! A recording as callers see it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::archive::{Page, Recording, RecordingState, Source};
use crate::model::beginning::StartedBy;
use crate::model::event::Party;
use crate::model::gate::{DiscardReason, EndedBy, Span};
use crate::model::id::{OutputKey, ParticipantId, ProjectSlug, RecordingId, SessionId};
use crate::model::manifest::Gap;
use crate::model::redact::Personal;
use crate::model::region::Region;
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
    /// What started it: `manual`, `prompt`, `auto_first`, `auto_second` or `forced`; known once it is ready, and absent for a file that was sent in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub started_by: Option<StartedBy>,
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
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub title: Option<Personal>,
    /// The folder that it lies in, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Members who are to do something about it.
    pub assignees: Vec<String>,
    /// Only for members with the right to restricted ones.
    pub restricted: bool,
    /// Nothing deletes it.
    pub legal_hold: bool,
    /// The queue that its call came by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The number that was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub access_number: Option<Personal>,
    /// The customer's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub caller_number: Option<Personal>,
    /// The customer's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub customer_email: Option<Personal>,
    /// The ticket that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Orders that it belongs to.
    pub orders: Vec<String>,
    /// Configured agents in it.
    pub agents: Vec<String>,
    /// `america` or `europe`: whose store its files lie in; absent where the node has but one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub region: Option<Region>,
    /// Size of all its files.
    pub bytes: u64,
    /// Video and audio, as written (RFC 6381): none before it is ready.
    pub codecs: Vec<String>,
    /// Size of its picture, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<ResolutionJson>,
    /// Who was recorded when, by the party's id: times of the session; the recording begins at `session_offset_ms`.
    #[schema(value_type = Object)]
    pub spans: BTreeMap<ParticipantId, Vec<Span>>,
    /// Session time of its first instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_offset_ms: Option<u64>,
    /// Where somebody who was recorded sent nothing, and why.
    #[schema(value_type = Vec<Object>)]
    pub gaps: Vec<Gap>,
    /// Its parties, once there is a manifest.
    #[schema(value_type = Vec<Object>)]
    pub parties: Vec<Party>,
    /// Its files, once it is ready.
    pub files: Vec<FileJson>,
}

/// Size of a picture.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ResolutionJson {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
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
        let resolution = row.manifest.as_ref().and_then(|m| m.media.resolution).map(|(width, height)| ResolutionJson { width, height });
        let started_by = row.manifest.as_ref().and_then(|m| m.started_by);
        let session_offset_ms = row.manifest.as_ref().map(|m| m.session_offset_ms);
        let (parties, files, codecs, spans, gaps) =
            row.manifest.map_or_else(Default::default, |m| (m.parties, m.files, m.media.codecs, m.spans, m.gaps));
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
            started_by,
            source: row.source,
            failure: row.failure,
            discarded: row.discarded,
            external_id: row.external_id,
            labels: row.labels,
            title: row.title,
            folder: row.folder,
            assignees: row.assignees,
            restricted: row.restricted,
            legal_hold: row.legal_hold,
            queue: row.queue,
            access_number: row.access_number,
            caller_number: row.caller_number,
            customer_email: row.customer_email,
            ticket: row.ticket,
            orders: row.orders,
            agents: row.agents,
            region: row.region,
            bytes: row.bytes,
            codecs,
            resolution,
            spans,
            session_offset_ms,
            gaps,
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
