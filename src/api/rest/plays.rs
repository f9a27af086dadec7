//! Playing (archive.md B2 to B4): opened with a reason where one is asked for, noted once, and asked for again with each file.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::auth::Member;
use crate::api::body::{At, BodyOrNothing};
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::rights::Action;
use crate::archive::{AuditAction, NewEvent, Recording};
use crate::model::event_kind::EventKind;
use crate::model::id::{RecordingId, SessionId};

/// Longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// Why somebody plays something.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlayBody {
    /// Where one is asked for (`playback_reason` of `GET /v1/me`): the text, or one of the list. It stands in the audit log.
    pub reason: Option<String>,
}

/// A play that was opened. It is good for whoever opened it: the same key, or the same browser.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PlayJson {
    /// What plays: `recording:<id>`, `session:<id>` (a chat log).
    of: String,
    /// Seconds after which it is over where nothing of it was asked for meanwhile.
    idle_s: u64,
    /// The reason as it was noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// A reason as it is noted; `None` where nothing was said.
fn reason_of(text: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > LONGEST_REASON || text.chars().any(char::is_control) {
        return Err(Problem::invalid(format!("reason: at most {LONGEST_REASON} characters, none of them a control character")));
    }
    Ok(Some(text.to_owned()))
}

fn of_recording(id: &RecordingId) -> String {
    format!("recording:{id}")
}

/// Opens a play of a recording: the member hears and sees it from now on, as long as something of it is asked for now and then.
#[utoipa::path(post, path = "/v1/recordings/{id}/plays", tag = "recordings", params(("id" = String, Path)), request_body = PlayBody,
    responses((status = 201, body = PlayJson), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn open(
    member: Member,
    State(state): State<ApiState>,
    At(id): At<RecordingId>,
    BodyOrNothing(body): BodyOrNothing<PlayBody>,
) -> Result<(StatusCode, Json<PlayJson>), Problem> {
    let reason = begin(&member, &state, &id, body.reason.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(PlayJson { of: of_recording(&id), idle_s: crate::api::auth::PLAY_IDLE.as_secs(), reason })))
}

/// Opens it, for pages too; answers the reason as it was noted.
pub(in crate::api) async fn begin(
    member: &Member,
    state: &ApiState,
    id: &RecordingId,
    reason: Option<&str>,
) -> Result<Option<String>, Problem> {
    let reason = reason_of(reason)?;
    let recording = member.may(state, id, &Action::Play { reason: reason.as_deref() }).await?;
    note(member, state, &recording, reason.as_deref()).await?;
    state.plays().open(&member.account.ticket, &of_recording(id), reason.clone(), Instant::now());
    Ok(reason)
}

/// What cannot be noted is not played: this comes first.
async fn note(member: &Member, state: &ApiState, recording: &Recording, reason: Option<&str>) -> Result<(), Problem> {
    let detail = reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
    member.note(state, AuditAction::Play, of_recording(&recording.id), detail).await?;
    let data = json!({ "recording": recording.id, "who": "member" });
    state.events.tell(NewEvent { at: now(), session: Some(recording.session.clone()), kind: EventKind::PlayStarted, data });
    Ok(())
}

/// The reason that the member's present play was opened with; absent = nothing plays, or without one.
pub(in crate::api) fn reason_given(member: &Member, state: &ApiState, what: &str) -> Option<String> {
    state.plays().reason(&member.account.ticket, what, Instant::now()).flatten()
}

/// Whether a recording's page may show what it is heard and seen by: `Err` says why not, as when a reason has to be given first.
pub(in crate::api) async fn may_play(member: &Member, state: &ApiState, id: &RecordingId) -> Result<Recording, Problem> {
    let reason = reason_given(member, state, &of_recording(id));
    member.may(state, id, &Action::Play { reason: reason.as_deref() }).await
}

/// As [`may_play`], for what is heard or seen itself: the first of it opens a play where none is, so that each is noted once.
pub(in crate::api) async fn playing(member: &Member, state: &ApiState, id: &RecordingId) -> Result<Recording, Problem> {
    let recording = may_play(member, state, id).await?;
    if state.plays().begin_once(&member.account.ticket, &of_recording(id), Instant::now())
        && let Err(not_noted) = note(member, state, &recording, None).await
    {
        state.plays().close(&member.account.ticket, &of_recording(id));
        return Err(not_noted);
    }
    Ok(recording)
}

