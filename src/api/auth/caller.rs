//! The caller of a request, as handlers see them.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::super::problem::Problem;
use crate::model::id::{ParticipantId, SessionId};
use crate::model::redact::Secret;

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
}

impl Caller {
    /// Refuses a participant who asks for another session than theirs, as if it were not there.
    ///
    /// # Errors
    /// 404.
    pub fn may_see(&self, session: &SessionId) -> Result<(), Problem> {
        match self {
            Self::Participant { session: own, .. } if own != session => {
                Err(Problem::forbidden("not_your_session", "a participant token speaks in its own session only"))
            }
            _ => Ok(()),
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
        }
    }
}
