//! Links to colleagues: a selection of recordings and chat logs that opens in the archive (archive.md D1).

use crate::model::id::{InternalLinkId, LetterId, RecordingId, SessionId};
use crate::model::time::WallClock;

/// Recordings and chat logs of one link, at most.
pub const MOST_LINKED: usize = 40;

/// What is linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linked {
    /// A recording.
    Recording(RecordingId),
    /// The chat log of a session.
    Chat(SessionId),
}

/// A link to a colleague.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InternalLink {
    /// Which: 128 random bits.
    pub id: InternalLinkId,
    /// When it was sent.
    pub created: WallClock,
    /// By whom, as the audit log names actors.
    pub sent_by: String,
    /// The user that it was sent to.
    pub recipient: String,
    /// The letter that carries it.
    pub letter: LetterId,
    /// What it leads to, in the order in which it was chosen.
    pub items: Vec<Linked>,
}
