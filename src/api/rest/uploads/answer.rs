//! A file on its way as callers see it.

use serde::Serialize;

use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::ArchiveError;
use crate::archive::uploads::{Upload, UploadState};
use crate::model::id::{ProjectSlug, RecordingId, SessionId, UploadId};
use crate::model::time::WallClock;

/// A file on its way.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UploadJson {
    /// Its id.
    #[schema(value_type = String)]
    pub id: UploadId,
    /// `receiving`, `rendering`, `failed`; once its recording is ready there is nothing here any more.
    #[schema(value_type = String)]
    pub state: UploadState,
    /// Bytes that are here.
    pub offset: u64,
    /// Bytes that it has.
    pub length: u64,
    /// Its project.
    #[schema(value_type = String)]
    pub project: ProjectSlug,
    /// The recording that it becomes; in the archive once the file is whole.
    #[schema(value_type = String)]
    pub recording: RecordingId,
    /// Its session.
    #[schema(value_type = String)]
    pub session: SessionId,
    /// Percent of the rendering.
    pub progress: u8,
    /// Why no recording could be made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// When it goes, if it is not whole by then.
    #[schema(value_type = String)]
    pub expires_at: WallClock,
}

impl UploadJson {
    pub(super) async fn of(state: &ApiState, upload: Upload) -> Result<Self, Problem> {
        let offset = match upload.state {
            UploadState::Receiving => state.inbox.offset(&upload.id).await.unwrap_or(0),
            _ => upload.bytes,
        };
        let (progress, failure) = match state.catalogue.recording(&upload.recording).await {
            Ok(row) => (row.progress, row.failure),
            Err(ArchiveError::NotFound { .. }) => (0, None),
            Err(other) => return Err(other.into()),
        };
        Ok(Self {
            id: upload.id,
            state: upload.state,
            offset,
            length: upload.bytes,
            project: upload.details.project,
            recording: upload.recording,
            session: upload.session,
            progress,
            failure,
            expires_at: upload.expires_at,
        })
    }
}
