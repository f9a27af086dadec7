//! People, groups, properties: for administrators.

pub mod groups;
pub mod keys;
pub mod me;
pub mod users;

use axum::extract::State;

use super::tagged::{Changer, Tagged};
use crate::api::auth::Operator;
use crate::api::body::Body;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::rights::Properties;

/// Properties that hold where neither a user nor a group of theirs says something.
#[utoipa::path(get, path = "/v1/workspace/properties", tag = "people", responses((status = 200, body = Properties), (status = 403, body = Problem)))]
pub async fn workspace_properties(_: Operator, State(state): State<ApiState>) -> Result<Tagged<Properties>, Problem> {
    Ok(Tagged::ok(state.catalogue.workspace_properties().await?))
}

/// Replaces them. What is left out has its default again.
#[utoipa::path(put, path = "/v1/workspace/properties", tag = "people", request_body = Properties,
    responses((status = 200, body = Properties), (status = 403, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn put_workspace_properties(
    Changer(change): Changer,
    State(state): State<ApiState>,
    Body(properties): Body<Properties>,
) -> Result<Tagged<Properties>, Problem> {
    state.catalogue.changing(change).put_workspace_properties(&properties).await?;
    Ok(Tagged::ok(properties))
}
