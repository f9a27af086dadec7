//! The archive: catalogue (SQLite or PostgreSQL), later search, rights, retention, legal hold, audit chain.

pub mod agents;
pub mod amendment;
pub mod audit;
mod catalogue;
pub mod change;
pub mod chats;
mod error;
mod event_log;
mod facts;
pub mod folders;
pub mod keys;
mod narrow;
pub mod outbox;
mod recording;
pub mod retention;
pub mod rights;
mod rows;
mod schema;
pub mod seal;
pub mod triage;
pub mod shares;
pub mod uploads;
mod validate;
pub mod visibility;
pub mod webhooks;

pub use audit::{AuditAction, AuditEntry, AuditFilter, AuditPage, NewAudit};
pub use catalogue::{Catalogue, Changing, CodeBounds, KeyOwner, NewCode, Opened, Put, RowChange};
pub use change::{Change, Expected, now};
pub use error::ArchiveError;
pub use event_log::{EventLog, EventReader, NewEvent};
pub use facts::{digits, is_restricted};
pub use recording::{InFolder, ListFilter, Page, Recording, RecordingState, Source};
pub use rows::{AgentRow, ConsentText, EventRow, ProjectRow, QueueRow, SessionRow, WorkspaceRow};
pub use schema::newest as newest_schema;
