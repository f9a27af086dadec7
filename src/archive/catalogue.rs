//! The catalogue: one schema, one code path, SQLite by default.

use super::recording::{ListFilter, Page, Recording};
use super::rows::{AgentRow, EventRow, ProjectRow, QueueRow, SessionRow, WorkspaceRow};
use crate::model::id::{ProjectSlug, RecordingId, SessionId};
use crate::model::time::WallClock;

/// What the catalogue said no to.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Nothing of that name.
    #[error("there is no {what} `{name}`")]
    NotFound {
        /// Which kind.
        what: &'static str,
        /// Which name.
        name: String,
    },
    /// The name is taken.
    #[error("there is a {what} `{name}` already")]
    Exists {
        /// Which kind.
        what: &'static str,
        /// Which name.
        name: String,
    },
    /// Something that cannot be kept as it is: names the field.
    #[error("{field}: {why}")]
    Invalid {
        /// Which field.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// The database.
    #[error("catalogue: {0}")]
    Database(#[from] sqlx::Error),
}

type Result<T> = std::result::Result<T, ArchiveError>;

/// The catalogue. Clones share it.
#[derive(Clone, Debug)]
pub struct Catalogue {}

#[allow(clippy::unused_async, missing_docs, clippy::missing_errors_doc)]
impl Catalogue {
    /// Opens `sqlite:<path>` (made where absent) and brings its schema up to date; makes the project `default` where there is none.
    pub async fn open(_url: &str) -> Result<Self> {
        todo!()
    }
    pub async fn workspace(&self) -> Result<WorkspaceRow> {
        todo!()
    }
    pub async fn put_workspace(&self, _row: &WorkspaceRow) -> Result<()> {
        todo!()
    }
    pub async fn projects(&self) -> Result<Vec<ProjectRow>> {
        todo!()
    }
    pub async fn project(&self, _slug: &ProjectSlug) -> Result<ProjectRow> {
        todo!()
    }
    pub async fn create_project(&self, _row: &ProjectRow) -> Result<()> {
        todo!()
    }
    pub async fn put_project(&self, _row: &ProjectRow) -> Result<()> {
        todo!()
    }
    pub async fn delete_project(&self, _slug: &ProjectSlug) -> Result<()> {
        todo!()
    }
    pub async fn agents(&self) -> Result<Vec<AgentRow>> {
        todo!()
    }
    pub async fn put_agent(&self, _row: &AgentRow) -> Result<()> {
        todo!()
    }
    pub async fn delete_agent(&self, _name: &str) -> Result<()> {
        todo!()
    }
    pub async fn queues(&self) -> Result<Vec<QueueRow>> {
        todo!()
    }
    pub async fn put_queue(&self, _row: &QueueRow) -> Result<()> {
        todo!()
    }
    pub async fn delete_queue(&self, _name: &str) -> Result<()> {
        todo!()
    }
    pub async fn insert_session(&self, _row: &SessionRow) -> Result<()> {
        todo!()
    }
    pub async fn end_session(&self, _id: &SessionId, _at: WallClock) -> Result<()> {
        todo!()
    }
    pub async fn session(&self, _id: &SessionId) -> Result<SessionRow> {
        todo!()
    }
    /// Inserts or replaces a recording's row whole.
    pub async fn put_recording(&self, _row: &Recording) -> Result<()> {
        todo!()
    }
    pub async fn recording(&self, _id: &RecordingId) -> Result<Recording> {
        todo!()
    }
    pub async fn recordings(&self, _filter: &ListFilter) -> Result<Page> {
        todo!()
    }
    /// Removes a recording's row (its files are the caller's).
    pub async fn delete_recording(&self, _id: &RecordingId) -> Result<()> {
        todo!()
    }
    /// Appends an event and answers its number.
    pub async fn append_event(&self, _at: WallClock, _session: Option<&SessionId>, _kind: &str, _data: &serde_json::Value) -> Result<i64> {
        todo!()
    }
    /// Up to `limit` events after `since`, of one session or of all.
    pub async fn events_since(&self, _since: i64, _session: Option<&SessionId>, _limit: u32) -> Result<Vec<EventRow>> {
        todo!()
    }
}
