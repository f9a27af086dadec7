//! Signing a browser in and out.

use std::time::Instant;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::form::Form;
use super::shell::{Shell, page};
use crate::api::auth::{
    COOKIE_NAME, Member, NotSignedIn, Peer, SESSION_LIFE, TRIES_WINDOW, check_password, note_sign_in, same_origin, session_cookie,
};
use crate::api::base_url::BaseUrl;
use crate::api::escaped::escaped;
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::keys::hash;
use crate::archive::{AuditAction, NewAudit};
use crate::model::redact::Secret;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    shell: Shell,
    next: String,
    /// What was typed for the name.
    name: String,
    wrong: Option<&'static str>,
    /// Somebody tried with a key: its part of the page stands open.
    with_key: bool,
    /// Where people sign in through an identity provider, if they can. A link: a form that ends at another site breaks the page's own `form-action`.
    elsewhere: Option<String>,
}

/// What the form sends: a name and a password, or a key.
#[derive(Deserialize)]
pub struct SignIn {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    next: String,
}

pub(super) fn form(next: &str, name: &str, wrong: Option<&'static str>, with_key: bool, elsewhere: bool) -> Response {
    let (status, retry_s) = match wrong {
        Some("sign-in-later") => (StatusCode::TOO_MANY_REQUESTS, Some(TRIES_WINDOW.as_secs())),
        Some("sign-in-away") => (StatusCode::SERVICE_UNAVAILABLE, Some(5)),
        _ => (StatusCode::UNAUTHORIZED, None),
    };
    let elsewhere = elsewhere.then(|| format!("/sign-in/oidc?next={}", escaped(next)));
    let page_of = SignInPage { shell: Shell::open(), next: next.to_owned(), name: name.to_owned(), wrong, with_key, elsewhere };
    let mut response = page(status, &page_of);
    if let Some(retry_s) = retry_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_s));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"ferric\""));
    }
    response
}

/// The form, in the place of a page that needs somebody signed in. Where a form of such a page was sent, it leads back to the page.
pub fn sign_in_form(state: &ApiState, request: &Request) -> Response {
    let elsewhere = state.oidc.is_some();
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return form(request.uri().path_and_query().map_or("/", |p| p.as_str()), "", None, false, elsewhere);
    }
    let page = same_origin(request.headers(), state.public_url.as_deref()).then(|| came_from(request.headers())).flatten();
    form(page.as_deref().map_or("/", inside), "", Some("sign-in-ended"), false, elsewhere)
}

/// The path of the page that a form was sent by.
fn came_from(headers: &HeaderMap) -> Option<String> {
    let from: Uri = headers.get(header::REFERER)?.to_str().ok()?.parse().ok()?;
    from.path_and_query().map(ToString::to_string)
}

/// A path of ours, or the front page: a form must not send anybody elsewhere.
pub(super) fn inside(next: &str) -> &str {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') && !next.chars().any(char::is_control);
    if ours { next } else { "/" }
}

/// `POST /sign-in`
pub async fn sign_in(
    State(state): State<ApiState>,
    base: BaseUrl,
    Peer(from): Peer,
    headers: HeaderMap,
    Form(sent): Form<SignIn>,
) -> Result<Response, Problem> {
    let next = inside(&sent.next);
    let (with_key, elsewhere) = (!sent.key.trim().is_empty(), state.oidc.is_some());
    if !same_origin(&headers, state.public_url.as_deref()) {
        return Ok(form(next, &sent.name, Some("sign-in-origin"), with_key, elsewhere));
    }
    let cookie = if with_key {
        let key = Secret::new(sent.key.trim());
        let Some(owner) = state.catalogue.key_owner(&hash(key.reveal())).await? else {
            tracing::warn!("somebody tried to sign in with a key that nobody has");
            // A key cannot be guessed, so tries are not counted: only what is noted of them is.
            if state.tries().begin("a key that nobody has", from, Instant::now()) {
                note_sign_in(&state, None, "key", from).await?;
            }
            return Ok(form(next, "", Some("sign-in-wrong"), true, elsewhere));
        };
        let detail = serde_json::json!({ "with": "key", "failed": false, "from": from.map(|from| from.to_string()) });
        let (actor, subject) = (format!("key:{}", owner.name), "node".to_owned());
        state.catalogue.audit(NewAudit { at: now(), actor, action: AuditAction::SignIn, subject, detail }).await?;
        state.browsers().sign_in_with_key(key.reveal(), Instant::now())
    } else {
        match check_password(&state, &sent.name, Secret::new(sent.password), from).await {
            Ok(user) => state.browsers().sign_in_person(user.name, user.epoch, Instant::now()),
            Err(NotSignedIn::Wrong) => return Ok(form(next, &sent.name, Some("sign-in-wrong-password"), false, elsewhere)),
            Err(NotSignedIn::TooMany) => return Ok(form(next, &sent.name, Some("sign-in-later"), false, elsewhere)),
            Err(NotSignedIn::Failed(problem)) => return Err(problem),
        }
    };
    Ok(with_cookie(Redirect::to(next).into_response(), cookie.reveal(), SESSION_LIFE.as_secs(), base.is_https()))
}

/// What the sign-out form sends.
#[derive(Deserialize)]
pub struct SignOut {
    csrf: String,
}

/// `POST /sign-out`
pub async fn sign_out(
    member: Member,
    State(state): State<ApiState>,
    base: BaseUrl,
    headers: HeaderMap,
    Form(sent): Form<SignOut>,
) -> Result<Response, Problem> {
    member.check_form(&sent.csrf)?;
    if let Some(cookie) = session_cookie(&headers) {
        state.browsers().sign_out(cookie);
    }
    Ok(with_cookie(Redirect::to("/").into_response(), "", 0, base.is_https()))
}

pub(super) fn with_cookie(mut response: Response, value: &str, seconds: u64, secure: bool) -> Response {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{COOKIE_NAME}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_no_other_site() {
        for (next, led) in [
            ("/recordings/x?a=b", "/recordings/x?a=b"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil", "/"),
            ("", "/"),
        ] {
            assert_eq!(inside(next), led, "{next}");
        }
    }
}
