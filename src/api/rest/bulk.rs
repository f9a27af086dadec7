//! Several recordings at once: moved, labelled, assigned, deleted. Each is asked for by itself, and each has its own answer.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::recordings;
use crate::api::auth::Member;
use crate::api::body::{At, Body};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::ArchiveError;
use crate::archive::amendment::Amendment;
use crate::model::id::{FolderId, RecordingId};

/// Recordings at once.
pub const MOST_AT_ONCE: usize = 40;

/// What is to be done with which recordings.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkBody {
    /// 1 to 40 of them.
    #[schema(value_type = Vec<String>)]
    pub ids: Vec<RecordingId>,
    /// Puts them into this folder; `null` takes them out of the one that each lies in.
    #[serde(default, deserialize_with = "recordings::told")]
    #[schema(value_type = Option<String>)]
    pub folder: Option<Option<FolderId>>,
    /// Labels that each gets besides its own.
    #[serde(default)]
    pub add_labels: Vec<String>,
    /// Labels that each loses.
    #[serde(default)]
    pub remove_labels: Vec<String>,
    /// Whom each is assigned to besides.
    #[serde(default)]
    pub assign: Vec<String>,
    /// Whom each is taken from.
    #[serde(default)]
    pub unassign: Vec<String>,
    /// Deletes them with all their files. There is no way back; nothing else can be asked for with it.
    #[serde(default)]
    pub delete: bool,
}

/// What became of each.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BulkJson {
    /// In the order of the ids.
    pub items: Vec<BulkItemJson>,
}

/// What became of one.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BulkItemJson {
    /// Which.
    #[schema(value_type = String)]
    pub id: RecordingId,
    /// The status that a request of its own would have had: 200 changed, 204 deleted, or why not.
    pub status: u16,
    /// Why not, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why not, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Does the same with several recordings. Each is done or refused by itself; what was refused says why and leaves the others alone.
#[utoipa::path(post, path = "/v1/recordings/bulk", tag = "recordings", request_body = BulkBody,
    responses((status = 200, body = BulkJson), (status = 422, body = Problem)))]
pub async fn bulk(member: Member, State(state): State<ApiState>, Body(body): Body<BulkBody>) -> Result<Json<BulkJson>, Problem> {
    Ok(Json(do_all(&member, &state, body).await?))
}

/// Does it.
///
/// # Errors
/// 422 for what can be done with none of them.
pub async fn do_all(member: &Member, state: &ApiState, body: BulkBody) -> Result<BulkJson, Problem> {
    let BulkBody { ids, folder, add_labels, remove_labels, assign, unassign, delete } = body;
    if !(1..=MOST_AT_ONCE).contains(&ids.len()) {
        return Err(Problem::invalid(format!("ids: 1 to {MOST_AT_ONCE} recordings at once, these are {}", ids.len())));
    }
    if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
        return Err(Problem::invalid("ids: one of them stands there twice"));
    }
    let amendment = Amendment { folder, add_labels, remove_labels, assign, unassign, ..Amendment::default() };
    match (delete, amendment == Amendment::default()) {
        (true, false) => return Err(Problem::invalid("delete: nothing else can be asked for with it")),
        (false, true) => {
            return Err(Problem::invalid("says nothing to do: folder, add_labels, remove_labels, assign, unassign or delete"));
        }
        _ => {}
    }
    if let Some(Some(folder)) = &amendment.folder
        && let Err(ArchiveError::NotFound { .. }) = state.catalogue.folder(folder).await
    {
        return Err(Problem::invalid(format!("folder: there is no folder `{folder}`")));
    }
    let mut items = Vec::with_capacity(ids.len());
    for id in ids {
        let done = if delete { deleted(member, state, &id).await } else { amended(member, state, &id, &amendment).await };
        items.push(match done {
            Ok(status) => BulkItemJson { id, status, reason: None, detail: None },
            Err(no) => BulkItemJson { id, status: no.status, reason: Some(no.reason.into_owned()), detail: Some(no.detail) },
        });
    }
    Ok(BulkJson { items })
}

async fn deleted(member: &Member, state: &ApiState, id: &RecordingId) -> Result<u16, Problem> {
    recordings::delete(member.clone(), State(state.clone()), At(id.clone())).await.map(|answer| answer.status().as_u16())
}

async fn amended(member: &Member, state: &ApiState, id: &RecordingId, amendment: &Amendment) -> Result<u16, Problem> {
    recordings::amend(member, state, id, amendment).await?;
    Ok(200)
}
