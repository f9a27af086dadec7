//! Recordings and chat logs shared with people outside: order, log, call back, send again (archive.md C1, C3, C10, C11).

mod body;
pub(in crate::api) mod configuration;
mod ordering;
mod wire;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

pub(in crate::api) use body::{RecipientBody, ShareBody};
pub(in crate::api) use ordering::{can_send, order, time_zone};
pub(in crate::api) use wire::{ShareJson, SharePageJson};

use super::recordings::instant;
use crate::api::auth::Member;
use crate::api::base_url::BaseUrl;
use crate::api::body::{Asked, At, Body};
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::audit::masked;
use crate::archive::shares::{Share, ShareFilter, ShareKind, ShareStatus};
use crate::archive::visibility::new_link;
use crate::archive::{AuditAction, NewEvent};
use crate::model::event_kind::EventKind;
use crate::model::id::ShareId;

/// How long calling back waits for the external store.
const REMOVING: std::time::Duration = std::time::Duration::from_secs(2);

/// Which shares.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ShareQuery {
    /// Ordered at or after (RFC 3339).
    pub from: Option<String>,
    /// Ordered before.
    pub to: Option<String>,
    /// `recordings`, `chats`: those that hold some; `both`: those that hold both.
    #[param(value_type = Option<String>)]
    pub kind: Option<ShareKind>,
    /// The recipient's name has this in it, whatever the case.
    pub name: Option<String>,
    /// The recipient's address has this in it.
    pub email: Option<String>,
    /// Who ordered (`user:paal`) has this in it.
    pub ordered_by: Option<String>,
    /// `valid`, `expired`, `cancelled`.
    #[param(value_type = Option<String>)]
    pub status: Option<ShareStatus>,
    /// Rows, 1 to 200; 50 if absent.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub after: Option<String>,
}

impl ShareQuery {
    fn filter(self) -> Result<ShareFilter, Problem> {
        Ok(ShareFilter {
            from: instant("from", self.from.as_deref())?,
            to: instant("to", self.to.as_deref())?,
            kind: self.kind,
            name: self.name,
            address: self.email,
            ordered_by: self.ordered_by,
            status: self.status,
            limit: self.limit,
            after: self.after,
        })
    }
}

/// The log of shares, newest first, in pages. Needs `external_access_page`.
#[utoipa::path(get, path = "/v1/shares", tag = "shares", params(ShareQuery),
    responses((status = 200, body = SharePageJson), (status = 400, body = Problem), (status = 403, body = Problem)))]
pub async fn list(member: Member, State(state): State<ApiState>, Asked(query): Asked<ShareQuery>) -> Result<Json<SharePageJson>, Problem> {
    log(&member, &state, query).await.map(Json)
}

/// A page of the log, for pages too.
pub(in crate::api) async fn log(member: &Member, state: &ApiState, query: ShareQuery) -> Result<SharePageJson, Problem> {
    member.needs(|has| has.external_access_page)?;
    let now = now();
    let page = state.catalogue.share_log(&query.filter()?, now).await?;
    SharePageJson::of(state, page, now).await
}

/// Sends somebody outside a letter with a link to recordings and chat logs, once copies of them are in the external store. Needs `external_links`, and the right to send each of them; all or nothing.
#[utoipa::path(post, path = "/v1/shares", tag = "shares", request_body = ShareBody,
    responses((status = 201, body = ShareJson), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn create(
    member: Member,
    State(state): State<ApiState>,
    base: BaseUrl,
    Body(body): Body<ShareBody>,
) -> Result<Response, Problem> {
    let share = order(&member, &state, &base, body).await?;
    let place = HeaderValue::from_str(&format!("/v1/shares/{}", share.id)).map_err(|e| Problem::internal(&e))?;
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(share)).into_response())
}

