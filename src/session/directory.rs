//! What a session must know of the configuration.

use async_trait::async_trait;

use crate::model::id::ProjectSlug;
use crate::model::role::Role;
use crate::model::settings::{AgentProperties, Settings};
use crate::model::switchboard::OpenSession;

/// Answers of the configuration: the app gives them from the catalogue.
#[async_trait]
pub trait Directory: Send + Sync + 'static {
    /// Settings of a new session; `None` where there is no such project.
    async fn settings(&self, request: &OpenSession) -> Option<Settings>;
    /// What holds for the calls of a configured agent.
    async fn agent(&self, name: &str) -> Option<AgentProperties>;
    /// The agent of a project that an address of record belongs to.
    async fn agent_of(&self, project: &ProjectSlug, address: &str) -> Option<String>;
    /// Who the first stream is.
    async fn caller_role(&self, project: &ProjectSlug) -> Role;
}
