//! Pages: rendered here, readable before any script runs. Their look is in `web/src/style`, their words in `web/locales`, what moves in `web/src`.

mod archive;
mod archive_chats;
mod archive_folders;
mod archive_query;
mod archive_sort;
mod ask;
mod assets;
mod chat;
mod console;
mod desk;
mod external;
mod form;
mod lane;
mod lane_html;
mod link;
mod link_asked;
mod me;
mod recording;
mod recording_acts;
mod recording_beside;
mod recording_events;
mod recording_row;
mod recording_sorting;
mod refused;
mod room;
mod settings;
mod sharing;
mod shell;
mod sign_in;
mod sign_in_oidc;
mod try_room;
mod upload;
mod visibility;
mod webhooks;
mod words;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

pub use refused::{in_words, refusals_as_pages, wants_page};
pub use sign_in::sign_in_form;
pub use words::Words;

use super::auth::Operator;
use super::body::At;
use super::problem::Problem;
use super::state::ApiState;
use crate::model::id::SessionId;

/// Pages with data in them.
pub fn protected() -> axum::Router<ApiState> {
    axum::Router::new()
        .route("/", get(console::console))
        .route("/archive", get(archive::show))
        .route("/parts/archive", get(archive::rows))
        .route("/archive/sort", post(archive_sort::ask))
        .route("/archive/sorted", post(archive_sort::act))
        .route("/parts/archive-folders", get(archive_folders::counted))
        .route("/parts/live", get(console::live_part))
        .route("/parts/recordings", get(console::recordings_part))
        .route("/parts/lane/{session}", get(room::lane_part))
        .route("/recordings/{id}", get(recording::show))
        .route("/recordings/{id}/plays", post(recording::play))
        .route("/recordings/{id}/sorting", post(recording_sorting::save))
        .route("/recordings/{id}/delete", post(recording_acts::delete))
        .route("/recordings/{id}/retry", post(recording_acts::retry))
        .route("/chats/{session}", get(chat::show))
        .route("/chats/{session}/plays", post(chat::play))
        .route("/upload", get(upload::show))
        .route("/r/{link}/member", get(link_asked::member))
        .route("/recordings/{id}/visibility", post(visibility::save))
        .route("/recordings/{id}/link", post(visibility::renew))
        .route("/try", get(try_room::show).post(try_room::open))
        .route("/sessions/{id}/end", post(end_session))
        .route("/me", get(me::show).post(me::save))
        .route("/sign-out", post(sign_in::sign_out))
        .merge(settings::routes())
        .merge(webhooks::routes())
        .merge(sharing::routes())
}

/// Pages without data: the sign-in form's target, assets, the room's shell.
pub fn open() -> axum::Router<ApiState> {
    axum::Router::new()
        .route("/sign-in", post(sign_in::sign_in).get(|| async { Redirect::to("/") }))
        .route("/sign-in/oidc", get(sign_in_oidc::go))
        .route("/sign-in/oidc/back", get(sign_in_oidc::back))
        .route("/assets/{name}", get(assets::get))
        .route("/room/{session}", get(room::show))
        .route("/r/{link}", get(link::show).post(link_asked::enter_address))
        .route("/r/{link}/t/{token}", get(link::enter))
        .route("/r/{link}/media/{name}", get(link::media))
        .merge(external::routes())
        .route("/desk", get(desk::show))
        .route("/send", get(upload::send))
        .route("/embed/indicator.js", get(assets::indicator))
}

/// Puts the guarding headers on every answer.
pub async fn guard_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    shell::guard(response.headers_mut());
    response
}

/// What the form of a live session sends.
#[derive(Deserialize)]
struct EndForm {
    csrf: String,
}

/// `POST /sessions/{id}/end`: the form's way to end a session.
async fn end_session(
    operator: Operator,
    State(state): State<ApiState>,
    At(id): At<SessionId>,
    form::Form(sent): form::Form<EndForm>,
) -> Result<Response, Problem> {
    operator.check_form(&sent.csrf)?;
    match state.switchboard.end(&id).await {
        // Over already is what was asked for.
        Ok(()) | Err(crate::model::switchboard::Refusal::NoSuchSession) => Ok(Redirect::to("/").into_response()),
        Err(no) => Err(no.into()),
    }
}
