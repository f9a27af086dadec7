//! Files that are sent in, by the tus protocol 1.0.0 (<https://tus.io/protocols/resumable-upload>): core, creation, termination, checksum, expiration.
//! Members send as themselves; whoever was invited sends one file with the invitation's token.

mod answer;
pub mod invitations;
pub mod invited;
mod metadata;
mod protocol;
mod receive;
pub use receive::arrived;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use self::answer::UploadJson;
use self::receive::{Sender, begin, busy, hold, look, receive, terminate};
use crate::api::auth::{Account, Member};
use crate::api::body::At;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::rights::Action;
use crate::archive::scope::Scope;
use crate::archive::uploads::UploadState;
use crate::archive::{RecordingState, Source};
use crate::model::id::{RecordingId, UploadId};

/// What this end of the tus protocol can do.
#[utoipa::path(options, path = "/v1/uploads", tag = "uploads", responses((status = 204, description = "`Tus-Version`, `Tus-Extension`, `Tus-Max-Size`, `Tus-Checksum-Algorithm`")))]
pub async fn options(State(state): State<ApiState>) -> Response {
    protocol::options(&state.inbox.limits())
}

/// Files of this caller that are not recordings yet.
#[utoipa::path(get, path = "/v1/uploads", tag = "uploads", responses((status = 200, body = Vec<UploadJson>)))]
pub async fn list(account: Account, State(state): State<ApiState>) -> Result<Json<Vec<UploadJson>>, Problem> {
    account.needs(Scope::Uploads)?;
    let mut all = Vec::new();
    for upload in state.catalogue.uploads_of(&account.actor).await? {
        all.push(UploadJson::of(&state, upload).await?);
    }
    Ok(Json(all))
}

/// Begins a file. `Tus-Resumable: 1.0.0`, `Upload-Length`, and `Upload-Metadata` with `filename`, `project` (else `default`) and, as may be, `title`, `ticket`,
/// `customer_email`, `external_id`, `sender`, `role` (`agent` or `customer`), `agent`, `queue`, `order`, `access_number`, `caller`. `Location` names it.
#[utoipa::path(post, path = "/v1/uploads", tag = "uploads",
    params(("Tus-Resumable" = String, Header), ("Upload-Length" = u64, Header), ("Upload-Metadata" = Option<String>, Header)),
    responses((status = 201, body = UploadJson), (status = 400, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem),
    (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn create(account: Account, State(state): State<ApiState>, headers: HeaderMap) -> Result<Response, Problem> {
    account.needs(Scope::Uploads)?;
    begin(&state, &Sender::Member(Box::new(account)), &headers, "/v1/uploads").await
}

/// How much of a file is here: `Upload-Offset`.
#[utoipa::path(head, path = "/v1/uploads/{id}", tag = "uploads", params(("id" = String, Path)), responses((status = 200), (status = 404), (status = 410)))]
pub async fn head(account: Account, State(state): State<ApiState>, At(id): At<UploadId>, headers: HeaderMap) -> Result<Response, Problem> {
    account.needs(Scope::Uploads)?;
    let upload = hold(&state, &id, &account.actor).await?;
    look(&state, &upload, &headers).await
}

/// A file that is not a recording yet.
#[utoipa::path(get, path = "/v1/uploads/{id}", tag = "uploads", params(("id" = String, Path)), responses((status = 200, body = UploadJson), (status = 404, body = Problem)))]
pub async fn get(account: Account, State(state): State<ApiState>, At(id): At<UploadId>) -> Result<Json<UploadJson>, Problem> {
    account.needs(Scope::Uploads)?;
    let upload = hold(&state, &id, &account.actor).await?;
    Ok(Json(UploadJson::of(&state, upload).await?))
}

/// The next bytes of a file (`Content-Type: application/offset+octet-stream`, `Upload-Offset`); with `Upload-Checksum: sha256 …` (or `sha1`) they count only
/// where the sum is theirs. With the last byte the recording begins to be made.
#[utoipa::path(patch, path = "/v1/uploads/{id}", tag = "uploads",
    params(("id" = String, Path), ("Tus-Resumable" = String, Header), ("Upload-Offset" = u64, Header), ("Upload-Checksum" = Option<String>, Header)),
    request_body(content_type = "application/offset+octet-stream"),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 415, body = Problem), (status = 423, body = Problem),
    (status = 460, body = Problem)))]
pub async fn patch(account: Account, State(state): State<ApiState>, At(id): At<UploadId>, request: Request) -> Result<Response, Problem> {
    account.needs(Scope::Uploads)?;
    let upload = hold(&state, &id, &account.actor).await?;
    receive(&state, upload, request).await
}

/// Takes a file back: what is here of it goes.
#[utoipa::path(delete, path = "/v1/uploads/{id}", tag = "uploads", params(("id" = String, Path), ("Tus-Resumable" = String, Header)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 423, body = Problem)))]
pub async fn delete(
    account: Account,
    State(state): State<ApiState>,
    At(id): At<UploadId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    account.needs(Scope::Uploads)?;
    let upload = hold(&state, &id, &account.actor).await?;
    terminate(&state, &upload, &headers).await
}

/// Tries once more to make a recording that failed: of the file that was sent in, or of its session's tape.
#[utoipa::path(post, path = "/v1/recordings/{id}/retry", tag = "recordings", params(("id" = String, Path)),
    responses((status = 202), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn retry(member: Member, State(state): State<ApiState>, At(id): At<RecordingId>) -> Result<Response, Problem> {
    let mut row = member.may(&state, &id, &Action::Retry).await?;
    let none = || Problem::conflict("nothing_to_retry", "this recording did not fail, or what it would be made of is gone");
    if row.state != RecordingState::Failed {
        return Err(none());
    }
    if row.source == Source::Live {
        if state.registry.view(&row.session).is_some() {
            return Err(Problem::conflict("still_recording", "its session goes on: it can be made again once the session is over"));
        }
        // Its rows are brought back from the tape, each in the state that it is in then.
        return if state.tapes.make_again(&row.session) { Ok(StatusCode::ACCEPTED.into_response()) } else { Err(none()) };
    }
    let upload = state.catalogue.upload_of_recording(&id).await?.ok_or_else(none)?;
    // Until its row says that it is tried again, too, nobody takes the file up.
    let _writing = state.inbox.write(&upload.id).ok_or_else(busy)?;
    let until = crate::api::noted::now().plus_ns(state.inbox.limits().unfinished.as_nanos() as u64);
    if !state.catalogue.move_upload(&upload.id, UploadState::Failed, UploadState::Rendering, until).await? {
        return Err(none());
    }
    (row.state, row.progress, row.failure) = (RecordingState::Processing, 0, None);
    if let Err(error) = state.catalogue.keep(&[crate::archive::RowChange::Recording(Box::new(row))]).await {
        // It is tried again whatever its row says; whoever makes it sets that right.
        tracing::warn!(recording = %id, %error, "that a recording is made again could not be kept");
    }
    state.inbox.arrived(upload.id);
    Ok(StatusCode::ACCEPTED.into_response())
}
