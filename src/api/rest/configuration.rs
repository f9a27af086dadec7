//! The workspace, its agents and its queues.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::tagged::{Changer, Tagged};
use crate::api::auth::Operator;
use crate::api::body::{At, Body};
use crate::api::escaped::escaped;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::{AgentRow, Put, QueueRow, WorkspaceRow};
use crate::model::id::ProjectSlug;
use crate::model::redact::Personal;
use crate::model::settings::{AgentProperties, QueueProperties};

/// All agents.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AgentsJson {
    items: Vec<AgentRow>,
}

/// All queues.
#[derive(Serialize, utoipa::ToSchema)]
pub struct QueuesJson {
    items: Vec<QueueRow>,
}

/// An agent without its name, which is in the path.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentBody {
    /// The same as in the path, or absent.
    #[serde(default)]
    name: Option<String>,
    /// Addresses of record: exact, a user part, or a pattern with `*`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    addresses: Vec<Personal>,
    /// Only in these projects; empty = in all.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    projects: Vec<ProjectSlug>,
    /// What it may do.
    #[serde(default)]
    properties: AgentProperties,
}

/// A queue without its name, which is in the path.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueBody {
    /// The same as in the path, or absent.
    #[serde(default)]
    name: Option<String>,
    /// What it adds.
    #[serde(default)]
    properties: QueueProperties,
}

fn same_name(in_path: &str, in_body: Option<&String>) -> Result<(), Problem> {
    match in_body {
        Some(name) if name != in_path => Err(Problem::invalid("name: differs from the one in the path")),
        _ => Ok(()),
    }
}

/// The workspace's settings, under every project's.
#[utoipa::path(get, path = "/v1/workspace", tag = "configuration", responses((status = 200, body = WorkspaceRow)))]
pub async fn workspace(_: Operator, State(state): State<ApiState>) -> Result<Tagged<WorkspaceRow>, Problem> {
    Ok(Tagged::ok(state.catalogue.workspace().await?))
}

/// Replaces the workspace's settings. Sessions that have begun keep theirs.
#[utoipa::path(put, path = "/v1/workspace", tag = "configuration", request_body = WorkspaceRow,
    responses((status = 200, body = WorkspaceRow), (status = 422, body = Problem)))]
pub async fn put_workspace(
    Changer(change): Changer,
    State(state): State<ApiState>,
    Body(row): Body<WorkspaceRow>,
) -> Result<Tagged<WorkspaceRow>, Problem> {
    region_has_a_store(&state, &row)?;
    state.catalogue.changing(change).put_workspace(&row).await?;
    Ok(Tagged::ok(row))
}

/// Refuses a region that this node has no store for: its recordings would have nowhere to go.
pub(in crate::api) fn region_has_a_store(state: &ApiState, row: &WorkspaceRow) -> Result<(), Problem> {
    let Some(region) = row.settings.region.filter(|region| !state.regions.has(*region)) else { return Ok(()) };
    let known: Vec<String> = state.regions.configured().iter().map(|region| format!("`{region}`")).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let detail = format!(
        "settings.region: `{region}` has no store on this node; `[regions] {region} = \"…\"` in its configuration names one (there now: {known})"
    );
    Err(Problem::invalid(detail))
}

/// All agents.
#[utoipa::path(get, path = "/v1/agents", tag = "configuration", responses((status = 200, body = AgentsJson)))]
pub async fn agents(_: Operator, State(state): State<ApiState>) -> Result<Json<AgentsJson>, Problem> {
    Ok(Json(AgentsJson { items: state.catalogue.agents().await? }))
}

/// A new agent.
#[utoipa::path(post, path = "/v1/agents", tag = "configuration", request_body = AgentRow,
    responses((status = 201, body = AgentRow), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn post_agent(Changer(change): Changer, State(state): State<ApiState>, Body(row): Body<AgentRow>) -> Result<Response, Problem> {
    state.catalogue.changing(change).put_agent(&row, Put::New).await?;
    let place = format!("/v1/agents/{}", escaped(&row.name));
    Ok(Tagged::made(row, &place))
}

/// An agent.
#[utoipa::path(get, path = "/v1/agents/{name}", tag = "configuration", params(("name" = String, Path)),
    responses((status = 200, body = AgentRow), (status = 404, body = Problem)))]
