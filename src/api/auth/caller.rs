//! The caller of a request, as handlers see them.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::account::Account;
use crate::api::problem::Problem;
use crate::archive::scope::Scope;
use crate::model::id::{ParticipantId, SessionId};
use crate::model::redact::Secret;
use crate::model::switchboard::Refusal;
use crate::session::Registry;

/// Who asks.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A machine or an administrator with an API key.
    Key {
        /// Whose it is.
        account: Account,
    },
    /// A signed-in browser.
    Browser {
        /// Who signed in.
        account: Account,
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
    /// Somebody of the workspace.
    ///
    /// # Errors
    /// 403 for tokens that are for less.
    pub fn account(&self) -> Result<&Account, Problem> {
        match self {
            Self::Key { account } | Self::Browser { account, .. } => Ok(account),
            Self::Participant { .. } => Err(Problem::forbidden("not_for_participants", "a participant token cannot do this")),
            Self::Desk { .. } => Err(Problem::forbidden("not_for_desks", "an agent's desk token cannot do this")),
            Self::Watcher { .. } => Err(Problem::forbidden("watch_only", "this token is for watching a session's recording state only")),
        }
    }

    /// Whether the caller runs live sessions, for everybody in them.
    #[must_use]
    pub fn runs_sessions(&self) -> bool {
        self.account().is_ok_and(Account::runs_sessions)
    }

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
            Self::Key { account } | Self::Browser { account, .. } => {
                account.needs(Scope::Sessions)?;
                // Another project's session is answered as one that nobody has.
                match registry.view(session) {
                    Some(view) if !account.reaches(&view.project) => Err(Refusal::NoSuchSession.into()),
                    _ => Ok(None),
                }
            }
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

/// Somebody whom pages are shown to.
pub trait SignedIn {
    /// The browser's form token, where it is one.
    fn csrf(&self) -> Option<&Secret>;
    /// They run the node.
    fn is_admin(&self) -> bool;
    /// They see the log of what was sent to people outside.
    fn sees_external(&self) -> bool;
    /// They may send links.
    fn sends_links(&self) -> bool;
    /// Who they are in the audit log (`key:<name>`, `user:<name>`).
    fn who(&self) -> &str;
}

impl SignedIn for Operator {
    fn csrf(&self) -> Option<&Secret> {
        self.csrf.as_ref()
    }

    fn is_admin(&self) -> bool {
        true
    }

    fn sees_external(&self) -> bool {
        true
    }

    fn sends_links(&self) -> bool {
        true
    }

    fn who(&self) -> &str {
        &self.actor
    }
}

/// A caller who runs the node: an administrator, or a key that may do everything. Everybody else is refused.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The browser's form token, where the caller is one.
    pub csrf: Option<Secret>,
    /// Who this is in the audit log.
    pub(in crate::api) actor: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let account = caller.account()?;
        account.needs(Scope::Admin)?;
        let csrf = match &caller {
            Caller::Browser { csrf, .. } => Some(csrf.clone()),
            _ => None,
        };
        Ok(Self { csrf, actor: account.actor.clone() })
    }
}
