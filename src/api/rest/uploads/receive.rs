//! Taking a file in, whoever sends it.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use tokio::io::AsyncWriteExt as _;

use super::answer::UploadJson;
use super::metadata::Told;
use super::protocol::{Sum, about, number, version, wrong_sum};
use crate::api::auth::Account;
use crate::api::inbox::Inbox;
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::uploads::{Upload, UploadInvitation, UploadState};
use crate::archive::{ArchiveError, Catalogue, EventLog, NewEvent, Recording, RecordingState, RowChange, SessionRow, Source};
use crate::model::event_kind::EventKind;
use crate::model::id::{OutputKey, RecordingId, SessionId, UploadId};
use crate::model::region::Region;
use crate::model::settings::Kind;
use crate::model::time::WallClock;

/// Who sends.
pub(super) enum Sender {
    /// A member of the workspace, or a machine.
    Member(Box<Account>),
    /// Somebody who was invited.
    Invited(Box<UploadInvitation>),
}

/// A file of a caller; another's is answered as one that does not exist.
pub(super) async fn hold(state: &ApiState, id: &UploadId, owner: &str) -> Result<Upload, Problem> {
    let upload = state.catalogue.upload(id).await?;
    if upload.owner == owner { Ok(upload) } else { Err(ArchiveError::NotFound { what: "upload", name: id.to_string() }.into()) }
}

fn expiry(state: &ApiState) -> WallClock {
    now().plus_ns(state.inbox.limits().unfinished.as_nanos() as u64)
}

/// `POST`: a file begins.
pub(super) async fn begin(state: &ApiState, sender: &Sender, headers: &HeaderMap, base: &str) -> Result<Response, Problem> {
    version(headers)?;
    if headers.contains_key("upload-defer-length") {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "bad_header",
            "Upload-Defer-Length: a file's length has to be known when it begins",
        ));
    }
    let bytes = number(headers, "upload-length")?;
    let limits = state.inbox.limits();
    if bytes > limits.file_bytes {
        let why = format!("Upload-Length: a file may have {} bytes", limits.file_bytes);
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", why));
    }
    if bytes == 0 {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "empty", "Upload-Length: there is nothing in an empty file"));
    }
    let told = Told::read(headers)?;
    let (owner, details, expires_at) = match sender {
        Sender::Member(account) => {
            let details = told.of_member(&account.person.name)?;
            let names_another = details.agent.as_ref().is_some_and(|agent| *agent != account.person.name);
            if names_another && account.key.is_none() && !account.is_admin() {
                return Err(Problem::invalid("agent: only yourself; leave it out"));
            }
            if !account.reaches(&details.project) {
                return Err(Problem::invalid(format!("project: there is no project `{}`", details.project)));
            }
            (account.actor.clone(), details, expiry(state))
        }
        Sender::Invited(invitation) => {
            let owner = format!("invitation:{}", invitation.id);
            (owner, told.of_invited(&invitation.details)?, expiry(state).min(invitation.expires_at))
        }
    };
    details.check()?;
    match state.catalogue.project(&details.project).await {
        Err(ArchiveError::NotFound { .. }) => return Err(Problem::invalid(format!("project: there is no project `{}`", details.project))),
        other => other?,
    };
    let upload = Upload {
        id: UploadId::random(),
        owner,
        state: UploadState::Receiving,
        bytes,
        details,
        session: SessionId::random(),
        recording: RecordingId::random(),
        created_at: now(),
        expires_at,
    };
    state.inbox.create(&upload.id).await.map_err(|e| Problem::internal(&e))?;
    let invitation = match sender {
        Sender::Invited(invitation) => Some(&invitation.id),
        Sender::Member(_) => None,
    };
    if let Err(error) = state.catalogue.insert_upload(&upload, limits.bounds, invitation).await {
        let _ = state.inbox.remove(&upload.id).await;
        return Err(match error {
            ArchiveError::InUse { .. } => Problem::conflict("too_many_uploads", error.to_string()),
            ArchiveError::Exists { .. } => Problem::conflict("already_sent", "a file was sent with this invitation, or is being sent"),
            other => other.into(),
        });
    }
    let location = format!("{base}/{}", upload.id);
    let mut answer = about(&upload, 0);
    answer.remove("upload-length");
    answer.insert(header::LOCATION, HeaderValue::from_str(&location).map_err(|e| Problem::internal(&e))?);
    Ok((StatusCode::CREATED, answer, Json(UploadJson::of(state, upload).await?)).into_response())
}

