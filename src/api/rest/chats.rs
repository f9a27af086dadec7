//! Chat logs of sessions.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::plays::reading_chat;
use super::recordings::instant;
use crate::api::auth::Member;
use crate::api::body::{Asked, At, parse};
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::chats::{Chat, ChatFilter, ChatLine, ChatRow, checked};
use crate::archive::deletion::Kept;
use crate::archive::rights::Action;
use crate::archive::scope::Scope;
use crate::archive::{ArchiveError, AuditAction, ListFilter};
use crate::model::id::{ProjectSlug, RecordingId, SessionId};
use crate::model::time::WallClock;

/// The largest log, in bytes.
pub const MOST_BYTES: usize = 8 << 20;
const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;
/// Pages of the catalogue that are read for one page of a member who sees few of them.
const MOST_READS: u32 = 10;

/// A chat log.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ChatJson {
    /// Its session.
    #[schema(value_type = String)]
    pub session: SessionId,
    /// Its project.
    #[schema(value_type = String)]
    pub project: ProjectSlug,
    /// When its first line was written.
    #[schema(value_type = String)]
    pub started_at: WallClock,
    /// When it was put here.
    #[schema(value_type = String)]
    pub put_at: WallClock,
    /// Its lines, in order of time.
    pub lines: Vec<ChatLine>,
    /// The recordings of the session.
    #[schema(value_type = Vec<String>)]
    pub recordings: Vec<RecordingId>,
}

/// A chat log in a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ChatRowJson {
    /// Its session: the log is at `/v1/sessions/{session}/chat`.
    #[schema(value_type = String)]
    pub session: SessionId,
    /// Its project.
    #[schema(value_type = String)]
    pub project: ProjectSlug,
    /// When its first line was written.
    #[schema(value_type = String)]
    pub started_at: WallClock,
    /// How many lines it has.
    pub lines: u64,
}

impl From<ChatRow> for ChatRowJson {
    fn from(row: ChatRow) -> Self {
        Self { session: row.session, project: row.project, started_at: row.started_at, lines: row.lines }
    }
}

/// A page of chat logs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ChatPageJson {
    /// Newest first.
    pub items: Vec<ChatRowJson>,
    /// For `after` of the next page; null on the last.
    pub next: Option<String>,
}

/// Which chat logs.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ChatQuery {
    /// Of this project.
    #[param(value_type = Option<String>)]
    project: Option<ProjectSlug>,
    /// Of this session.
    #[param(value_type = Option<String>)]
    session: Option<SessionId>,
    /// Begun at or after (RFC 3339).
    from: Option<String>,
    /// Begun before.
    to: Option<String>,
    /// Rows, 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

impl ChatQuery {
    fn filter(self) -> Result<ChatFilter, Problem> {
        let bad = |what: &str| Problem::new(StatusCode::BAD_REQUEST, "bad_query", what.to_owned());
        let limit = self.limit.unwrap_or(PAGE);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(bad("limit: 1 to 200"));
        }
        let after = self.after.map(|key| place_of(&key).ok_or_else(|| bad("after: is no `next` of a page"))).transpose()?;
        let (from, to) = (instant("from", self.from.as_deref())?, instant("to", self.to.as_deref())?);
        let only = self.session.map(|session| vec![session]);
        Ok(ChatFilter { project: self.project, only, from, to, after, limit })
    }
}

/// The place that a page's key names.
pub(in crate::api) fn place_of(key: &str) -> Option<(WallClock, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(key).ok()?).ok()?;
    let (at, session) = text.split_once(' ')?;
    Some((WallClock(at.parse().ok()?), session.parse::<SessionId>().ok()?.to_string()))
}

/// Chat logs, newest first, in pages.
#[utoipa::path(get, path = "/v1/chats", tag = "chats", params(ChatQuery),
    responses((status = 200, body = ChatPageJson), (status = 400, body = Problem)))]
pub async fn list(member: Member, State(state): State<ApiState>, Asked(query): Asked<ChatQuery>) -> Result<Json<ChatPageJson>, Problem> {
    let (items, next) = seen_page(&member, &state, query.filter()?).await?;
    Ok(Json(ChatPageJson { items: items.into_iter().map(Into::into).collect(), next }))
}

/// A page of the chat logs that a member sees, and the key of the next one, for pages too.
pub(in crate::api) async fn seen_page(
    member: &Member,
    state: &ApiState,
    mut filter: ChatFilter,
) -> Result<(Vec<ChatRow>, Option<String>), Problem> {
    member.account.needs(Scope::Read)?;
    let page = filter.limit as usize;
    filter.limit += 1;
    let (mut items, mut next) = (Vec::new(), None);
    // Whoever sees few of them reads on until a page is full, or a while was looked for.
    for _ in 0..MOST_READS {
        let mut rows = state.catalogue.chats(&filter).await?;
        let more = rows.len() > page;
        rows.truncate(page);
        next = None;
        let sessions: Vec<SessionId> = rows.iter().map(|row| row.session.clone()).collect();
        let seen = member.seen_chats(state, &sessions).await?;
        for (n, row) in rows.iter().enumerate() {
            let place = (row.started_at, row.session.to_string());
            if seen.contains(&row.session) {
                items.push(row.clone());
            }
            filter.after = Some(place.clone());
            if items.len() == page {
                next = Some(place).filter(|_| more || n + 1 < rows.len());
                break;
            }
            next = Some(place).filter(|_| more);
        }
        if items.len() == page || !more {
            break;
        }
    }
    Ok((items, next.map(|(at, session)| URL_SAFE_NO_PAD.encode(format!("{} {session}", at.0)))))
}

