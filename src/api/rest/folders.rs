//! Folders and known labels.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::tagged::{Changer, Tagged};
use crate::api::auth::Member;
use crate::api::body::{Asked, At, Body};
use crate::api::escaped::escaped;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::Put;
use crate::archive::folders::{Assignable, Folder, KnownLabel, LabelColor};
use crate::archive::scope::Scope;
use crate::model::id::FolderId;

/// All folders.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FoldersJson {
    items: Vec<Folder>,
}

/// A new folder.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderNew {
    /// Its id, for good; absent = one that its name can be read in.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    id: Option<FolderId>,
    /// What it is called.
    name: String,
}

/// What can be changed of a folder.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderBody {
    /// The same as in the path, or absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    id: Option<FolderId>,
    /// What it is called.
    name: String,
}

/// What becomes of the recordings in a folder that is deleted.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct FolderDelete {
    /// `true`: recordings that lie in it stay, in no folder. Without it a folder that is not empty is not deleted.
    release: bool,
}

/// All folders, by name.
#[utoipa::path(get, path = "/v1/folders", tag = "sorting", responses((status = 200, body = FoldersJson)))]
pub async fn folders(member: Member, State(state): State<ApiState>) -> Result<Json<FoldersJson>, Problem> {
    member.account.needs(Scope::Read)?;
    Ok(Json(FoldersJson { items: state.catalogue.folders().await? }))
}

/// A new folder. Folders have one level.
#[utoipa::path(post, path = "/v1/folders", tag = "sorting", request_body = FolderNew,
    responses((status = 201, body = Folder), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn post_folder(
    Changer(change): Changer,
    State(state): State<ApiState>,
    Body(body): Body<FolderNew>,
) -> Result<Response, Problem> {
    let made = state.catalogue.changing(change).make_folder(body.id, &body.name).await?;
    let place = format!("/v1/folders/{}", made.id);
    Ok(Tagged::made(made, &place))
}

/// A folder.
#[utoipa::path(get, path = "/v1/folders/{id}", tag = "sorting", params(("id" = String, Path)),
    responses((status = 200, body = Folder), (status = 404, body = Problem)))]
pub async fn folder(member: Member, State(state): State<ApiState>, At(id): At<FolderId>) -> Result<Tagged<Folder>, Problem> {
    member.account.needs(Scope::Read)?;
    Ok(Tagged::ok(state.catalogue.folder(&id).await?))
}

/// Renames a folder. Its id and what lies in it stay.
#[utoipa::path(put, path = "/v1/folders/{id}", tag = "sorting", params(("id" = String, Path)), request_body = FolderBody,
    responses((status = 200, body = Folder), (status = 404, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn put_folder(
    Changer(change): Changer,
    State(state): State<ApiState>,
    At(id): At<FolderId>,
    Body(body): Body<FolderBody>,
) -> Result<Tagged<Folder>, Problem> {
    if body.id.is_some_and(|one| one != id) {
        return Err(Problem::invalid("id: differs from the one in the path"));
    }
    Ok(Tagged::ok(state.catalogue.changing(change).rename_folder(&id, &body.name).await?))
}

/// Deletes a folder: 409 while a triage rule puts recordings into it, and, without `release`, while recordings lie in it. No recording is deleted.
#[utoipa::path(delete, path = "/v1/folders/{id}", tag = "sorting", params(("id" = String, Path), FolderDelete),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem)))]
pub async fn delete_folder(
    Changer(change): Changer,
    State(state): State<ApiState>,
    At(id): At<FolderId>,
    Asked(how): Asked<FolderDelete>,
) -> Result<StatusCode, Problem> {
    state.catalogue.changing(change).delete_folder(&id, how.release).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All known labels.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LabelsJson {
    items: Vec<KnownLabel>,
}

/// A known label without its name, which is in the path.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelBody {
    /// The same as in the path, or absent.
    #[serde(default)]
    name: Option<String>,
    /// Its colour; absent = none.
    #[serde(default)]
    color: Option<LabelColor>,
}

/// The labels that are offered, by name. Recordings may carry others.
#[utoipa::path(get, path = "/v1/labels", tag = "sorting", responses((status = 200, body = LabelsJson)))]
pub async fn labels(member: Member, State(state): State<ApiState>) -> Result<Json<LabelsJson>, Problem> {
    member.account.needs(Scope::Read)?;
    Ok(Json(LabelsJson { items: state.catalogue.known_labels().await? }))
}

/// A new known label.
#[utoipa::path(post, path = "/v1/labels", tag = "sorting", request_body = KnownLabel,
    responses((status = 201, body = KnownLabel), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn post_label(Changer(change): Changer, State(state): State<ApiState>, Body(row): Body<KnownLabel>) -> Result<Response, Problem> {
    state.catalogue.changing(change).put_label(&row, Put::New).await?;
    let place = format!("/v1/labels/{}", escaped(&row.name));
    Ok(Tagged::made(row, &place))
}

/// Makes a known label, or gives it another colour.
#[utoipa::path(put, path = "/v1/labels/{name}", tag = "sorting", params(("name" = String, Path)), request_body = LabelBody,
    responses((status = 200, body = KnownLabel), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn put_label(
    Changer(change): Changer,
    State(state): State<ApiState>,
    At(name): At<String>,
    Body(body): Body<LabelBody>,
) -> Result<Tagged<KnownLabel>, Problem> {
    if body.name.is_some_and(|one| one != name) {
        return Err(Problem::invalid("name: differs from the one in the path"));
    }
    let row = KnownLabel { name, color: body.color };
    state.catalogue.changing(change).put_label(&row, Put::Whole).await?;
    Ok(Tagged::ok(row))
}

/// Takes a label off the list. Recordings that have it keep it.
#[utoipa::path(delete, path = "/v1/labels/{name}", tag = "sorting", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 412, body = Problem)))]
pub async fn delete_label(Changer(change): Changer, State(state): State<ApiState>, At(name): At<String>) -> Result<StatusCode, Problem> {
    state.catalogue.changing(change).delete_label(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Everybody whom recordings can be assigned to.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AssignableJson {
    items: Vec<Assignable>,
}

/// Whom recordings can be assigned to, by name.
#[utoipa::path(get, path = "/v1/assignees", tag = "sorting", responses((status = 200, body = AssignableJson)))]
pub async fn assignees(member: Member, State(state): State<ApiState>) -> Result<Json<AssignableJson>, Problem> {
    member.account.needs(Scope::Read)?;
    Ok(Json(AssignableJson { items: state.catalogue.assignable().await? }))
}
