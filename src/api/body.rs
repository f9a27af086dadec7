//! Reading requests: every refusal is a [`Problem`] that says what is wrong and where.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// The largest JSON body: the largest thing anybody sends is a project's settings with metadata.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// A JSON body. Unknown fields and ill types are refused by their path.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !(essence.eq_ignore_ascii_case("application/json") || essence.eq_ignore_ascii_case("application/merge-patch+json")) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "the body has to be `Content-Type: application/json`",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| too_large(&rejection))?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body that may be left out.
pub struct BodyOrNothing<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for BodyOrNothing<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if axum::body::HttpBody::is_end_stream(request.body()) {
            return Ok(Self(T::default()));
        }
        Body::<T>::from_request(request, state).await.map(|Body(value)| Self(value))
    }
}

fn too_large(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("the body may have {MAX_BODY_BYTES} bytes"))
    } else {
        Problem::new(StatusCode::BAD_REQUEST, "bad_body", "the body did not arrive whole")
    }
}

/// Parses JSON and names the place of what does not fit.
///
/// # Errors
/// 400 for what is no JSON, 422 for JSON that does not fit.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            let what = without_position(&inner.to_string());
            Problem::invalid(if path == "." { what } else { format!("{path}: {what}") })
        } else if serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() {
            // serde_json calls it a fault of the syntax where a word is expected and something else stands.
            Problem::invalid(format!("{path}: a value of this type does not fit here"))
        } else {
            Problem::new(StatusCode::BAD_REQUEST, "bad_json", format!("the body is no JSON: {inner}"))
        }
    })?;
    json.end().map_err(|e| Problem::new(StatusCode::BAD_REQUEST, "bad_json", format!("the body is no JSON: {e}")))?;
    Ok(value)
}

fn without_position(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(what, _)| what).to_owned()
}

/// Parts of the path. What is no id names nothing: 404.
pub struct At<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::not_found(rejection.body_text())),
        }
    }
}

/// The query. Unknown and ill parameters are refused by name.
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = rejection.body_text();
                let what = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text).to_owned();
                Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", what))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::ProjectRow;

    fn refusal(json: &str) -> Problem {
        parse::<ProjectRow>(json.as_bytes()).expect_err("refused")
    }

    #[test]
    fn an_unknown_value_is_named_with_its_place() {
        let problem = refusal(r#"{"slug":"a","settings":{"record_mode":"everybody"}}"#);
        assert_eq!(problem.status, 422);
        assert!(problem.detail.starts_with("settings.record_mode: unknown variant `everybody`"), "{}", problem.detail);
    }

    #[test]
    fn an_unknown_field_is_named_with_its_place() {
        let problem = refusal(r#"{"slug":"a","settings":{"recordmode":"both"}}"#);
        assert!(problem.detail.contains("recordmode"), "{}", problem.detail);
        assert!(problem.detail.starts_with("settings"), "{}", problem.detail);
    }

    #[test]
    fn an_ill_type_is_named_with_its_place() {
        let problem = refusal(r#"{"slug":"a","settings":{"min_duration_s":-1}}"#);
        assert!(problem.detail.starts_with("settings.min_duration_s:"), "{}", problem.detail);
    }

    #[test]
    fn what_is_no_json_is_told_from_what_does_not_fit() {
        assert_eq!(refusal("{").status, 400);
        assert_eq!(refusal(r#"{"slug":"a"} x"#).status, 400);
        assert_eq!(refusal("[]").status, 422);
        let problem = refusal(r#"{"slug":"a","kind":null}"#);
        assert_eq!((problem.status, problem.detail.starts_with("kind: ")), (422, true), "{}", problem.detail);
    }
}
