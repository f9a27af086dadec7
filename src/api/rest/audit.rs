//! The audit log.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::recordings::instant;
use crate::api::auth::Account;
use crate::api::body::Asked;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::scope::Scope;
use crate::archive::{ArchiveError, AuditAction, AuditFilter, AuditPage};

/// Which entries are asked for.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// At or after (RFC 3339).
    from: Option<String>,
    /// Before (RFC 3339).
    to: Option<String>,
    /// By whom: `key:<name>`, `participant:<id>`, `agent:<name>`, `user:<name>`, `system`; `key:*` = by any whose text begins so.
    actor: Option<String>,
    /// `play`, `download`, `delete`, `share`, `cancel`, `sign_in`, `setting_change`, `command` or `erase`.
    #[param(value_type = Option<String>)]
    action: Option<AuditAction>,
    /// To what: `recording:<id>`, `session:<id>`, `project:<slug>` …; `recording:*` = to any whose text begins so.
    subject: Option<String>,
    /// Entries a page, 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Who did what to what, newest first, in pages.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = AuditPage), (status = 400, body = Problem), (status = 403, body = Problem)))]
pub async fn list(account: Account, State(state): State<ApiState>, Asked(query): Asked<AuditQuery>) -> Result<Json<AuditPage>, Problem> {
    account.needs(Scope::Audit)?;
    let filter = AuditFilter {
        from: instant("from", query.from.as_deref())?,
        to: instant("to", query.to.as_deref())?,
        actor: query.actor,
        action: query.action,
        subject: query.subject,
        limit: query.limit,
        after: query.after,
    };
    match state.catalogue.audit_entries(&filter).await {
        Err(no @ ArchiveError::Invalid { .. }) => Err(Problem::new(axum::http::StatusCode::BAD_REQUEST, "bad_query", no.to_string())),
        other => Ok(Json(other?)),
    }
}
