//! A file that somebody sent becomes a recording: read, copied where its codecs fit and transcoded where not, and checked, in a process of its own.
//!
//! Nobody knows what is in such a file, and its readers are large programs in C. So this same program is started with `upload-worker`, locks itself in
//! (see [`confine`]), and does the work there; [`run`] is the side that waits for it, within limits. What a hostile file breaks is that process.

mod assemble;
mod avc;
mod confine;
mod copy;
mod manifest;
mod pictures;
mod process;
mod sound;
mod source;
mod worker;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{RenderError, VideoEncoder};
use crate::model::event::Party;
use crate::model::id::{ProjectSlug, RecordingId, SessionId};
use crate::model::manifest::Manifest;
use crate::model::redact::Personal;
use crate::model::region::Region;
use crate::model::time::WallClock;

pub use process::run;
pub use worker::worker_main;

/// What a process may use for one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadLimits {
    /// Seconds by the clock.
    pub seconds: u64,
    /// Seconds of computing, over all cores.
    pub cpu_seconds: u64,
    /// Bytes of address space.
    pub memory_bytes: u64,
    /// Bytes of any file that it writes.
    pub file_bytes: u64,
}

/// What is to be made of which file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UploadJob {
    /// The file as it came.
    pub input: PathBuf,
    /// The folder that the recording's files go to; made anew.
    pub dir: PathBuf,
    /// The recording.
    pub recording: RecordingId,
    /// Its session: an upload is a session of its own.
    pub session: SessionId,
    /// Its project.
    pub project: ProjectSlug,
    /// The platform's own id.
    pub external_id: Option<String>,
    /// What was said of it.
    pub metadata: BTreeMap<String, Personal>,
    /// When it was sent: the recording's first instant.
    pub sent_at: WallClock,
    /// The region whose store it is for.
    pub region: Option<Region>,
    /// Who sent it.
    pub sender: Party,
    /// What encodes pictures that cannot be copied.
    pub encoder: VideoEncoder,
    /// What may be used.
    pub limits: UploadLimits,
}

/// Why a file became no recording. What is said is for whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadFailure {
    /// The file is to blame, or the limits: the same comes out again.
    #[error("{0}")]
    File(String),
    /// The node is: it can be tried again.
    #[error("{0}")]
    Node(String),
    /// Somebody called it off.
    #[error("rendering was called off")]
    CalledOff,
}

/// What the process says, a line of JSON each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    /// Percent.
    Progress(u8),
    Done(Box<Manifest>),
    /// The file cannot become a recording.
    Refused(String),
    /// The node could not do it.
    Failed(String),
}

/// Within the process.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Render(#[from] RenderError),
}

impl Trouble {
    fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }
}
