//! The gate in front of every protected route.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::account::{account_of, ticket_of_key};
use super::browser::COOKIE_NAME;
use super::caller::Caller;
use super::grants::Grant;
use super::origin::same_origin;
use crate::api::pages;
use crate::api::problem::Problem;
use crate::api::state::ApiState;

/// The header that carries a browser's form token.
const CSRF_HEADER: &str = "x-csrf-token";

/// Finds out who asks, or answers 401 (to somebody who wants to look at a page: with the sign-in form). Handlers find the [`Caller`] in the extensions.
/// What they refuse to somebody who looks at pages is a page of theirs.
pub async fn ask_who(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    let who = identify(&state, request.method(), request.uri(), request.headers()).await;
    match who {
        Ok(caller) => {
            let looks = pages::wants_page(&request).then(|| caller.clone());
            request.extensions_mut().insert(caller);
            let response = next.run(request).await;
            match looks {
                Some(caller) => pages::in_words(response, Some(&caller)),
                None => response,
            }
        }
        Err(problem) if problem.status == 401 && pages::wants_page(&request) => pages::sign_in_form(&state, &request),
        Err(problem) => problem.into_response(),
    }
}

/// Whether a page is looked at by somebody signed in.
pub async fn is_signed_in(state: &ApiState, uri: &Uri, headers: &HeaderMap) -> bool {
    matches!(identify(state, &Method::GET, uri, headers).await, Ok(Caller::Key { .. } | Caller::Browser { .. }))
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

async fn identify(state: &ApiState, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Caller, Problem> {
    if let Some(token) = bearer(headers)? {
        if let Some((session, participant)) = state.tokens.owner(token) {
            return Ok(Caller::Participant { session, participant });
        }
        match state.grants().find(token, Instant::now()) {
            Some(Grant::Desk { agent }) => return Ok(Caller::Desk { agent }),
            Some(Grant::Watch { session, origin }) => return Ok(Caller::Watcher { session, origin }),
            Some(Grant::Requester { .. }) | None => {}
        }
        let account = account_of(state, &ticket_of_key(token)).await?.ok_or_else(Problem::unauthenticated)?;
        return Ok(Caller::Key { account });
    }
    let cookie = session_cookie(headers).ok_or_else(Problem::unauthenticated)?;
    let browser = state.browsers().find(cookie, Instant::now()).ok_or_else(Problem::unauthenticated)?;
    if !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        if !same_origin(headers, state.public_url.as_deref()) {
            return Err(Problem::forbidden("cross_origin", "this request was not written by a page of this node"));
        }
        // Pages' own forms carry the token in a field, which their handlers check.
        let sent = headers.get(CSRF_HEADER).and_then(|v| v.to_str().ok());
        if uri.path().starts_with("/v1/") && !sent.is_some_and(|s| browser.csrf.matches(s)) {
            return Err(Problem::forbidden("csrf", "X-CSRF-Token: absent or not this browser's"));
        }
    }
    let Some(account) = account_of(state, &browser.ticket).await? else {
        state.browsers().sign_out(cookie);
        return Err(Problem::unauthenticated());
    };
    Ok(Caller::Browser { account, csrf: browser.csrf })
}

/// The token of `Authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = sent.next() else { return Ok(None) };
    // Of two, this node and a proxy in front of it could each believe another one.
    if sent.next().is_some() {
        return Err(Problem::unauthenticated());
    }
    let text = value.to_str().map_err(|_| Problem::unauthenticated())?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => Ok(Some(token.trim())),
        _ => Err(Problem::unauthenticated()),
    }
}

/// The value of the session cookie.
#[must_use]
pub fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, COOKIE_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, header::HeaderValue::from_static("a=b; ferric_session=xyz; c=d"));
        assert_eq!(session_cookie(&headers), Some("xyz"));
    }

    #[test]
    fn another_scheme_than_bearer_is_nobody() {
        let mut headers = HeaderMap::new();
        assert!(matches!(bearer(&headers), Ok(None)));
        headers.insert(header::AUTHORIZATION, header::HeaderValue::from_static("Basic eDp5"));
        assert!(bearer(&headers).is_err());
        headers.insert(header::AUTHORIZATION, header::HeaderValue::from_static("bearer k1"));
        assert!(matches!(bearer(&headers), Ok(Some("k1"))));
    }
}
