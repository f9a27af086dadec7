//! Whom agents named as the requesters of their sessions.

use sqlx::AnyConnection;

use super::Catalogue;
use super::audit::append;
use super::columns::Reading;
use crate::archive::audit::NewAudit;
use crate::archive::error::{ArchiveError, Result};
use crate::model::id::SessionId;
use crate::model::redact::Personal;
use crate::model::time::WallClock;

/// A recording has its first visibility long before this: the address is of no use here any more.
const KEPT_NS: i64 = 7 * 86_400 * 1_000_000_000;

impl Catalogue {
    /// Whom an agent named for this session.
    pub async fn requester(&self, session: &SessionId) -> Result<Option<Personal>> {
        requester_in(&mut *self.read.acquire().await?, session).await
    }

    /// Keeps whom an agent names (in lower case), and selects them for the session's recordings that selected people may open and nobody is selected for.
    /// Whether nobody was named before.
    pub async fn name_requester(&self, session: &SessionId, address: &str, entry: NewAudit) -> Result<bool> {
        let mut tx = self.write.begin().await?;
        sqlx::query("DELETE FROM requesters WHERE named < $1")
            .bind(WallClock(entry.at.0.saturating_sub(KEPT_NS)).0)
            .execute(&mut *tx)
            .await?;
        // What was recorded may be deleted by now: then nobody has it, and no address stays behind.
        let kept = sqlx::query(
            "INSERT INTO requesters (session, address, named) SELECT $1, $2, $3 \
             WHERE EXISTS (SELECT 1 FROM recordings WHERE session = $1) OR NOT EXISTS (SELECT 1 FROM deletions WHERE session = $1) \
             ON CONFLICT (session) DO NOTHING",
        )
        .bind(session.as_str().to_owned())
        .bind(address.to_owned())
        .bind(entry.at.0)
        .execute(&mut *tx)
        .await?;
        if kept.rows_affected() == 0 {
            return match requester_in(&mut tx, session).await? {
                Some(_) => Ok(false),
                None => Err(ArchiveError::not_found("recording of session", session.as_str())),
            };
        }
        sqlx::query(
            "INSERT INTO selected_people (recording, address, added) SELECT v.recording, $2, $3 FROM visibilities v \
             JOIN recordings r ON r.id = v.recording WHERE r.session = $1 AND v.level = 'members_and_selected' \
             AND NOT EXISTS (SELECT 1 FROM selected_people s WHERE s.recording = v.recording)",
        )
        .bind(session.as_str().to_owned())
        .bind(address.to_owned())
        .bind(entry.at.0)
        .execute(&mut *tx)
        .await?;
        append(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Whom an agent named for the session of a recording.
pub(super) async fn requester_in(c: &mut AnyConnection, session: &SessionId) -> Result<Option<Personal>> {
    let row = sqlx::query("SELECT address FROM requesters WHERE session = $1").bind(session.as_str().to_owned()).fetch_optional(c).await?;
    row.map(|row| Ok(Personal::new(Reading::of("requesters", &row).text("address")?))).transpose()
}
