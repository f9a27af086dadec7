//! Signing in with a name or an address and a password. Unknown names cost the same work and get the same answer.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::{AuditAction, NewAudit, SignInRow, passwords};
use crate::model::redact::Secret;

/// Passwords that are worked on at once: each takes 19 MiB and a processor.
static AT_WORK: Semaphore = Semaphore::const_new(2);

/// Where a request comes from, as the connection says. What headers say anybody may write.
pub struct Peer(pub Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|at| at.0.ip().to_canonical())))
    }
}

/// Why somebody is not signed in.
#[derive(Debug)]
pub enum NotSignedIn {
    /// Name or password is wrong.
    Wrong,
    /// Too many tries: later.
    TooMany,
    /// The node could not look.
    Failed(Problem),
}

/// Checks a name, or an address, and a password. Both outcomes stand in the audit log.
///
/// # Errors
/// Why nobody is signed in.
pub async fn check_password(state: &ApiState, who: &str, password: Secret, from: Option<IpAddr>) -> Result<SignInRow, NotSignedIn> {
    let right = whose(state, who, password, from).await?;
    note_sign_in(state, right.as_ref().map(|row| row.name.as_str()), "password", from).await.map_err(NotSignedIn::Failed)?;
    right.ok_or(NotSignedIn::Wrong)
}

/// Checks the password of somebody who is signed in already. A wrong one stands in the audit log; what a right one is for is noted by whoever asked.
///
/// # Errors
/// Why it is not taken.
pub async fn check_own_password(state: &ApiState, user: &str, password: Secret, from: Option<IpAddr>) -> Result<(), NotSignedIn> {
    if whose(state, user, password, from).await?.is_some() {
        return Ok(());
    }
    let entry = NewAudit {
        at: now(),
        actor: format!("user:{user}"),
        action: AuditAction::SignIn,
        subject: "node".to_owned(),
        detail: json!({ "with": "password", "again": true, "failed": true, "from": from.map(|from| from.to_string()) }),
    };
    state.catalogue.audit(entry).await.map_err(|error| NotSignedIn::Failed(error.into()))?;
    Err(NotSignedIn::Wrong)
}

/// Whoever has this name, or address, and this password; a try is counted.
async fn whose(state: &ApiState, who: &str, password: Secret, from: Option<IpAddr>) -> Result<Option<SignInRow>, NotSignedIn> {
    if !state.tries().begin(who, from, Instant::now()) {
        return Err(NotSignedIn::TooMany);
    }
    let found = state.catalogue.signing_in(who.trim()).await.map_err(|error| NotSignedIn::Failed(error.into()))?;
    let kept = found.as_ref().and_then(|row| row.password.clone());
    let fits = worked(move || passwords::verify(&password, kept.as_ref())).await.map_err(NotSignedIn::Failed)?;
    let right = found.filter(|row| fits && !row.disabled);
    if right.is_some() {
        state.tries().right(who, from);
    }
    Ok(right)
}

/// What is kept of a new password.
///
/// # Errors
/// 422 where it is none.
pub async fn hash_password(password: Secret) -> Result<Secret, Problem> {
    passwords::check(&password)?;
    Ok(worked(move || passwords::hash(&password)).await??)
}

async fn worked<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let _turn = AT_WORK.acquire().await.map_err(|e| Problem::internal(&e))?;
    tokio::task::spawn_blocking(work).await.map_err(|e| Problem::internal(&e))
}

/// Notes that somebody signed in, or (`None`) that somebody tried: nobody knows who, and a password may have been typed for the name.
///
/// # Errors
/// 500 where the catalogue does not take it.
pub async fn note_sign_in(state: &ApiState, user: Option<&str>, with: &str, from: Option<IpAddr>) -> Result<(), Problem> {
    let from = from.map(|from| from.to_string());
    let entry = NewAudit {
        at: now(),
        actor: user.map_or_else(|| "visitor:sign-in".to_owned(), |name| format!("user:{name}")),
        action: AuditAction::SignIn,
        subject: "node".to_owned(),
        detail: json!({ "with": with, "failed": user.is_none(), "from": from }),
    };
    state.catalogue.audit(entry).await?;
    Ok(())
}
