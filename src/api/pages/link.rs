//! A recording's own link, for people who are no members (archive.md B6, B7).
//!
//! A link that never was, one for members or selected people, and one of a recording that is gone look the same to whoever may not play: `link_asked`.

use std::time::Instant;

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use super::console::short;
use super::link_asked::asked_page;
use super::shell::{Shell, page};
use super::words::length;
use crate::api::auth::{WORKSPACE, cookie, is_signed_in};
use crate::api::base_url::BaseUrl;
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::rest::piece;
use crate::api::state::ApiState;
use crate::archive::audit::masked;
use crate::archive::rights::{Holder, RecordingFacts, Visitor, visitor_may};
use crate::archive::visibility::Access;
use crate::archive::{AuditAction, NewAudit, NewEvent, Recording, RecordingState};
use crate::model::event_kind::EventKind;
use crate::model::redact::Personal;
use crate::share::visits::{VISIT_LIFE, Visit};

/// The cookie of a visit; each link's page has its own.
const VISIT: &str = "ferric_visit";
/// A piece has at most so many bytes.
const PIECE: u64 = 1 << 20;
/// What a visitor's player is made of.
const FILES: [&str; 2] = ["recording.mp4", "poster.jpg"];

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage {
    shell: Shell,
    link: String,
    step: Step,
}

enum Step {
    NotReady,
    Play { started: String, short: String, length: String, poster: bool, hours: u64 },
}

fn render(status: StatusCode, link: &str, step: Step) -> Response {
    private(page(status, &LinkPage { shell: Shell::open(), link: link.to_owned(), step }))
}

/// The link is the way in: nobody else is told of it.
pub(super) fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response.headers_mut().insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    response
}

/// The recording of a link with who may open it.
pub(super) async fn found(state: &ApiState, link: &str) -> Result<Option<(Recording, Access)>, Problem> {
    let Some(access) = state.catalogue.access_by_link(link).await? else { return Ok(None) };
    Ok(Some((state.catalogue.recording(&access.recording).await?, access)))
}

/// Whether somebody who proved this address may play it.
pub(super) fn may(recording: &Recording, access: &Access, proven: Option<&Personal>) -> bool {
    let facts = RecordingFacts {
        workspace: WORKSPACE.to_owned(),
        project: recording.project.clone(),
        queue: None,
        holder: Holder::default(),
        started_at: recording.started_at,
        restricted: recording.restricted,
        legal_hold: recording.legal_hold,
        agents_can_listen_to_others: false,
        visibility: access.visibility(),
    };
    visitor_may(&Visitor { proven_address: proven.map(|address| address.reveal().to_owned()) }, &facts).is_ok()
}

/// The visit of a request to this recording.
fn visit(state: &ApiState, headers: &HeaderMap, recording: &Recording) -> Option<Visit> {
    state.visits().find(cookie(headers, VISIT)?, Instant::now()).filter(|visit| visit.recording == recording.id)
}

/// `GET /r/{link}`
pub async fn show(State(state): State<ApiState>, base: BaseUrl, Path(link): Path<String>, request: Request) -> Result<Response, Problem> {
    let found = found(&state, &link).await?;
    if is_signed_in(&state, request.uri(), request.headers()).await {
        let there = found.map(|(recording, _)| Redirect::to(&format!("/recordings/{}", recording.id)).into_response());
        return there.ok_or_else(|| Problem::not_found("there is no such recording"));
    }
    let Some((recording, access)) = found else { return Ok(asked_page(&state, &link, &request)) };
    let open = may(&recording, &access, None);
    let visit = visit(&state, request.headers(), &recording);
    let selected = visit.as_ref().is_some_and(|visit| may(&recording, &access, visit.address.as_ref()));
    if !open && !selected {
        return Ok(asked_page(&state, &link, &request));
    }
    if recording.state != RecordingState::Ready {
        return Ok(render(StatusCode::OK, &link, Step::NotReady));
    }
    let has_picture = recording.manifest.as_ref().is_some_and(|m| m.media.resolution.is_some());
    let step = Step::Play {
        started: recording.started_at.to_string(),
        short: short(recording.started_at),
        length: recording.duration_ms.map(length).unwrap_or_default(),
        poster: has_picture,
        hours: VISIT_LIFE.as_secs() / 3_600,
    };
    let response = render(StatusCode::OK, &link, step);
    Ok(if selected { response } else { begin(&state, response, &link, &recording, None, &base) })
}

