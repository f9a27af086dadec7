//! An agent's desk: a page with the agent's live calls and what may be done with them, opened by the platform or the administrator.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::watch::{end_of, life};
use crate::api::auth::{Account, Grant};
use crate::api::base_url::BaseUrl;
use crate::api::body::{At, BodyOrNothing};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::wire::GrantJson;
use crate::archive::AuditAction;
use crate::archive::scope::Scope;

/// What is asked of a desk.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeskBody {
    /// How long its token lasts: 1 to 43,200 s (the default, 12 h).
    expires_in_s: Option<u64>,
}

/// Opens a desk for an agent: a token that sees the agent's own calls and speaks for the agent in them, and the page for it.
#[utoipa::path(post, path = "/v1/agents/{name}/desk", tag = "agents", params(("name" = String, Path)), request_body = DeskBody,
    responses((status = 201, body = GrantJson), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn open(
    account: Account,
    base: BaseUrl,
    State(state): State<ApiState>,
    At(name): At<String>,
    BodyOrNothing(body): BodyOrNothing<DeskBody>,
) -> Result<(StatusCode, Json<GrantJson>), Problem> {
    may_open_desks(&account)?;
    let life = life(body.expires_in_s)?;
    if !state.catalogue.agents().await?.iter().any(|agent| agent.name == name) {
        return Err(Problem::not_found("there is no agent of that name"));
    }
    let detail = json!({ "desk": "opened", "for_s": life.as_secs() });
    account.note(&state, AuditAction::Share, format!("agent:{name}"), detail).await?;
    let token = state.grants().issue(Grant::Desk { agent: name }, life, Instant::now());
    let answer = GrantJson {
        page_url: Some(format!("{}/desk#{}", base.0, token.reveal())),
        token: token.reveal().to_owned(),
        expires_at: end_of(life),
        script_url: None,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Closes every desk of an agent: their tokens are nobody's from now on.
#[utoipa::path(delete, path = "/v1/agents/{name}/desk", tag = "agents", params(("name" = String, Path)), responses((status = 204)))]
pub async fn close(account: Account, State(state): State<ApiState>, At(name): At<String>) -> Result<StatusCode, Problem> {
    may_open_desks(&account)?;
    account.note(&state, AuditAction::Share, format!("agent:{name}"), json!({ "desk": "closed" })).await?;
    state.grants().close_desks(&name);
    Ok(StatusCode::NO_CONTENT)
}

/// A desk shows an agent's calls of every project, so whoever is limited to some opens none.
fn may_open_desks(account: &Account) -> Result<(), Problem> {
    account.needs(Scope::Sessions)?;
    if account.person.projects.is_some() {
        return Err(Problem::forbidden("not_permitted", "this key is limited to projects: a desk shows an agent's calls of all"));
    }
    Ok(())
}
