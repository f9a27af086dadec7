//! What somebody sees who opens a recording's link and may not play it: one page for every such link, which asks who they are, and one answer whatever
//! they say (archive.md B7).
//!
//! The answer is given before anything is looked up, so neither its text nor its time tells whether the link opens something, or for whom.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{Redirect, Response};
use serde::Deserialize;
use serde_json::json;

use super::form::Form;
use super::link::{found, may, private};
use super::shell::{Shell, page};
use super::sign_in::sign_in_form;
use super::words::Words;
use crate::api::auth::Member;
use crate::api::base_url::in_letters;
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::audit::masked;
use crate::archive::visibility::{SentLink, TemporaryLink, new_link};
use crate::archive::{AuditAction, NewAudit};
use crate::model::email::EmailAddress;
use crate::model::redact::Personal;
use crate::share::mail::NewLetter;

/// How long a temporary link opens its recording.
const LINK_LIFE: Duration = Duration::from_hours(24);
/// Temporary links to one recording for one address …
const MOST: u32 = 5;
/// … within this.
const WINDOW: Duration = Duration::from_hours(1);

#[derive(Template)]
#[template(path = "link_asked.html")]
struct AskedPage {
    shell: Shell,
    link: String,
    /// What was entered and is no address.
    wrong: Option<String>,
    /// An address was entered.
    told: bool,
    hours: u64,
}

fn render(status: StatusCode, link: &str, wrong: Option<String>, told: bool) -> Response {
    let hours = LINK_LIFE.as_secs() / 3_600;
    private(page(status, &AskedPage { shell: Shell::open(), link: link.to_owned(), wrong, told, hours }))
}

/// Where the letter's link leads, if one can go out.
fn letters_base(state: &ApiState) -> Option<&str> {
    in_letters(state).filter(|_| state.outbox.is_there())
}

/// Whether selected people can be written to.
pub fn can_be_written_to(state: &ApiState) -> bool {
    letters_base(state).is_some()
}

/// The page in the place of a recording. Where no letter can go out, only members can come: they are asked to sign in.
pub fn asked_page(state: &ApiState, link: &str, request: &Request) -> Response {
    if !can_be_written_to(state) {
        return sign_in_form(state, request);
    }
    let mut response = render(StatusCode::UNAUTHORIZED, link, None, false);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer realm=\"ferric\""));
    response
}

/// What the page sends.
#[derive(Deserialize)]
pub struct AddressForm {
    #[serde(default)]
    address: String,
}

/// `POST /r/{link}`: an address is entered. Only what is none at all is told apart.
pub async fn enter_address(
    State(state): State<ApiState>,
    Path(link): Path<String>,
    Form(sent): Form<AddressForm>,
) -> Result<Response, Problem> {
    if !can_be_written_to(&state) {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_letters", "this node sends no letters"));
    }
    let Ok(address) = sent.address.parse::<EmailAddress>() else {
        return Ok(render(StatusCode::UNPROCESSABLE_ENTITY, &link, Some(sent.address), false));
    };
    let answer = render(StatusCode::OK, &link, None, true);
    write_later(&state, link, address);
    Ok(answer)
}

/// `GET /r/{link}/member`: a member is led to the recording; the gate before this lets nobody else through.
pub async fn member(_: Member, Path(link): Path<String>) -> Redirect {
    Redirect::to(&format!("/r/{link}"))
}

fn write_later(state: &ApiState, link: String, address: EmailAddress) {
    let Ok(turn) = state.letters_to_write().try_acquire_owned() else {
        tracing::warn!("more people ask for temporary links than can be looked up: one was left out");
        return;
    };
    let state = state.clone();
    tokio::spawn(async move {
        if let Err(problem) = write(&state, &link, &address).await {
            tracing::error!(reason = %problem.reason, detail = %problem.detail, "a temporary link could not be sent");
        }
        drop(turn);
    });
}

/// Writes the letter, if this link opens for this address.
async fn write(state: &ApiState, link: &str, address: &EmailAddress) -> Result<(), Problem> {
    let Some((recording, access)) = found(state, link).await? else { return Ok(()) };
    let key = Personal::new(address.key());
    if may(&recording, &access, None) || !may(&recording, &access, Some(&key)) {
        return Ok(());
    }
    let Some(base) = letters_base(state) else { return Ok(()) };
    let (token, at, words) = (new_link()?, now(), Words::english());
    let there = format!("{base}/r/{link}/t/{}", token.reveal());
    let hours = (LINK_LIFE.as_secs() / 3_600).to_string();
    let letter = NewLetter {
        // As it was selected, not as somebody wrote it now: of two mailboxes that differ by case only one was meant.
        to: address.key().parse().map_err(|error| Problem::internal(&error))?,
        to_name: None,
        from: None,
        subject: words.t("temporary-subject"),
        body: words.t2("temporary-body", ("link", &there), ("hours", &hours)),
        about: Some(format!("recording:{}", recording.id)),
        urgent: true,
        useful_for: Some(LINK_LIFE),
    };
    let sent = SentLink {
        token,
        link: TemporaryLink { recording: recording.id.clone(), address: key, until: at.plus_ns(LINK_LIFE.as_nanos() as u64) },
        letter: state.outbox.row(letter, at),
        entry: NewAudit {
            at,
            actor: format!("visitor:{}", masked(&address.key())),
            action: AuditAction::Share,
            subject: format!("recording:{}", recording.id),
            detail: json!({ "what": "temporary_link" }),
        },
    };
    let window = crate::model::time::WallClock(at.0.saturating_sub(WINDOW.as_nanos() as i64));
    if state.catalogue.send_temporary_link(&sent, window, MOST).await? {
        state.outbox.look();
    }
    Ok(())
}
