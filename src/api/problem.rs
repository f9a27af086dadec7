//! Errors as `application/problem+json` (RFC 9457) with a stable `reason` for programs and a `detail` for people.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::archive::ArchiveError;
use crate::archive::deletion::Kept;
use crate::model::command::Reason;
use crate::model::switchboard::Refusal;
use crate::store::StoreError;

/// What went wrong, for programs and for people.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// `about:blank`: `reason` tells problems apart.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Stable, in `snake_case`.
    #[schema(value_type = String)]
    pub reason: std::borrow::Cow<'static, str>,
    /// What and where, as `settings.record_mode: unknown variant …`.
    pub detail: String,
}

impl Problem {
    /// A problem of a status.
    #[must_use]
    pub fn new(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            reason: reason.into(),
            detail: detail.into(),
        }
    }

    /// 401: no key, token or cookie, or one that nobody knows.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "an API key or a participant token is needed: `Authorization: Bearer …`, or sign in at /",
        )
    }

    /// 403.
    #[must_use]
    pub fn forbidden(reason: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, reason, detail)
    }

    /// 404.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 409.
    #[must_use]
    pub fn conflict(reason: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, reason, detail)
    }

    /// 422: the body says something that cannot be; `detail` names the field.
    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// 500: the cause goes to the log, not to the caller.
    #[must_use]
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the node could not do this; its log says why")
    }

    /// 409 with the policy's own reason.
    #[must_use]
    pub fn policy(reason: Reason) -> Self {
        let name = serde_json::to_value(reason).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        Self { reason: name.into(), ..Self::conflict("refused", reason.to_string()) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"ferric\""));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        // Whoever looks with a browser gets it as a page: `pages::refused`.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::NoSuchProject(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "no_such_project", format!("project: {detail}")),
            Refusal::NoSuchAgent(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "no_such_agent", format!("agent: {detail}")),
            Refusal::NoSuchSession => Self::new(StatusCode::NOT_FOUND, "no_such_session", detail),
            Refusal::NoSuchParticipant => Self::policy(Reason::NoSuchParticipant),
            Refusal::AlreadyIn => Self::conflict("already_in", detail),
            Refusal::Policy(reason) => Self::policy(reason),
            Refusal::BadOffer(_) => Self::new(StatusCode::NOT_ACCEPTABLE, "bad_offer", detail),
            Refusal::Draining => Self::new(StatusCode::SERVICE_UNAVAILABLE, "draining", detail),
            Refusal::Busy(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail),
        }
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::NotFound { .. } => Self::not_found(error.to_string()),
            ArchiveError::Exists { .. } => Self::conflict("exists", error.to_string()),
            ArchiveError::InUse { .. } => Self::conflict("in_use", error.to_string()),
            ArchiveError::ChangedMeanwhile { .. } => Self::new(StatusCode::PRECONDITION_FAILED, "changed_meanwhile", error.to_string()),
            ArchiveError::Invalid { .. } => Self::invalid(error.to_string()),
            error if error.is_passing() => {
                tracing::error!(%error, "a request failed");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "catalogue_away", "the catalogue does not answer; ask again in a moment")
            }
            other => Self::internal(&other),
        }
    }
}

impl From<Kept> for Problem {
    fn from(kept: Kept) -> Self {
        let detail = kept.to_string();
        match kept {
            Kept::NotThere => Self::not_found(detail),
            Kept::Recording => Self::conflict("still_recording", detail),
            Kept::Processing => Self::conflict("still_processing", detail),
            Kept::Held => Self::conflict("legal_hold", detail),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(_) | StoreError::BadKey(_) => Self::not_found("the recording has no such file"),
            other => Self::internal(&other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_refusal_carries_the_policys_own_name() {
        let problem = Problem::from(Refusal::Policy(Reason::NotHost));
        assert_eq!((problem.status, problem.reason.as_ref()), (409, "not_host"));
    }

    #[test]
    fn what_the_database_said_stays_in_the_log() {
        let problem = Problem::from(ArchiveError::Database(sqlx::Error::PoolClosed));
        assert_eq!((problem.status, problem.reason.as_ref()), (503, "catalogue_away"));
        let lasting = Problem::from(ArchiveError::Database(sqlx::Error::RowNotFound));
        assert_eq!(lasting.status, 500);
        assert!(!problem.detail.contains("pool") && !lasting.detail.contains("row"), "{} {}", problem.detail, lasting.detail);
    }
}
