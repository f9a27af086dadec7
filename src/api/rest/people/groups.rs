//! Groups of users.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::api::auth::Operator;
use crate::api::body::{At, Body};
use crate::api::escaped::escaped;
use crate::api::problem::Problem;
use crate::api::rest::tagged::{Changer, Tagged};
use crate::api::state::ApiState;
use crate::archive::Put;
use crate::archive::people::GroupRow;
use crate::archive::rights::Properties;

/// All groups.
#[derive(Serialize, utoipa::ToSchema)]
pub struct GroupsJson {
    items: Vec<GroupRow>,
}

/// A group as `PUT` takes it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupBody {
    /// As in the path.
    name: Option<String>,
    /// Properties of its members, where they have none of their own.
    #[serde(default)]
    properties: Properties,
    /// Its members, by name.
    #[serde(default)]
    members: std::collections::BTreeSet<String>,
}

/// All groups.
#[utoipa::path(get, path = "/v1/groups", tag = "people", responses((status = 200, body = GroupsJson), (status = 403, body = Problem)))]
pub async fn list(_: Operator, State(state): State<ApiState>) -> Result<Json<GroupsJson>, Problem> {
    Ok(Json(GroupsJson { items: state.catalogue.groups().await? }))
}

/// A new group.
#[utoipa::path(post, path = "/v1/groups", tag = "people", request_body = GroupRow,
    responses((status = 201, body = GroupRow), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn post(Changer(change): Changer, State(state): State<ApiState>, Body(row): Body<GroupRow>) -> Result<Response, Problem> {
    state.catalogue.changing(change).put_group(&row, Put::New).await?;
    let place = format!("/v1/groups/{}", escaped(&row.name));
    Ok(Tagged::made(row, &place))
}

/// A group.
#[utoipa::path(get, path = "/v1/groups/{name}", tag = "people", params(("name" = String, Path)),
    responses((status = 200, body = GroupRow), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn get(_: Operator, State(state): State<ApiState>, At(name): At<String>) -> Result<Tagged<GroupRow>, Problem> {
    Ok(Tagged::ok(state.catalogue.group(&name).await?))
}

/// Makes or replaces a group, with its members.
#[utoipa::path(put, path = "/v1/groups/{name}", tag = "people", params(("name" = String, Path)), request_body = GroupBody,
    responses((status = 200, body = GroupRow), (status = 403, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn put(
    Changer(change): Changer,
    State(state): State<ApiState>,
    At(name): At<String>,
    Body(body): Body<GroupBody>,
) -> Result<Tagged<GroupRow>, Problem> {
    if body.name.as_ref().is_some_and(|given| *given != name) {
        return Err(Problem::invalid("name: differs from the one in the path"));
    }
    let row = GroupRow { name, properties: body.properties, members: body.members };
    state.catalogue.changing(change).put_group(&row, Put::Whole).await?;
    Ok(Tagged::ok(row))
}

/// Removes a group. Refused while a user is limited to its recordings.
#[utoipa::path(delete, path = "/v1/groups/{name}", tag = "people", params(("name" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(Changer(change): Changer, State(state): State<ApiState>, At(name): At<String>) -> Result<StatusCode, Problem> {
    state.catalogue.changing(change).delete_group(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}
