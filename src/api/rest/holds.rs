//! Legal holds.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::tagged::Changer;
use crate::api::auth::Operator;
use crate::api::body::{Asked, At, Body, BodyOrNothing};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::ArchiveError;
use crate::archive::holds::{Hold, NewHold};
use crate::model::id::HoldId;

/// All holds.
#[derive(Serialize, utoipa::ToSchema)]
pub struct HoldsJson {
    items: Vec<Hold>,
}

/// Why a hold is released.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseBody {
    /// 1 to 1,000 characters.
    #[serde(default)]
    reason: Option<String>,
}

/// The same for callers whose client sends no body with `DELETE`.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReleaseQuery {
    /// Why, where the body does not say it.
    reason: Option<String>,
}

/// Holds, those in force first, newest first.
#[utoipa::path(get, path = "/v1/holds", tag = "retention", responses((status = 200, body = HoldsJson)))]
pub async fn list(_: Operator, State(state): State<ApiState>) -> Result<Json<HoldsJson>, Problem> {
    Ok(Json(HoldsJson { items: state.catalogue.holds().await? }))
}

/// Lays a hold on recordings: on those that it names, and on all that are like its filter, whenever they are made. While it is in force, nothing deletes
/// them. What a participant declined is erased all the same.
#[utoipa::path(post, path = "/v1/holds", tag = "retention", request_body = NewHold,
    responses((status = 201, body = Hold), (status = 422, body = Problem)))]
pub async fn create(Changer(change): Changer, State(state): State<ApiState>, Body(new): Body<NewHold>) -> Result<Response, Problem> {
    let hold = state.catalogue.make_hold(&change, &new).await?;
    let place = format!("/v1/holds/{}", hold.id);
    Ok((StatusCode::CREATED, [(axum::http::header::LOCATION, place)], Json(hold)).into_response())
}

/// A hold.
#[utoipa::path(get, path = "/v1/holds/{id}", tag = "retention", params(("id" = String, Path)),
    responses((status = 200, body = Hold), (status = 404, body = Problem)))]
pub async fn get(_: Operator, State(state): State<ApiState>, At(id): At<HoldId>) -> Result<Json<Hold>, Problem> {
    Ok(Json(state.catalogue.hold(&id).await?))
}

/// Releases a hold, with a reason. It stays in the list; what nothing else holds is deleted when it is due.
#[utoipa::path(delete, path = "/v1/holds/{id}", tag = "retention", params(("id" = String, Path), ReleaseQuery), request_body = ReleaseBody,
    responses((status = 200, body = Hold), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn release(
    Changer(change): Changer,
    State(state): State<ApiState>,
    At(id): At<HoldId>,
    Asked(query): Asked<ReleaseQuery>,
    BodyOrNothing(body): BodyOrNothing<ReleaseBody>,
) -> Result<Json<Hold>, Problem> {
    let reason = body.reason.or(query.reason).unwrap_or_default();
    match state.catalogue.release_hold(&change, &id, &reason).await {
        Ok(hold) => Ok(Json(hold)),
        Err(ArchiveError::ChangedMeanwhile { .. }) => Err(Problem::conflict("released", "this hold was released already")),
        Err(other) => Err(other.into()),
    }
}
