//! A member of the workspace as handlers see one, and the one way to a recording: what `archive::rights` says of it.

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::account::Account;
use super::caller::{Caller, SignedIn};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::rights::{Action, Denied, Effective, Holder, Person, RecordingFacts, Role, Sight, Visibility, may};
use crate::archive::scope::Scope;
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
    /// Who signed in, or whose key it is.
    pub account: Account,
}

impl FromRequestParts<ApiState> for Member {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        Self::of(&Caller::from_request_parts(parts, state).await?)
    }
}

/// The scope that a key needs to do something with recordings.
pub(super) fn scope_of(action: &Action<'_>) -> Scope {
    match action {
        Action::See => Scope::Read,
        Action::Play { .. } => Scope::Play,
        Action::Download { .. } => Scope::Download,
        Action::Delete => Scope::Delete,
        Action::SendLink => Scope::Share,
        Action::ChangeVisibility | Action::Retry => Scope::Write,
    }
}

impl SignedIn for Member {
    fn csrf(&self) -> Option<&Secret> {
        self.csrf.as_ref()
    }

    fn is_admin(&self) -> bool {
        self.person.role == Role::Admin
    }

    fn sees_external(&self) -> bool {
        self.person.properties.external_access_page
    }

    fn sends_links(&self) -> bool {
        self.person.properties.external_links
    }

    fn who(&self) -> &str {
        &self.actor
    }
}

impl Member {
    /// The member that a caller is.
    ///
    /// # Errors
    /// 403 for tokens that are for less.
    pub fn of(caller: &Caller) -> Result<Self, Problem> {
        let account = caller.account()?.clone();
        let csrf = match caller {
            Caller::Browser { csrf, .. } => Some(csrf.clone()),
            _ => None,
        };
        Ok(Self { person: Person::clone(&account.person), actor: account.actor.clone(), csrf, account })
    }

    /// Refuses whoever lacks a property that is no matter of one recording.
    ///
    /// # Errors
    /// 403.
    pub fn needs(&self, has: impl FnOnce(&Effective) -> bool) -> Result<(), Problem> {
        if has(&self.person.properties) { Ok(()) } else { Err(denied(Denied::NotPermitted)) }
    }

    /// What this member finds in the archive: every list is narrowed by it.
    ///
    /// # Errors
    /// 500 where the catalogue does not answer.
    pub async fn sight(&self, state: &ApiState) -> Result<Sight, Problem> {
        self.account.needs(Scope::Read)?;
        Ok(self.person.sight(listening(state, &self.person).await?, now()))
    }

    /// A recording, if this member may do that with it: the one way to a recording for every route.
    ///
    /// # Errors
    /// 404 where it is none of theirs to see (as for an id that nobody has), 403 otherwise.
    pub async fn may(&self, state: &ApiState, id: &RecordingId, action: &Action<'_>) -> Result<Recording, Problem> {
        self.account.needs(scope_of(action))?;
        let recording = state.catalogue.recording(id).await?;
        let facts = Around::of(state, &self.person).await?.facts(&recording);
        match may(&self.person, action, &facts, now()) {
            Ok(()) => Ok(recording),
            Err(Denied::Hidden) => Err(crate::archive::ArchiveError::not_found("recording", id.as_str()).into()),
            Err(why) => Err(denied(why)),
        }
    }
}

/// What beside recordings decides for somebody: read once for all that is asked.
pub(super) struct Around {
    /// Projects whose agents may listen to each other.
    listening: BTreeSet<ProjectSlug>,
    /// Groups and their agents, where they matter.
    groups: Vec<(String, String)>,
}

impl Around {
    /// Reads it.
    pub(super) async fn of(state: &ApiState, person: &Person) -> Result<Self, Problem> {
        let groups = if person.groups.is_some() { state.catalogue.agents_by_group().await? } else { Vec::new() };
        Ok(Self { listening: listening(state, person).await?, groups })
    }

    /// Whether a project's agents may listen to each other.
    pub(super) fn listens(&self, project: &ProjectSlug) -> bool {
        self.listening.contains(project)
    }

    /// Groups of agents, where they matter.
    pub(super) fn groups_of(&self, agents: &BTreeSet<String>) -> BTreeSet<String> {
        self.groups.iter().filter(|(_, agent)| agents.contains(agent)).map(|(group, _)| group.clone()).collect()
    }

    /// What of a recording decides.
    pub(super) fn facts(&self, recording: &Recording) -> RecordingFacts {
        let agents: BTreeSet<String> = recording.agents.iter().cloned().collect();
        RecordingFacts {
            workspace: WORKSPACE.to_owned(),
            project: recording.project.clone(),
            queue: recording.queue.clone(),
            holder: Holder { groups: self.groups_of(&agents), agents },
            started_at: recording.started_at,
            restricted: recording.restricted,
            legal_hold: recording.legal_hold,
            agents_can_listen_to_others: self.listens(&recording.project),
            // Who may open its link is no matter of members, and this is asked for with each piece of it.
            visibility: Visibility::Members,
        }
    }
}

/// Projects whose agents may listen to each other, where that matters to somebody.
async fn listening(state: &ApiState, person: &Person) -> Result<BTreeSet<ProjectSlug>, Problem> {
    if person.role != Role::Agent {
        return Ok(BTreeSet::new());
    }
    let workspace = state.catalogue.workspace().await?.settings.agents_can_listen_to_others;
    let projects = state.catalogue.projects().await?;
    let listens = |project: &crate::archive::ProjectRow| project.settings.agents_can_listen_to_others.or(workspace).unwrap_or(false);
    Ok(projects.into_iter().filter(listens).map(|project| project.slug).collect())
}

pub(super) fn denied(why: Denied) -> Problem {
    match why {
        Denied::Hidden => Problem::not_found(why.to_string()),
        Denied::NotPermitted => Problem::forbidden("not_permitted", why.to_string()),
        Denied::ReasonNeeded => Problem::forbidden("reason_needed", why.to_string()),
        Denied::LegalHold => Problem::conflict("legal_hold", why.to_string()),
    }
}
