//! Sending a file in: a member's page, and the one of somebody who was invited.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::shell::{Shell, page};
use super::words::size;
use crate::api::auth::Member;
use crate::api::problem::Problem;
use crate::api::state::ApiState;

#[derive(Template)]
#[template(path = "upload.html")]
struct UploadPage {
    shell: Shell,
    projects: Vec<String>,
    most: String,
    most_bytes: u64,
}

#[derive(Template)]
#[template(path = "send.html")]
struct SendPage {
    shell: Shell,
}

/// `GET /upload`
pub async fn show(member: Member, State(state): State<ApiState>) -> Response {
    let projects = match state.catalogue.projects().await {
        Ok(rows) => rows.into_iter().filter(|row| member.account.reaches(&row.slug)).map(|row| row.slug.to_string()).collect(),
        Err(error) => return Problem::from(error).into_response(),
    };
    let most_bytes = state.inbox.limits().file_bytes;
    page(StatusCode::OK, &UploadPage { shell: Shell::of(&member, "upload"), projects, most: size(most_bytes), most_bytes })
}

/// `GET /send`: a shell without data. The invitation's token stands in the address's fragment, which no server sees.
pub async fn send() -> Response {
    page(StatusCode::OK, &SendPage { shell: Shell::open() })
}
