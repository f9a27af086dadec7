//! Projects.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::api::auth::Operator;
use crate::api::body::{At, Body};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::ProjectRow;
use crate::model::id::ProjectSlug;
use crate::model::role::Role;
use crate::model::settings::{Kind, SettingsLayer};

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
    /// `call` (the default) or `room`.
    #[serde(default)]
    #[schema(value_type = String)]
    kind: Kind,
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

/// A layer that could never hold is refused before it is kept.
pub(super) fn check_settings(settings: &SettingsLayer) -> Result<(), Problem> {
    if settings.max_duration_s == Some(0) {
        return Err(Problem::invalid("settings.max_duration_s: has to be 1 or more"));
    }
    Ok(())
}

fn check(row: &ProjectRow) -> Result<(), Problem> {
    if row.caller_is == Role::ThirdParty {
        return Err(Problem::invalid("caller_is: `customer` or `agent`"));
    }
    check_settings(&row.settings)
}

/// All projects.
#[utoipa::path(get, path = "/v1/projects", tag = "projects", responses((status = 200, body = ProjectsJson)))]
pub async fn list(_: Operator, State(state): State<ApiState>) -> Result<Json<ProjectsJson>, Problem> {
    Ok(Json(ProjectsJson { items: state.catalogue.projects().await? }))
}

/// A new project.
#[utoipa::path(post, path = "/v1/projects", tag = "projects", request_body = ProjectRow,
    responses((status = 201, body = ProjectRow), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    _: Operator,
    State(state): State<ApiState>,
    Body(row): Body<ProjectRow>,
) -> Result<(StatusCode, HeaderMap, Json<ProjectRow>), Problem> {
    check(&row)?;
    state.catalogue.create_project(&row).await?;
    let mut headers = HeaderMap::new();
    if let Ok(place) = HeaderValue::from_str(&format!("/v1/projects/{}", row.slug)) {
        headers.insert(header::LOCATION, place);
    }
    Ok((StatusCode::CREATED, headers, Json(row)))
}

/// A project.
#[utoipa::path(get, path = "/v1/projects/{slug}", tag = "projects", params(("slug" = String, Path)),
    responses((status = 200, body = ProjectRow), (status = 404, body = Problem)))]
pub async fn get(_: Operator, State(state): State<ApiState>, At(slug): At<ProjectSlug>) -> Result<Json<ProjectRow>, Problem> {
    Ok(Json(state.catalogue.project(&slug).await?))
}

/// Makes or replaces a project. Sessions that have begun keep the settings they began with.
#[utoipa::path(put, path = "/v1/projects/{slug}", tag = "projects", params(("slug" = String, Path)), request_body = ProjectBody,
    responses((status = 200, body = ProjectRow), (status = 422, body = Problem)))]
pub async fn put(
    _: Operator,
    State(state): State<ApiState>,
    At(slug): At<ProjectSlug>,
    Body(body): Body<ProjectBody>,
) -> Result<Json<ProjectRow>, Problem> {
    if body.slug.as_ref().is_some_and(|s| *s != slug) {
        return Err(Problem::invalid("slug: differs from the one in the path"));
    }
    let row = ProjectRow { slug, kind: body.kind, settings: body.settings, caller_is: body.caller_is };
    check(&row)?;
    state.catalogue.put_project(&row).await?;
    Ok(Json(row))
}

/// Removes a project. Its recordings stay.
#[utoipa::path(delete, path = "/v1/projects/{slug}", tag = "projects", params(("slug" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn delete(_: Operator, State(state): State<ApiState>, At(slug): At<ProjectSlug>) -> Result<StatusCode, Problem> {
    state.catalogue.delete_project(&slug).await?;
    Ok(StatusCode::NO_CONTENT)
}
