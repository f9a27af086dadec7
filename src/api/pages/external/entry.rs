//! The way in: link, code, terms of use. What is answered, and when, is the same for a link that is valid, over, or never was.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use rand::RngCore as _;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::frame::{Frame, answer, guard};
use super::list;
use super::who::{self, Browser};
use crate::api::base_url::BaseUrl;
use crate::api::noted::now;
use crate::api::pages::form::Form;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::whence::Whence;
use crate::archive::audit::masked;
use crate::archive::keys;
use crate::archive::shares::{Share, ShareSession, ShareSettings, ShareStatus};
use crate::archive::{AuditAction, NewAudit, NewCode};
use crate::model::id::SharePageId;
use crate::model::language::Language;
use crate::model::redact::Secret;
use crate::model::time::WallClock;
use crate::share::code::{LIFE_MINUTES, LIFE_NS, TRIES, bounds, of_bits, typed};
use crate::share::letter::with_code;
use crate::share::mail::NewLetter;
use crate::share::terms::terms_in;

/// A code that does not fit is answered after this, whatever was looked up for it.
const FLOOR: Duration = Duration::from_millis(300);

#[derive(Template)]
#[template(path = "external/ask.html")]
struct AskPage {
    frame: Frame,
    session_over: bool,
}

#[derive(Template)]
#[template(path = "external/code.html")]
struct CodePage {
    frame: Frame,
    wrong: bool,
    minutes: u64,
    tries: u32,
}

#[derive(Template)]
#[template(path = "external/terms.html")]
struct TermsPage {
    frame: Frame,
    lang: &'static str,
    paragraphs: Vec<String>,
}

/// The page's query.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    l: Option<String>,
    /// A code was requested.
    asked: Option<String>,
    /// What is shown open.
    pub open: Option<String>,
}

/// What its forms send.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    l: Option<String>,
    code: String,
}

fn language_of(text: Option<&str>) -> Option<Language> {
    text.and_then(|code| code.parse().ok())
}

/// The language of a page: as chosen, as its letter, as the browser wants, as configured.
fn chosen(chosen: Option<&str>, letter: Option<Language>, headers: &HeaderMap, settings: &ShareSettings) -> Language {
    let wanted = || headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).and_then(Language::accepted);
    language_of(chosen).or(letter).or_else(wanted).unwrap_or(settings.language)
}

