//! Pieces of what is shared, for a web session whose terms are accepted, while it is valid; each play noted before its first byte.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;
use serde_json::json;

use super::frame::guard;
use super::list::why;
use super::who::{self, Browser};
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::rest::{Wanted, wanted};
use crate::api::state::ApiState;
use crate::api::whence::Whence;
use crate::archive::audit::masked;
use crate::archive::chats::ChatLine;
use crate::archive::shares::{ShareFiles, ShareSession, ShareStatus, Shared, prefix};
use crate::archive::{AuditAction, NewAudit, NewEvent, Opened};
use crate::model::event_kind::EventKind;
use crate::model::id::ShareItemId;
use crate::share::copying::CHAT;
use crate::share::piece::cut;

/// What a player is made of, with its type.
const FILES: [(&str, &str); 3] = [("recording.mp4", "video/mp4"), ("poster.jpg", "image/jpeg"), ("peaks.json", "application/json")];
/// The largest of what is not cut.
const BESIDE: u64 = 1 << 20;
/// The largest chat log.
const CHAT_BYTES: u64 = 32 << 20;

/// Somebody who reads.
pub struct Reader<'r> {
    /// The node.
    pub state: &'r ApiState,
    /// Their web session.
    pub session: &'r ShareSession,
    /// Where they are.
    pub whence: &'r Whence,
}

fn nothing() -> Problem {
    Problem::not_found("there is nothing here")
}

async fn session_of(state: &ApiState, link: &str, headers: &HeaderMap) -> Result<ShareSession, Problem> {
    let (page, _) = state.catalogue.share_link(link).await?.ok_or_else(nothing)?;
    Browser::of(headers).session(state, &page, now()).await?.ok_or_else(nothing)
}

