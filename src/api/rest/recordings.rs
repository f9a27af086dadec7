//! Recordings: list, look, label, delete.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::api::auth::Member;
use crate::api::body::{Asked, At, Body};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::wire::{RecordingJson, RecordingPageJson};
use crate::archive::amendment::Amendment;
use crate::archive::rights::Action;
use crate::archive::scope::Scope;
use crate::archive::{InFolder, ListFilter, Recording, RecordingState, Source, deletion, now};
use crate::model::id::{FolderId, ProjectSlug, RecordingId, SessionId};
use crate::model::redact::Personal;
use crate::model::time::WallClock;

/// The longest recording that can be asked for: ten years.
const LONGEST_S: u64 = 315_360_000;

/// What a list is asked for: all of it has to hold.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Of this session.
    #[param(value_type = Option<String>)]
    session: Option<SessionId>,
    /// Of this project.
    #[param(value_type = Option<String>)]
    project: Option<ProjectSlug>,
    /// `recording`, `processing`, `ready`, `failed` or `discarded`.
    #[param(value_type = Option<String>)]
    state: Option<RecordingState>,
    /// Started at or after (RFC 3339).
    from: Option<String>,
    /// Started before (RFC 3339).
    to: Option<String>,
    /// Of this configured agent.
    agent: Option<String>,
    /// Of calls that came by this queue.
    queue: Option<String>,
    /// With a telephone number, the customer's or the one that was called, that ends in these digits.
    number: Option<String>,
    /// Of the customer with this e-mail address.
    email: Option<String>,
    /// `live` or `upload`.
    #[param(value_type = Option<String>)]
    source: Option<Source>,
    /// With this label.
    label: Option<String>,
    /// In this folder, by its id; `none` = in no folder.
    folder: Option<String>,
    /// Of this order.
    order: Option<String>,
    /// Of the session that the platform calls so.
    external_id: Option<String>,
    /// Assigned to this member.
    assignee: Option<String>,
    /// Restricted ones only (`true`), or all others (`false`).
    restricted: Option<bool>,
    /// At least so many seconds long.
    longer_than_s: Option<u64>,
    /// At most so many seconds long.
    shorter_than_s: Option<u64>,
    /// Search as one types: every word is the beginning of something that the recording is found by (an id, a number, an address, a ticket, a name, a word
    /// of its title …).
    q: Option<String>,
    /// Rows a page, 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

pub(super) fn instant(name: &str, text: Option<&str>) -> Result<Option<WallClock>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let bad = |_| Problem::new(StatusCode::BAD_REQUEST, "bad_query", format!("{name}: an RFC 3339 time such as 2026-01-31T12:00:00Z"));
    let time: jiff::Timestamp = text.parse().map_err(bad)?;
    Ok(Some(WallClock::from_unix_ms(time.as_millisecond())))
}

fn milliseconds(name: &str, seconds: Option<u64>) -> Result<Option<u64>, Problem> {
    let Some(seconds) = seconds else { return Ok(None) };
    let fits = seconds <= LONGEST_S;
    let bad = || Problem::new(StatusCode::BAD_REQUEST, "bad_query", format!("{name}: at most {LONGEST_S}"));
    fits.then(|| Some(seconds * 1_000)).ok_or_else(bad)
}

impl ListQuery {
    fn filter(self) -> Result<ListFilter, Problem> {
        if self.limit.is_some_and(|l| !(1..=200).contains(&l)) {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", "limit: 1 to 200"));
        }
        Ok(ListFilter {
            from: instant("from", self.from.as_deref())?,
            to: instant("to", self.to.as_deref())?,
            session: self.session,
            project: self.project,
            state: self.state,
            agent: self.agent,
            queue: self.queue,
            number: self.number,
            email: self.email,
            source: self.source,
            label: self.label,
            folder: self.folder.map(InFolder::asked),
            order: self.order,
            external_id: self.external_id,
            assignee: self.assignee,
            restricted: self.restricted,
            longer_ms: milliseconds("longer_than_s", self.longer_than_s)?,
            shorter_ms: milliseconds("shorter_than_s", self.shorter_than_s)?,
            q: self.q,
            only: None,
            limit: self.limit,
            after: self.after,
        })
    }
}

/// What can be changed of a recording (JSON merge patch, RFC 7396): what is absent stays, `null` empties.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RecordingPatch {
    /// What people call it: 1 to 256 characters.
    #[serde(deserialize_with = "told")]
    #[schema(value_type = Option<String>)]
    title: Option<Option<Personal>>,
    /// The folder that it lies in, by its id.
    #[serde(deserialize_with = "told")]
    #[schema(value_type = Option<String>)]
    folder: Option<Option<FolderId>>,
    /// All its labels: at most 32, each of 1 to 64 characters.
    #[serde(deserialize_with = "told")]
    #[schema(value_type = Option<Vec<String>>)]
    labels: Option<Option<Vec<String>>>,
    /// Everybody whom it is assigned to: at most 32 of `GET /v1/assignees`.
    #[serde(deserialize_with = "told")]
    #[schema(value_type = Option<Vec<String>>)]
    assignees: Option<Option<Vec<String>>>,
    /// Listed and played only for who has the right to restricted ones; only they can change it.
    #[serde(deserialize_with = "told")]
    #[schema(value_type = Option<bool>)]
    restricted: Option<Option<bool>>,
}

