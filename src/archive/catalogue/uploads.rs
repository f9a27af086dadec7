//! Files on their way in, and invitations, in their tables.

use sqlx::any::AnyRow;

use super::Catalogue;
use super::columns::{Reading, json, word};
use crate::archive::error::{ArchiveError, Result};
use crate::archive::uploads::{Upload, UploadBounds, UploadInvitation, UploadState};
use crate::model::id::{RecordingId, UploadId, UploadInvitationId};
use crate::model::time::WallClock;

/// Invitations a list holds at most.
const LARGEST_LIST: i64 = 200;

impl Catalogue {
    /// Takes a new file, where its owner has not too many under way already and there is room for it. An invitation serves one file.
    pub async fn insert_upload(&self, upload: &Upload, bounds: UploadBounds, invitation: Option<&UploadInvitationId>) -> Result<()> {
        upload.details.check()?;
        let mut tx = self.configuring().await?;
        let counted = sqlx::query("SELECT COUNT(*) AS n FROM uploads WHERE owner = $1 AND state = 'receiving'")
            .bind(upload.owner.clone())
            .fetch_one(&mut *tx)
            .await?;
        if Reading::of("uploads", &counted).number("n")? >= i64::from(bounds.at_once) {
            return Err(ArchiveError::InUse {
                what: "upload",
                name: "one more".to_owned(),
                why: format!("{} are under way already, the most there may be at once", bounds.at_once),
            });
        }
        let held = sqlx::query("SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS n FROM uploads").fetch_one(&mut *tx).await?;
        if Reading::of("uploads", &held).number("n")?.unsigned_abs().saturating_add(upload.bytes) > bounds.total_bytes {
            return Err(ArchiveError::InUse {
                what: "upload",
                name: "one more".to_owned(),
                why: "the node has no room for it now; try again later".to_owned(),
            });
        }
        if let Some(invitation) = invitation {
            let used = sqlx::query("UPDATE upload_invitations SET upload = $2, recording = $3 WHERE id = $1 AND upload IS NULL")
                .bind(invitation.as_str().to_owned())
                .bind(upload.id.as_str().to_owned())
                .bind(upload.recording.as_str().to_owned())
                .execute(&mut *tx)
                .await?;
            if used.rows_affected() == 0 {
                return Err(ArchiveError::Exists { what: "file", name: "of this invitation".to_owned() });
            }
        }
        sqlx::query(
            "INSERT INTO uploads (id, owner, state, bytes, details, session, recording, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(upload.id.as_str().to_owned())
        .bind(upload.owner.clone())
        .bind(word(&upload.state, "state")?)
        .bind(upload.bytes.cast_signed())
        .bind(json(&upload.details, "details")?)
        .bind(upload.session.as_str().to_owned())
        .bind(upload.recording.as_str().to_owned())
        .bind(upload.created_at.0)
        .bind(upload.expires_at.0)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// A file on its way.
    pub async fn upload(&self, id: &UploadId) -> Result<Upload> {
        let row = sqlx::query("SELECT * FROM uploads WHERE id = $1").bind(id.as_str().to_owned()).fetch_optional(&self.read).await?;
        row.as_ref().map(upload_of).transpose()?.ok_or_else(|| ArchiveError::not_found("upload", id.as_str()))
    }

    /// The file that a recording is to be made of, while there is one.
    pub async fn upload_of_recording(&self, recording: &RecordingId) -> Result<Option<Upload>> {
        let row = sqlx::query("SELECT * FROM uploads WHERE recording = $1")
            .bind(recording.as_str().to_owned())
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(upload_of).transpose()
    }

    /// Files of an owner, newest first.
    pub async fn uploads_of(&self, owner: &str) -> Result<Vec<Upload>> {
        let rows = sqlx::query("SELECT * FROM uploads WHERE owner = $1 ORDER BY created_at DESC, id LIMIT 200")
            .bind(owner.to_owned())
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(upload_of).collect()
    }

    /// Every file on its way, oldest first.
    pub async fn uploads(&self) -> Result<Vec<Upload>> {
        let rows = sqlx::query("SELECT * FROM uploads ORDER BY created_at, id").fetch_all(&self.read).await?;
        rows.iter().map(upload_of).collect()
    }

    /// How far a file is from now on, and until when it stays. Says whether it was in `from`.
    pub async fn move_upload(&self, id: &UploadId, from: UploadState, to: UploadState, expires_at: WallClock) -> Result<bool> {
        let moved = sqlx::query("UPDATE uploads SET state = $3, expires_at = $4 WHERE id = $1 AND state = $2")
            .bind(id.as_str().to_owned())
            .bind(word(&from, "state")?)
            .bind(word(&to, "state")?)
            .bind(expires_at.0)
            .execute(&self.write)
            .await?;
        Ok(moved.rows_affected() > 0)
    }

    /// A file that is not whole yet stays until then: something of it came.
    pub async fn prolong_upload(&self, id: &UploadId, expires_at: WallClock) -> Result<()> {
        sqlx::query("UPDATE uploads SET expires_at = $2 WHERE id = $1 AND state = 'receiving'")
            .bind(id.as_str().to_owned())
            .bind(expires_at.0)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Forgets a file. Where its bytes never came whole, its invitation serves again.
    pub async fn delete_upload(&self, id: &UploadId) -> Result<()> {
        let mut tx = self.write.begin().await?;
        sqlx::query(
            "UPDATE upload_invitations SET upload = NULL, recording = NULL WHERE upload = $1 \
             AND EXISTS (SELECT 1 FROM uploads WHERE id = $1 AND state = 'receiving')",
        )
        .bind(id.as_str().to_owned())
        .execute(&mut *tx)
        .await?;
        sqlx::query("DELETE FROM uploads WHERE id = $1").bind(id.as_str().to_owned()).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps an invitation.
    pub async fn insert_upload_invitation(&self, invitation: &UploadInvitation) -> Result<()> {
        invitation.details.check()?;
        self.project(&invitation.details.project)
            .await
            .map_err(|_| ArchiveError::invalid("project", format!("there is no project `{}`", invitation.details.project)))?;
        sqlx::query(
            "INSERT INTO upload_invitations (id, token_hash, made_by, details, upload, recording, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, NULL, NULL, $5, $6)",
        )
        .bind(invitation.id.as_str().to_owned())
        .bind(invitation.token_hash.clone())
        .bind(invitation.made_by.clone())
        .bind(json(&invitation.details, "details")?)
        .bind(invitation.created_at.0)
        .bind(invitation.expires_at.0)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// The invitation of a token's hash, if it holds now.
    pub async fn upload_invitation_by(&self, token_hash: &str, now: WallClock) -> Result<Option<UploadInvitation>> {
        let row = sqlx::query("SELECT * FROM upload_invitations WHERE token_hash = $1 AND expires_at > $2")
            .bind(token_hash.to_owned())
            .bind(now.0)
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(invitation_of).transpose()
    }

    /// Invitations of one who made them, newest first.
    pub async fn upload_invitations(&self, made_by: &str) -> Result<Vec<UploadInvitation>> {
        let rows = sqlx::query("SELECT * FROM upload_invitations WHERE made_by = $1 ORDER BY created_at DESC, id LIMIT $2")
            .bind(made_by.to_owned())
            .bind(LARGEST_LIST)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(invitation_of).collect()
    }

    /// Takes an invitation back: says whether whoever made it had one of this id.
    pub async fn delete_upload_invitation(&self, id: &UploadInvitationId, made_by: &str) -> Result<bool> {
        let gone = sqlx::query("DELETE FROM upload_invitations WHERE id = $1 AND made_by = $2")
            .bind(id.as_str().to_owned())
            .bind(made_by.to_owned())
            .execute(&self.write)
            .await?;
        Ok(gone.rows_affected() > 0)
    }

    /// Forgets invitations whose time is over.
    pub async fn forget_upload_invitations(&self, now: WallClock) -> Result<()> {
        sqlx::query("DELETE FROM upload_invitations WHERE expires_at <= $1").bind(now.0).execute(&self.write).await?;
        Ok(())
    }
}

fn upload_of(row: &AnyRow) -> Result<Upload> {
    let row = Reading::of("uploads", row);
    Ok(Upload {
        id: row.word("id")?,
        owner: row.text("owner")?,
        state: row.word("state")?,
        bytes: row.number("bytes")?.unsigned_abs(),
        details: row.json("details")?,
        session: row.word("session")?,
        recording: row.word("recording")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}

fn invitation_of(row: &AnyRow) -> Result<UploadInvitation> {
    let row = Reading::of("upload_invitations", row);
    Ok(UploadInvitation {
        id: row.word("id")?,
        token_hash: row.text("token_hash")?,
        made_by: row.text("made_by")?,
        details: row.json("details")?,
        upload: row.maybe_word("upload")?,
        recording: row.maybe_word("recording")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}
