//! Who the caller is, and what they may set of themselves.

use std::collections::BTreeSet;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::auth::{Account, GRANT_LIFE, Grant, Member, NotSignedIn, Peer, Ticket, check_own_password, hash_password};
use crate::api::base_url::BaseUrl;
use crate::api::body::Body;
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::rest::watch::end_of;
use crate::api::state::ApiState;
use crate::api::wire::GrantJson;
use crate::archive::people::{ResourceFilter, User};
use crate::archive::rights::{Effective, Role};
use crate::archive::scope::Scope;
use crate::archive::{AuditAction, Change, Expected};
use crate::model::redact::{Personal, Secret};

/// Whoever asks.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MeJson {
    /// `user` or `key`.
    kind: &'static str,
    /// Their name.
    name: String,
    /// Who they are in the audit log.
    actor: String,
    /// `admin`, `agent` or `reviewer`.
    role: Role,
    /// What people call them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    display_name: Option<Personal>,
    /// Their address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    email: Option<Personal>,
    /// The configured agent that they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    /// Their groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<BTreeSet<String>>,
    /// What a key may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<BTreeSet<Scope>>,
    /// What they are limited to.
    filter: ResourceFilter,
    /// What holds for them, with all inheritance.
    properties: Effective,
}

/// Who asks, and what they may do.
#[utoipa::path(get, path = "/v1/me", tag = "people", responses((status = 200, body = MeJson), (status = 403, body = Problem)))]
pub async fn get(account: Account, State(state): State<ApiState>) -> Result<Json<MeJson>, Problem> {
    let row = match &account.key {
        Some(_) => None,
        None => Some(state.catalogue.user(&account.name).await?.row),
    };
    let person = &account.person;
    Ok(Json(MeJson {
        kind: if account.key.is_some() { "key" } else { "user" },
        name: account.name.clone(),
        actor: account.actor.clone(),
        role: person.role,
        display_name: row.as_ref().map(|row| row.display_name.clone()),
        email: row.as_ref().and_then(|row| row.email.clone()),
        agent: row.as_ref().and_then(|row| row.agent.clone()),
        groups: row.map(|row| row.groups),
        scopes: account.key.as_ref().map(|key| key.scopes.clone()),
        filter: ResourceFilter { queues: person.queues.clone(), groups: person.groups.clone(), projects: person.projects.clone() },
        properties: person.properties.clone(),
    }))
}

/// A new password for oneself.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    /// The one that holds now.
    current: String,
    /// The new one, 10 to 512 characters.
    password: String,
}

/// Sets one's own password. All of one's sessions end, this one too.
#[utoipa::path(put, path = "/v1/me/password", tag = "people", request_body = PasswordBody,
    responses((status = 204), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem)))]
pub async fn put_password(
    member: Member,
    Peer(from): Peer,
    State(state): State<ApiState>,
    Body(body): Body<PasswordBody>,
) -> Result<StatusCode, Problem> {
    change_password(&member, &state, from, body.current, body.password, "api").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets it, for pages too; answers the user, whose sessions have all ended.
pub(in crate::api) async fn change_password(
    member: &Member,
    state: &ApiState,
    from: Option<std::net::IpAddr>,
    current: String,
    password: String,
    via: &'static str,
) -> Result<User, Problem> {
    let Ticket::Person { user, .. } = &member.account.ticket else {
        return Err(Problem::forbidden("not_permitted", "a key has no password: this is for people who signed in"));
    };
    if !state.catalogue.user(user).await?.has_password {
        return Err(Problem::conflict("no_password", "you have no password here: an administrator can give you one"));
    }
    let same = current == password;
    let new = hash_password(Secret::new(password)).await?;
    match check_own_password(state, user, Secret::new(current), from).await {
        Ok(()) => {}
        Err(NotSignedIn::Wrong) => return Err(Problem::invalid("current: is not your password")),
        Err(NotSignedIn::TooMany) => {
            let detail = "too many tries; wait a quarter of an hour";
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tries", detail));
        }
        Err(NotSignedIn::Failed(problem)) => return Err(problem),
    }
    if same {
        return Err(Problem::invalid("password: is the one that you have now"));
    }
    let change = Change { at: now(), actor: member.actor.clone(), via, expects: Expected::Anything };
    let user = state.catalogue.changing(change).put_password(user, new).await?;
    super::users::ended(state, &user);
    Ok(user)
}

/// Opens one's own desk: for users who are agents.
#[utoipa::path(post, path = "/v1/me/desk", tag = "people",
    responses((status = 201, body = GrantJson), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn desk(account: Account, base: BaseUrl, State(state): State<ApiState>) -> Result<(StatusCode, Json<GrantJson>), Problem> {
    let token = open_desk(&account, &state).await?;
    let answer = GrantJson {
        page_url: Some(format!("{}/desk#{}", base.0, token.reveal())),
        token: token.reveal().to_owned(),
        expires_at: end_of(GRANT_LIFE),
        script_url: None,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Opens it, for pages too.
pub(in crate::api) async fn open_desk(account: &Account, state: &ApiState) -> Result<Secret, Problem> {
    let agent = account.person.name.clone();
    if account.key.is_some() || account.person.role != Role::Agent {
        return Err(Problem::forbidden("not_permitted", "a desk of one's own is for users who are agents"));
    }
    if !state.catalogue.agents().await?.iter().any(|known| known.name == agent) {
        return Err(Problem::not_found("no configured agent is this user; an administrator sets one"));
    }
    let entry = crate::archive::NewAudit {
        at: now(),
        actor: account.actor.clone(),
        action: AuditAction::Share,
        subject: format!("agent:{agent}"),
        detail: json!({ "desk": "opened", "for_s": GRANT_LIFE.as_secs() }),
    };
    state.catalogue.audit(entry).await?;
    Ok(state.grants().issue(Grant::Desk { agent }, GRANT_LIFE, Instant::now()))
}
