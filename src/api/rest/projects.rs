//! Projects, and the wording of their consent question.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::tagged::{Changer, Tagged};
use crate::api::auth::Operator;
use crate::api::body::{At, Body};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::{ConsentText, ProjectRow, Put};
use crate::model::id::ProjectSlug;
use crate::model::project_kind::ProjectKind;
use crate::model::role::Role;
use crate::model::settings::SettingsLayer;

/// All projects.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProjectsJson {
    items: Vec<ProjectRow>,
}

/// A project as `PUT` takes it: the slug is in the path, and may stand here too if it is the same.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectBody {
    /// The same as in the path, or absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    slug: Option<ProjectSlug>,
    /// `contact_center`, `customer_service`, `video`, `call` (the default) or `room`.
    #[serde(default)]
    #[schema(value_type = String)]
    kind: ProjectKind,
    /// Settings over the workspace's; what is absent is the workspace's.
    #[serde(default)]
    settings: SettingsLayer,
    /// `customer` (the default) or `agent`.
    #[serde(default = "customer")]
    #[schema(value_type = String)]
    caller_is: Role,
}

fn customer() -> Role {
    Role::Customer
}

/// All projects.
#[utoipa::path(get, path = "/v1/projects", tag = "projects", responses((status = 200, body = ProjectsJson)))]
pub async fn list(_: Operator, State(state): State<ApiState>) -> Result<Json<ProjectsJson>, Problem> {
    Ok(Json(ProjectsJson { items: state.catalogue.projects().await? }))
}

/// A new project.
#[utoipa::path(post, path = "/v1/projects", tag = "projects", request_body = ProjectRow,
    responses((status = 201, body = ProjectRow), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(Changer(change): Changer, State(state): State<ApiState>, Body(row): Body<ProjectRow>) -> Result<Response, Problem> {
    state.catalogue.changing(change).put_project(&row, Put::New).await?;
    let place = format!("/v1/projects/{}", row.slug);
    Ok(Tagged::made(row, &place))
}

/// A project. Its `ETag` goes with `If-Match` on a change.
#[utoipa::path(get, path = "/v1/projects/{slug}", tag = "projects", params(("slug" = String, Path)),
    responses((status = 200, body = ProjectRow), (status = 404, body = Problem)))]
pub async fn get(_: Operator, State(state): State<ApiState>, At(slug): At<ProjectSlug>) -> Result<Tagged<ProjectRow>, Problem> {
    Ok(Tagged::ok(state.catalogue.project(&slug).await?))
}

/// Makes or replaces a project. Sessions that have begun keep the settings they began with. With `If-Match` (or `If-None-Match: *`) only if it is what the
/// caller takes it for.
#[utoipa::path(put, path = "/v1/projects/{slug}", tag = "projects", params(("slug" = String, Path)), request_body = ProjectBody,
    responses((status = 200, body = ProjectRow), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn put(
    Changer(change): Changer,
    State(state): State<ApiState>,
    At(slug): At<ProjectSlug>,
    Body(body): Body<ProjectBody>,
) -> Result<Tagged<ProjectRow>, Problem> {
    if body.slug.as_ref().is_some_and(|s| *s != slug) {
        return Err(Problem::invalid("slug: differs from the one in the path"));
    }
    let row = ProjectRow { slug, kind: body.kind, settings: body.settings, caller_is: body.caller_is };
    state.catalogue.changing(change).put_project(&row, Put::Whole).await?;
    Ok(Tagged::ok(row))
}

/// Removes a project. Refused while something needs it: recordings, live sessions, an agent that is limited to it.
#[utoipa::path(delete, path = "/v1/projects/{slug}", tag = "projects", params(("slug" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem)))]
pub async fn delete(Changer(change): Changer, State(state): State<ApiState>, At(slug): At<ProjectSlug>) -> Result<StatusCode, Problem> {
    state.catalogue.changing(change).delete_project(&slug).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A wording as `PUT` takes it. The node gives the version.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentTextBody {
    /// Its language (BCP 47), as `en` or `nb-NO`.
    language: String,
    /// What people are asked: up to 4,000 characters, line feeds allowed.
    text: String,
}

/// The wording that a project asks for consent with. 404 where it has none of its own: the node's own words are used then.
#[utoipa::path(get, path = "/v1/projects/{slug}/consent-text", tag = "projects", params(("slug" = String, Path)),
    responses((status = 200, body = ConsentText), (status = 404, body = Problem)))]
pub async fn consent_text(_: Operator, State(state): State<ApiState>, At(slug): At<ProjectSlug>) -> Result<Tagged<ConsentText>, Problem> {
    let slug = state.catalogue.project(&slug).await?.slug;
    let found = state.catalogue.consent_text(&slug).await?;
    found.map(Tagged::ok).ok_or_else(|| Problem::not_found(format!("project `{slug}` has no wording of its own")))
}

/// Gives the consent question a new wording: a new version. The same wording again is none.
#[utoipa::path(put, path = "/v1/projects/{slug}/consent-text", tag = "projects", params(("slug" = String, Path)), request_body = ConsentTextBody,
    responses((status = 200, body = ConsentText), (status = 404, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn put_consent_text(
    Changer(change): Changer,
    State(state): State<ApiState>,
    At(slug): At<ProjectSlug>,
    Body(body): Body<ConsentTextBody>,
) -> Result<Tagged<ConsentText>, Problem> {
    Ok(Tagged::ok(state.catalogue.changing(change).put_consent_text(&slug, &body.language, &body.text).await?))
}

/// Takes the wording away: the node's own words are used from then on.
#[utoipa::path(delete, path = "/v1/projects/{slug}/consent-text", tag = "projects", params(("slug" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 412, body = Problem)))]
pub async fn delete_consent_text(
    Changer(change): Changer,
    State(state): State<ApiState>,
    At(slug): At<ProjectSlug>,
) -> Result<StatusCode, Problem> {
    state.catalogue.changing(change).delete_consent_text(&slug).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A version of the wording that the project asked with once.
#[utoipa::path(get, path = "/v1/projects/{slug}/consent-text/{version}", tag = "projects", params(("slug" = String, Path), ("version" = u64, Path)),
    responses((status = 200, body = ConsentText), (status = 404, body = Problem)))]
pub async fn consent_text_version(
    _: Operator,
    State(state): State<ApiState>,
    At((slug, version)): At<(ProjectSlug, u64)>,
) -> Result<Tagged<ConsentText>, Problem> {
    let found = state.catalogue.consent_text_version(&slug, version).await?;
    found.map(Tagged::ok).ok_or_else(|| Problem::not_found(format!("project `{slug}` has no wording of version {version}")))
}
