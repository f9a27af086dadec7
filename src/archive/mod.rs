//! The archive: catalogue (SQLite or PostgreSQL), later search, rights, retention, legal hold, audit chain.

mod catalogue;
mod recording;
mod rows;

pub use catalogue::{ArchiveError, Catalogue};
pub use recording::{ListFilter, Page, Recording, RecordingState, Source};
pub use rows::{AgentRow, EventRow, ProjectRow, QueueRow, SessionRow, WorkspaceRow};
