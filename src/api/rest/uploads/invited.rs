//! What somebody does who was invited to send one file. They have the invitation's token and nothing else; they see their own file and nothing else.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::protocol;
use super::receive::{Sender, begin, hold, look, receive, terminate};
use crate::api::auth::bearer;
use crate::api::body::At;
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::uploads::{UploadInvitation, UploadState};
use crate::archive::{ArchiveError, keys};
use crate::model::id::UploadId;

/// How an invitation stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InvitedJson {
    /// A file was sent whole: there is nothing more to do.
    pub sent: bool,
    /// The file that is being sent: go on with it at `/v1/invited-uploads/{id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub upload: Option<UploadId>,
    /// Bytes that a file may have.
    pub max_bytes: u64,
}

/// The invitation of the token that a request carries.
///
/// # Errors
/// 401, the same for one that never was and one that is over.
pub async fn found(state: &ApiState, headers: &HeaderMap) -> Result<UploadInvitation, Problem> {
    let no = || Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "this invitation does not hold (any more)");
    let token = bearer(headers)?.ok_or_else(no)?;
    state.catalogue.upload_invitation_by(&keys::hash(token), now()).await?.ok_or_else(no)
}

fn owner(invitation: &UploadInvitation) -> String {
    format!("invitation:{}", invitation.id)
}

/// What this end of the tus protocol can do.
#[utoipa::path(options, path = "/v1/invited-uploads", tag = "uploads", responses((status = 204), (status = 401, body = Problem)))]
pub async fn options(State(state): State<ApiState>, headers: HeaderMap) -> Result<Response, Problem> {
    found(&state, &headers).await?;
    Ok(protocol::options(&state.inbox.limits()))
}

/// How an invitation stands. All of `/v1/invited-uploads` takes the invitation's token as `Authorization: Bearer …`.
#[utoipa::path(get, path = "/v1/invited-uploads", tag = "uploads", responses((status = 200, body = InvitedJson), (status = 401, body = Problem)))]
pub async fn status(State(state): State<ApiState>, headers: HeaderMap) -> Result<Json<InvitedJson>, Problem> {
    let invitation = found(&state, &headers).await?;
    let upload = match &invitation.upload {
        Some(id) => match state.catalogue.upload(id).await {
            Ok(upload) => Some(upload).filter(|upload| upload.state == UploadState::Receiving),
            // Its recording is ready, and it was forgotten.
            Err(ArchiveError::NotFound { .. }) => None,
            Err(other) => return Err(other.into()),
        },
        None => None,
    };
    let sent = invitation.upload.is_some() && upload.is_none();
    Ok(Json(InvitedJson { sent, upload: upload.map(|u| u.id), max_bytes: state.inbox.limits().file_bytes }))
}

/// Begins the one file of an invitation.
#[utoipa::path(post, path = "/v1/invited-uploads", tag = "uploads", params(("Upload-Length" = u64, Header), ("Upload-Metadata" = Option<String>, Header)),
    responses((status = 201, body = super::UploadJson), (status = 401, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem)))]
pub async fn create(State(state): State<ApiState>, headers: HeaderMap) -> Result<Response, Problem> {
    let invitation = found(&state, &headers).await?;
    begin(&state, &Sender::Invited(Box::new(invitation)), &headers, "/v1/invited-uploads").await
}

/// How much of it is here.
#[utoipa::path(head, path = "/v1/invited-uploads/{id}", tag = "uploads", params(("id" = String, Path)), responses((status = 200), (status = 401)))]
pub async fn head(State(state): State<ApiState>, At(id): At<UploadId>, headers: HeaderMap) -> Result<Response, Problem> {
    let invitation = found(&state, &headers).await?;
    look(&state, &hold(&state, &id, &owner(&invitation)).await?, &headers).await
}

/// Its next bytes.
#[utoipa::path(patch, path = "/v1/invited-uploads/{id}", tag = "uploads", params(("id" = String, Path), ("Upload-Offset" = u64, Header)),
    request_body(content_type = "application/offset+octet-stream"), responses((status = 204), (status = 401, body = Problem), (status = 409, body = Problem)))]
pub async fn patch(State(state): State<ApiState>, At(id): At<UploadId>, request: Request) -> Result<Response, Problem> {
    let invitation = found(&state, request.headers()).await?;
    let upload = hold(&state, &id, &owner(&invitation)).await?;
    receive(&state, upload, request).await
}

/// Takes it back: another may be sent.
#[utoipa::path(delete, path = "/v1/invited-uploads/{id}", tag = "uploads", params(("id" = String, Path)), responses((status = 204), (status = 401, body = Problem)))]
pub async fn delete(State(state): State<ApiState>, At(id): At<UploadId>, headers: HeaderMap) -> Result<Response, Problem> {
    let invitation = found(&state, &headers).await?;
    terminate(&state, &hold(&state, &id, &owner(&invitation)).await?, &headers).await
}
