//! HTTP: REST, events, pages. Wire types live here only; every rule lives elsewhere.

mod auth;
mod base_url;
mod body;
mod cors;
mod escaped;
mod idempotency;
mod inbox;
mod noted;
mod pages;
mod problem;
mod rest;
mod state;
mod to_the_end;
mod whence;
mod wire;

use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware;

pub use auth::{Oidc, OidcError, OidcSettings};
pub use inbox::{Inbox, InboxLimits};
pub use problem::Problem;
pub use rest::uploads::arrived as file_arrived;
pub use state::{ApiParts, ApiState, FilesInWork, Readiness, Tapes};
pub use to_the_end::to_the_end;

/// The whole surface but WHIP, which the composition root merges in (it brings its own authentication: participant tokens).
pub fn router(node: ApiState) -> axum::Router {
    let (rest, _) = rest::protected();
    let protected = rest
        .merge(pages::protected())
        .fallback(nothing_there)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(node.clone(), idempotency::keep))
        .layer(middleware::from_fn_with_state(node.clone(), auth::ask_who));
    let open = rest::open().merge(pages::open()).method_not_allowed_fallback(no_such_method);
    protected
        .merge(open)
        .layer(DefaultBodyLimit::max(body::MAX_BODY_BYTES))
        .layer(middleware::from_fn(pages::refusals_as_pages))
        .layer(middleware::from_fn(pages::guard_headers))
        .layer(middleware::from_fn(cors::for_indicators))
        .with_state(node)
}

/// An event as every listener gets it: the data of a server-sent event, the body of a webhook.
#[must_use]
pub fn event_json(row: crate::archive::EventRow) -> String {
    serde_json::to_string(&wire::EventJson::from(row)).unwrap_or_default()
}

/// `/openapi.json` as text, for `ferric help` and tests.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    rest::protected().1
}

async fn nothing_there(uri: Uri) -> Problem {
    Problem::not_found(format!("there is nothing at {}", uri.path()))
}

async fn no_such_method(method: Method, uri: Uri) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", format!("{} does not take {method}", uri.path()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_description_names_the_whole_surface() {
        let paths: Vec<String> = super::openapi().paths.paths.keys().cloned().collect();
        for path in [
            "/v1/workspace",
            "/v1/projects",
            "/v1/projects/{slug}",
            "/v1/agents",
            "/v1/queues",
            "/v1/sessions",
            "/v1/sessions/{id}",
            "/v1/sessions/{id}/participants",
            "/v1/sessions/{id}/commands",
            "/v1/sessions/{id}/join",
            "/v1/sessions/{id}/end",
            "/v1/events",
            "/v1/webhooks",
            "/v1/webhooks/{id}",
            "/v1/webhooks/{id}/deliveries",
            "/v1/webhooks/{id}/deliveries/{delivery}/replay",
            "/v1/webhooks/{id}/replay",
            "/v1/webhooks/{id}/test",
            "/v1/recordings",
            "/v1/recordings/{id}",
            "/v1/recordings/{id}/files/{name}",
            "/v1/audit",
            "/metrics",
        ] {
            assert!(paths.iter().any(|p| p == path), "{path} is not in {paths:?}");
        }
    }
}
