//! Letters on their way out: a row each, so that none is lost by a restart.

use serde::{Deserialize, Serialize};

use crate::model::id::LetterId;
use crate::model::redact::Personal;
use crate::model::time::WallClock;

/// Where a letter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    /// What it leads to is not there yet.
    Held,
    /// It has not gone out yet.
    Waiting,
    /// The server took it.
    Sent,
    /// It was tried for long enough.
    Failed,
}

/// A letter as the outbox keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// Which.
    pub id: LetterId,
    /// The address that it goes to.
    pub recipient: Personal,
    /// Whose address that is.
    pub recipient_name: Option<Personal>,
    /// The sender's address, where it is not the node's.
    pub sender: Option<String>,
    /// Empty once the letter is over.
    pub subject: Personal,
    /// Plain text; empty once the letter is over.
    pub body: Personal,
    /// What it belongs to, as `share:<id>`.
    pub about: Option<String>,
    /// Somebody is waiting for it now: it goes before others.
    pub urgent: bool,
    /// Where it is.
    pub state: LetterState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was written.
    pub created: WallClock,
    /// Not to be tried before.
    pub next_at: WallClock,
    /// Given up then.
    pub give_up_at: WallClock,
    /// When it was tried last.
    pub last_at: Option<WallClock>,
    /// Why it did not go out then; holds no address.
    pub failure: Option<String>,
}
