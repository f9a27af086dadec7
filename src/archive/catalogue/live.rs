//! Rows that follow live sessions and their renderings: many changes by one write to the disk, so that a hundred calls that end together do not wait for
//! a hundred syncs one after the other.

use super::{Catalogue, recordings, sessions};
use crate::archive::error::Result;
use crate::archive::recording::Recording;
use crate::archive::rows::SessionRow;
use crate::model::id::SessionId;
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
}

impl Catalogue {
    /// Makes changes in their order, all or none.
    pub async fn keep(&self, changes: &[RowChange]) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut tx = self.write.begin().await?;
        for change in changes {
            match change {
                RowChange::SessionBegan(row) => {
                    sessions::insert(&mut tx, row).await?;
                }
                RowChange::SessionEnded(id, at) => {
                    sessions::end(&mut tx, id, *at).await?;
                }
                RowChange::Recording(row) => recordings::put(&mut tx, row).await?,
            }
        }
        Ok(tx.commit().await?)
    }
}
