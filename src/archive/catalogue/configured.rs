//! What administrators configure: the workspace, projects, agents, queues.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::Catalogue;
use super::columns::{Reading, json, word};
use crate::archive::error::{ArchiveError, Result};
use crate::archive::rows::{AgentRow, ProjectRow, QueueRow, WorkspaceRow};
use crate::archive::validate;
use crate::model::id::ProjectSlug;
use crate::model::settings::Kind;

/// Where calls go that name no project.
const DEFAULT: &str = "default";

impl Catalogue {
    /// The workspace's settings.
    pub async fn workspace(&self) -> Result<WorkspaceRow> {
        let row = sqlx::query("SELECT settings FROM workspace WHERE id = 1").fetch_one(&self.read).await?;
        Ok(WorkspaceRow { settings: Reading::of("workspace", &row).json("settings")? })
    }

    /// Replaces the workspace's settings.
    pub async fn put_workspace(&self, row: &WorkspaceRow) -> Result<()> {
        validate::settings(&row.settings)?;
        let mut tx = self.configuring().await?;
        sqlx::query("UPDATE workspace SET settings = $1 WHERE id = 1").bind(json(&row.settings, "settings")?).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Rises with every change to the workspace, a project, an agent or a queue: what a node compares to know that it has to read them again.
    pub async fn configuration_version(&self) -> Result<i64> {
        let row = sqlx::query("SELECT value FROM counters WHERE name = 'configuration'").fetch_one(&self.read).await?;
        Reading::of("counters", &row).number("value")
    }

    /// Every project, by name.
    pub async fn projects(&self) -> Result<Vec<ProjectRow>> {
        let rows = sqlx::query("SELECT slug, kind, settings, caller_is FROM projects ORDER BY slug").fetch_all(&self.read).await?;
        rows.iter().map(project_of).collect()
    }

    /// One project.
    pub async fn project(&self, slug: &ProjectSlug) -> Result<ProjectRow> {
        let row = sqlx::query("SELECT slug, kind, settings, caller_is FROM projects WHERE slug = $1")
            .bind(slug.as_str().to_owned())
            .fetch_optional(&self.read)
            .await?
            .ok_or_else(|| ArchiveError::not_found("project", slug.as_str()))?;
        project_of(&row)
    }

    /// Makes a project; its name has to be free.
    pub async fn create_project(&self, row: &ProjectRow) -> Result<()> {
        validate::project(row)?;
        let mut tx = self.configuring().await?;
        let made = insert_project(&mut tx, row, "ON CONFLICT (slug) DO NOTHING").await?;
        if made == 0 {
            return Err(ArchiveError::Exists { what: "project", name: row.slug.to_string() });
        }
        Ok(tx.commit().await?)
    }

    /// Makes a project or replaces it whole.
    pub async fn put_project(&self, row: &ProjectRow) -> Result<()> {
        validate::project(row)?;
        let mut tx = self.configuring().await?;
        let or_replace =
            "ON CONFLICT (slug) DO UPDATE SET kind = excluded.kind, settings = excluded.settings, caller_is = excluded.caller_is";
        insert_project(&mut tx, row, or_replace).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes a project. Refused while it has recordings or a live session, while an agent is limited to it (deleting would open that agent to every
    /// project), and for `default`. Its ended sessions without recordings go with it.
    pub async fn delete_project(&self, slug: &ProjectSlug) -> Result<()> {
        let mut tx = self.configuring().await?;
        let name = slug.as_str().to_owned();
        if count(&mut tx, "SELECT COUNT(*) AS n FROM projects WHERE slug = $1", &name).await? == 0 {
            return Err(ArchiveError::not_found("project", name));
        }
        let in_use = |why: String| ArchiveError::InUse { what: "project", name: slug.to_string(), why };
        if slug.as_str() == DEFAULT {
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
        sqlx::query("DELETE FROM projects WHERE slug = $1").bind(name).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Every agent, by name.
    pub async fn agents(&self) -> Result<Vec<AgentRow>> {
        agents_in(&mut *self.read.acquire().await?).await
    }

    /// Makes an agent or replaces it whole. An address that another agent has in the same project is refused.
    pub async fn put_agent(&self, row: &AgentRow) -> Result<()> {
        validate::agent(row)?;
        let mut tx = self.configuring().await?;
        for (n, slug) in row.projects.iter().enumerate() {
            if count(&mut tx, "SELECT COUNT(*) AS n FROM projects WHERE slug = $1", slug.as_str()).await? == 0 {
                return Err(ArchiveError::invalid(format!("projects[{n}]"), format!("there is no project `{slug}`")));
            }
        }
        validate::addresses_are_its_own(row, &agents_in(&mut tx).await?)?;
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
        Ok(tx.commit().await?)
    }

    /// Deletes an agent.
    pub async fn delete_agent(&self, name: &str) -> Result<()> {
        let mut tx = self.configuring().await?;
        let gone = sqlx::query("DELETE FROM agents WHERE name = $1").bind(name.to_owned()).execute(&mut *tx).await?;
        if gone.rows_affected() == 0 {
            return Err(ArchiveError::not_found("agent", name));
        }
        Ok(tx.commit().await?)
    }

    /// Every queue, by name.
    pub async fn queues(&self) -> Result<Vec<QueueRow>> {
        let rows = sqlx::query("SELECT name, properties FROM queues ORDER BY name").fetch_all(&self.read).await?;
        rows.iter()
            .map(|row| {
                let row = Reading::of("queues", row);
                Ok(QueueRow { name: row.text("name")?, properties: row.json("properties")? })
            })
            .collect()
    }

    /// Makes a queue or replaces it whole.
    pub async fn put_queue(&self, row: &QueueRow) -> Result<()> {
        validate::name("name", &row.name)?;
        let mut tx = self.configuring().await?;
        sqlx::query(
            "INSERT INTO queues (name, properties) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET properties = excluded.properties",
        )
        .bind(row.name.clone())
        .bind(json(&row.properties, "properties")?)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Deletes a queue.
    pub async fn delete_queue(&self, name: &str) -> Result<()> {
        let mut tx = self.configuring().await?;
        let gone = sqlx::query("DELETE FROM queues WHERE name = $1").bind(name.to_owned()).execute(&mut *tx).await?;
        if gone.rows_affected() == 0 {
            return Err(ArchiveError::not_found("queue", name));
        }
        Ok(tx.commit().await?)
    }

    /// A first start has somewhere for a call to go.
    pub(super) async fn make_default_project(&self) -> Result<()> {
        let slug: ProjectSlug = DEFAULT.parse().map_err(|_| ArchiveError::invalid("slug", "is no project name"))?;
        if self.projects().await?.iter().any(|p| p.slug == slug) {
            return Ok(());
        }
        let row = ProjectRow {
            slug,
            kind: Kind::Call,
            settings: crate::model::settings::SettingsLayer::default(),
            caller_is: crate::model::role::Role::Customer,
        };
        match self.create_project(&row).await {
            // Another node was quicker.
            Err(ArchiveError::Exists { .. }) => Ok(()),
            other => other,
        }
    }
}

async fn insert_project(c: &mut AnyConnection, row: &ProjectRow, on_conflict: &'static str) -> Result<u64> {
    let sql = format!("INSERT INTO projects (slug, kind, settings, caller_is) VALUES ($1, $2, $3, $4) {on_conflict}");
    let done = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(row.slug.as_str().to_owned())
        .bind(word(&row.kind, "kind")?)
        .bind(json(&row.settings, "settings")?)
        .bind(word(&row.caller_is, "caller_is")?)
        .execute(c)
        .await?;
    Ok(done.rows_affected())
}

async fn count(c: &mut AnyConnection, sql: &'static str, name: &str) -> Result<i64> {
    Ok(sqlx::query(sql).bind(name.to_owned()).fetch_one(c).await?.try_get("n")?)
}

async fn agents_in(c: &mut AnyConnection) -> Result<Vec<AgentRow>> {
    let rows = sqlx::query("SELECT name, addresses, projects, properties FROM agents ORDER BY name").fetch_all(c).await?;
    rows.iter()
        .map(|row| {
            let row = Reading::of("agents", row);
            Ok(AgentRow {
                name: row.text("name")?,
                addresses: row.json("addresses")?,
                projects: row.json("projects")?,
                properties: row.json("properties")?,
            })
        })
        .collect()
}

fn project_of(row: &AnyRow) -> Result<ProjectRow> {
    let row = Reading::of("projects", row);
    Ok(ProjectRow { slug: row.word("slug")?, kind: row.word("kind")?, settings: row.json("settings")?, caller_is: row.word("caller_is")? })
}
