//! What sessions must know of the configuration, answered from the catalogue.

use async_trait::async_trait;

use crate::archive::{ArchiveError, Catalogue, agents};
use crate::model::id::ProjectSlug;
use crate::model::role::Role;
use crate::model::settings::{AgentProperties, QueueProperties, Settings};
use crate::model::switchboard::OpenSession;
use crate::session::{Directory, Unanswered};

/// The key of a session's metadata that names its queue.
const QUEUE: &str = "queue";

/// The catalogue as a directory.
pub struct CatalogueDirectory(pub Catalogue);

impl CatalogueDirectory {
    async fn resolve(&self, request: &OpenSession) -> Result<Settings, ArchiveError> {
        let project = self.0.project(&request.project).await?;
        let workspace = self.0.workspace().await?;
        let mut queue = QueueProperties::default();
        if let Some(name) = request.metadata.get(QUEUE) {
            let queues = self.0.queues().await?;
            queue = queues.into_iter().find(|q| q.name == name.reveal()).map(|q| q.properties).unwrap_or_default();
        }
        Ok(project.resolve(request.kind, &workspace, queue))
    }

    async fn own_calls(&self, name: &str) -> Result<AgentProperties, ArchiveError> {
        let agents = self.0.agents().await?;
        let agent = agents.into_iter().find(|agent| agent.name == name).ok_or_else(|| ArchiveError::not_found("agent", name))?;
        self.0.own_calls(&agent).await
    }
}

fn told<T>(answer: Result<T, ArchiveError>) -> Result<Option<T>, Unanswered> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(ArchiveError::NotFound { .. }) => Ok(None),
        Err(error) => {
            tracing::error!(%error, "the catalogue did not answer");
            Err(Unanswered)
        }
    }
}

#[async_trait]
impl Directory for CatalogueDirectory {
    async fn settings(&self, request: &OpenSession) -> Result<Option<Settings>, Unanswered> {
        told(self.resolve(request).await)
    }

    async fn agent(&self, name: &str) -> Result<Option<AgentProperties>, Unanswered> {
        told(self.own_calls(name).await)
    }

    async fn agent_of(&self, project: &ProjectSlug, address: &str) -> Result<Option<String>, Unanswered> {
        let all = told(self.0.agents().await)?.unwrap_or_default();
        Ok(agents::find(&all, project, address).map(|agent| agent.name.clone()))
    }

    async fn caller_role(&self, project: &ProjectSlug) -> Result<Role, Unanswered> {
        Ok(told(self.0.project(project).await)?.map_or(Role::Customer, |project| project.caller_is))
    }
}
