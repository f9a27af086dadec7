//! `/chats/{session}`: the chat log of a session to be read (archive.md A8), under the rights and for the reasons of its recordings.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::ask::{Ask, PlayForm, Refused};
use super::console::short;
use super::form::Form;
use super::refused::problem_page;
use super::shell::{Shell, page};
use crate::api::auth::Member;
use crate::api::body::At;
use crate::api::problem::Problem;
use crate::api::rest::may_see_chat;
use crate::api::rest::plays::{begin_chat, reading_chat};
use crate::api::state::ApiState;
use crate::model::id::SessionId;

/// A line.
struct Line {
    iso: String,
    short: String,
    from: String,
    side: &'static str,
    text: String,
}

/// A recording of the session.
struct Beside {
    id: String,
    iso: String,
    short: String,
}

#[derive(Template)]
#[template(path = "chat.html")]
struct ChatPage {
    shell: Shell,
    session: String,
    project: String,
    started: String,
    started_short: String,
    recordings: Vec<Beside>,
    lines: Vec<Line>,
    ask: Option<Ask>,
    /// It may be seen that it is there, and no more.
    barred: bool,
}

/// `GET /chats/{session}`
pub async fn show(member: Member, State(state): State<ApiState>, At(session): At<SessionId>) -> Response {
    match compose(&member, &state, &session, None).await {
        Ok(template) => page(StatusCode::OK, &template),
        Err(problem) => problem_page(&member, &problem),
    }
}

/// `POST /chats/{session}/plays`
pub async fn play(
    member: Member,
    State(state): State<ApiState>,
    At(session): At<SessionId>,
    Form(sent): Form<PlayForm>,
) -> Result<Response, Problem> {
    member.check_form(&sent.csrf)?;
    match begin_chat(&member, &state, &session, Some(&sent.reason)).await {
        Ok(_) => Ok(Redirect::to(&format!("/chats/{session}")).into_response()),
        Err(no) => match sent.refused(&no) {
            Some(refused) => {
                let template = compose(&member, &state, &session, Some(refused)).await?;
                Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &template))
            }
            None => Ok(problem_page(&member, &no)),
        },
    }
}

async fn compose(member: &Member, state: &ApiState, session: &SessionId, sent: Option<Refused>) -> Result<ChatPage, Problem> {
    let row = may_see_chat(member, state, session).await?;
    let (mut ask, mut barred, mut lines) = (None, false, Vec::new());
    match reading_chat(member, state, session).await {
        Ok(()) => lines = read(state, session).await?,
        Err(no) if no.reason == "reason_needed" => ask = Some(Ask::of(member, format!("/chats/{session}/plays"), sent)),
        Err(no) if no.status == 403 => barred = true,
        Err(no) => return Err(no),
    }
    let recordings = state.catalogue.recordings_of(std::slice::from_ref(session)).await?.into_iter();
    let beside = |recording: crate::archive::Recording| Beside {
        id: recording.id.to_string(),
        iso: recording.started_at.to_string(),
        short: short(recording.started_at),
    };
    Ok(ChatPage {
        shell: Shell::of(member, "archive"),
        session: session.to_string(),
        project: row.project.to_string(),
        started: row.started_at.to_string(),
        started_short: short(row.started_at),
        recordings: recordings.map(beside).collect(),
        lines,
        ask,
        barred,
    })
}

async fn read(state: &ApiState, session: &SessionId) -> Result<Vec<Line>, Problem> {
    let line = |line: crate::archive::chats::ChatLine| Line {
        iso: line.at.to_string(),
        short: short(line.at),
        from: line.from.reveal().to_owned(),
        side: line.role.map_or("", crate::model::role::Role::as_str),
        text: line.text.reveal().to_owned(),
    };
    Ok(state.catalogue.chat(session).await?.lines.into_iter().map(line).collect())
}
