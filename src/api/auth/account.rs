//! Somebody of the workspace who asks: a person who signed in, or a key. What they may do besides recordings is decided here; recordings are
//! `archive::rights`' matter.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::caller::Caller;
use super::member::WORKSPACE;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::keys::hash;
use crate::archive::people::Standing;
use crate::archive::rights::{Effective, Person, Properties, Role};
use crate::archive::scope::Scope;
use crate::archive::{ArchiveError, KeyOwner};
use crate::model::id::ProjectSlug;

/// What somebody asks with. It is looked up again at each request, and while a stream lasts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ticket {
    /// A key, by its hash.
    Key(String),
    /// A person, in the time that their sessions are of.
    Person {
        /// The user's name.
        user: String,
        /// `User::epoch` when they signed in.
        epoch: i64,
        /// The browser, by a hash of its cookie.
        browser: String,
    },
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who this is in the audit log (`key:<name>`, `user:<name>`).
    pub actor: String,
    /// The key's or the user's own name.
    pub name: String,
    /// With what they may do.
    pub person: Arc<Person>,
    /// What the key may do; absent = a person.
    pub key: Option<Arc<KeyOwner>>,
    /// What they ask with.
    pub ticket: Ticket,
}

impl Account {
    /// Of a key. Rights of recordings are its scopes; a reason for playing is asked of it as of everybody.
    pub(super) fn of_key(owner: KeyOwner, key_hash: String, workspace: &Properties) -> Self {
        let may = |scope: Scope| owner.scopes.iter().any(|own| own.includes(scope));
        let role = if may(Scope::Admin) { Role::Admin } else { Role::Reviewer };
        let own = Properties {
            play: Some(may(Scope::Play)),
            download: Some(may(Scope::Download)),
            delete: Some(may(Scope::Delete)),
            restricted_access: Some(may(Scope::Restricted)),
            external_links: Some(may(Scope::Share)),
            external_access_page: Some(may(Scope::Share)),
            ..Properties::default()
        };
        let person = Person {
            name: owner.name.clone(),
            workspace: WORKSPACE.to_owned(),
            role,
            properties: Effective::of(role, &own, &[], workspace),
            queues: None,
            groups: None,
            projects: owner.projects.clone(),
        };
        Self {
            actor: format!("key:{}", owner.name),
            name: owner.name.clone(),
            person: Arc::new(person),
            key: Some(Arc::new(owner)),
            ticket: Ticket::Key(key_hash),
        }
    }

    /// Of a person.
    pub(super) fn of_person(standing: &Standing, ticket: Ticket) -> Self {
        let name = standing.user.row.name.clone();
        Self { actor: format!("user:{name}"), name, person: Arc::new(standing.person(WORKSPACE)), key: None, ticket }
    }

    /// They run the node.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.person.role == Role::Admin
    }

    /// Refuses a key that lacks a scope, and a person for whom the scope is no matter of their role.
    ///
    /// # Errors
    /// 403 with the scope's name.
    pub fn needs(&self, scope: Scope) -> Result<(), Problem> {
        if self.is_admin() {
            return Ok(());
        }
        match &self.key {
            Some(key) if key.scopes.iter().any(|own| own.includes(scope)) => Ok(()),
            Some(_) => Err(Problem::forbidden("not_permitted", format!("this key has no scope `{scope}`"))),
            // What people may do with recordings their properties say; they may send files in; the rest is for administrators.
            None if matches!(
                scope,
                Scope::Uploads | Scope::Read | Scope::Play | Scope::Download | Scope::Write | Scope::Delete | Scope::Share
            ) =>
            {
                Ok(())
            }
            None => Err(Problem::forbidden("not_permitted", "this is for administrators")),
        }
    }

    /// Whether live sessions are theirs to run.
    #[must_use]
    pub fn runs_sessions(&self) -> bool {
        self.needs(Scope::Sessions).is_ok()
    }

    /// Whether things of a project are within what they are limited to.
    #[must_use]
    pub fn reaches(&self, project: &ProjectSlug) -> bool {
        self.person.projects.as_ref().is_none_or(|only| only.contains(project))
    }
}

/// A person's or a key's account as it is now; `None` where it opens nothing any more.
pub(super) async fn account_of(state: &ApiState, ticket: &Ticket) -> Result<Option<Account>, ArchiveError> {
    match ticket {
        Ticket::Key(key_hash) => {
            let Some(owner) = state.catalogue.key_owner(key_hash).await? else { return Ok(None) };
            let workspace = state.catalogue.workspace_properties().await?;
            Ok(Some(Account::of_key(owner, key_hash.clone(), &workspace)))
        }
        Ticket::Person { user, epoch, .. } => {
            let standing = state.catalogue.standing(user).await?.filter(|found| found.user.epoch == *epoch && !found.user.row.disabled);
            Ok(standing.map(|standing| Account::of_person(&standing, ticket.clone())))
        }
    }
}

/// The ticket of a key.
pub(super) fn ticket_of_key(key: &str) -> Ticket {
    Ticket::Key(hash(key))
}

/// Whether somebody who began something that lasts may go on with it.
pub async fn still_signed_in(state: &ApiState, account: &Account, scope: Scope) -> bool {
    let browser_is_there = match &account.ticket {
        Ticket::Person { browser, .. } => state.browsers().is_there(browser),
        Ticket::Key(_) => true,
    };
    browser_is_there && matches!(account_of(state, &account.ticket).await, Ok(Some(now)) if now.needs(scope).is_ok())
}

impl FromRequestParts<ApiState> for Account {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        Caller::from_request_parts(parts, state).await?.account().cloned()
    }
}
