//! The agent of a session is asked whom it was for, where only selected people may open the link of its recording and the session brought no address
//! (archive.md B7). The question is put at the session's end, when the agent's own token is over: its answer has a token of its own.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::auth::{Caller, GRANT_LIFE, Grant, bearer};
use crate::api::body::{At, Body};
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::audit::masked;
use crate::archive::{AuditAction, NewAudit};
use crate::model::email::{BadAddress, EmailAddress};
use crate::model::id::SessionId;
use crate::model::redact::Personal;
use crate::model::role::Role;
use crate::model::visibility::Reach;

/// Where the session carries the address of the ticket's requester.
const REQUESTER: &str = "customer_email";

/// Whether somebody is to say whom a session was for.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WantedJson {
    /// They are.
    wanted: bool,
    /// The bearer token for `PUT /v1/requester`: good also after the session's end.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// Whom a session was for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequesterBody {
    /// The requester's address: it is selected for every recording of the session that selected people may open.
    #[schema(value_type = String)]
    email: Personal,
}

/// Whether the caller, an agent in a live session, is to say whom it was for.
#[utoipa::path(get, path = "/v1/sessions/{id}/requester", tag = "sessions", params(("id" = String, Path)),
    responses((status = 200, body = WantedJson), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn wanted(caller: Caller, State(state): State<ApiState>, At(id): At<SessionId>) -> Result<Json<WantedJson>, Problem> {
    let by = caller.speaks_as(&id, &state.registry)?;
    let view = state.registry.view(&id).ok_or_else(|| Problem::not_found("the session is over"))?;
    let is_agent = by.is_none_or(|by| view.participants.iter().any(|p| p.party.id == by && p.party.role == Role::Agent));
    let told = view.metadata.get(REQUESTER).is_some_and(|text| text.reveal().parse::<EmailAddress>().is_ok());
    let reach = state.catalogue.workspace().await?.settings.visibility_live;
    let wanted = is_agent && !told && reach == Some(Reach::MembersAndSelected) && state.catalogue.requester(&id).await?.is_none();
    let grant = Grant::Requester { session: id, by: caller.actor() };
    let token = wanted.then(|| state.grants().issue(grant, GRANT_LIFE, Instant::now()).reveal().to_owned());
    Ok(Json(WantedJson { wanted, token }))
}

/// Says whom a session was for, once, with the token that `GET /v1/sessions/{id}/requester` answered.
#[utoipa::path(put, path = "/v1/requester", tag = "sessions", request_body = RequesterBody,
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn name(
    State(state): State<ApiState>,
    headers: HeaderMap,
    body: Result<Body<RequesterBody>, Problem>,
) -> Result<StatusCode, Problem> {
    let token = bearer(&headers)?.ok_or_else(Problem::unauthenticated)?;
    let Some(Grant::Requester { session, by }) = state.grants().find(token, Instant::now()) else {
        return Err(Problem::unauthenticated());
    };
    let Body(body) = body?;
    let address: EmailAddress = body.email.reveal().parse().map_err(|bad: BadAddress| Problem::invalid(format!("email: {bad}")))?;
    let address = address.key();
    let detail = json!({ "what": "requester", "added": [masked(&address)] });
    let entry = NewAudit { at: now(), actor: by, action: AuditAction::Share, subject: format!("session:{session}"), detail };
    if state.catalogue.name_requester(&session, &address, entry).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::conflict("named_already", "somebody said it already; it is changed on the recording's page"))
}