/// Begins a visit with this answer.
fn begin(
    state: &ApiState,
    mut response: Response,
    link: &str,
    recording: &Recording,
    address: Option<Personal>,
    base: &BaseUrl,
) -> Response {
    let visit = state.visits().begin(recording.id.clone(), address, Instant::now());
    let secure = if base.is_https() { "; Secure" } else { "" };
    // `Lax`: people come from their mailbox, and their first request has to carry it.
    let text = format!("{VISIT}={}; Path=/r/{link}; HttpOnly; SameSite=Lax; Max-Age={}{secure}", visit.reveal(), VISIT_LIFE.as_secs());
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// `GET /r/{link}/t/{token}`: what was sent to a selected address. The token leaves the address line at once.
pub async fn enter(
    State(state): State<ApiState>,
    base: BaseUrl,
    Path((link, token)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let Some((recording, access)) = found(&state, &link).await? else {
        return Ok(asked_page(&state, &link, &without_token(request, &link)));
    };
    let back = Redirect::to(&format!("/r/{}", access.link.reveal())).into_response();
    match state.catalogue.temporary_link(&token, now()).await? {
        Some(sent) if sent.recording == recording.id && may(&recording, &access, Some(&sent.address)) => {
            Ok(begin(&state, back, access.link.reveal(), &recording, Some(sent.address), &base))
        }
        _ => Ok(back),
    }
}

fn without_token(mut request: Request, link: &str) -> Request {
    if let Ok(uri) = format!("/r/{link}").parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

/// `GET /r/{link}/media/{name}`: a piece, for a visit whose recording may be played by it now.
pub async fn media(
    State(state): State<ApiState>,
    Path((link, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let nothing = || Problem::not_found("there is no such recording");
    // A player asks for `video`, `audio`, `image` or by a script; whoever opens the address in a window, or saves it, does not.
    let to_a_window = headers
        .get("sec-fetch-dest")
        .is_some_and(|to| ["document", "iframe", "frame", "embed", "object"].iter().any(|window| to.as_bytes() == window.as_bytes()));
    if to_a_window || !FILES.contains(&name.as_str()) {
        return Err(nothing());
    }
    let (recording, access) = found(&state, &link).await?.ok_or_else(nothing)?;
    let visit = visit(&state, &headers, &recording).ok_or_else(nothing)?;
    if recording.state != RecordingState::Ready || !may(&recording, &access, visit.address.as_ref()) {
        return Err(nothing());
    }
    if name == "recording.mp4" && !visit.plays {
        note_play(&state, &recording, &visit).await?;
        if let Some(cookie) = cookie(&headers, VISIT) {
            state.visits().plays(cookie);
        }
    }
    piece(&state, &recording.id, &name, &headers, PIECE).await
}

/// What cannot be noted is not played.
async fn note_play(state: &ApiState, recording: &Recording, visit: &Visit) -> Result<(), Problem> {
    let at = now();
    let (actor, who) = match &visit.address {
        Some(address) => (format!("visitor:{}", masked(address.reveal())), "selected"),
        None => ("visitor:link".to_owned(), "visitor"),
    };
    let subject = format!("recording:{}", recording.id);
    state.catalogue.audit(NewAudit { at, actor, action: AuditAction::Play, subject, detail: json!({ "by": who }) }).await?;
    let data = json!({ "recording": recording.id, "who": who });
    state.events.tell(NewEvent { at, session: Some(recording.session.clone()), kind: EventKind::PlayStarted, data });
    Ok(())
}
