//! Sending links to people outside and to colleagues, the log of what was sent, and how recipients' pages look (archive.md C1, C10, D1). Plain forms; every
//! change goes the way of the API.

mod chosen;
mod configuration;
mod external;
mod fields;
mod internal;
mod log;
mod multipart;

use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use axum::routing::{get, post};

use super::refused::problem_page;
use crate::api::auth::Member;
use crate::api::problem::Problem;
use crate::api::state::ApiState;

/// A form with a logo: a file that is too large is read all the same, so that its field says so.
const LOGO_FORM_BYTES: usize = 16 << 20;
/// Forms with terms of use in eight languages, or with a letter and 40 recordings.
const FORM_BYTES: usize = 256 * 1024;

/// The pages of links to people outside and inside.
pub(super) fn routes() -> axum::Router<ApiState> {
    axum::Router::new()
        .route("/external", get(log::show))
        .route("/external/{id}/cancel", post(log::cancel))
        .route("/external/{id}/resend", post(log::resend))
        .route("/external/configuration", get(configuration::show).post(configuration::save).layer(DefaultBodyLimit::max(FORM_BYTES)))
        .route("/external/logo", get(configuration::logo).post(configuration::save_logo).layer(DefaultBodyLimit::max(LOGO_FORM_BYTES)))
        .route("/archive/send", get(external::show).post(external::send).layer(DefaultBodyLimit::max(FORM_BYTES)))
        .route("/archive/send/picked", post(chosen::picked_for_external))
        .route("/archive/send-internal/picked", post(chosen::picked_for_internal))
        .route("/archive/send-internal", get(internal::show).post(internal::send).layer(DefaultBodyLimit::max(FORM_BYTES)))
}

fn answered(member: &Member, response: Result<Response, Problem>) -> Response {
    response.unwrap_or_else(|problem| problem_page(member, &problem))
}

/// A refusal that the person can do something about is shown where they are.
fn is_theirs(problem: &Problem) -> bool {
    matches!(problem.status, 403 | 404 | 409 | 422 | 503)
}
