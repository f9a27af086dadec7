//! Signing a browser in and out.

use std::time::Instant;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::form::Form;
use super::shell::{Shell, page};
use crate::api::auth::{
    COOKIE_NAME, Member, NotSignedIn, Peer, SESSION_LIFE, TRIES_WINDOW, check_password, note_sign_in, same_origin, session_cookie,
};
use crate::api::base_url::BaseUrl;
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
    /// People can sign in through an identity provider.
    elsewhere: bool,
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
    let later = wrong == Some("sign-in-later");
    let status = if later { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::UNAUTHORIZED };
    let shell = Shell::open();
    let mut response = page(status, &SignInPage { shell, next: next.to_owned(), name: name.to_owned(), wrong, with_key, elsewhere });
    if later {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(TRIES_WINDOW.as_secs()));
    } else {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"ferric\""));
    }
    response
}

/// The form, in the place of a page that needs somebody signed in.
pub fn sign_in_form(state: &ApiState, request: &Request) -> Response {
    form(request.uri().path_and_query().map_or("/", |p| p.as_str()), "", None, false, state.oidc.is_some())
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
