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
use crate::archive::{ListFilter, Recording, now};
use crate::model::id::{ProjectSlug, RecordingId, SessionId};
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
fn scope_of(action: &Action<'_>) -> Scope {
    match action {
        Action::See => Scope::Read,
        Action::Play { .. } => Scope::Play,
        Action::Download { .. } => Scope::Download,
        Action::Delete => Scope::Delete,
        Action::SendLink => Scope::Share,
        Action::ChangeVisibility => Scope::Write,
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
        let listening = listening(state, &self.person).await?;
        Ok(self.person.sight(listening.into_iter().collect(), now()))
    }

    /// The chat log of a session has the rights of the session's recordings: refuses whoever may not do that with each of them. Where there is no recording, the
    /// session itself says what it is of.
    ///
    /// # Errors
    /// As [`Self::may`].
    pub async fn may_with_chat(&self, state: &ApiState, session: &SessionId, action: &Action<'_>) -> Result<(), Problem> {
        self.account.needs(scope_of(action))?;
        let hidden = || -> Problem { crate::archive::ArchiveError::not_found("chat log of the session", session.as_str()).into() };
        let of = ListFilter { session: Some(session.clone()), limit: Some(200), ..ListFilter::default() };
        let recordings = state.catalogue.recordings(&of, &Sight::everything()).await?.items;
        let mut found = Vec::new();
        for recording in &recordings {
            found.push(facts(state, &self.person, recording).await?);
        }
        if found.is_empty() {
            found.push(self.facts_of_session(state, session).await?.ok_or_else(hidden)?);
        }
        // A chat log is about all of its session: what one of the recordings hides, the log would tell.
        for facts in &found {
            may(&self.person, action, facts, now()).map_err(|why| if why == Denied::Hidden { hidden() } else { denied(why) })?;
        }
        Ok(())
    }

    async fn facts_of_session(&self, state: &ApiState, session: &SessionId) -> Result<Option<RecordingFacts>, Problem> {
        let (project, queue, agents, started_at) = match state.registry.view(session) {
            Some(view) => {
                let agents: BTreeSet<String> = view.participants.iter().filter_map(|one| one.party.agent.clone()).collect();
                (view.project, None, agents, view.started_at)
            }
            None => match state.catalogue.session(session).await {
                Ok(row) => (row.project, row.metadata.get("queue").map(|q| q.reveal().to_owned()), BTreeSet::new(), row.started_at),
                // A chat log may have been put for a session that this node never had.
                Err(crate::archive::ArchiveError::NotFound { .. }) => match state.catalogue.chat(session).await {
                    Ok(chat) => (chat.project, None, BTreeSet::new(), chat.started_at),
                    Err(crate::archive::ArchiveError::NotFound { .. }) => return Ok(None),
                    Err(other) => return Err(other.into()),
                },
                Err(other) => return Err(other.into()),
            },
        };
        Ok(Some(RecordingFacts {
            workspace: WORKSPACE.to_owned(),
            agents_can_listen_to_others: listening(state, &self.person).await?.contains(&project),
            project,
            queue,
            holder: Holder { groups: groups_of(state, &self.person, &agents).await?, agents },
            started_at,
            restricted: false,
            legal_hold: false,
            visibility: Visibility::Members,
        }))
    }

    /// A recording, if this member may do that with it: the one way to a recording for every route.
    ///
    /// # Errors
    /// 404 where it is none of theirs to see (as for an id that nobody has), 403 otherwise.
    pub async fn may(&self, state: &ApiState, id: &RecordingId, action: &Action<'_>) -> Result<Recording, Problem> {
        self.account.needs(scope_of(action))?;
        let recording = state.catalogue.recording(id).await?;
        let facts = facts(state, &self.person, &recording).await?;
        match may(&self.person, action, &facts, now()) {
            Ok(()) => Ok(recording),
            Err(Denied::Hidden) => Err(crate::archive::ArchiveError::not_found("recording", id.as_str()).into()),
            Err(why) => Err(denied(why)),
        }
    }
}

/// What of a recording decides.
async fn facts(state: &ApiState, person: &Person, recording: &Recording) -> Result<RecordingFacts, Problem> {
    let agents: BTreeSet<String> = recording.agents.iter().cloned().collect();
    let groups = groups_of(state, person, &agents).await?;
    Ok(RecordingFacts {
        workspace: WORKSPACE.to_owned(),
        project: recording.project.clone(),
        queue: recording.queue.clone(),
        holder: Holder { agents, groups },
        started_at: recording.started_at,
        restricted: recording.restricted,
        legal_hold: recording.legal_hold,
        agents_can_listen_to_others: listening(state, person).await?.contains(&recording.project),
        // Who may open its link is no matter of members, and this is asked for with each piece of it.
        visibility: Visibility::Members,
    })
}

/// Groups of agents, where they matter to somebody.
async fn groups_of(state: &ApiState, person: &Person, agents: &BTreeSet<String>) -> Result<BTreeSet<String>, Problem> {
    if person.groups.is_none() {
        return Ok(BTreeSet::new());
    }
    let all = state.catalogue.agents_by_group().await?;
    Ok(all.into_iter().filter(|(_, agent)| agents.contains(agent)).map(|(group, _)| group).collect())
}

/// Projects whose agents may listen to each other, where that matters to somebody.
async fn listening(state: &ApiState, person: &Person) -> Result<Vec<ProjectSlug>, Problem> {
    if person.role != Role::Agent {
        return Ok(Vec::new());
    }
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
