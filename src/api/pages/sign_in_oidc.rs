//! Signing in through the identity provider: there, and back.

use std::collections::BTreeSet;
use std::time::Instant;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::shell::{Shell, page};
use super::sign_in::{form, inside, with_cookie};
use crate::api::auth::{Claims, Oidc, Peer, SESSION_LIFE, cookie, note_sign_in};
use crate::api::base_url::BaseUrl;
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::keys::hash;
use crate::archive::people::{ResourceFilter, User, UserRow};
use crate::archive::rights::Properties;
use crate::archive::{ArchiveError, Change, Credentials, Expected, Put};
use crate::model::redact::Personal;

/// What the cookies of a browser that is at the provider are called before the sign-in's own part: each tab may be there for itself.
const COOKIE: &str = "ferric_oidc_";
/// Where the provider sends people back to.
const BACK: &str = "/sign-in/oidc/back";
/// Names that are tried for somebody new.
const NAMES: u32 = 50;

/// What the address of the way there says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Going {
    next: String,
}

/// What the address of the way back says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Coming {
    code: String,
    state: String,
    error: String,
    /// The provider, where it says who it is (RFC 9207).
    iss: String,
}

/// The page that leads on. A redirect would still be the provider's request, with which browsers send no `Strict` cookie.
#[derive(Template)]
#[template(path = "sign_in_done.html")]
struct DonePage {
    shell: Shell,
    next: String,
}

/// The cookie of a sign-in, by its state, which is not told by it.
fn cookie_of(state: &str) -> String {
    format!("{COOKIE}{}", &hash(state)[..16])
}

fn flow_cookie(state: &str, value: &str, seconds: u64, secure: bool) -> Option<HeaderValue> {
    let (name, secure) = (cookie_of(state), if secure { "; Secure" } else { "" });
    // `Lax`: the provider's page leads back here.
    HeaderValue::from_str(&format!("{name}={value}; Path=/sign-in/oidc; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")).ok()
}

fn refused(next: &str, why: &'static str) -> Response {
    form(next, "", Some(why), false, true)
}

/// `GET /sign-in/oidc`
pub async fn go(State(state): State<ApiState>, base: BaseUrl, Query(going): Query<Going>) -> Result<Response, Problem> {
    let Some(oidc) = state.oidc.clone() else { return Err(Problem::not_found("there is nothing at /sign-in/oidc")) };
    let (token, browser, flow) = oidc.flows.begin(inside(&going.next), format!("{}{BACK}", base.0), Instant::now());
    match oidc.page(&flow, &token).await {
        Ok(there) => {
            let mut response = Redirect::to(&there).into_response();
            if let Some(value) = flow_cookie(token.reveal(), browser.reveal(), 600, base.is_https()) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
            Ok(response)
        }
        Err(error) => {
            tracing::error!(%error, "nobody can sign in through the identity provider");
            Ok(refused(&flow.next, "sign-in-away"))
        }
    }
}

