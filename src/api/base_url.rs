//! The address that callers reach the node by, for absolute URLs in answers.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use axum::http::uri::Authority;

use super::problem::Problem;
use super::state::ApiState;

/// `scheme://authority` without a slash at the end: the configured one, else what the request says (`Host`, `X-Forwarded-Proto`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(pub String);

impl BaseUrl {
    /// Whether the base is reached over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

/// Where links in letters lead: the configured base, or where the node listens. Never what a request calls this node: a stranger could have a letter lead
/// to themselves. `None` where the node listens everywhere and nobody said how it is called.
#[must_use]
pub fn in_letters(state: &ApiState) -> Option<&str> {
    state.public_url.as_deref().or(state.own_url.as_deref()).map(|base| base.trim_end_matches('/'))
}

/// The base as a request tells it.
fn told_by(parts: &Parts) -> Option<BaseUrl> {
    let header_text = |name: header::HeaderName| parts.headers.get(name).and_then(|v| v.to_str().ok());
    let authority = header_text(header::HOST).or_else(|| parts.uri.authority().map(Authority::as_str))?;
    let authority: Authority = authority.parse().ok()?;
    if authority.as_str().contains('@') {
        return None;
    }
    let scheme = match header_text(header::HeaderName::from_static("x-forwarded-proto")) {
        Some(proto) if proto.split(',').next().is_some_and(|p| p.trim().eq_ignore_ascii_case("https")) => "https",
        _ => "http",
    };
    Some(BaseUrl(format!("{scheme}://{authority}")))
}

impl FromRequestParts<ApiState> for BaseUrl {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        if let Some(url) = &state.public_url {
            return Ok(Self(url.trim_end_matches('/').to_owned()));
        }
        told_by(parts).ok_or_else(|| Problem::new(axum::http::StatusCode::BAD_REQUEST, "bad_host", "Host: no host name or address"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn base(host: &str, proto: Option<&str>) -> Option<String> {
        let mut request = Request::builder().uri("/x").header("host", host);
        if let Some(proto) = proto {
            request = request.header("x-forwarded-proto", proto);
        }
        told_by(&request.body(()).ok()?.into_parts().0).map(|b| b.0)
    }

    #[test]
    fn the_forwarded_scheme_counts_and_a_strange_host_does_not() {
        assert_eq!(base("rec.example:8443", None).as_deref(), Some("http://rec.example:8443"));
        assert_eq!(base("rec.example", Some("https, http")).as_deref(), Some("https://rec.example"));
        assert_eq!(base("user@evil.example", None), None);
        assert_eq!(base("a b", None), None);
    }
}
