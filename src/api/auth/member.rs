//! A member of the workspace as handlers see one, and the one way to a recording: what `archive::rights` says of it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::caller::Operator;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::rights::{Action, Denied, Effective, Holder, Person, Properties, RecordingFacts, Role, Sight, Visibility, may};
use crate::archive::{Recording, now};
use crate::model::id::{ProjectSlug, RecordingId};
use crate::model::redact::Secret;

/// The workspace of this node.
pub const WORKSPACE: &str = "default";

/// A signed-in person or a key: somebody of the workspace.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who, with what they may do.
    pub person: Person,
    /// The browser's form token, where the caller is one.
    pub csrf: Option<Secret>,
    /// Who this is in the audit log (`key:<name>`, `user:<name>`).
    pub actor: String,
}

impl FromRequestParts<ApiState> for Member {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let operator = Operator::from_request_parts(parts, state).await?;
        let none = Properties::default();
        let person = Person {
            name: operator.holder.clone(),
            workspace: WORKSPACE.to_owned(),
            role: Role::Admin,
            properties: Effective::of(Role::Admin, &none, &[], &none),
            queues: None,
            groups: None,
            projects: None,
        };
        Ok(Self { person, actor: operator.actor(), csrf: operator.csrf })
    }
}

impl Member {
    /// Refuses whoever lacks a property that is no matter of one recording.
    ///
    /// # Errors
    /// 403.
    #[allow(dead_code)]
    pub fn needs(&self, has: impl FnOnce(&Effective) -> bool) -> Result<(), Problem> {
        if has(&self.person.properties) { Ok(()) } else { Err(denied(Denied::NotPermitted)) }
    }

    /// What this member finds in the archive: every list is narrowed by it.
    ///
    /// # Errors
    /// 500 where the catalogue does not answer.
    pub async fn sight(&self, state: &ApiState) -> Result<Sight, Problem> {
        let listening = if self.person.role == Role::Agent { listening(state).await? } else { Vec::new() };
        Ok(self.person.sight(listening.into_iter().collect(), now()))
    }

    /// A recording, if this member may do that with it: the one way to a recording for every route.
    ///
    /// # Errors
    /// 404 where it is none of theirs to see (as for an id that nobody has), 403 otherwise.
    pub async fn may(&self, state: &ApiState, id: &RecordingId, action: &Action<'_>) -> Result<Recording, Problem> {
        let recording = state.catalogue.recording(id).await?;
        let facts = facts(state, &recording).await?;
        match may(&self.person, action, &facts, now()) {
            Ok(()) => Ok(recording),
            Err(Denied::Hidden) => Err(crate::archive::ArchiveError::not_found("recording", id.as_str()).into()),
            Err(why) => Err(denied(why)),
        }
    }
}

/// What of a recording decides.
async fn facts(state: &ApiState, recording: &Recording) -> Result<RecordingFacts, Problem> {
    let access = state.catalogue.access(&recording.id).await?;
    Ok(RecordingFacts {
        workspace: WORKSPACE.to_owned(),
        project: recording.project.clone(),
        queue: recording.queue.clone(),
        holder: Holder { agents: recording.agents.iter().cloned().collect(), groups: std::collections::BTreeSet::new() },
        started_at: recording.started_at,
        restricted: recording.restricted,
        legal_hold: recording.legal_hold,
        agents_can_listen_to_others: listening(state).await?.contains(&recording.project),
        visibility: access.map_or(Visibility::Members, |access| access.visibility()),
    })
}

/// Projects whose agents may listen to each other.
async fn listening(state: &ApiState) -> Result<Vec<ProjectSlug>, Problem> {
    let workspace = state.catalogue.workspace().await?.settings.agents_can_listen_to_others;
    let projects = state.catalogue.projects().await?;
    let listens = |project: &crate::archive::ProjectRow| project.settings.agents_can_listen_to_others.or(workspace).unwrap_or(false);
    Ok(projects.into_iter().filter(listens).map(|project| project.slug).collect())
}

fn denied(why: Denied) -> Problem {
    match why {
        Denied::Hidden => Problem::not_found(why.to_string()),
        Denied::NotPermitted => Problem::forbidden("not_permitted", why.to_string()),
        Denied::ReasonNeeded => Problem::forbidden("reason_needed", why.to_string()),
        Denied::LegalHold => Problem::conflict("legal_hold", why.to_string()),
    }
}
