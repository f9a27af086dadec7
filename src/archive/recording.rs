//! A recording's row and its life (archive.md A1, A2).

use serde::{Deserialize, Serialize};

use crate::model::gate::{DiscardReason, EndedBy};
use crate::model::id::{OutputKey, ProjectSlug, RecordingId, SessionId};
use crate::model::manifest::Manifest;
use crate::model::redact::Personal;
use crate::model::region::Region;
use crate::model::settings::Kind;
use crate::model::time::WallClock;

/// Where a recording is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// Being recorded.
    Recording,
    /// Being rendered, checked, stored.
    Processing,
    /// Stored, read back, decodes.
    Ready,
    /// Could not be made; the tape stays and it is tried again.
    Failed,
    /// Not kept, by rule.
    Discarded,
}

impl RecordingState {
    /// Its name on every surface.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Processing => "processing",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Discarded => "discarded",
        }
    }
}

/// Live or uploaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Of a live session.
    #[default]
    Live,
    /// Uploaded.
    Upload,
}

impl Source {
    /// Its name on every surface.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Upload => "upload",
        }
    }
}

/// A recording as the catalogue keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Its id.
    pub id: RecordingId,
    /// Its session.
    pub session: SessionId,
    /// Which output.
    pub output: OutputKey,
    /// Its project.
    pub project: ProjectSlug,
    /// Call or room.
    pub kind: Kind,
    /// Live or uploaded.
    pub source: Source,
    /// Where it is in its life.
    pub state: RecordingState,
    /// Percent, 0 to 100.
    pub progress: u8,
    /// Why it failed.
    pub failure: Option<String>,
    /// Why it is not kept.
    pub discarded: Option<DiscardReason>,
    /// First instant.
    pub started_at: WallClock,
    /// Last instant.
    pub ended_at: Option<WallClock>,
    /// Its own timeline.
    pub duration_ms: Option<u64>,
    /// Why it ended.
    pub ended_by: Option<EndedBy>,
    /// The platform's id of the session.
    pub external_id: Option<String>,
    /// The manifest, once there is one.
    pub manifest: Option<Manifest>,
    /// Labels.
    pub labels: Vec<String>,
    /// The queue that its call came by.
    pub queue: Option<String>,
    /// The number that was called.
    pub access_number: Option<Personal>,
    /// The number of the customer.
    pub caller_number: Option<Personal>,
    /// The customer's e-mail address.
    pub customer_email: Option<Personal>,
    /// The ticket that it belongs to.
    pub ticket: Option<String>,
    /// Configured agents who are parties of it, or who sent it in.
    pub agents: Vec<String>,
    /// Orders that it belongs to.
    pub orders: Vec<String>,
    /// Size of all its files.
    pub bytes: u64,
    /// What people call it.
    pub title: Option<Personal>,
    /// The folder that it lies in.
    pub folder: Option<String>,
    /// Members who are to do something about it.
    pub assignees: Vec<String>,
    /// Listed and played only for who has the right to restricted ones.
    pub restricted: bool,
    /// Must not be deleted.
    pub legal_hold: bool,
    /// The region whose store holds its files, from the first to the last: that of the workspace when its session began.
    pub region: Option<Region>,
}

impl Recording {
    /// A recording that has just begun: nothing more is known of it.
    #[must_use]
    pub fn begun(
        id: RecordingId,
        session: SessionId,
        output: OutputKey,
        project: ProjectSlug,
        kind: Kind,
        source: Source,
        started_at: WallClock,
    ) -> Self {
        Self {
            id,
            session,
            output,
            project,
            kind,
            source,
            state: RecordingState::Recording,
            progress: 0,
            failure: None,
            discarded: None,
            started_at,
            ended_at: None,
            duration_ms: None,
            ended_by: None,
            external_id: None,
            manifest: None,
            labels: Vec::new(),
            queue: None,
            access_number: None,
            caller_number: None,
            customer_email: None,
            ticket: None,
            agents: Vec::new(),
            orders: Vec::new(),
            bytes: 0,
            title: None,
            folder: None,
            assignees: Vec::new(),
            restricted: false,
            legal_hold: false,
            region: None,
        }
    }
}

/// Where a recording lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InFolder {
    /// In this folder, by its id.
    One(String),
    /// In none.
    None,
}

impl InFolder {
    /// What lists are asked for recordings in no folder with: no folder has this id.
    pub const NOWHERE: &str = "none";

    /// As lists are asked for it.
    #[must_use]
    pub fn asked(text: String) -> Self {
        if text == Self::NOWHERE { Self::None } else { Self::One(text) }
    }
}

/// What a list is asked for: all of it has to hold.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Of this session.
    pub session: Option<SessionId>,
    /// Of this project.
    pub project: Option<ProjectSlug>,
    /// In this state.
    pub state: Option<RecordingState>,
    /// Started at or after.
    pub from: Option<WallClock>,
    /// Started before.
    pub to: Option<WallClock>,
    /// An agent's, by name.
    pub agent: Option<String>,
    /// Of a call that came by this queue.
    pub queue: Option<String>,
    /// With a number that ends so, the caller's or the one that was called.
    pub number: Option<String>,
    /// Of the customer with this e-mail address.
    pub email: Option<String>,
    /// Live or uploaded.
    pub source: Option<Source>,
    /// With this label.
    pub label: Option<String>,
    /// In a folder or in none.
    pub folder: Option<InFolder>,
    /// Of this order.
    pub order: Option<String>,
    /// Of the session that the platform calls so.
    pub external_id: Option<String>,
    /// Assigned to this member.
    pub assignee: Option<String>,
    /// Restricted ones, or all others.
    pub restricted: Option<bool>,
    /// At least so long.
    pub longer_ms: Option<u64>,
    /// At most so long.
    pub shorter_ms: Option<u64>,
    /// Every word of it is the beginning of something that the recording is found by.
    pub q: Option<String>,
    /// Only these.
    pub only: Option<Vec<RecordingId>>,
    /// Rows a page, 1 to 200; 50 if absent.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub after: Option<String>,
}

/// A page of a list, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// Rows.
    pub items: Vec<Recording>,
    /// Key of the next page, if there is one.
    pub next: Option<String>,
}
