//! Rows that follow live sessions and their renderings: many changes by one write to the disk, so that a hundred calls that end together do not wait for
//! a hundred syncs one after the other.

use super::{Catalogue, audit, chats, recordings, sessions};
use crate::archive::audit::NewAudit;
use crate::archive::error::Result;
use crate::archive::patience::in_time;
use crate::archive::recording::Recording;
use crate::archive::rows::SessionRow;
use crate::model::id::{ParticipantId, SessionId};
use crate::model::time::WallClock;

/// A change of one row.
#[derive(Clone, Debug)]
pub enum RowChange {
    /// A session began. One that is known already stays as it is.
    SessionBegan(Box<SessionRow>),
    /// A session ended. The first end stands.
    SessionEnded(SessionId, WallClock),
    /// A recording's row is this from now on.
    Recording(Box<Recording>),
    /// What a participant wrote in a session goes from its chat log, for good; what is put later of theirs is not kept.
    ChatErased {
        /// Whose chat log.
        session: SessionId,
        /// Who.
        participant: ParticipantId,
    },
    /// Something of a session is noted in the audit log.
    Audited(SessionId, Box<NewAudit>),
}

impl RowChange {
    /// The session that it is of.
    #[must_use]
    pub fn session(&self) -> &SessionId {
        match self {
            Self::SessionBegan(row) => &row.id,
            Self::Recording(row) => &row.session,
            Self::SessionEnded(session, _) | Self::ChatErased { session, .. } | Self::Audited(session, _) => session,
        }
    }
}

impl Catalogue {
    /// Makes changes in their order, all or none; entries of the audit log come last.
    pub async fn keep(&self, changes: &[RowChange]) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        in_time(Box::pin(self.keep_all(changes))).await
    }

    async fn keep_all(&self, changes: &[RowChange]) -> Result<()> {
        // A chat log is looked at before it is written. Deletions hold the audit log before they come to a recording, and stand in that line.
        let stands_in_line = changes.iter().any(|change| matches!(change, RowChange::ChatErased { .. } | RowChange::Audited(..)));
        let mut tx = if stands_in_line { self.configuring().await? } else { self.write.begin().await? };
        for change in changes {
            match change {
                RowChange::SessionBegan(row) => {
                    sessions::insert(&mut tx, row).await?;
                }
                RowChange::SessionEnded(id, at) => {
                    sessions::end(&mut tx, id, *at).await?;
                }
                RowChange::Recording(row) => recordings::put(&mut tx, row).await?,
                RowChange::ChatErased { session, participant } => chats::erase(&mut tx, session, participant).await?,
                RowChange::Audited(..) => {}
            }
        }
        // As others do outside that line: whoever holds the audit log waits for no row.
        for change in changes {
            if let RowChange::Audited(_, entry) = change {
                audit::append(&mut tx, entry).await?;
            }
        }
        Ok(tx.commit().await?)
    }
}
