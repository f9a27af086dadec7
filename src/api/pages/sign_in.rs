//! Signing a browser in and out.

use std::time::Instant;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::form::Form;
use super::shell::{Shell, page};
use crate::api::auth::{COOKIE_NAME, SESSION_LIFE, same_origin, session_cookie};
use crate::api::base_url::BaseUrl;
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::{AuditAction, NewAudit};
use crate::model::redact::Secret;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    shell: Shell,
    next: String,
    wrong: Option<String>,
}

/// What the form sends.
#[derive(Deserialize)]
pub struct SignIn {
    key: String,
    #[serde(default)]
    next: String,
}

fn form(next: &str, wrong: Option<&str>) -> Response {
    let mut response =
        page(StatusCode::UNAUTHORIZED, &SignInPage { shell: Shell::open(), next: next.to_owned(), wrong: wrong.map(str::to_owned) });
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"ferric\""));
    response
}

/// The form, in the place of a page that needs somebody signed in.
pub fn sign_in_form(request: &Request) -> Response {
    form(request.uri().path_and_query().map_or("/", |p| p.as_str()), None)
}

/// A path of ours, or the front page: a form must not send anybody elsewhere.
fn inside(next: &str) -> &str {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') && !next.chars().any(char::is_control);
    if ours { next } else { "/" }
}

/// `POST /sign-in`
pub async fn sign_in(State(state): State<ApiState>, base: BaseUrl, headers: HeaderMap, Form(sent): Form<SignIn>) -> Response {
    let next = inside(&sent.next);
    if !same_origin(&headers, state.public_url.as_deref()) {
        return form(next, Some("sign-in-origin"));
    }
    let key = Secret::new(sent.key.trim());
    let Some(holder) = state.keys.holder(key.reveal()).await else {
        tracing::warn!("somebody tried to sign in with a key that nobody has");
        return form(next, Some("sign-in-wrong"));
    };
    let entry = NewAudit {
        at: now(),
        actor: format!("key:{holder}"),
        action: AuditAction::SignIn,
        subject: "node".to_owned(),
        detail: serde_json::json!({ "by": "page" }),
    };
    if let Err(error) = state.catalogue.audit(entry).await {
        return Problem::from(error).into_response();
    }
    let (cookie, _) = state.browsers().sign_in(holder, Instant::now());
    with_cookie(Redirect::to(next).into_response(), cookie.reveal(), SESSION_LIFE.as_secs(), base.is_https())
}

/// What the sign-out form sends.
#[derive(Deserialize)]
pub struct SignOut {
    csrf: String,
}

/// `POST /sign-out`
pub async fn sign_out(
    operator: crate::api::auth::Operator,
    State(state): State<ApiState>,
    base: BaseUrl,
    headers: HeaderMap,
    Form(sent): Form<SignOut>,
) -> Result<Response, Problem> {
    operator.check_form(&sent.csrf)?;
    if let Some(cookie) = session_cookie(&headers) {
        state.browsers().sign_out(cookie);
    }
    Ok(with_cookie(Redirect::to("/").into_response(), "", 0, base.is_https()))
}

fn with_cookie(mut response: Response, value: &str, seconds: u64, secure: bool) -> Response {
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
