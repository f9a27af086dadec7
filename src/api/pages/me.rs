//! Somebody's own page: who they are here, and their password.

use std::time::Instant;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::form::Form;
use super::settings::{AfterSaving, role_name};
use super::shell::{Shell, page};
use super::sign_in::with_cookie;
use crate::api::auth::{Member, Peer, SESSION_LIFE, TRIES_WINDOW, Ticket, session_cookie};
use crate::api::base_url::BaseUrl;
use crate::api::problem::Problem;
use crate::api::rest::people::me::change_password;
use crate::api::state::ApiState;
use crate::archive::people::User;

/// A field of the form.
struct PasswordField {
    id: &'static str,
    name: &'static str,
    completes: &'static str,
    is_new: bool,
    /// What is wrong with it: a message below `me-password-wrong`.
    wrong: Option<&'static str>,
}

/// What is wrong with what was sent.
enum Wrong {
    /// With a field, by its id: a message below `me-password-wrong`.
    Field(&'static str, &'static str),
    /// Too many tries.
    TooMany,
}

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    shell: Shell,
    name: String,
    called: String,
    email: String,
    role: &'static str,
    has_password: bool,
    has_identity: bool,
    changed: bool,
    /// A message about the whole form.
    wrong: Option<&'static str>,
    fields: [PasswordField; 3],
}

/// What the form sends.
#[derive(Deserialize)]
pub struct Sent {
    csrf: String,
    #[serde(default)]
    current: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

async fn user_of(member: &Member, state: &ApiState) -> Result<User, Problem> {
    let Ticket::Person { user, .. } = &member.account.ticket else {
        return Err(Problem::not_found("a key has no page of its own: this is for people who signed in"));
    };
    Ok(state.catalogue.user(user).await?)
}

fn render(member: &Member, user: &User, changed: bool, wrong: Option<&Wrong>) -> Response {
    let field = |id, name, completes, is_new| PasswordField {
        id,
        name,
        completes,
        is_new,
        wrong: wrong.and_then(|wrong| if let Wrong::Field(at, says) = wrong { (*at == id).then_some(*says) } else { None }),
    };
    let (status, says) = match wrong {
        None => (StatusCode::OK, None),
        Some(Wrong::Field(..)) => (StatusCode::UNPROCESSABLE_ENTITY, Some("me-password-wrong")),
        Some(Wrong::TooMany) => (StatusCode::TOO_MANY_REQUESTS, Some("sign-in-later")),
    };
    let page_of = MePage {
        shell: Shell::of(member, "me"),
        name: user.row.name.clone(),
        called: user.row.display_name.reveal().to_owned(),
        email: user.row.email.as_ref().map(|email| email.reveal().to_owned()).unwrap_or_default(),
        role: role_name(user.row.role),
        has_password: user.has_password,
        has_identity: user.has_subject,
        changed,
        wrong: says,
        fields: [
            field("current", "current", "current-password", false),
            field("new", "password", "new-password", true),
            field("again", "again", "new-password", true),
        ],
    };
    let mut response = page(status, &page_of);
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(TRIES_WINDOW.as_secs()));
    }
    response
}

/// `GET /me`
pub async fn show(member: Member, State(state): State<ApiState>, Query(after): Query<AfterSaving>) -> Result<Response, Problem> {
    let user = user_of(&member, &state).await?;
    Ok(render(&member, &user, after.is_so(), None))
}

/// `POST /me`: another password. This browser is signed in anew, every other one is signed out.
pub async fn save(
    member: Member,
    State(state): State<ApiState>,
    base: BaseUrl,
    Peer(from): Peer,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    member.check_form(&sent.csrf)?;
    let user = user_of(&member, &state).await?;
    // A slip that this page sees itself is no try.
    let wrong = if sent.password == sent.again {
        match change_password(&member, &state, from, sent.current, sent.password, "page").await {
            Ok(user) => return Ok(signed_in_anew(&state, &base, &headers, user)),
            Err(problem) => wrong_of(problem)?,
        }
    } else {
        Wrong::Field("again", "again")
    };
    Ok(render(&member, &user, false, Some(&wrong)))
}

fn wrong_of(problem: Problem) -> Result<Wrong, Problem> {
    match (problem.status, problem.detail.split_once(':')) {
        (429, _) => Ok(Wrong::TooMany),
        (422, Some(("current", _))) => Ok(Wrong::Field("current", "current")),
        (422, Some(("password", says))) => Ok(Wrong::Field("new", if says.contains("characters") { "length" } else { "same" })),
        _ => Err(problem),
    }
}

fn signed_in_anew(state: &ApiState, base: &BaseUrl, headers: &HeaderMap, user: User) -> Response {
    if let Some(cookie) = session_cookie(headers) {
        state.browsers().sign_out(cookie);
    }
    let session = state.browsers().sign_in_person(user.row.name, user.epoch, Instant::now());
    with_cookie(Redirect::to("/me?saved=1").into_response(), session.reveal(), SESSION_LIFE.as_secs(), base.is_https())
}
