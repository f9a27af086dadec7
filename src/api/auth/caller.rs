//! The caller of a request, as handlers see them.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::super::problem::Problem;
use crate::model::id::{ParticipantId, SessionId};
use crate::model::redact::Secret;
use crate::session::Registry;

/// Who asks.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A machine or an administrator with an API key.
    Key {
        /// The key's name.
        holder: String,
    },
    /// A signed-in browser.
    Browser {
        /// Whose key it was signed in with.
        holder: String,
        /// The token that its forms carry.
        csrf: Secret,
    },
    /// A participant of a live session, who speaks for nobody else.
    Participant {
        /// Their session.
        session: SessionId,
        /// They.
        participant: ParticipantId,
    },
    /// An agent at their desk: speaks for themselves in the calls that they are in.
    Desk {
        /// The configured agent.
        agent: String,
    },
    /// Somebody who may see the recording state of one session.
    Watcher {
        /// The session.
        session: SessionId,
        /// The one origin whose pages may read it.
        origin: Option<String>,
    },
}

impl Caller {
    /// Refuses whoever asks for another session than theirs.
    ///
    /// # Errors
    /// 403.
    pub fn may_see(&self, session: &SessionId, registry: &Registry) -> Result<(), Problem> {
        self.speaks_as(session, registry).map(|_| ())
    }

    /// The participant as whom the caller sees a session; `None` for those who run the node.
    ///
    /// # Errors
    /// 403 where the session is none of theirs.
    pub fn speaks_as(&self, session: &SessionId, registry: &Registry) -> Result<Option<ParticipantId>, Problem> {
        match self {
            Self::Key { .. } | Self::Browser { .. } => Ok(None),
            Self::Participant { session: own, participant } if own == session => Ok(Some(participant.clone())),
            Self::Participant { .. } => Err(Problem::forbidden("not_your_session", "a participant token speaks in its own session only")),
            Self::Desk { agent } => registry
                .participant_of(session, agent)
                .map(Some)
                .ok_or_else(|| Problem::forbidden("not_your_session", "this agent is not in that session now")),
            Self::Watcher { .. } => Err(Problem::forbidden("watch_only", "this token is for watching a session's recording state only")),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthenticated)
    }
}

/// A caller who runs the node: an API key or a signed-in browser. Participants are refused.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The key's name.
    pub holder: String,
    /// The browser's form token, where the caller is one.
    pub csrf: Option<Secret>,
}

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Caller::from_request_parts(parts, state).await? {
            Caller::Key { holder } => Ok(Self { holder, csrf: None }),
            Caller::Browser { holder, csrf } => Ok(Self { holder, csrf: Some(csrf) }),
            Caller::Participant { .. } => Err(Problem::forbidden("not_for_participants", "a participant token cannot do this")),
            Caller::Desk { .. } => Err(Problem::forbidden("not_for_desks", "an agent's desk token cannot do this")),
            Caller::Watcher { .. } => Err(Problem::forbidden("watch_only", "this token is for watching a session's recording state only")),
        }
    }
}
