//! An agent's desk: a shell without data. Whose desk it is stands in the address's fragment, which no server sees.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::shell::{Shell, page};

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage {
    shell: Shell,
}

/// `GET /desk`
pub async fn show() -> Response {
    page(StatusCode::OK, &DeskPage { shell: Shell::open() })
}