/// A link has only these characters: another text is no path of ours.
fn is_link(link: &str) -> bool {
    link.len() <= 128 && link.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// `GET /e/{link}`
pub async fn show(
    State(state): State<ApiState>,
    base: BaseUrl,
    whence: Whence,
    Path(link): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !is_link(&link) {
        return Err(Problem::not_found("there is nothing here"));
    }
    let (now, settings) = (now(), state.catalogue.share_settings().await?);
    let found = state.catalogue.share_link(&link).await?;
    let language = chosen(asked.l.as_deref(), found.as_ref().map(|(_, language)| *language), &headers, &settings);
    let browser = Browser::of(&headers);
    let session = match &found {
        Some((page, _)) => browser.session(&state, page, now).await?,
        None => None,
    };
    let frame = Frame::of(&state, &settings, &link, language, asked.asked.is_some() && session.is_none()).await?;
    if let Some(session) = session {
        return match session.accepted {
            Some(_) => list::show(&state, frame, &session, asked.open.as_deref(), &whence).await,
            None => Ok(terms_page(frame, &settings)),
        };
    }
    let path = frame.path.clone();
    let mut response = if frame.asked {
        answer(StatusCode::OK, &CodePage { frame, wrong: false, minutes: LIFE_MINUTES, tries: TRIES })
    } else {
        answer(StatusCode::OK, &AskPage { frame, session_over: browser.had_entered() })
    };
    if !browser.is_known() {
        who::set(&mut response, &base, &path, &who::asking(), None);
    }
    Ok(response)
}

fn terms_page(frame: Frame, settings: &ShareSettings) -> Response {
    let (written_in, text) = terms_in(settings, frame.w.language());
    let paragraphs = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect();
    answer(StatusCode::OK, &TermsPage { frame, lang: written_in.tag(), paragraphs })
}

fn back(link: &str, language: Option<&str>, rest: &str) -> Response {
    let language = language_of(language).map_or("en", Language::code);
    let mut response = Redirect::to(&format!("/e/{link}?l={language}{rest}")).into_response();
    guard(response.headers_mut());
    response
}

/// `POST /e/{link}/code`: answered at once; whether there is anything to be sent, and its sending, come after.
pub async fn code(
    State(state): State<ApiState>,
    base: BaseUrl,
    Path(link): Path<String>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    who::own_form(&headers, &state)?;
    if !is_link(&link) {
        return Err(Problem::not_found("there is nothing here"));
    }
    let mut response = back(&link, sent.l.as_deref(), "&asked=1");
    let browser = Browser::of(&headers);
    let hash = if let Some(hash) = browser.hash() {
        hash
    } else {
        let value = who::asking();
        who::set(&mut response, &base, &format!("/e/{link}"), &value, None);
        keys::hash(value.reveal())
    };
    let language = language_of(sent.l.as_deref());
    tokio::spawn(async move {
        if let Err(problem) = write_code(&state, &link, hash, language).await {
            tracing::error!(reason = %problem.reason, "a one-time code could not be written");
        }
    });
    Ok(response)
}

async fn write_code(state: &ApiState, link: &str, browser: String, language: Option<Language>) -> Result<(), Problem> {
    let now = now();
    let Some((page, letters)) = state.catalogue.share_link(link).await? else { return Ok(()) };
    let Some(share) = newest_valid(state, &page, now).await? else { return Ok(()) };
    let code = of_bits(rand::rng().next_u64());
    let row = keys::random_text()?;
    let hash = state.code_key.hash(&row, &code);
    let new = NewCode { id: row, page, browser, hash, made: now, until: now.plus_ns(LIFE_NS) };
    let (subject, body) = with_code(language.unwrap_or(letters), &code);
    let letter = NewLetter {
        to: share.address.reveal().parse().map_err(|e| Problem::internal(&e))?,
        to_name: Some(share.name),
        from: share.sender,
        subject,
        body,
        about: None,
        urgent: true,
        useful_for: Some(Duration::from_nanos(LIFE_NS)),
    };
    let letter = state.outbox.row(letter, now);
    if state.catalogue.put_share_code(&new, bounds(now), &letter).await? {
        state.outbox.look();
    } else {
        tracing::warn!(page = %new.page, "too many one-time codes were requested; none is sent");
    }
    Ok(())
}

async fn newest_valid(state: &ApiState, page: &SharePageId, now: WallClock) -> Result<Option<Share>, Problem> {
    Ok(state.catalogue.shares_of_page(page, now).await?.into_iter().find(|share| share.status(now) == ShareStatus::Valid))
}

/// `POST /e/{link}/enter`
pub async fn enter(
    State(state): State<ApiState>,
    base: BaseUrl,
    whence: Whence,
    Path(link): Path<String>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    who::own_form(&headers, &state)?;
    let arrived = Instant::now();
    let settings = state.catalogue.share_settings().await?;
    if is_link(&link)
        && let Some(cookie) = entered(&state, &link, &Browser::of(&headers), &sent.code, settings.session_hours, &whence).await?
    {
        let mut response = back(&link, sent.l.as_deref(), "");
        who::set(&mut response, &base, &format!("/e/{link}"), &cookie, Some(settings.session_hours));
        return Ok(response);
    }
    let language = chosen(sent.l.as_deref(), None, &headers, &settings);
    let frame = Frame::of(&state, &settings, &link, language, true).await?;
    let response = answer(StatusCode::UNPROCESSABLE_ENTITY, &CodePage { frame, wrong: true, minutes: LIFE_MINUTES, tries: TRIES });
    tokio::time::sleep_until(arrived + FLOOR).await;
    Ok(response)
}

/// The cookie of a new web session, where the code is this browser's, fits, and was not used.
async fn entered(
    state: &ApiState,
    link: &str,
    browser: &Browser,
    text: &str,
    hours: u32,
    whence: &Whence,
) -> Result<Option<Secret>, Problem> {
    let now = now();
    let found = state.catalogue.share_link(link).await?;
    let (Some((page, _)), Some(browser), Some(code)) = (found, browser.hash(), typed(text)) else { return Ok(None) };
    let Some((row, kept)) = state.catalogue.try_share_code(&page, &browser, TRIES, now).await? else { return Ok(None) };
    if !state.code_key.fits(&row, &code, &kept) {
        return Ok(None);
    }
    let Some(share) = newest_valid(state, &page, now).await? else { return Ok(None) };
    let cookie = who::entered();
    let until = now.plus_ns(u64::from(hours) * 3_600 * 1_000_000_000);
    let session = ShareSession { hash: keys::hash(cookie.reveal()), page, until, accepted: None };
    let entry = came(&share, &session, now, json!({ "by": "code", "from": whence.noted() }));
    Ok(state.catalogue.use_share_code(&row, &session, entry).await?.then_some(cookie))
}

fn came(share: &Share, session: &ShareSession, at: WallClock, detail: serde_json::Value) -> NewAudit {
    let actor = format!("visitor:{}", masked(share.address.reveal()));
    NewAudit { at, actor, action: AuditAction::SignIn, subject: format!("share_page:{}", session.page), detail }
}

/// `POST /e/{link}/terms`
pub async fn terms(
    State(state): State<ApiState>,
    whence: Whence,
    Path(link): Path<String>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    who::own_form(&headers, &state)?;
    let now = now();
    if let Some((page, _)) = state.catalogue.share_link(&link).await?
        && let Some(session) = Browser::of(&headers).session(&state, &page, now).await?
        && let Some(share) = newest_valid(&state, &page, now).await?
    {
        let settings = state.catalogue.share_settings().await?;
        let (written_in, text) = terms_in(&settings, language_of(sent.l.as_deref()).unwrap_or_default());
        let sha256 = hex::encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()));
        let detail = json!({ "accepted": "terms", "language": written_in, "sha256": sha256, "from": whence.noted() });
        state.catalogue.accept_share_terms(&session, came(&share, &session, now, detail)).await?;
    }
    if is_link(&link) { Ok(back(&link, sent.l.as_deref(), "")) } else { Err(Problem::not_found("there is nothing here")) }
}
