//! Rows with entity tags, and changes that rest on them (RFC 9110 §8.8.3, §13.1): whoever sends back the tag that they read changes nothing that somebody
//! else changed meanwhile.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::api::auth::Operator;
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::archive::change::tag;
use crate::archive::{Change, Expected};

/// A row as an answer, with its tag.
pub struct Tagged<T>(pub StatusCode, pub T);

impl<T: Serialize> Tagged<T> {
    /// 200.
    pub fn ok(row: T) -> Self {
        Self(StatusCode::OK, row)
    }

    /// 201, with the place where it is now.
    pub fn made(row: T, place: &str) -> Response {
        let mut response = Self(StatusCode::CREATED, row).into_response();
        if let Ok(place) = HeaderValue::from_str(place) {
            response.headers_mut().insert(header::LOCATION, place);
        }
        response
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let quoted = format!("\"{}\"", tag(&self.1));
        let mut response = (self.0, Json(self.1)).into_response();
        if let Ok(value) = HeaderValue::from_str(&quoted) {
            response.headers_mut().insert(header::ETAG, value);
        }
        response
    }
}

/// An operator who changes something: who, and what their change rests on.
pub struct Changer(pub Change);

impl<S: Send + Sync> FromRequestParts<S> for Changer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let operator = Operator::from_request_parts(parts, state).await?;
        Ok(Self(Change { at: now(), actor: operator.actor(), via: "api", expects: expected(&parts.headers)? }))
    }
}

fn expected(headers: &HeaderMap) -> Result<Expected, Problem> {
    match (sent(headers, &header::IF_MATCH)?, sent(headers, &header::IF_NONE_MATCH)?) {
        (None, None) => Ok(Expected::Anything),
        (None, Some("*")) => Ok(Expected::Nothing),
        (None, Some(_)) => Err(bad("If-None-Match: only `*` means something with a change")),
        (Some("*"), None) => Ok(Expected::Something),
        (Some(tags), None) => tags
            .split(',')
            .map(|tag| {
                let tag = tag.trim();
                // A weak tag promises less than a change has to rest on: it matches nothing (RFC 9110 §13.1.1).
                let strong = tag.strip_prefix("W/").is_none();
                let bare = tag.trim_start_matches("W/").strip_prefix('"').and_then(|t| t.strip_suffix('"'));
                let bare = bare.ok_or_else(|| bad("If-Match: `*`, or tags in double quotes"))?;
                Ok(if strong { bare.to_owned() } else { String::new() })
            })
            .collect::<Result<_, _>>()
            .map(Expected::OneOf),
        (Some(_), Some(_)) => Err(bad("If-Match and If-None-Match contradict each other")),
    }
}

fn sent<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Problem> {
    headers.get(name).map(|v| v.to_str().map(str::trim).map_err(|_| bad("If-Match: no text"))).transpose()
}

fn bad(what: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_header", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<Expected, Problem> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        expected(&headers)
    }

    #[test]
    fn a_precondition_is_read_as_it_is_meant() {
        assert_eq!(read(&[]).expect("read"), Expected::Anything);
        assert_eq!(read(&[("if-match", "*")]).expect("read"), Expected::Something);
        assert_eq!(read(&[("if-none-match", "*")]).expect("read"), Expected::Nothing);
        assert_eq!(read(&[("if-match", "\"a\", W/\"b\"")]).expect("read"), Expected::OneOf(vec!["a".into(), String::new()]));
        for bad in [&[("if-match", "a")][..], &[("if-none-match", "\"a\"")], &[("if-match", "*"), ("if-none-match", "*")]] {
            assert_eq!(read(bad).expect_err("refused").status, 400);
        }
    }
}