/// Attaches a chat log to a session, in the place of an earlier one: an array of `{at, from, text}`, and of each line, as may be, `participant`, `role`, `id`.
#[utoipa::path(put, path = "/v1/sessions/{id}/chat", tag = "chats", params(("id" = String, Path)), request_body = Vec<ChatLine>,
    responses((status = 200, body = ChatJson), (status = 404, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
    (status = 422, body = Problem)))]
pub async fn put(
    member: Member,
    State(state): State<ApiState>,
    At(id): At<SessionId>,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<ChatJson>, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", "the body has to be `Content-Type: application/json`"));
    }
    attaches(&member)?;
    let (project, began) = session_of(&state, &id).await?;
    if !member.account.reaches(&project) {
        return Err(ArchiveError::not_found("session", id.as_str()).into());
    }
    let bytes =
        body.map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("a chat log may have {MOST_BYTES} bytes")))?;
    let lines = checked(parse::<Vec<ChatLine>>(&bytes)?)?;
    let started_at = lines.first().map_or(began, |line| line.at);
    let chat = Chat { session: id.clone(), project, started_at, put_at: now(), lines };
    let detail = json!({ "what": "chat", "lines": chat.lines.len() });
    member.note(&state, AuditAction::SettingChange, format!("session:{id}"), detail).await?;
    let chat = state.catalogue.put_chat(chat).await?;
    if chat.lines.is_empty() {
        return Err(Problem::conflict("declined", "everybody in this chat declined: nothing of it is kept"));
    }
    Ok(Json(shown(&state, &member, chat).await?))
}

/// The chat log of a session. Reading it is noted as playing is.
#[utoipa::path(get, path = "/v1/sessions/{id}/chat", tag = "chats", params(("id" = String, Path)),
    responses((status = 200, body = ChatJson), (status = 404, body = Problem)))]
pub async fn get(member: Member, State(state): State<ApiState>, At(id): At<SessionId>) -> Result<Json<ChatJson>, Problem> {
    member.account.needs(Scope::Play)?;
    let chat = state.catalogue.chat(&id).await?;
    reading_chat(&member, &state, &id).await?;
    Ok(Json(shown(&state, &member, chat).await?))
}

/// Deletes the chat log of a session. There is no way back. Refused while a legal hold lies on a recording of the session.
#[utoipa::path(delete, path = "/v1/sessions/{id}/chat", tag = "chats", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(member: Member, State(state): State<ApiState>, At(id): At<SessionId>) -> Result<StatusCode, Problem> {
    member.account.needs(Scope::Delete)?;
    state.catalogue.chat(&id).await?;
    member.may_with_chat(&state, &id, &Action::Delete).await?;
    if state.catalogue.session_is_held(&id).await? {
        return Err(Kept::Held.into());
    }
    member.note(&state, AuditAction::Delete, format!("session:{id}"), json!({ "what": "chat" })).await?;
    state.catalogue.delete_chat(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Chat logs come from platforms, not from the people who work in them.
fn attaches(member: &Member) -> Result<(), Problem> {
    if member.account.runs_sessions() {
        return Ok(());
    }
    match member.account.key {
        Some(_) => member.account.needs(Scope::Write),
        None => member.account.needs(Scope::Admin),
    }
}

/// A session's project and beginning. One that began a moment ago is live before it is in the catalogue.
async fn session_of(state: &ApiState, id: &SessionId) -> Result<(ProjectSlug, WallClock), Problem> {
    if let Some(view) = state.registry.view(id) {
        return Ok((view.project, view.started_at));
    }
    let row = state.catalogue.session(id).await?;
    Ok((row.project, row.started_at))
}

async fn shown(state: &ApiState, member: &Member, chat: Chat) -> Result<ChatJson, Problem> {
    let of = ListFilter { session: Some(chat.session.clone()), limit: Some(LARGEST_PAGE), ..ListFilter::default() };
    // Whoever may attach a log may not, by that alone, find recordings.
    let recordings = match member.sight(state).await {
        Ok(sight) => state.catalogue.recordings(&of, &sight).await?.items.into_iter().map(|row| row.id).collect(),
        Err(_) => Vec::new(),
    };
    Ok(ChatJson {
        session: chat.session,
        project: chat.project,
        started_at: chat.started_at,
        put_at: chat.put_at,
        lines: chat.lines,
        recordings,
    })
}
