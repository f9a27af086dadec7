//! Trying a room: a session with a host's and a guest's link.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::form::Form;
use super::shell::{Shell, page};
use crate::api::auth::Operator;
use crate::api::base_url::BaseUrl;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::wire::InvitationJson;
use crate::archive::{ArchiveError, Expected, ProjectRow, Put};
use crate::model::id::ProjectSlug;
use crate::model::project_kind::ProjectKind;
use crate::model::role::Role;
use crate::model::settings::{Consent, Kind, SettingsLayer};
use crate::model::switchboard::{JoinRequest, OpenSession};

struct Links {
    host: String,
    guest: String,
}

#[derive(Template)]
#[template(path = "try.html")]
struct TryPage {
    shell: Shell,
    links: Option<Links>,
    failed: Option<String>,
}

/// What the form sends.
#[derive(Deserialize)]
pub struct TryForm {
    csrf: String,
    #[serde(default)]
    consent: String,
}

/// `GET /try`
pub async fn show(operator: Operator) -> Response {
    page(StatusCode::OK, &TryPage { shell: Shell::of(&operator, "try"), links: None, failed: None })
}

/// `POST /try`
pub async fn open(
    operator: Operator,
    base: BaseUrl,
    State(state): State<ApiState>,
    Form(form): Form<TryForm>,
) -> Result<Response, Problem> {
    operator.check_form(&form.csrf)?;
    let shell = Shell::of(&operator, "try");
    Ok(match begin(&operator, &state, &base, form.consent == "yes").await {
        Ok(links) => page(StatusCode::CREATED, &TryPage { shell, links: Some(links), failed: None }),
        Err(problem) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            page(status, &TryPage { shell, links: None, failed: Some(problem.detail) })
        }
    })
}

async fn begin(operator: &Operator, state: &ApiState, base: &BaseUrl, ask_consent: bool) -> Result<Links, Problem> {
    let (name, consent) = if ask_consent { ("room-consent", Some(Consent::AllParty)) } else { ("room", None) };
    let slug: ProjectSlug = name.parse().map_err(|e| Problem::internal(&e))?;
    match state.catalogue.project(&slug).await {
        Ok(_) => {}
        Err(ArchiveError::NotFound { .. }) => {
            let settings = SettingsLayer { consent, ..SettingsLayer::default() };
            let row = ProjectRow { slug: slug.clone(), kind: ProjectKind::Room, settings, caller_is: Role::Customer };
            let change = operator.changes(Expected::Anything);
            match state.catalogue.changing(change).put_project(&row, Put::New).await {
                // Somebody else tried a room at the same time.
                Ok(()) | Err(ArchiveError::Exists { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(other) => return Err(other.into()),
    }
    let request = OpenSession { project: slug, kind: Kind::Room, external_id: None, metadata: std::collections::BTreeMap::default() };
    let session = state.switchboard.open(request).await?;
    let mut urls = Vec::new();
    for role in [Role::Agent, Role::Customer] {
        let invitation = state.registry.invite(&session, JoinRequest { role: Some(role), ..JoinRequest::default() }).await?;
        urls.push(InvitationJson::new(&invitation, &session, role, base).page_url);
    }
    let guest = urls.pop().unwrap_or_default();
    Ok(Links { host: urls.pop().unwrap_or_default(), guest })
}
