//! Wordings of projects' consent questions, each kept as long as the catalogue: an answer is worth what was asked.

use sqlx::AnyConnection;

use super::Catalogue;
use super::columns::Reading;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::rows::ConsentText;
use crate::model::id::ProjectSlug;

impl Catalogue {
    /// The wording that a project asks with now; `None` where it has none of its own.
    pub async fn consent_text(&self, slug: &ProjectSlug) -> Result<Option<ConsentText>> {
        let newest = consent_text_in(&mut *self.read.acquire().await?, slug.as_str(), None).await?;
        Ok(newest.filter(|text| !text.text.is_empty()))
    }

    /// The wording of a version that a project asked with once.
    pub async fn consent_text_version(&self, slug: &ProjectSlug, version: u64) -> Result<Option<ConsentText>> {
        let found = consent_text_in(&mut *self.read.acquire().await?, slug.as_str(), Some(version)).await?;
        Ok(found.filter(|text| !text.text.is_empty()))
    }
}

/// A version, or the newest, which has an empty text where the wording was taken away.
pub(super) async fn consent_text_in(c: &mut AnyConnection, project: &str, version: Option<u64>) -> Result<Option<ConsentText>> {
    let row = match version {
        None => {
            sqlx::query("SELECT version, at, language, text FROM consent_texts WHERE project = $1 ORDER BY version DESC LIMIT 1")
                .bind(project.to_owned())
                .fetch_optional(c)
                .await?
        }
        Some(version) => {
            let version = i64::try_from(version).map_err(|_| ArchiveError::invalid("version", "is no version"))?;
            sqlx::query("SELECT version, at, language, text FROM consent_texts WHERE project = $1 AND version = $2")
                .bind(project.to_owned())
                .bind(version)
                .fetch_optional(c)
                .await?
        }
    };
    row.map(|row| {
        let row = Reading::of("consent_texts", &row);
        Ok(ConsentText {
            version: row.number("version")?.cast_unsigned(),
            at: row.time("at")?,
            language: row.text("language")?,
            text: row.text("text")?,
        })
    })
    .transpose()
}

pub(super) async fn keep_consent_text(c: &mut AnyConnection, project: &str, new: &ConsentText) -> Result<()> {
    sqlx::query("INSERT INTO consent_texts (project, version, at, language, text) VALUES ($1, $2, $3, $4, $5)")
        .bind(project.to_owned())
        .bind(new.version.cast_signed())
        .bind(new.at.0)
        .bind(new.language.clone())
        .bind(new.text.clone())
        .execute(c)
        .await?;
    Ok(())
}