/// `HEAD`: how much is here.
pub(super) async fn look(state: &ApiState, upload: &Upload, headers: &HeaderMap) -> Result<Response, Problem> {
    version(headers)?;
    let offset = offset_of(state, upload).await?;
    if upload.state == UploadState::Receiving && offset == upload.bytes {
        let _writing = state.inbox.write(&upload.id).ok_or_else(busy)?;
        take_up(state, &upload.id).await?;
    }
    Ok((StatusCode::OK, about(upload, offset)).into_response())
}

async fn offset_of(state: &ApiState, upload: &Upload) -> Result<u64, Problem> {
    match upload.state {
        UploadState::Receiving => match state.inbox.offset(&upload.id).await {
            Ok(here) if here == upload.bytes || upload.expires_at > now() => Ok(here),
            _ => Err(expired()),
        },
        _ => Ok(upload.bytes),
    }
}

/// A file that is whole while its row says otherwise: the catalogue was away after the last byte. Whoever is told that all bytes are here does not come again,
/// so it is taken up before that is said. The caller holds the file. Answers with what its row says by then.
async fn take_up(state: &ApiState, id: &UploadId) -> Result<Upload, Problem> {
    // Looked at again: another request may have done it before this one had the file.
    let upload = state.catalogue.upload(id).await?;
    if upload.state != UploadState::Receiving || offset_of(state, &upload).await.ok() != Some(upload.bytes) {
        return Ok(upload);
    }
    arrived(&state.catalogue, &state.events, &state.inbox, &upload).await?;
    Ok(state.catalogue.upload(id).await?)
}

/// Another request has the file.
pub(super) fn busy() -> Problem {
    Problem::new(StatusCode::LOCKED, "being_written", "another request is sending bytes of this file")
}

fn expired() -> Problem {
    Problem::new(StatusCode::GONE, "expired", "this file was not finished in time; what was here of it is gone")
}

/// `PATCH`: the next bytes.
pub(super) async fn receive(state: &ApiState, upload: Upload, request: Request) -> Result<Response, Problem> {
    let headers = request.headers();
    version(headers)?;
    let essence = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if essence != "application/offset+octet-stream" {
        let why = "Content-Type: has to be application/offset+octet-stream";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_offset_octets", why));
    }
    let from = number(headers, "upload-offset")?;
    let mut sum = Sum::asked(headers)?;
    let writing = state.inbox.write(&upload.id).ok_or_else(busy)?;
    // Looked at again: somebody may have finished it, or taken it back, before this request had it.
    let upload = state.catalogue.upload(&upload.id).await?;
    let here = offset_of(state, &upload).await?;
    if from != here || upload.state != UploadState::Receiving {
        return Err(Problem::conflict("wrong_offset", format!("Upload-Offset: {here} bytes of this file are here")));
    }
    let failed = |e: std::io::Error| Problem::internal(&e);
    let (mut file, offset) = writing.open().await.map_err(failed)?;
    if sum.is_some() {
        writing.unchecked_from(offset).await.map_err(failed)?;
    }
    let mut at = offset;
    let mut body = request.into_body().into_data_stream();
    let mut broken = None;
    while let Some(piece) = body.next().await {
        let Ok(piece) = piece else {
            broken = Some(Problem::new(StatusCode::BAD_REQUEST, "bad_body", "the connection broke; what came until then is kept"));
            break;
        };
        if at + piece.len() as u64 > upload.bytes {
            broken = Some(Problem::new(StatusCode::BAD_REQUEST, "too_long", format!("Upload-Length: the file has {} bytes", upload.bytes)));
            break;
        }
        file.write_all(&piece).await.map_err(failed)?;
        if let Some(sum) = &mut sum {
            sum.update(&piece);
        }
        at += piece.len() as u64;
    }
    file.flush().await.map_err(failed)?;
    let is_wrong = match sum {
        Some(sum) => broken.is_some() || !sum.holds(),
        None => broken.as_ref().is_some_and(|problem| problem.reason == "too_long"),
    };
    if is_wrong {
        file.set_len(offset).await.map_err(failed)?;
        writing.checked().await.map_err(failed)?;
        return Err(broken.unwrap_or_else(wrong_sum));
    }
    let mut upload = upload;
    if !upload.owner.starts_with("invitation:") {
        upload.expires_at = expiry(state);
    }
    if at == upload.bytes {
        file.sync_all().await.map_err(failed)?;
        writing.checked().await.map_err(failed)?;
        arrived(&state.catalogue, &state.events, &state.inbox, &upload).await?;
    } else {
        writing.checked().await.map_err(failed)?;
        state.catalogue.prolong_upload(&upload.id, upload.expires_at).await?;
    }
    if let Some(problem) = broken {
        return Err(problem);
    }
    let mut answer = about(&upload, at);
    answer.remove("upload-length");
    Ok((StatusCode::NO_CONTENT, answer).into_response())
}