/// A share. Needs `external_access_page`, or to have sent it.
#[utoipa::path(get, path = "/v1/shares/{id}", tag = "shares", params(("id" = String, Path)),
    responses((status = 200, body = ShareJson), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn get(member: Member, State(state): State<ApiState>, At(id): At<ShareId>) -> Result<Json<ShareJson>, Problem> {
    own(&member, &state, &id).await?;
    shown(&state, &id).await.map(Json)
}

/// Calls a share back: its link stops at once, also for a page that is open, and its files are removed. 409 where it is not valid any more.
#[utoipa::path(post, path = "/v1/shares/{id}/cancel", tag = "shares", params(("id" = String, Path)),
    responses((status = 200, body = ShareJson), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn cancel(member: Member, State(state): State<ApiState>, At(id): At<ShareId>) -> Result<Json<ShareJson>, Problem> {
    call_back(&member, &state, &id).await?;
    shown(&state, &id).await.map(Json)
}

/// Calls it back, for pages too.
pub(in crate::api) async fn call_back(member: &Member, state: &ApiState, id: &ShareId) -> Result<(), Problem> {
    let share = own(member, state, id).await?;
    let entry = member.did(AuditAction::Cancel, format!("share:{id}"), json!({ "recipient": masked(share.address.reveal()) }));
    if !state.catalogue.cancel_share(id, entry).await? {
        return Err(Problem::conflict("not_valid", "this share is cancelled or over already"));
    }
    let data = json!({ "share": id });
    state.events.tell(NewEvent { at: now(), session: None, kind: EventKind::ShareCancelled, data });
    // A store that is away holds up nobody who calls back: the sweep goes on with it.
    let _ = tokio::time::timeout(REMOVING, state.external.remove(&share.prefix())).await;
    state.external.look();
    tracing::info!(share = %id, by = %member.actor, "a share was cancelled");
    Ok(())
}

/// Writes the letter anew where it failed: with a link of its own to the same page. 409 where it waits or went out, or the share is not valid any more.
#[utoipa::path(post, path = "/v1/shares/{id}/resend", tag = "shares", params(("id" = String, Path)),
    responses((status = 200, body = ShareJson), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn resend(member: Member, State(state): State<ApiState>, base: BaseUrl, At(id): At<ShareId>) -> Result<Json<ShareJson>, Problem> {
    send_again(&member, &state, &base, &id).await?;
    shown(&state, &id).await.map(Json)
}

/// Sends it again, for pages too.
pub(in crate::api) async fn send_again(member: &Member, state: &ApiState, base: &BaseUrl, id: &ShareId) -> Result<(), Problem> {
    let share = own(member, state, id).await?;
    ordering::can_send(state)?;
    let link = new_link()?;
    let letter = ordering::letter(state, base, &share, &link, now())?;
    let detail = json!({ "recipient": masked(share.address.reveal()), "resend": true });
    let entry = member.did(AuditAction::Share, format!("share:{id}"), detail);
    if !state.catalogue.resend_share(id, &link, &letter, entry).await? {
        return Err(Problem::conflict(
            "not_failed",
            "its letter waits or went out, or the share is over: only one that failed is sent again",
        ));
    }
    state.outbox.look();
    Ok(())
}

/// A share that this member may deal with: any, who sees the log; their own otherwise. Others' look like none.
async fn own(member: &Member, state: &ApiState, id: &ShareId) -> Result<Share, Problem> {
    let sees_log = member.needs(|has| has.external_access_page);
    if sees_log.is_err() {
        member.needs(|has| has.external_links)?;
    }
    let share = state.catalogue.share(id).await?;
    if sees_log.is_err() && share.ordered_by != member.actor {
        return Err(crate::archive::ArchiveError::not_found("share", id.as_str()).into());
    }
    Ok(share)
}

/// A share as the log shows it.
pub(in crate::api) async fn shown(state: &ApiState, id: &ShareId) -> Result<ShareJson, Problem> {
    ShareJson::of(state, state.catalogue.share_log_row(id).await?, now()).await
}
