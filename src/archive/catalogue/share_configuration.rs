//! How recipients' pages look, in its one row.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sqlx::AnyConnection;

use super::Catalogue;
use super::audit::append;
use super::columns::{Reading, json as json_text};
use crate::archive::audit::{AuditAction, NewAudit};
use crate::archive::change::Change;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::shares::{Logo, ShareSettings};

/// What the audit log calls it.
const SUBJECT: &str = "sharing";

impl Catalogue {
    /// How recipients' pages look and what letters begin with.
    pub async fn share_settings(&self) -> Result<ShareSettings> {
        settings_in(&mut *self.read.acquire().await?).await
    }

    /// Replaces it. What it says is for the caller to check.
    pub async fn put_share_settings(&self, settings: &ShareSettings, change: &Change) -> Result<()> {
        let mut tx = self.configuring().await?;
        let before = settings_in(&mut tx).await?;
        change.check("configuration", SUBJECT, Some(&before))?;
        let Some(entry) = change.entry(SUBJECT.to_owned(), Some(&before), Some(settings)) else { return Ok(()) };
        sqlx::query(
            "INSERT INTO share_configuration (id, settings) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET settings = excluded.settings",
        )
        .bind(json_text(settings, "settings")?)
        .execute(&mut *tx)
        .await?;
        append(&mut tx, &entry).await?;
        Ok(tx.commit().await?)
    }

    /// The logo.
    pub async fn share_logo(&self) -> Result<Option<Logo>> {
        let row = sqlx::query("SELECT logo, logo_type FROM share_configuration WHERE id = 1").fetch_optional(&self.read).await?;
        let Some(row) = row else { return Ok(None) };
        let row = Reading::of("share_configuration", &row);
        let (Some(text), Some(media_type)) = (row.maybe_text("logo")?, row.maybe_text("logo_type")?) else { return Ok(None) };
        let damaged = |_| ArchiveError::Damaged { table: "share_configuration", column: "logo" };
        Ok(Some(Logo { media_type, bytes: STANDARD.decode(text).map_err(damaged)? }))
    }

    /// Sets the logo, or (`None`) takes it away.
    pub async fn put_share_logo(&self, logo: Option<&Logo>, change: &Change) -> Result<()> {
        let mut tx = self.configuring().await?;
        let settings = json_text(&settings_in(&mut tx).await?, "settings")?;
        sqlx::query(
            "INSERT INTO share_configuration (id, settings, logo, logo_type) VALUES (1, $1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET logo = excluded.logo, logo_type = excluded.logo_type",
        )
        .bind(settings)
        .bind(logo.map(|logo| STANDARD.encode(&logo.bytes)))
        .bind(logo.map(|logo| logo.media_type.clone()))
        .execute(&mut *tx)
        .await?;
        let detail = json!({ "logo": logo.map(|logo| json!({ "type": logo.media_type, "bytes": logo.bytes.len() })) });
        let entry = NewAudit {
            at: change.at,
            actor: change.actor.clone(),
            action: AuditAction::SettingChange,
            subject: SUBJECT.to_owned(),
            detail,
        };
        append(&mut tx, &entry).await?;
        Ok(tx.commit().await?)
    }
}

async fn settings_in(c: &mut AnyConnection) -> Result<ShareSettings> {
    let row = sqlx::query("SELECT settings FROM share_configuration WHERE id = 1").fetch_optional(c).await?;
    row.map_or_else(|| Ok(ShareSettings::default()), |row| Reading::of("share_configuration", &row).json("settings"))
}
