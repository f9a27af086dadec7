//! Changes to what administrators configure. Each is one transaction: look, check, change, note in the audit log.

use sqlx::{Any, AnyConnection, Row, Transaction};

use super::Catalogue;
use super::audit::append;
use super::columns::{json, word};
use super::configured::{DEFAULT, agents_in, project_in, projects_named, queue_in, workspace_in};
use super::consent_texts::{consent_text_in, keep_consent_text};
use crate::archive::audit::NewAudit;
use crate::archive::change::Change;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::rows::{AgentRow, ConsentText, ProjectRow, QueueRow, WorkspaceRow};
use crate::archive::validate;
use crate::model::id::ProjectSlug;

/// Whether a row is made, or made or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// Its name has to be free.
    New,
    /// It may be there already.
    Whole,
}

/// The catalogue in the hands of somebody who changes it.
#[derive(Debug)]
pub struct Changing<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) change: Change,
}

impl Catalogue {
    /// Changes of the configuration by somebody: each is checked against what they expect and leaves an entry in the audit log, or is not made.
    #[must_use]
    pub fn changing(&self, change: Change) -> Changing<'_> {
        Changing { catalogue: self, change }
    }
}

impl Changing<'_> {
    /// Replaces the workspace's settings.
    pub async fn put_workspace(&self, row: &WorkspaceRow) -> Result<()> {
        validate::settings(&row.settings)?;
        let mut tx = self.catalogue.configuring().await?;
        let before = workspace_in(&mut tx).await?;
        self.change.check("workspace", "settings", Some(&before))?;
        let Some(entry) = self.change.entry("workspace".to_owned(), Some(&before), Some(row)) else { return Ok(()) };
        sqlx::query("UPDATE workspace SET settings = $1 WHERE id = 1").bind(json(&row.settings, "settings")?).execute(&mut *tx).await?;
        noted(tx, entry).await
    }

    /// Makes a project, or makes or replaces it whole. An unchanged one is left alone.
    pub async fn put_project(&self, row: &ProjectRow, put: Put) -> Result<()> {
        validate::project(row)?;
        let mut tx = self.catalogue.configuring().await?;
        let name = row.slug.as_str();
        let before = project_in(&mut tx, name).await?;
        if put == Put::New && before.is_some() {
            return Err(ArchiveError::Exists { what: "project", name: name.to_owned() });
        }
        self.change.check("project", name, before.as_ref())?;
        let Some(entry) = self.change.entry(format!("project:{name}"), before.as_ref(), Some(row)) else { return Ok(()) };
        insert_project(&mut tx, row).await?;
        noted(tx, entry).await
    }

    /// Deletes a project. Refused while it has recordings or a live session, while an agent is limited to it (deleting would open that agent to every
    /// project), and for `default`. Its ended sessions without recordings go with it; the wordings of its consent question stay.
    pub async fn delete_project(&self, slug: &ProjectSlug) -> Result<()> {
        let mut tx = self.catalogue.configuring().await?;
        let name = slug.as_str().to_owned();
        let Some(before) = project_in(&mut tx, &name).await? else { return Err(ArchiveError::not_found("project", name)) };
        self.change.check("project", &name, Some(&before))?;
        let in_use = |why: String| ArchiveError::InUse { what: "project", name: slug.to_string(), why };
        if name == DEFAULT {
            return Err(in_use("calls that name no project go there".into()));
        }
        let recordings = count(&mut tx, "SELECT COUNT(*) AS n FROM recordings WHERE project = $1", &name).await?;
        if recordings > 0 {
            return Err(in_use(format!("it has recordings ({recordings}); delete them first")));
        }
        let live = count(&mut tx, "SELECT COUNT(*) AS n FROM sessions WHERE project = $1 AND ended_at IS NULL", &name).await?;
        if live > 0 {
            return Err(in_use(format!("it has live sessions ({live})")));
        }
        if let Some(agent) = agents_in(&mut tx).await?.iter().find(|a| a.projects.contains(slug)) {
            return Err(in_use(format!("agent `{}` is limited to it", agent.name)));
        }
        sqlx::query("DELETE FROM sessions WHERE project = $1").bind(name.clone()).execute(&mut *tx).await?;
        sqlx::query("DELETE FROM projects WHERE slug = $1").bind(name.clone()).execute(&mut *tx).await?;
        self.gone(tx, format!("project:{name}"), &before).await
    }

    /// Makes an agent, or makes or replaces it whole. An address that another agent has in the same project is refused.
    pub async fn put_agent(&self, row: &AgentRow, put: Put) -> Result<()> {
        validate::agent(row)?;
        let mut tx = self.catalogue.configuring().await?;
        let all = agents_in(&mut tx).await?;
        let before = all.iter().find(|agent| agent.name == row.name);
        if put == Put::New && before.is_some() {
            return Err(ArchiveError::Exists { what: "agent", name: row.name.clone() });
        }
        self.change.check("agent", &row.name, before)?;
        for (n, slug) in row.projects.iter().enumerate() {
            if projects_named(&mut tx, slug.as_str()).await? == 0 {
                return Err(ArchiveError::invalid(format!("projects[{n}]"), format!("there is no project `{slug}`")));
            }
        }
        validate::addresses_are_its_own(row, &all)?;
        let Some(entry) = self.change.entry(format!("agent:{}", row.name), before, Some(row)) else { return Ok(()) };
        sqlx::query(
            "INSERT INTO agents (name, addresses, projects, properties) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO UPDATE SET addresses = excluded.addresses, projects = excluded.projects, properties = excluded.properties",
        )
        .bind(row.name.clone())
        .bind(json(&row.addresses, "addresses")?)
        .bind(json(&row.projects, "projects")?)
        .bind(json(&row.properties, "properties")?)
        .execute(&mut *tx)
        .await?;
        noted(tx, entry).await
    }

    /// Deletes an agent.
    pub async fn delete_agent(&self, name: &str) -> Result<()> {
        let mut tx = self.catalogue.configuring().await?;
        let before = agents_in(&mut tx).await?.into_iter().find(|agent| agent.name == name);
        let Some(before) = before else { return Err(ArchiveError::not_found("agent", name)) };
        self.change.check("agent", name, Some(&before))?;
        sqlx::query("DELETE FROM agents WHERE name = $1").bind(name.to_owned()).execute(&mut *tx).await?;
        self.gone(tx, format!("agent:{name}"), &before).await
    }

    /// Makes a queue, or makes or replaces it whole.
    pub async fn put_queue(&self, row: &QueueRow, put: Put) -> Result<()> {
        validate::name("name", &row.name)?;
        let mut tx = self.catalogue.configuring().await?;
        let before = queue_in(&mut tx, &row.name).await?;
        if put == Put::New && before.is_some() {
            return Err(ArchiveError::Exists { what: "queue", name: row.name.clone() });
        }
        self.change.check("queue", &row.name, before.as_ref())?;
        let Some(entry) = self.change.entry(format!("queue:{}", row.name), before.as_ref(), Some(row)) else { return Ok(()) };
        sqlx::query(
            "INSERT INTO queues (name, properties) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET properties = excluded.properties",
        )
        .bind(row.name.clone())
        .bind(json(&row.properties, "properties")?)
        .execute(&mut *tx)
        .await?;
        noted(tx, entry).await
    }

    /// Deletes a queue.
    pub async fn delete_queue(&self, name: &str) -> Result<()> {
        let mut tx = self.catalogue.configuring().await?;
        let Some(before) = queue_in(&mut tx, name).await? else { return Err(ArchiveError::not_found("queue", name)) };
        self.change.check("queue", name, Some(&before))?;
        sqlx::query("DELETE FROM queues WHERE name = $1").bind(name.to_owned()).execute(&mut *tx).await?;
        self.gone(tx, format!("queue:{name}"), &before).await
    }

    /// Gives a project's consent question a new wording, or (`None`) takes it away; answers the wording that holds now. Each new wording, and each taking
    /// away, is a new version; the same wording again is none.
    pub async fn put_consent_text(&self, slug: &ProjectSlug, language: &str, text: &str) -> Result<ConsentText> {
        validate::consent_text(language, text)?;
        self.change_consent_text(slug, language, text).await
    }

    /// Takes the wording of a project's consent question away: the node's own words stand in.
    pub async fn delete_consent_text(&self, slug: &ProjectSlug) -> Result<()> {
        self.change_consent_text(slug, "", "").await.map(drop)
    }

    async fn change_consent_text(&self, slug: &ProjectSlug, language: &str, text: &str) -> Result<ConsentText> {
        let mut tx = self.catalogue.configuring().await?;
        let name = slug.as_str();
        if projects_named(&mut tx, name).await? == 0 {
            return Err(ArchiveError::not_found("project", name));
        }
        let newest = consent_text_in(&mut tx, name, None).await?;
        let before = newest.clone().filter(|text| !text.text.is_empty());
        self.change.check("consent text", name, before.as_ref())?;
        let version = newest.map_or(0, |text| text.version) + 1;
        let new = ConsentText { version, at: self.change.at, language: language.to_owned(), text: text.to_owned() };
        match &before {
            Some(same) if same.language == language && same.text == text => return Ok(same.clone()),
            None if text.is_empty() => return Err(ArchiveError::not_found("consent text", name)),
            _ => {}
        }
        let after = Some(&new).filter(|text| !text.text.is_empty());
        let entry = self.change.entry(format!("project:{name}"), before.as_ref(), after);
        keep_consent_text(&mut tx, name, &new).await?;
        match entry {
            Some(entry) => noted(tx, entry).await?,
            None => tx.commit().await?,
        }
        Ok(new)
    }

    pub(super) async fn gone<T: serde::Serialize>(&self, tx: Transaction<'static, Any>, subject: String, before: &T) -> Result<()> {
        match self.change.entry(subject, Some(before), None) {
            Some(entry) => noted(tx, entry).await,
            None => Ok(tx.commit().await?),
        }
    }
}

/// Keeps a change together with its entry.
pub(super) async fn noted(mut tx: Transaction<'static, Any>, entry: NewAudit) -> Result<()> {
    append(&mut tx, &entry).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn insert_project(c: &mut AnyConnection, row: &ProjectRow) -> Result<()> {
    sqlx::query(
        "INSERT INTO projects (slug, kind, settings, caller_is) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (slug) DO UPDATE SET kind = excluded.kind, settings = excluded.settings, caller_is = excluded.caller_is",
    )
    .bind(row.slug.as_str().to_owned())
    .bind(row.kind.as_str())
    .bind(json(&row.settings, "settings")?)
    .bind(word(&row.caller_is, "caller_is")?)
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn count(c: &mut AnyConnection, sql: &'static str, name: &str) -> Result<i64> {
    Ok(sqlx::query(sql).bind(name.to_owned()).fetch_one(c).await?.try_get("n")?)
}
