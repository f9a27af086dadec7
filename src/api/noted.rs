//! Noting in the audit log what callers do.

use serde_json::Value;

use super::auth::{Account, Caller, Member, Operator};
use super::problem::Problem;
use super::state::ApiState;
pub use crate::archive::now;
use crate::archive::{AuditAction, Change, Expected, NewAudit};

impl Caller {
    /// Who this is in the audit log. A browser is the person, or the key, that it was signed in with.
    #[must_use]
    pub fn actor(&self) -> String {
        match self {
            Self::Key { account } | Self::Browser { account, .. } => account.actor.clone(),
            Self::Participant { participant, .. } => format!("participant:{participant}"),
            Self::Desk { agent } => format!("agent:{agent}"),
            Self::Watcher { session, .. } => format!("watcher:{session}"),
        }
    }
}

impl Account {
    /// Notes something that this caller does now. What cannot be noted is not done: call this first.
    ///
    /// # Errors
    /// 500 where the catalogue does not take it.
    pub async fn note(&self, state: &ApiState, action: AuditAction, subject: impl Into<String>, detail: Value) -> Result<(), Problem> {
        state.catalogue.audit(NewAudit { at: now(), actor: self.actor.clone(), action, subject: subject.into(), detail }).await?;
        Ok(())
    }
}

impl Operator {
    /// Who this is in the audit log.
    #[must_use]
    pub fn actor(&self) -> String {
        self.actor.clone()
    }

    /// An entry about something that this operator does now.
    #[must_use]
    pub fn did(&self, action: AuditAction, subject: impl Into<String>, detail: Value) -> NewAudit {
        NewAudit { at: now(), actor: self.actor(), action, subject: subject.into(), detail }
    }

    /// A change of the configuration by this operator, made on a page.
    #[must_use]
    pub fn changes(&self, expects: Expected) -> Change {
        Change { at: now(), actor: self.actor(), via: "page", expects }
    }

    /// Notes something that this operator does now. What cannot be noted is not done: call this first.
    ///
    /// # Errors
    /// 500 where the catalogue does not take it.
    pub async fn note(&self, state: &ApiState, action: AuditAction, subject: impl Into<String>, detail: Value) -> Result<(), Problem> {
        state.catalogue.audit(self.did(action, subject, detail)).await?;
        Ok(())
    }
}

impl Member {
    /// A change that this member makes now, whatever is there.
    #[must_use]
    pub fn changes(&self) -> Change {
        let via = if self.csrf.is_some() { "page" } else { "api" };
        Change { at: now(), actor: self.actor.clone(), via, expects: Expected::Anything }
    }

    /// An entry about something that this member does now.
    #[must_use]
    pub fn did(&self, action: AuditAction, subject: impl Into<String>, detail: Value) -> NewAudit {
        NewAudit { at: now(), actor: self.actor.clone(), action, subject: subject.into(), detail }
    }

    /// Notes something that this member does now. What cannot be noted is not done: call this first.
    ///
    /// # Errors
    /// 500 where the catalogue does not take it.
    pub async fn note(&self, state: &ApiState, action: AuditAction, subject: impl Into<String>, detail: Value) -> Result<(), Problem> {
        state.catalogue.audit(self.did(action, subject, detail)).await?;
        Ok(())
    }
}
