//! Who may open a recording's link: look, set, renew.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::auth::Member;
use crate::api::base_url::BaseUrl;
use crate::api::body::{At, Body};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::AuditAction;
use crate::archive::audit::masked;
use crate::archive::rights::Action;
use crate::archive::visibility::{Access, addresses};
use crate::model::id::RecordingId;
use crate::model::visibility::Reach;

/// Who may open a recording's link.
#[derive(Serialize, utoipa::ToSchema)]
pub struct VisibilityJson {
    /// How far it reaches.
    visibility: Reach,
    /// Selected addresses; they count with `members_and_selected`.
    selected: Vec<String>,
    /// The link; absent until the recording has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

impl VisibilityJson {
    fn of(access: Option<&Access>, base: &BaseUrl) -> Self {
        Self {
            visibility: access.map_or(Reach::Members, |access| access.reach),
            selected: access.map(|access| access.selected.iter().map(|one| one.reveal().to_owned()).collect()).unwrap_or_default(),
            link: access.map(|access| format!("{}/r/{}", base.0, access.link.reveal())),
        }
    }
}

/// Who shall open it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisibilityBody {
    /// How far the link reaches.
    visibility: Reach,
    /// All selected addresses, at most 1,000; absent = as they are. Who is not among them any more is shut out at once.
    selected: Option<Vec<String>>,
}

/// Who may open a recording's link, and the link.
#[utoipa::path(get, path = "/v1/recordings/{id}/visibility", tag = "recordings", params(("id" = String, Path)),
    responses((status = 200, body = VisibilityJson), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn get(
    member: Member,
    State(state): State<ApiState>,
    base: BaseUrl,
    At(id): At<RecordingId>,
) -> Result<Json<VisibilityJson>, Problem> {
    member.may(&state, &id, &Action::ChangeVisibility).await?;
    Ok(Json(VisibilityJson::of(state.catalogue.access(&id).await?.as_ref(), &base)))
}

/// Sets who may open a recording's link.
#[utoipa::path(put, path = "/v1/recordings/{id}/visibility", tag = "recordings", params(("id" = String, Path)), request_body = VisibilityBody,
    responses((status = 200, body = VisibilityJson), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn put(
    member: Member,
    State(state): State<ApiState>,
    base: BaseUrl,
    At(id): At<RecordingId>,
    Body(body): Body<VisibilityBody>,
) -> Result<Json<VisibilityJson>, Problem> {
    change(&member, &state, &id, body.visibility, body.selected.as_deref()).await?;
    Ok(Json(VisibilityJson::of(state.catalogue.access(&id).await?.as_ref(), &base)))
}

/// Gives a recording a new link. The old one opens nothing any more.
#[utoipa::path(post, path = "/v1/recordings/{id}/link", tag = "recordings", params(("id" = String, Path)),
    responses((status = 200, body = VisibilityJson), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn renew(
    member: Member,
    State(state): State<ApiState>,
    base: BaseUrl,
    At(id): At<RecordingId>,
) -> Result<Json<VisibilityJson>, Problem> {
    renew_link(&member, &state, &id).await?;
    Ok(Json(VisibilityJson::of(state.catalogue.access(&id).await?.as_ref(), &base)))
}

/// Sets it, for pages too.
pub(in crate::api) async fn change(
    member: &Member,
    state: &ApiState,
    id: &RecordingId,
    reach: Reach,
    selected: Option<&[String]>,
) -> Result<(), Problem> {
    member.may(state, id, &Action::ChangeVisibility).await?;
    let before = state.catalogue.access(id).await?;
    let had: std::collections::BTreeSet<String> =
        before.iter().flat_map(|access| access.selected.iter().map(|one| one.reveal().to_owned())).collect();
    let wanted = match selected {
        Some(texts) => addresses("selected", texts.iter().map(String::as_str))?,
        None => had.clone(),
    };
    let named = |addresses: Vec<&String>| addresses.into_iter().map(|one| masked(one)).collect::<Vec<_>>();
    let detail = json!({
        "visibility": reach,
        "before": before.map(|access| access.reach),
        "added": named(wanted.difference(&had).collect()),
        "taken_away": named(had.difference(&wanted).collect()),
    });
    let entry = member.did(AuditAction::Share, format!("recording:{id}"), detail);
    Ok(state.catalogue.change_visibility(id, reach, &wanted, entry).await?)
}

/// Renews it, for pages too.
pub(in crate::api) async fn renew_link(member: &Member, state: &ApiState, id: &RecordingId) -> Result<(), Problem> {
    member.may(state, id, &Action::ChangeVisibility).await?;
    let entry = member.did(AuditAction::Cancel, format!("recording:{id}"), json!({ "link": "renewed" }));
    Ok(state.catalogue.renew_link(id, entry).await?)
}
