//! Files that are sent in (archive.md A7): what is known of them until they are recordings, and invitations to send one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::{ArchiveError, Result};
use crate::model::email::EmailAddress;
use crate::model::id::{ProjectSlug, RecordingId, SessionId, UploadId, UploadInvitationId};
use crate::model::redact::Personal;
use crate::model::role::Role;
use crate::model::time::WallClock;

/// Longest text of a detail, in characters.
const LONGEST: usize = 256;
/// Most further metadata.
const MOST_METADATA: usize = 32;

/// Where a file is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Its bytes are coming.
    Receiving,
    /// It is whole, and being made a recording of.
    Rendering,
    /// No recording could be made of it; it is kept for another try.
    Failed,
}

/// What was said of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadDetails {
    /// The project that its recording belongs to.
    pub project: ProjectSlug,
    /// What whoever sent it is.
    pub role: Role,
    /// Their name.
    #[serde(default)]
    pub sender: Option<Personal>,
    /// The member of the workspace that they are.
    #[serde(default)]
    pub agent: Option<String>,
    /// The platform's own id.
    #[serde(default)]
    pub external_id: Option<String>,
    /// By the names of session metadata: `title`, `file_name`, `ticket`, `customer_email`, `queue`, `order` …
    #[serde(default)]
    pub metadata: BTreeMap<String, Personal>,
}

impl UploadDetails {
    /// Refuses what cannot be kept, by the field's name.
    ///
    /// # Errors
    /// With the field.
    pub fn check(&self) -> Result<()> {
        if self.metadata.len() > MOST_METADATA {
            return Err(ArchiveError::invalid("metadata", format!("at most {MOST_METADATA} entries")));
        }
        for (name, value) in &self.metadata {
            short(name, value.reveal())?;
            if name == "customer_email" {
                value.reveal().parse::<EmailAddress>().map_err(|bad| ArchiveError::invalid(name, bad.to_string()))?;
            }
        }
        for (name, value) in [("sender", self.sender.as_ref().map(Personal::reveal)), ("external_id", self.external_id.as_deref())] {
            if let Some(value) = value {
                short(name, value)?;
            }
        }
        Ok(())
    }
}

fn short(name: &str, value: &str) -> Result<()> {
    let fits = !value.trim().is_empty() && value.chars().count() <= LONGEST && !value.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(ArchiveError::invalid(name, format!("1 to {LONGEST} characters, none of them a control character"))) }
}

/// A file on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// Whose it is: an actor of the audit log, or `invitation:<id>`.
    pub owner: String,
    /// How far it is.
    pub state: UploadState,
    /// How many bytes it has.
    pub bytes: u64,
    /// What was said of it.
    pub details: UploadDetails,
    /// The session that it becomes.
    pub session: SessionId,
    /// The recording that it becomes.
    pub recording: RecordingId,
    /// When it was begun.
    pub created_at: WallClock,
    /// When it goes if it is not whole, or no recording, by then.
    pub expires_at: WallClock,
}

/// An invitation to send one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadInvitation {
    /// Its id.
    pub id: UploadInvitationId,
    /// SHA-256 of its token, in hex.
    pub token_hash: String,
    /// Who made it.
    pub made_by: String,
    /// What holds for the file.
    pub details: UploadDetails,
    /// The file that is being sent, or was.
    pub upload: Option<UploadId>,
    /// Its recording.
    pub recording: Option<RecordingId>,
    /// When it was made.
    pub created_at: WallClock,
    /// Until when a file may be sent.
    pub expires_at: WallClock,
}

/// Limits of what may be on its way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadBounds {
    /// Files of one owner.
    pub at_once: u32,
    /// Bytes of all.
    pub total_bytes: u64,
}
