//! What administrators configure: the workspace, projects, agents, queues. How it is changed is in `changing`.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::Catalogue;
use super::changing::{Put, insert_project};
use super::columns::Reading;
use crate::archive::change::Change;
use crate::archive::error::{ArchiveError, Result};
use crate::archive::rows::{AgentRow, ProjectRow, QueueRow, WorkspaceRow};
use crate::model::id::ProjectSlug;
use crate::model::project_kind::ProjectKind;

/// Where calls go that name no project.
pub(super) const DEFAULT: &str = "default";

impl Catalogue {
    /// The workspace's settings.
    pub async fn workspace(&self) -> Result<WorkspaceRow> {
        workspace_in(&mut *self.read.acquire().await?).await
    }

    /// Replaces the workspace's settings, in the node's own name.
    pub async fn put_workspace(&self, row: &WorkspaceRow) -> Result<()> {
        self.changing(Change::of_the_node()).put_workspace(row).await
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
        let found = project_in(&mut *self.read.acquire().await?, slug.as_str()).await?;
        found.ok_or_else(|| ArchiveError::not_found("project", slug.as_str()))
    }

    /// Makes a project, in the node's own name; the project's name has to be free.
    pub async fn create_project(&self, row: &ProjectRow) -> Result<()> {
        self.changing(Change::of_the_node()).put_project(row, Put::New).await
    }

    /// Makes a project or replaces it whole, in the node's own name.
    pub async fn put_project(&self, row: &ProjectRow) -> Result<()> {
        self.changing(Change::of_the_node()).put_project(row, Put::Whole).await
    }

    /// Deletes a project, in the node's own name; see [`Changing::delete_project`](super::Changing::delete_project).
    pub async fn delete_project(&self, slug: &ProjectSlug) -> Result<()> {
        self.changing(Change::of_the_node()).delete_project(slug).await
    }

    /// Every agent, by name.
    pub async fn agents(&self) -> Result<Vec<AgentRow>> {
        agents_in(&mut *self.read.acquire().await?).await
    }

    /// Makes an agent or replaces it whole, in the node's own name.
    pub async fn put_agent(&self, row: &AgentRow) -> Result<()> {
        self.changing(Change::of_the_node()).put_agent(row, Put::Whole).await
    }

    /// Deletes an agent, in the node's own name.
    pub async fn delete_agent(&self, name: &str) -> Result<()> {
        self.changing(Change::of_the_node()).delete_agent(name).await
    }

    /// Every queue, by name.
    pub async fn queues(&self) -> Result<Vec<QueueRow>> {
        let rows = sqlx::query("SELECT name, properties FROM queues ORDER BY name").fetch_all(&self.read).await?;
        rows.iter().map(queue_of).collect()
    }

    /// Makes a queue or replaces it whole, in the node's own name.
    pub async fn put_queue(&self, row: &QueueRow) -> Result<()> {
        self.changing(Change::of_the_node()).put_queue(row, Put::Whole).await
    }

    /// Deletes a queue, in the node's own name.
    pub async fn delete_queue(&self, name: &str) -> Result<()> {
        self.changing(Change::of_the_node()).delete_queue(name).await
    }

    /// A first start has somewhere for a call to go.
    pub(super) async fn make_default_project(&self) -> Result<()> {
        let slug: ProjectSlug = DEFAULT.parse().map_err(|_| ArchiveError::invalid("slug", "is no project name"))?;
        if self.projects().await?.iter().any(|p| p.slug == slug) {
            return Ok(());
        }
        let row = ProjectRow {
            slug,
            kind: ProjectKind::Call,
            settings: crate::model::settings::SettingsLayer::default(),
            caller_is: crate::model::role::Role::Customer,
        };
        // No entry in the audit log: nobody chose anything. Where another node was quicker, what it made stays.
        let mut tx = self.configuring().await?;
        if project_in(&mut tx, DEFAULT).await?.is_none() {
            insert_project(&mut tx, &row).await?;
        }
        Ok(tx.commit().await?)
    }
}

pub(super) async fn workspace_in(c: &mut AnyConnection) -> Result<WorkspaceRow> {
    let row = sqlx::query("SELECT settings FROM workspace WHERE id = 1").fetch_one(c).await?;
    Ok(WorkspaceRow { settings: Reading::of("workspace", &row).json("settings")? })
}

pub(super) async fn project_in(c: &mut AnyConnection, slug: &str) -> Result<Option<ProjectRow>> {
    let row =
        sqlx::query("SELECT slug, kind, settings, caller_is FROM projects WHERE slug = $1").bind(slug.to_owned()).fetch_optional(c).await?;
    row.as_ref().map(project_of).transpose()
}

/// 1 where there is such a project, else 0.
pub(super) async fn projects_named(c: &mut AnyConnection, slug: &str) -> Result<i64> {
    let row = sqlx::query("SELECT COUNT(*) AS n FROM projects WHERE slug = $1").bind(slug.to_owned()).fetch_one(c).await?;
    Ok(row.try_get("n")?)
}

pub(super) async fn queue_in(c: &mut AnyConnection, name: &str) -> Result<Option<QueueRow>> {
    let row = sqlx::query("SELECT name, properties FROM queues WHERE name = $1").bind(name.to_owned()).fetch_optional(c).await?;
    row.as_ref().map(queue_of).transpose()
}

fn queue_of(row: &AnyRow) -> Result<QueueRow> {
    let row = Reading::of("queues", row);
    Ok(QueueRow { name: row.text("name")?, properties: row.json("properties")? })
}

pub(super) async fn agents_in(c: &mut AnyConnection) -> Result<Vec<AgentRow>> {
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
