//! What goes when, and letting it go now.

use axum::Json;
use axum::extract::State;

use crate::api::auth::Operator;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::now;
use crate::archive::sweep::{Plan, Swept};

/// What would be deleted when, by the settings as they are now: numbers by project and day, the first recordings one by one, and what holds keep.
#[utoipa::path(get, path = "/v1/retention", tag = "retention", responses((status = 200, body = Plan)))]
pub async fn plan(_: Operator, State(state): State<ApiState>) -> Result<Json<Plan>, Problem> {
    Ok(Json(state.catalogue.retention_plan(now()).await?))
}

/// Deletes what is due now, without waiting for the node to do it by itself. Answers when it is done.
#[utoipa::path(post, path = "/v1/retention/sweep", tag = "retention", responses((status = 200, body = Swept)))]
pub async fn sweep(operator: Operator, State(state): State<ApiState>) -> Result<Json<Swept>, Problem> {
    tracing::info!(by = operator.actor(), "recordings whose time is over are to go now");
    let sweeper = state.sweeper.clone();
    // A caller who goes away does not stop it half-way.
    let swept = tokio::spawn(async move { sweeper.once(now()).await }).await.map_err(|error| Problem::internal(&error))??;
    Ok(Json(swept))
}
