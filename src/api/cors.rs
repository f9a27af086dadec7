//! Which answers pages of other origins may read: the indicator's script, and the stream of a watch token. Both without cookies.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

fn is_watch(path: &str) -> bool {
    path.strip_prefix("/v1/sessions/").is_some_and(|rest| rest.split_once('/').is_some_and(|(_, end)| end == "watch"))
}

fn put(headers: &mut HeaderMap, name: header::HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}

/// Answers a browser's question whether the watch stream may be read with a token (Fetch, CORS preflight), and says so with the stream and its
/// refusals. `*` does not cover requests with cookies, so no page can read anything with somebody's signed-in browser.
pub async fn for_indicators(request: Request, next: Next) -> Response {
    if !is_watch(request.uri().path()) || request.headers().get(header::ORIGIN).is_none() {
        return next.run(request).await;
    }
    if request.method() == Method::OPTIONS {
        let mut answer = StatusCode::NO_CONTENT.into_response();
        let headers = answer.headers_mut();
        put(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        put(headers, header::ACCESS_CONTROL_ALLOW_METHODS, "GET");
        put(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, last-event-id, cache-control");
        put(headers, header::ACCESS_CONTROL_MAX_AGE, "7200");
        return answer;
    }
    let is_get = request.method() == Method::GET;
    let mut answer = next.run(request).await;
    if is_get {
        put(answer.headers_mut(), header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    }
    answer
}
