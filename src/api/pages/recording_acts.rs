//! What the forms of a recording's page do.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::form::Form;
use crate::api::auth::Operator;
use crate::api::body::At;
use crate::api::problem::Problem;
use crate::api::rest::uploads;
use crate::api::state::ApiState;
use crate::archive::Expected;
use crate::model::id::RecordingId;

/// What the forms send.
#[derive(Deserialize)]
pub struct Sent {
    csrf: String,
    #[serde(default)]
    labels: String,
}

fn back(id: &RecordingId) -> Response {
    Redirect::to(&format!("/recordings/{id}")).into_response()
}

/// `POST /recordings/{id}/labels`
pub async fn labels(
    operator: Operator,
    State(state): State<ApiState>,
    At(id): At<RecordingId>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    operator.check_form(&sent.csrf)?;
    let mut labels: Vec<String> = Vec::new();
    for label in sent.labels.split(',').map(str::trim).filter(|label| !label.is_empty()) {
        if !labels.iter().any(|known| known == label) {
            labels.push(label.to_owned());
        }
    }
    state.catalogue.set_labels(&id, &labels, &operator.changes(Expected::Anything)).await?;
    Ok(back(&id))
}

/// `POST /recordings/{id}/retry`
pub async fn retry(
    operator: Operator,
    State(state): State<ApiState>,
    At(id): At<RecordingId>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    operator.check_form(&sent.csrf)?;
    uploads::retry(operator, State(state), At(id.clone())).await?;
    Ok(back(&id))
}
