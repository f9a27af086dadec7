//! What the catalogue keeps beside recordings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::id::{ProjectSlug, SessionId};
use crate::model::project_kind::ProjectKind;
use crate::model::redact::Personal;
use crate::model::role::Role;
use crate::model::settings::{AgentProperties, Kind, QueueProperties, Settings, SettingsLayer};
use crate::model::time::WallClock;

/// The workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WorkspaceRow {
    /// Settings under every project's.
    pub settings: SettingsLayer,
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectRow {
    /// Its name, as in `sip:<slug>@node`.
    #[schema(value_type = String)]
    pub slug: ProjectSlug,
    /// `contact_center`, `customer_service`, `video`, `call` (the default) or `room`.
    #[serde(default)]
    #[schema(value_type = String)]
    pub kind: ProjectKind,
    /// Its settings over the workspace's.
    #[serde(default)]
    pub settings: SettingsLayer,
    /// Who the first SIPREC stream is where no configured agent is found: `customer` (default) or `agent`.
    #[serde(default = "customer")]
    #[schema(value_type = String)]
    pub caller_is: Role,
}

fn customer() -> Role {
    Role::Customer
}

impl ProjectRow {
    /// What holds in a session of this project that begins now.
    #[must_use]
    pub fn resolve(&self, session: Kind, workspace: &WorkspaceRow, queue: QueueProperties) -> Settings {
        let mut under = workspace.settings.clone();
        under.record_mode = under.record_mode.map(|mode| self.kind.inherits(mode));
        Settings::resolve(session, &[&under, &self.settings], queue)
    }
}

/// A configured agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentRow {
    /// Its name, unique in the workspace.
    pub name: String,
    /// Its addresses of record: exact (`sip:a1@pbx.example`), a user part (`1001`), or a pattern with `*`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub addresses: Vec<Personal>,
    /// Only in these projects; empty = in all.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub projects: Vec<ProjectSlug>,
    /// What it may do.
    #[serde(default)]
    pub properties: AgentProperties,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueRow {
    /// Its name, as platforms send it.
    pub name: String,
    /// What it adds.
    #[serde(default)]
    pub properties: QueueProperties,
}

/// A wording of a project's consent question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ConsentText {
    /// Rises with every change; never used again for another wording, even by a later project of the same name.
    pub version: u64,
    /// Holds since.
    #[schema(value_type = String)]
    pub at: WallClock,
    /// Its language (BCP 47), as `en` or `nb-NO`.
    pub language: String,
    /// What people are asked.
    pub text: String,
}

/// A session as the catalogue knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Its project.
    pub project: ProjectSlug,
    /// Call or room.
    pub kind: Kind,
    /// The platform's id.
    pub external_id: Option<String>,
    /// Metadata.
    pub metadata: BTreeMap<String, Personal>,
    /// Began.
    pub started_at: WallClock,
    /// Ended.
    pub ended_at: Option<WallClock>,
}

/// An event of the stream `GET /v1/events`.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// Its number, rising over the whole node: what `since` names.
    pub seq: i64,
    /// When.
    pub at: WallClock,
    /// Of which session, if of any.
    pub session: Option<SessionId>,
    /// As `EventKind::as_str`; a row of a newer or older Ferric may hold one that this one does not know.
    pub kind: String,
    /// The rest, as JSON.
    pub data: serde_json::Value,
}
