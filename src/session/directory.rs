//! What a session must know of the configuration.

use async_trait::async_trait;

use crate::model::id::ProjectSlug;
use crate::model::role::Role;
use crate::model::settings::{AgentProperties, Settings};
use crate::model::switchboard::{OpenSession, Refusal};

/// The configuration cannot be asked now. Whoever's rules are not known is not recorded by the rules of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the catalogue does not answer")]
pub struct Unanswered;

impl From<Unanswered> for Refusal {
    fn from(unanswered: Unanswered) -> Self {
        Self::Busy(unanswered.to_string())
    }
}

/// Answers of the configuration: the app gives them from the catalogue.
#[async_trait]
pub trait Directory: Send + Sync + 'static {
    /// Settings of a new session; `None` where there is no such project.
    async fn settings(&self, request: &OpenSession) -> Result<Option<Settings>, Unanswered>;
    /// What holds for the calls of a configured agent; `None` where there is no such agent.
    async fn agent(&self, name: &str) -> Result<Option<AgentProperties>, Unanswered>;
    /// The agent of a project that an address of record belongs to.
    async fn agent_of(&self, project: &ProjectSlug, address: &str) -> Result<Option<String>, Unanswered>;
    /// Who the first stream is.
    async fn caller_role(&self, project: &ProjectSlug) -> Result<Role, Unanswered>;
}