pub async fn agent(_: Operator, State(state): State<ApiState>, At(name): At<String>) -> Result<Tagged<AgentRow>, Problem> {
    let found = state.catalogue.agents().await?.into_iter().find(|a| a.name == name);
    found.map(Tagged::ok).ok_or_else(|| Problem::not_found(format!("there is no agent `{name}`")))
}

/// Makes or replaces an agent.
#[utoipa::path(put, path = "/v1/agents/{name}", tag = "configuration", params(("name" = String, Path)), request_body = AgentBody,
    responses((status = 200, body = AgentRow), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn put_agent(
    Changer(change): Changer,
    State(state): State<ApiState>,
    At(name): At<String>,
    Body(body): Body<AgentBody>,
) -> Result<Tagged<AgentRow>, Problem> {
    same_name(&name, body.name.as_ref())?;
    let row = AgentRow { name, addresses: body.addresses, projects: body.projects, properties: body.properties };
    state.catalogue.changing(change).put_agent(&row, Put::Whole).await?;
    Ok(Tagged::ok(row))
}

/// Removes an agent.
#[utoipa::path(delete, path = "/v1/agents/{name}", tag = "configuration", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn delete_agent(Changer(change): Changer, State(state): State<ApiState>, At(name): At<String>) -> Result<StatusCode, Problem> {
    state.catalogue.changing(change).delete_agent(&name).await?;
    state.grants().close_desks(&name);
    Ok(StatusCode::NO_CONTENT)
}

/// All queues.
#[utoipa::path(get, path = "/v1/queues", tag = "configuration", responses((status = 200, body = QueuesJson)))]
pub async fn queues(_: Operator, State(state): State<ApiState>) -> Result<Json<QueuesJson>, Problem> {
    Ok(Json(QueuesJson { items: state.catalogue.queues().await? }))
}

/// A new queue.
#[utoipa::path(post, path = "/v1/queues", tag = "configuration", request_body = QueueRow,
    responses((status = 201, body = QueueRow), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn post_queue(Changer(change): Changer, State(state): State<ApiState>, Body(row): Body<QueueRow>) -> Result<Response, Problem> {
    state.catalogue.changing(change).put_queue(&row, Put::New).await?;
    let place = format!("/v1/queues/{}", escaped(&row.name));
    Ok(Tagged::made(row, &place))
}

/// A queue.
#[utoipa::path(get, path = "/v1/queues/{name}", tag = "configuration", params(("name" = String, Path)),
    responses((status = 200, body = QueueRow), (status = 404, body = Problem)))]
pub async fn queue(_: Operator, State(state): State<ApiState>, At(name): At<String>) -> Result<Tagged<QueueRow>, Problem> {
    let found = state.catalogue.queues().await?.into_iter().find(|q| q.name == name);
    found.map(Tagged::ok).ok_or_else(|| Problem::not_found(format!("there is no queue `{name}`")))
}

/// Makes or replaces a queue.
#[utoipa::path(put, path = "/v1/queues/{name}", tag = "configuration", params(("name" = String, Path)), request_body = QueueBody,
    responses((status = 200, body = QueueRow), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn put_queue(
    Changer(change): Changer,
    State(state): State<ApiState>,
    At(name): At<String>,
    Body(body): Body<QueueBody>,
) -> Result<Tagged<QueueRow>, Problem> {
    same_name(&name, body.name.as_ref())?;
    let row = QueueRow { name, properties: body.properties };
    state.catalogue.changing(change).put_queue(&row, Put::Whole).await?;
    Ok(Tagged::ok(row))
}

/// Removes a queue.
#[utoipa::path(delete, path = "/v1/queues/{name}", tag = "configuration", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn delete_queue(Changer(change): Changer, State(state): State<ApiState>, At(name): At<String>) -> Result<StatusCode, Problem> {
    state.catalogue.changing(change).delete_queue(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}
