//! Probes and metrics.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::api::auth::Account;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::scope::Scope;

/// The process answers.
pub async fn healthz() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

/// The node takes calls. What does not hold is named; why is in the log.
pub async fn readyz(State(state): State<ApiState>) -> Response {
    let mut failed = Vec::new();
    for check in &state.readiness {
        if let Err(why) = check.holds().await {
            tracing::warn!(check = check.name(), %why, "not ready");
            failed.push(check.name());
        }
    }
    if failed.is_empty() {
        return Json(json!({ "status": "ready" })).into_response();
    }
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", format!("does not hold: {}", failed.join(", "))).into_response()
}

/// Prometheus metrics (OpenMetrics text).
#[utoipa::path(get, path = "/metrics", tag = "node", responses((status = 200, content_type = "application/openmetrics-text", body = String)))]
pub async fn metrics(account: Account, State(state): State<ApiState>) -> Result<Response, Problem> {
    account.needs(Scope::Metrics)?;
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &state.metrics.lock()).map_err(|e| Problem::internal(&e))?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response())
}
