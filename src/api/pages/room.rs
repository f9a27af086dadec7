//! The room's page: a shell without data. Who its visitor is stands in the address's fragment, which no server sees.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, Response};

use super::console::live_lane;
use super::lane_html::lane_html;
use super::shell::{Shell, page};
use super::words::Words;
use crate::api::auth::Caller;
use crate::api::body::At;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::model::id::SessionId;

#[derive(Template)]
#[template(path = "room.html")]
struct RoomPage {
    shell: Shell,
    session: String,
}

/// `GET /room/{session}`
pub async fn show(Path(session): Path<String>) -> Response {
    let Ok(session) = SessionId::try_from(session) else {
        return page(StatusCode::NOT_FOUND, &RoomPage { shell: Shell::open(), session: String::new() });
    };
    page(StatusCode::OK, &RoomPage { shell: Shell::open(), session: session.to_string() })
}

/// `GET /parts/lane/{session}`: the lane of a live session, for whoever may see it.
pub async fn lane_part(caller: Caller, State(state): State<ApiState>, At(session): At<SessionId>) -> Result<Html<String>, Problem> {
    caller.may_see(&session, &state.registry)?;
    let view = state.registry.view(&session).ok_or_else(|| Problem::not_found("the session is over"))?;
    Ok(Html(lane_html(Words::english(), &live_lane(&state, &view).await)))
}