/// `GET /sign-in/oidc/back`
pub async fn back(
    State(state): State<ApiState>,
    base: BaseUrl,
    Peer(from): Peer,
    headers: HeaderMap,
    Query(coming): Query<Coming>,
) -> Result<Response, Problem> {
    let Some(oidc) = state.oidc.clone() else { return Err(Problem::not_found("there is nothing at /sign-in/oidc")) };
    let browser = cookie(&headers, &cookie_of(&coming.state)).unwrap_or_default();
    let Some(flow) = oidc.flows.take(&coming.state, browser, Instant::now()) else { return Ok(refused("/", "sign-in-again")) };
    if !coming.iss.is_empty() && coming.iss != oidc.settings().issuer {
        tracing::warn!("somebody came back from another identity provider than the one that they were sent to");
        note_sign_in(&state, None, "identity", from).await?;
        return Ok(refused(&flow.next, "sign-in-provider"));
    }
    if !coming.error.is_empty() || coming.code.is_empty() {
        note_sign_in(&state, None, "identity", from).await?;
        return Ok(refused(&flow.next, "sign-in-declined"));
    }
    let claims = match oidc.redeem(&flow, &coming.code, now().as_unix_ms() / 1_000).await {
        Ok(claims) => claims,
        Err(error) => {
            tracing::warn!(%error, "somebody came back from the identity provider and was not signed in");
            note_sign_in(&state, None, "identity", from).await?;
            return Ok(refused(&flow.next, "sign-in-provider"));
        }
    };
    let user = match known(&state, &oidc, &claims).await? {
        Known::As(user) => user,
        Known::Nobody(why) => {
            note_sign_in(&state, None, "identity", from).await?;
            return Ok(refused(&flow.next, why));
        }
    };
    note_sign_in(&state, Some(&user.row.name), "identity", from).await?;
    let session = state.browsers().sign_in_person(user.row.name, user.epoch, Instant::now());
    let response = page(StatusCode::OK, &DonePage { shell: Shell::open(), next: flow.next });
    let mut response = with_cookie(response, session.reveal(), SESSION_LIFE.as_secs(), base.is_https());
    if let Some(value) = flow_cookie(&coming.state, "", 0, base.is_https()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// Whom the provider's person is here.
enum Known {
    As(Box<User>),
    /// Nobody, or nobody who may sign in: the message that says so.
    Nobody(&'static str),
}

impl Known {
    fn or_unknown(user: Option<User>) -> Self {
        user.map_or(Self::Nobody("sign-in-unknown"), |user| Self::As(Box::new(user)))
    }
}

/// The user that the provider's person is: known by the provider's id, else by an address that the provider says is theirs, else made where unknown
/// people are. Their role follows the provider's groups, where these say something.
async fn known(state: &ApiState, oidc: &Oidc, claims: &Claims) -> Result<Known, Problem> {
    let subject = oidc.subject_of(claims);
    let by_subject = state.catalogue.signing_in_by_subject(&subject).await?;
    let (found, is_new) = match (by_subject, claims.verified_email()) {
        (Some(row), _) => (Some(row), false),
        (None, Some(email)) => (state.catalogue.signing_in(email).await?, true),
        (None, None) => (None, true),
    };
    let Some(found) = found else { return Ok(Known::or_unknown(make(state, oidc, claims, subject).await?)) };
    let user = state.catalogue.user(&found.name).await?;
    // An address alone takes nobody over who is another of the provider's people already.
    if found.disabled || is_new && user.has_subject {
        return Ok(Known::Nobody("sign-in-unknown"));
    }
    let Some(role) = oidc.role_now(claims, user.row.role) else { return Ok(Known::Nobody("sign-in-no-role")) };
    let row = UserRow { role, ..user.row.clone() };
    let new = Credentials { password: None, subject: is_new.then_some(subject) };
    if row == user.row && new.subject.is_none() {
        return Ok(Known::As(Box::new(user)));
    }
    Ok(Known::As(Box::new(state.catalogue.changing(change()).put_user(&row, Put::Whole, &new).await?)))
}

fn change() -> Change {
    Change { at: now(), actor: "system".to_owned(), via: "identity", expects: Expected::Anything }
}

async fn make(state: &ApiState, oidc: &Oidc, claims: &Claims, subject: String) -> Result<Option<User>, Problem> {
    let Some(unknown) = oidc.settings().unknown else { return Ok(None) };
    let given = claims.text("preferred_username").or_else(|| claims.text("email")).or_else(|| claims.text("sub")).unwrap_or("user");
    let base = name_of(given);
    let mut row = UserRow {
        name: base.clone(),
        display_name: Personal::new(shown(claims.text("name").unwrap_or_default())),
        email: claims.verified_email().map(Personal::new),
        role: oidc.role_of(claims).unwrap_or(unknown),
        agent: None,
        groups: BTreeSet::new(),
        properties: Properties::default(),
        filter: ResourceFilter::default(),
        disabled: false,
    };
    let agents = state.catalogue.agents().await?;
    for n in 1..=NAMES {
        // The provider may let people choose their names: none of them makes somebody a configured agent.
        if !agents.iter().any(|agent| agent.name == row.name) {
            let new = Credentials { password: None, subject: Some(subject.clone()) };
            match state.catalogue.changing(change()).put_user(&row, Put::New, &new).await {
                Ok(user) => return Ok(Some(user)),
                Err(ArchiveError::Exists { .. }) => {}
                Err(ArchiveError::Invalid { ref field, .. }) if field == "name" => {}
                Err(other) => return Err(other.into()),
            }
        }
        row.name = format!("{base}-{}", n + 1);
    }
    Ok(None)
}

/// A name in the workspace: what stands before the `@`, of plain characters.
fn name_of(given: &str) -> String {
    let before = given.split('@').next().unwrap_or_default();
    let plain: String = before.chars().filter(|c| c.is_alphanumeric() || "._- ".contains(*c)).take(64).collect();
    let plain = plain.trim();
    if plain.is_empty() { "user".to_owned() } else { plain.to_owned() }
}

fn shown(name: &str) -> String {
    let plain: String = name.chars().filter(|c| !c.is_control()).take(128).collect();
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_name_becomes_one_of_ours() {
        for (given, name) in [("anna@example.com", "anna"), ("a/b", "ab"), ("@", "user"), ("Kåre Bø", "Kåre Bø"), ("\n", "user")] {
            assert_eq!(name_of(given), name, "{given}");
        }
    }
}