/// The file is whole: its recording is in the archive from now on.
///
/// # Errors
/// Where the catalogue does not take it: asked for again, nothing is there twice.
pub async fn arrived(catalogue: &Catalogue, events: &EventLog, inbox: &Inbox, upload: &Upload) -> Result<(), ArchiveError> {
    let project = catalogue.project(&upload.details.project).await?;
    let kind = project.kind.session_kind();
    let details = &upload.details;
    let session = SessionRow {
        id: upload.session.clone(),
        project: details.project.clone(),
        kind,
        external_id: details.external_id.clone(),
        metadata: details.metadata.clone(),
        started_at: upload.created_at,
        ended_at: None,
    };
    let row = recording(upload, kind, catalogue.workspace().await?.settings.region);
    catalogue.keep(&[RowChange::SessionBegan(Box::new(session)), RowChange::Recording(Box::new(row))]).await?;
    catalogue.keep(&[RowChange::SessionEnded(upload.session.clone(), now())]).await?;
    let until = now().plus_ns(inbox.limits().unfinished.as_nanos() as u64);
    if catalogue.move_upload(&upload.id, UploadState::Receiving, UploadState::Rendering, until).await? {
        let data = serde_json::json!({ "recording": upload.recording, "output": "main" });
        events.tell(NewEvent { at: now(), session: Some(upload.session.clone()), kind: EventKind::RecordingProcessing, data });
        inbox.arrived(upload.id.clone());
    }
    Ok(())
}

fn recording(upload: &Upload, kind: Kind, region: Option<Region>) -> Recording {
    let details = &upload.details;
    let (id, session) = (upload.recording.clone(), upload.session.clone());
    let begun = Recording::begun(id, session, OutputKey::Main(1), details.project.clone(), kind, Source::Upload, upload.created_at);
    let mut row = Recording { state: RecordingState::Processing, external_id: details.external_id.clone(), region, ..begun };
    row.describe(&details.metadata, []);
    row.agents.extend(details.agent.clone());
    row.describe_first(&details.metadata);
    row
}

async fn is_in_archive(state: &ApiState, recording: &RecordingId) -> Result<bool, ArchiveError> {
    match state.catalogue.recording(recording).await {
        Ok(_) => Ok(true),
        Err(ArchiveError::NotFound { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

/// `DELETE`: taken back.
pub(super) async fn terminate(state: &ApiState, upload: &Upload, headers: &HeaderMap) -> Result<Response, Problem> {
    version(headers)?;
    let _writing = state.inbox.write(&upload.id).ok_or_else(busy)?;
    let mut upload = state.catalogue.upload(&upload.id).await?;
    // Its recording may be in the archive before its own row says so. One that is not there need not come into being to be deleted.
    if upload.state == UploadState::Receiving && is_in_archive(state, &upload.recording).await? {
        upload = take_up(state, &upload.id).await?;
    }
    if upload.state != UploadState::Receiving {
        let why = "the file is whole, and its recording is in the archive: delete that";
        return Err(Problem::conflict("is_a_recording", why));
    }
    // The row goes last: it alone knows of the file.
    state.inbox.remove(&upload.id).await.map_err(|e| Problem::internal(&e))?;
    state.catalogue.delete_upload(&upload.id).await?;
    let mut answer = HeaderMap::new();
    answer.insert("tus-resumable", HeaderValue::from_static("1.0.0"));
    Ok((StatusCode::NO_CONTENT, answer).into_response())
}
