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
use crate::archive::keys;
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
        let Some(text) = self.of_logo("SELECT logo AS found FROM share_configuration WHERE id = 1").await? else { return Ok(None) };
        let damaged = |_| ArchiveError::Damaged { table: "share_configuration", column: "logo" };
        Ok(Some(Logo { bytes: STANDARD.decode(text).map_err(damaged)? }))
    }

    /// What tells the logo from any other one, where there is one: pages name it by this without reading it.
    pub async fn share_logo_version(&self) -> Result<Option<String>> {
        self.of_logo("SELECT logo_version AS found FROM share_configuration WHERE id = 1").await
    }

    async fn of_logo(&self, sql: &'static str) -> Result<Option<String>> {
        let row = sqlx::query(sql).fetch_optional(&self.read).await?;
        row.map_or(Ok(None), |row| Reading::of("share_configuration", &row).maybe_text("found"))
    }

    /// Sets the logo, or (`None`) takes it away.
    pub async fn put_share_logo(&self, logo: Option<&Logo>, change: &Change) -> Result<()> {
        let mut tx = self.configuring().await?;
        let settings = json_text(&settings_in(&mut tx).await?, "settings")?;
        let text = logo.map(|logo| STANDARD.encode(&logo.bytes));
        let version = text.as_deref().map(|text| keys::hash(text).chars().take(16).collect::<String>());
        sqlx::query(
            "INSERT INTO share_configuration (id, settings, logo, logo_version) VALUES (1, $1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET logo = excluded.logo, logo_version = excluded.logo_version",
        )
        .bind(settings)
        .bind(text)
        .bind(version)
        .execute(&mut *tx)
        .await?;
        let detail = json!({ "logo": logo.map(|logo| json!({ "type": Logo::MEDIA_TYPE, "bytes": logo.bytes.len() })) });
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
