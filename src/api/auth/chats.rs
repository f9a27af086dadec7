//! Who may do what with the chat log of a session: whoever may do it with every recording of the session. A log is about all of its session: what one of the
//! recordings hides, the log would tell.

use std::collections::{BTreeMap, BTreeSet};

use super::member::{Around, Member, WORKSPACE, denied, scope_of};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::rights::{Action, Denied, Holder, RecordingFacts, Visibility, may};
use crate::archive::{ArchiveError, now};
use crate::model::id::SessionId;

impl Member {
    /// Refuses whoever may not do that with each recording of a session, however many there are. Where there is no recording, the session itself says what it
    /// is of.
    ///
    /// # Errors
    /// As [`Self::may`].
    pub async fn may_with_chat(&self, state: &ApiState, session: &SessionId, action: &Action<'_>) -> Result<(), Problem> {
        self.account.needs(scope_of(action))?;
        match self.refused_chats(state, std::slice::from_ref(session), action).await?.remove(session) {
            None => Ok(()),
            Some(Denied::Hidden) => Err(ArchiveError::not_found("chat log of the session", session.as_str()).into()),
            Some(why) => Err(denied(why)),
        }
    }

    /// Of these sessions, those whose chat logs this member may see.
    ///
    /// # Errors
    /// 500 where the catalogue does not answer.
    pub async fn seen_chats(&self, state: &ApiState, sessions: &[SessionId]) -> Result<BTreeSet<SessionId>, Problem> {
        let refused = self.refused_chats(state, sessions, &Action::See).await?;
        Ok(sessions.iter().filter(|session| !refused.contains_key(*session)).cloned().collect())
    }

    /// What this member may not, and why.
    async fn refused_chats(
        &self,
        state: &ApiState,
        sessions: &[SessionId],
        action: &Action<'_>,
    ) -> Result<BTreeMap<SessionId, Denied>, Problem> {
        let around = Around::of(state, &self.person).await?;
        let mut of: BTreeMap<SessionId, Vec<RecordingFacts>> = BTreeMap::new();
        for recording in state.catalogue.recordings_of(sessions).await? {
            let facts = around.facts(&recording);
            of.entry(recording.session).or_default().push(facts);
        }
        let now = now();
        let mut refused = BTreeMap::new();
        for session in sessions {
            let facts = match of.remove(session) {
                Some(facts) => facts,
                None => facts_of_session(state, &around, session).await?.into_iter().collect(),
            };
            let first = facts.iter().find_map(|facts| may(&self.person, action, facts, now).err());
            if let Some(why) = if facts.is_empty() { Some(Denied::Hidden) } else { first } {
                refused.insert(session.clone(), why);
            }
        }
        Ok(refused)
    }
}

async fn facts_of_session(state: &ApiState, around: &Around, session: &SessionId) -> Result<Option<RecordingFacts>, Problem> {
    let (project, queue, agents, started_at) = match state.registry.view(session) {
        Some(view) => {
            let agents: BTreeSet<String> = view.participants.iter().filter_map(|one| one.party.agent.clone()).collect();
            (view.project, None, agents, view.started_at)
        }
        None => match state.catalogue.session(session).await {
            Ok(row) => (row.project, row.metadata.get("queue").map(|q| q.reveal().to_owned()), BTreeSet::new(), row.started_at),
            // A chat log may have been put for a session that this node never had.
            Err(ArchiveError::NotFound { .. }) => match state.catalogue.chat_row(session).await {
                Ok(row) => (row.project, None, BTreeSet::new(), row.started_at),
                Err(ArchiveError::NotFound { .. }) => return Ok(None),
                Err(other) => return Err(other.into()),
            },
            Err(other) => return Err(other.into()),
        },
    };
    Ok(Some(RecordingFacts {
        workspace: WORKSPACE.to_owned(),
        agents_can_listen_to_others: around.listens(&project),
        project,
        queue,
        holder: Holder { groups: around.groups_of(&agents), agents },
        started_at,
        restricted: false,
        legal_hold: false,
        visibility: Visibility::Members,
    }))
}
