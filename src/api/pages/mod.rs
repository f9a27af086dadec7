//! Pages: rendered here, readable before any script runs. The look is in `web/`, the words in `web/locales`.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::state::ApiState;

pub fn protected() -> axum::Router<ApiState> {
    axum::Router::new()
}
pub fn open() -> axum::Router<ApiState> {
    axum::Router::new()
}
pub fn sign_in_form(_request: &Request, _wrong: Option<&str>) -> Response {
    (axum::http::StatusCode::UNAUTHORIZED, Html("sign in")).into_response()
}
pub async fn guard_headers(request: Request, next: Next) -> Response {
    next.run(request).await
}
