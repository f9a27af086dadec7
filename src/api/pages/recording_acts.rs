//! What the forms of a recording's page do.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::form::Form;
use super::refused::problem_page;
use crate::api::auth::Member;
use crate::api::body::At;
use crate::api::problem::Problem;
use crate::api::rest::{recordings, uploads};
use crate::api::state::ApiState;
use crate::model::id::RecordingId;

/// What the forms send.
#[derive(Deserialize)]
pub struct Sent {
    csrf: String,
}

fn back(id: &RecordingId) -> Response {
    Redirect::to(&format!("/recordings/{id}")).into_response()
}

/// `POST /recordings/{id}/delete`
pub async fn delete(
    member: Member,
    State(state): State<ApiState>,
    At(id): At<RecordingId>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    member.check_form(&sent.csrf)?;
    match recordings::delete(member.clone(), State(state), At(id)).await {
        Ok(_) => Ok(Redirect::to("/").into_response()),
        Err(problem) => Ok(problem_page(&member, &problem)),
    }
}

/// `POST /recordings/{id}/retry`
pub async fn retry(
    member: Member,
    State(state): State<ApiState>,
    At(id): At<RecordingId>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    member.check_form(&sent.csrf)?;
    uploads::retry(member, State(state), At(id.clone())).await?;
    Ok(back(&id))
}
