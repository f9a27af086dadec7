//! The panel on a recording's page that says and sets who may open its link.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::form::Form;
use crate::api::auth::Member;
use crate::api::base_url::BaseUrl;
use crate::api::body::At;
use crate::api::problem::Problem;
use crate::api::rest::{change_visibility, renew_link};
use crate::api::state::ApiState;
use crate::archive::visibility::Access;
use crate::model::id::RecordingId;
use crate::model::redact::Personal;
use crate::model::visibility::Reach;

/// What the panel shows.
pub struct VisibilityPanel {
    /// The link; absent until the recording has one.
    pub link: Option<String>,
    /// Each reach with whether it is the one.
    pub reaches: Vec<(&'static str, bool)>,
    /// Selected addresses, one a line.
    pub selected: String,
    /// Selected people only, and nobody is.
    pub wanted: bool,
    /// Selected people only, and they cannot be written to.
    pub no_letters: bool,
}

impl VisibilityPanel {
    /// Of a recording.
    pub fn of(access: Option<&Access>, base: &BaseUrl, letters: bool) -> Self {
        let reach = access.map_or(Reach::Members, |access| access.reach);
        let selected: Vec<&str> = access.iter().flat_map(|access| access.selected.iter().map(Personal::reveal)).collect();
        Self {
            link: access.map(|access| format!("{}/r/{}", base.0, access.link.reveal())),
            reaches: [Reach::AnyoneWithLink, Reach::Members, Reach::MembersAndSelected].map(|one| (one.as_str(), one == reach)).to_vec(),
            wanted: reach == Reach::MembersAndSelected && selected.is_empty(),
            no_letters: reach == Reach::MembersAndSelected && !letters,
            selected: selected.join("\n"),
        }
    }
}

/// What the panel sends.
#[derive(Deserialize)]
pub struct VisibilityForm {
    csrf: String,
    visibility: Reach,
    #[serde(default)]
    selected: String,
}

/// `POST /recordings/{id}/visibility`
pub async fn save(
    member: Member,
    State(state): State<ApiState>,
    At(id): At<RecordingId>,
    Form(sent): Form<VisibilityForm>,
) -> Result<Response, Problem> {
    member.check_form(&sent.csrf)?;
    let selected: Vec<String> =
        sent.selected.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|one| !one.is_empty()).map(str::to_owned).collect();
    change_visibility(&member, &state, &id, sent.visibility, Some(&selected)).await?;
    Ok(back(&id))
}

/// What the button for a new link sends.
#[derive(Deserialize)]
pub struct RenewForm {
    csrf: String,
}

/// `POST /recordings/{id}/link`
pub async fn renew(
    member: Member,
    State(state): State<ApiState>,
    At(id): At<RecordingId>,
    Form(sent): Form<RenewForm>,
) -> Result<Response, Problem> {
    member.check_form(&sent.csrf)?;
    renew_link(&member, &state, &id).await?;
    Ok(back(&id))
}

fn back(id: &RecordingId) -> Response {
    Redirect::to(&format!("/recordings/{id}#visibility")).into_response()
}