/// Tells what is `null` from what is not there.
pub(super) fn told<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<T>, D::Error> {
    T::deserialize(d).map(Some)
}

impl From<RecordingPatch> for Amendment {
    fn from(patch: RecordingPatch) -> Self {
        Self {
            title: patch.title.map(|title| title.map(|title| title.reveal().to_owned())),
            folder: patch.folder,
            labels: patch.labels.map(Option::unwrap_or_default),
            assignees: patch.assignees.map(Option::unwrap_or_default),
            restricted: patch.restricted.map(Option::unwrap_or_default),
            ..Self::default()
        }
    }
}

/// Recordings, newest first, in pages.
#[utoipa::path(get, path = "/v1/recordings", tag = "recordings", params(ListQuery),
    responses((status = 200, body = RecordingPageJson), (status = 400, body = Problem)))]
pub async fn list(
    member: Member,
    State(state): State<ApiState>,
    Asked(query): Asked<ListQuery>,
) -> Result<Json<RecordingPageJson>, Problem> {
    Ok(Json(state.catalogue.recordings(&query.filter()?, &member.sight(&state).await?).await?.into()))
}

/// A recording.
#[utoipa::path(get, path = "/v1/recordings/{id}", tag = "recordings", params(("id" = String, Path)),
    responses((status = 200, body = RecordingJson), (status = 404, body = Problem)))]
pub async fn get(member: Member, State(state): State<ApiState>, At(id): At<RecordingId>) -> Result<Json<RecordingJson>, Problem> {
    Ok(Json(member.may(&state, &id, &Action::See).await?.into()))
}

/// Changes what people say of a recording: its title, folder, labels, assignees, whether it is restricted. All of it or nothing.
#[utoipa::path(patch, path = "/v1/recordings/{id}", tag = "recordings", params(("id" = String, Path)), request_body = RecordingPatch,
    responses((status = 200, body = RecordingJson), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn patch(
    member: Member,
    State(state): State<ApiState>,
    At(id): At<RecordingId>,
    Body(patch): Body<RecordingPatch>,
) -> Result<Json<RecordingJson>, Problem> {
    Ok(Json(amend(&member, &state, &id, &patch.into()).await?.into()))
}

/// Changes what people say of a recording.
///
/// # Errors
/// As for a request.
pub async fn amend(member: &Member, state: &ApiState, id: &RecordingId, amendment: &Amendment) -> Result<Recording, Problem> {
    member.account.needs(Scope::Write)?;
    let before = member.may(state, id, &Action::See).await?;
    if amendment.restricted.is_some_and(|restricted| restricted != before.restricted) {
        member.needs(|has| has.restricted_access)?;
    }
    Ok(state.catalogue.amend_as(id, amendment, &member.changes()).await?)
}

/// Deletes a recording with all its files and everything personal about it. There is no way back. One that is still being made, or on which a legal hold
/// lies, is refused. 202: nobody finds it any more; its store is away, and its files go as soon as that answers.
#[utoipa::path(delete, path = "/v1/recordings/{id}", tag = "recordings", params(("id" = String, Path)),
    responses((status = 204), (status = 202, body = DeletingJson), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(member: Member, State(state): State<ApiState>, At(id): At<RecordingId>) -> Result<Response, Problem> {
    member.may(&state, &id, &Action::Delete).await?;
    let asked = deletion::Asked { by: member.actor.clone(), why: "request", at: now() };
    let (deletions, one) = (state.deletions.clone(), id.clone());
    // A caller who goes away does not stop it half-way.
    let deleted =
        tokio::spawn(async move { deletions.delete(&[one], &asked).await }).await.map_err(|error| Problem::internal(&error))??;
    match deleted.of_one() {
        Ok(done) => {
            tracing::info!(recording = %id, by = %member.actor, "a recording was deleted");
            let answer = if done {
                StatusCode::NO_CONTENT.into_response()
            } else {
                (StatusCode::ACCEPTED, Json(DeletingJson { id })).into_response()
            };
            Ok(answer)
        }
        Err(kept) => Err(kept.into()),
    }
}

/// A recording that nobody finds any more, and whose files are still to go.
#[derive(Serialize, utoipa::ToSchema)]
pub struct DeletingJson {
    /// Which.
    #[schema(value_type = String)]
    id: RecordingId,
}