/// A showing of the page as its address names it.
fn is_view(view: &str) -> bool {
    (1..=40).contains(&view.len()) && view.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// `GET /e/{link}/media/{item}/{view}/{name}`
pub async fn piece(
    State(state): State<ApiState>,
    whence: Whence,
    Path((link, item, view, name)): Path<(String, ShareItemId, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // A player asks for `video`, `audio`, `image` or by a script; whoever opens the address in a window, or saves it, does not.
    let to_a_window = headers
        .get("sec-fetch-dest")
        .is_some_and(|to| ["document", "iframe", "frame", "embed", "object"].iter().any(|window| to.as_bytes() == window.as_bytes()));
    let (_, media_type) = FILES.into_iter().find(|(file, _)| *file == name).ok_or_else(nothing)?;
    if to_a_window || !is_view(&view) {
        return Err(nothing());
    }
    let session = session_of(&state, &link, &headers).await?;
    let opened = state.catalogue.open_share_item(&session, &item, &view, now()).await?.ok_or_else(nothing)?;
    let Shared::Recording(recording) = &opened.item.what else { return Err(nothing()) };
    // Somebody declined a moment ago: the catalogue hears of it later than this.
    let reading = state.growing.reading(recording).ok_or_else(nothing)?;
    let key = format!("{}{item}/{name}", prefix(&opened.share));
    let size = state.external.size(&key).await?;
    let is_media = name == FILES[0].0;
    let range = match wanted(headers.get(header::RANGE).and_then(|v| v.to_str().ok()), size) {
        Wanted::Part { first, last } if is_media => cut(first, last, size),
        Wanted::Whole if !is_media && (1..=BESIDE).contains(&size) => 0..size,
        _ => return Ok(not_satisfiable(size)),
    };
    if is_media && !opened.noted {
        note_play(&Reader { state: &state, session: &session, whence: &whence }, &opened, &view).await?;
    }
    let length = range.end - range.start;
    let mut answer = HeaderMap::new();
    guard(&mut answer);
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    answer.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    let mut status = StatusCode::OK;
    if is_media {
        status = StatusCode::PARTIAL_CONTENT;
        answer.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let said = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        answer.insert(header::CONTENT_RANGE, HeaderValue::from_str(&said).map_err(|e| Problem::internal(&e))?);
    }
    let body = state.external.get(&key, range).await?;
    Ok((status, answer, Body::from_stream(body.map_err(std::io::Error::other).take_until(reading.cancelled_owned()))).into_response())
}

fn not_satisfiable(size: u64) -> Response {
    let detail = format!("Range: one range within the file; it has {size} bytes and is served in pieces");
    let mut response = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "in_pieces_only", detail).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

/// What cannot be noted is not played. An item that is played twice at once in one showing is noted once.
async fn note_play(reader: &Reader<'_>, opened: &Opened, view: &str) -> Result<(), Problem> {
    let (state, at) = (reader.state, now());
    let share = state.catalogue.share(&opened.share).await?;
    let (subject, what) = match &opened.item.what {
        Shared::Recording(id) => (format!("recording:{id}"), "recording"),
        Shared::Chat => (format!("session:{}", opened.item.session), "chat"),
    };
    let actor = format!("visitor:{}", masked(share.address.reveal()));
    let detail = json!({ "by": "share", "what": what, "share": share.id, "from": reader.whence.noted() });
    let entry = NewAudit { at, actor, action: AuditAction::Play, subject, detail };
    if state.catalogue.note_share_play(reader.session, &opened.item.id, view, entry).await? {
        let mut data = json!({ "share": share.id, "what": what });
        if let Shared::Recording(id) = &opened.item.what {
            data["recording"] = json!(id);
        }
        state.events.tell(NewEvent { at, session: Some(opened.item.session.clone()), kind: EventKind::SharePlayed, data });
    }
    Ok(())
}

/// The lines of a chat log that is opened, noted; `None` where it may not be any more.
pub async fn chat_lines(reader: &Reader<'_>, item: &ShareItemId, view: &str) -> Result<Option<Vec<ChatLine>>, Problem> {
    let state = reader.state;
    let Some(opened) = state.catalogue.open_share_item(reader.session, item, view, now()).await? else { return Ok(None) };
    let key = format!("{}{item}/{CHAT}", prefix(&opened.share));
    let size = state.external.size(&key).await?;
    if size > CHAT_BYTES {
        return Err(Problem::internal(&"a chat log is larger than any that can be put"));
    }
    if !opened.noted {
        note_play(reader, &opened, view).await?;
    }
    let mut pieces = state.external.get(&key, 0..size).await?;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(Some(serde_json::from_slice(&bytes).map_err(|e| Problem::internal(&e))?))
}

/// `POST /e/{link}/played/{item}/{view}`: a player that has all its pieces plays again.
pub async fn played(
    State(state): State<ApiState>,
    whence: Whence,
    Path((link, item, view)): Path<(String, ShareItemId, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    who::own_form(&headers, &state)?;
    let session = session_of(&state, &link, &headers).await?;
    let opened = state.catalogue.open_share_item(&session, &item, &view, now()).await?.filter(|_| is_view(&view)).ok_or_else(nothing)?;
    if !opened.noted {
        note_play(&Reader { state: &state, session: &session, whence: &whence }, &opened, &view).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What of a page still holds.
#[derive(Serialize)]
struct Standing {
    /// The web session is over.
    session_over: bool,
    /// What may be played.
    valid: Vec<String>,
    /// What may not any more, with the message that says why.
    over: BTreeMap<String, &'static str>,
}

/// `GET /e/{link}/standing`: asked again and again by a page that is open.
pub async fn standing(State(state): State<ApiState>, Path(link): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let now = now();
    let mut standing = Standing { session_over: false, valid: Vec::new(), over: BTreeMap::new() };
    match session_of(&state, &link, &headers).await {
        Err(problem) if problem.status == 404 => standing.session_over = true,
        Err(problem) => return Err(problem),
        Ok(session) if session.accepted.is_none() => standing.session_over = true,
        Ok(session) => {
            for share in state.catalogue.shares_of_page(&session.page, now).await? {
                // What is not there yet stands on no page.
                if share.files == ShareFiles::Copying {
                    continue;
                }
                let status = share.status(now);
                for item in &share.items {
                    match (status, item.gone) {
                        (ShareStatus::Valid, false) => standing.valid.push(item.id.to_string()),
                        (ShareStatus::Valid, true) => drop(standing.over.insert(item.id.to_string(), "over-gone")),
                        (over, _) => drop(standing.over.insert(item.id.to_string(), why(over))),
                    }
                }
            }
        }
    }
    let mut response = Json(standing).into_response();
    guard(response.headers_mut());
    Ok(response)
}
