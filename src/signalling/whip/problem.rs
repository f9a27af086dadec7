//! Refusals as `application/problem+json` (RFC 9457) with a stable `reason`.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::model::switchboard::Refusal;

/// Why a request got nothing.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    reason: &'static str,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Self {
        Self { status, reason, detail: detail.into(), headers: Vec::new() }
    }

    pub(super) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is no such session, participant or resource")
    }

    pub(super) fn unauthorized() -> Self {
        let problem = Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "a participant's bearer token is needed");
        problem.with(header::WWW_AUTHENTICATE, "Bearer")
    }

    pub(super) fn media_type(wanted: &'static str) -> Self {
        let detail = format!("the content type must be {wanted}");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, reason) = match &refusal {
            Refusal::BadOffer(_) => (StatusCode::NOT_ACCEPTABLE, "offer_not_acceptable"),
            Refusal::Policy(_) | Refusal::AlreadyIn => (StatusCode::CONFLICT, "refused"),
            Refusal::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
            Refusal::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Refusal::NoSuchProject(_) | Refusal::NoSuchSession | Refusal::NoSuchParticipant | Refusal::NoSuchAgent(_) => {
                return Self::not_found();
            }
        };
        let problem = Self::new(status, reason, refusal.to_string());
        if status == StatusCode::SERVICE_UNAVAILABLE { problem.with(header::RETRY_AFTER, "5") } else { problem }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or_default();
        let body = serde_json::json!({
            "type": "about:blank", "title": title, "status": self.status.as_u16(), "reason": self.reason, "detail": self.detail,
        });
        let mut response = (self.status, Body::from(body.to_string())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}
