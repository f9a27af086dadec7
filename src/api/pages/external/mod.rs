//! The page of somebody outside with whom recordings are shared (archive.md C4 to C9): a link, a code, the terms of use, the list. It has nothing of the
//! console; what it says comes in eight languages.

mod entry;
mod frame;
mod list;
mod media;
mod who;

use axum::routing::{get, post};

use crate::api::state::ApiState;

/// Its routes. None of them needs a caller: a link, a code and a web session stand in for one.
pub fn routes() -> axum::Router<ApiState> {
    axum::Router::new()
        .route("/e/logo", get(frame::logo))
        .route("/e/{link}", get(entry::show))
        .route("/e/{link}/code", post(entry::code))
        .route("/e/{link}/enter", post(entry::enter))
        .route("/e/{link}/terms", post(entry::terms))
        .route("/e/{link}/standing", get(media::standing))
        .route("/e/{link}/played/{item}/{view}", post(media::played))
        .route("/e/{link}/media/{item}/{view}/{name}", get(media::piece))
}
