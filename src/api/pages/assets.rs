//! Scripts, styles and fonts, embedded in the binary. No data in them: they answer anybody.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::api::problem::Problem;
use crate::api::rest::not_modified;

#[derive(RustEmbed)]
#[folder = "web/dist/"]
struct Built;

fn tag(file: &rust_embed::EmbeddedFile) -> String {
    hex::encode(&file.metadata.sha256_hash()[..8])
}

/// The address of an asset; it changes with the asset, so that browsers may keep it for good.
pub fn address(name: &str) -> String {
    match Built::get(name) {
        Some(file) => format!("/assets/{name}?v={}", tag(&file)),
        None => format!("/assets/{name}"),
    }
}

/// `GET /embed/indicator.js`: the indicator for pages of others, at an address that stays. Any page may load it; it holds nothing of anybody.
pub async fn indicator(headers: HeaderMap, uri: axum::http::Uri) -> Response {
    let mut answer = get(Path("indicator.js".to_owned()), headers, uri).await;
    let any = HeaderValue::from_static("*");
    answer.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    let cross = HeaderValue::from_static("cross-origin");
    answer.headers_mut().insert(header::HeaderName::from_static("cross-origin-resource-policy"), cross);
    answer
}

/// `GET /assets/{name}`
pub async fn get(Path(name): Path<String>, headers: HeaderMap, uri: axum::http::Uri) -> Response {
    let Some(file) = Built::get(&name) else { return Problem::not_found("there is no such asset").into_response() };
    let etag = format!("\"{}\"", tag(&file));
    let mut answer = HeaderMap::new();
    // Chunks and fonts carry their hash in the name.
    let lasting = uri.query().is_some_and(|q| q.starts_with("v="))
        || name.starts_with("chunk-")
        || std::path::Path::new(&name).extension().is_some_and(|e| e == "woff2");
    let cache = if lasting { "public, max-age=31536000, immutable" } else { "no-cache" };
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(value) = HeaderValue::from_str(&etag) {
        answer.insert(header::ETAG, value);
    }
    if not_modified(&headers, &etag) {
        return (StatusCode::NOT_MODIFIED, answer).into_response();
    }
    if let Ok(value) = HeaderValue::from_str(file.metadata.mimetype()) {
        answer.insert(header::CONTENT_TYPE, value);
    }
    (answer, file.data).into_response()
}