/// As [`may_play`], for files that are to be kept.
pub(in crate::api) async fn may_download(member: &Member, state: &ApiState, id: &RecordingId) -> Result<Recording, Problem> {
    let reason = reason_given(member, state, &of_recording(id));
    member.may(state, id, &Action::Download { reason: reason.as_deref() }).await
}

/// Opens a reading of a session's chat log: under the same rights and for the same reasons as playing its recordings.
#[utoipa::path(post, path = "/v1/sessions/{id}/chat/plays", tag = "chats", params(("id" = String, Path)), request_body = PlayBody,
    responses((status = 201, body = PlayJson), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn open_chat(
    member: Member,
    State(state): State<ApiState>,
    At(id): At<SessionId>,
    BodyOrNothing(body): BodyOrNothing<PlayBody>,
) -> Result<(StatusCode, Json<PlayJson>), Problem> {
    let reason = begin_chat(&member, &state, &id, body.reason.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(PlayJson { of: of_chat(&id), idle_s: crate::api::auth::PLAY_IDLE.as_secs(), reason })))
}

fn of_chat(id: &SessionId) -> String {
    format!("session:{id}")
}

/// Opens it, for pages too; answers the reason as it was noted.
pub(in crate::api) async fn begin_chat(
    member: &Member,
    state: &ApiState,
    id: &SessionId,
    reason: Option<&str>,
) -> Result<Option<String>, Problem> {
    let reason = reason_of(reason)?;
    let what = of_chat(id);
    member.may_with_chat(state, id, &Action::Play { reason: reason.as_deref() }).await?;
    let mut detail = json!({ "what": "chat" });
    if let Some(reason) = &reason {
        detail["reason"] = json!(reason);
    }
    member.note(state, AuditAction::Play, what.clone(), detail).await?;
    state.plays().open(&member.account.ticket, &what, reason.clone(), Instant::now());
    Ok(reason)
}

/// Notes that a chat log is read, once for each reading.
pub(in crate::api) async fn reading_chat(member: &Member, state: &ApiState, id: &SessionId) -> Result<(), Problem> {
    let what = of_chat(id);
    let reason = reason_given(member, state, &what);
    member.may_with_chat(state, id, &Action::Play { reason: reason.as_deref() }).await?;
    if state.plays().begin_once(&member.account.ticket, &what, Instant::now())
        && let Err(not_noted) = member.note(state, AuditAction::Play, what.clone(), json!({ "what": "chat" })).await
    {
        state.plays().close(&member.account.ticket, &what);
        return Err(not_noted);
    }
    Ok(())
}

/// Whether the chat log of a recording's session is shown beside it: with the reason that the recording plays with. Noted once.
pub(in crate::api) async fn show_chat(member: &Member, state: &ApiState, recording: &Recording) -> Result<bool, Problem> {
    let what = of_chat(&recording.session);
    let reason = reason_given(member, state, &of_recording(&recording.id)).or_else(|| reason_given(member, state, &what));
    match member.may_with_chat(state, &recording.session, &Action::Play { reason: reason.as_deref() }).await {
        Ok(()) => {}
        Err(no) if no.status < 500 => return Ok(false),
        Err(no) => return Err(no),
    }
    if state.plays().reason(&member.account.ticket, &what, Instant::now()).is_none() {
        let detail = reason.as_ref().map_or_else(|| json!({ "what": "chat" }), |reason| json!({ "what": "chat", "reason": reason }));
        member.note(state, AuditAction::Play, what.clone(), detail).await?;
        state.plays().open(&member.account.ticket, &what, reason, Instant::now());
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_text_or_nothing() {
        assert_eq!(reason_of(None).unwrap(), None);
        assert_eq!(reason_of(Some("  ")).unwrap(), None);
        assert_eq!(reason_of(Some(" complaint ")).unwrap().as_deref(), Some("complaint"));
        for bad in ["x".repeat(501), "a\nb".to_owned()] {
            assert!(reason_of(Some(&bad)).unwrap_err().detail.starts_with("reason: "));
        }
    }
}
