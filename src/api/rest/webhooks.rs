//! Webhooks: where events are sent to, what became of each, and sending again.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::recordings::instant;
use crate::api::auth::Operator;
use crate::api::body::{Asked, At, Body};
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::api::wire::{DeliveryJson, DeliveryPageJson, EventJson, WebhookJson, WebhookListJson};
use crate::archive::webhooks::{Delivery, DeliveryState, Webhook, check_url, new_secret};
use crate::archive::{ArchiveError, AuditAction};
use crate::model::event_kind::EventKind;
use crate::model::id::{DeliveryId, ProjectSlug, WebhookId};
use crate::model::redact::Secret;

/// How long a secret that was replaced is still signed with.
const ROTATION_S: u64 = 86_400;

fn yes() -> bool {
    true
}

/// A webhook as it is written.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookBody {
    /// Where events go: `https://…` or `http://…`.
    pub url: String,
    /// Which kinds (see `docs/events.md`); absent or empty = all.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub kinds: Vec<EventKind>,
    /// Of which projects; absent or empty = of all.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub projects: Vec<ProjectSlug>,
    /// Signs deliveries: 24 to 256 characters. Absent: a new webhook gets one, another keeps its own.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub secret: Option<String>,
    /// Only with `PUT`: the webhook gets a new secret.
    #[serde(default)]
    pub rotate_secret: bool,
    /// Switched on. What happens while it is off is not sent later.
    #[serde(default = "yes")]
    pub active: bool,
}

async fn check(state: &ApiState, body: &WebhookBody) -> Result<(), Problem> {
    check_url(&body.url, state.webhooks_private)?;
    if body.kinds.contains(&EventKind::WebhookTest) {
        return Err(Problem::invalid("kinds: `webhook.test` is sent by `POST …/test` alone"));
    }
    for project in &body.projects {
        match state.catalogue.project(project).await {
            Ok(_) => {}
            Err(ArchiveError::NotFound { .. }) => return Err(Problem::invalid(format!("projects: there is no project `{project}`"))),
            Err(other) => return Err(other.into()),
        }
    }
    Ok(())
}

/// What the audit log keeps of a webhook: nothing of its secret, and of its address no more than where it leads.
fn noted(hook: &Webhook) -> Value {
    let host = reqwest::Url::parse(&hook.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    json!({ "host": host, "kinds": hook.kinds, "projects": hook.projects, "active": hook.active })
}

/// Makes a webhook: the way of `POST /v1/webhooks` and of the page's form.
///
/// # Errors
/// What is wrong with it, by its field.
pub async fn make(operator: &Operator, state: &ApiState, body: WebhookBody) -> Result<Webhook, Problem> {
    check(state, &body).await?;
    if body.rotate_secret {
        return Err(Problem::invalid("rotate_secret: a new webhook has a new secret"));
    }
    let secret = body.secret.map_or_else(new_secret, |text| Ok(Secret::new(text)))?;
    let hook = Webhook {
        id: WebhookId::random(),
        url: body.url,
        kinds: body.kinds,
        projects: body.projects,
        active: body.active,
        secret,
        old_secret: None,
        created: now(),
        told_upto: state.events.newest(),
    };
    hook.check()?;
    operator.note(state, AuditAction::SettingChange, subject(&hook.id), json!({ "before": null, "after": noted(&hook) })).await?;
    state.catalogue.create_webhook(&hook).await?;
    let _ = state.webhooks.send(hook.id.clone());
    Ok(hook)
}

fn subject(id: &WebhookId) -> String {
    format!("webhook:{id}")
}

/// All webhooks.
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks", responses((status = 200, body = WebhookListJson)))]
pub async fn list(_: Operator, State(state): State<ApiState>) -> Result<Json<WebhookListJson>, Problem> {
    let items = state.catalogue.webhooks().await?.iter().map(WebhookJson::from).collect();
    Ok(Json(WebhookListJson { items }))
}

/// A new webhook, told everything from now on. Its `secret` is in this answer and in no other.
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks", request_body = WebhookBody,
    responses((status = 201, body = WebhookJson), (status = 422, body = Problem)))]
pub async fn create(
    operator: Operator,
    State(state): State<ApiState>,
    Body(body): Body<WebhookBody>,
) -> Result<(StatusCode, HeaderMap, Json<WebhookJson>), Problem> {
    let hook = make(&operator, &state, body).await?;
    let mut headers = HeaderMap::new();
    if let Ok(place) = HeaderValue::from_str(&format!("/v1/webhooks/{}", hook.id)) {
        headers.insert(header::LOCATION, place);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((StatusCode::CREATED, headers, Json(WebhookJson::from(&hook).with_secret(&hook.secret))))
}

/// A webhook.
#[utoipa::path(get, path = "/v1/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)),
    responses((status = 200, body = WebhookJson), (status = 404, body = Problem)))]
pub async fn get(_: Operator, State(state): State<ApiState>, At(id): At<WebhookId>) -> Result<Json<WebhookJson>, Problem> {
    Ok(Json(WebhookJson::from(&state.catalogue.webhook(&id).await?)))
}

/// Changes a webhook. A new secret (`secret`, or `rotate_secret: true`, which shows it in the answer) is signed with at once; the one before it for
/// 24 hours more.
#[utoipa::path(put, path = "/v1/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)), request_body = WebhookBody,
    responses((status = 200, body = WebhookJson), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn put(
    operator: Operator,
    State(state): State<ApiState>,
    At(id): At<WebhookId>,
    Body(body): Body<WebhookBody>,
) -> Result<Json<WebhookJson>, Problem> {
    let show = body.rotate_secret;
    let hook = change(&operator, &state, &id, body).await?;
    let json = WebhookJson::from(&hook);
    Ok(Json(if show { json.with_secret(&hook.secret) } else { json }))
}

/// Changes a webhook: the way of `PUT` and of the page's forms.
///
/// # Errors
/// 404; what is wrong with it, by its field.
pub async fn change(operator: &Operator, state: &ApiState, id: &WebhookId, body: WebhookBody) -> Result<Webhook, Problem> {
    let before = state.catalogue.webhook(id).await?;
    let same = body.url == before.url && body.kinds == before.kinds && body.projects == before.projects;
    // Switching off has to be possible also where the address would be refused by now, or a project is gone.
    if body.active || !same {
        check(state, &body).await?;
    }
    let new = match (body.secret, body.rotate_secret) {
        (Some(_), true) => return Err(Problem::invalid("rotate_secret: goes without `secret`")),
        (Some(text), false) => Some(Secret::new(text)),
        (None, true) => Some(new_secret()?),
        (None, false) => None,
    };
    let new = new.filter(|new| !before.secret.matches(new.reveal()));
    let mut hook = Webhook { url: body.url, kinds: body.kinds, projects: body.projects, active: body.active, ..before.clone() };
    hook.told_upto = state.events.newest();
    if let Some(new) = &new {
        hook.old_secret = Some((before.secret.clone(), now().plus_ns(ROTATION_S * 1_000_000_000)));
        hook.secret = new.clone();
    }
    hook.check()?;
    let mut after = noted(&hook);
    after["new_secret"] = json!(new.is_some());
    operator.note(state, AuditAction::SettingChange, subject(id), json!({ "before": noted(&before), "after": after })).await?;
    state.catalogue.change_webhook(&hook).await?;
    let _ = state.webhooks.send(id.clone());
    Ok(hook)
}

/// Removes a webhook and what waits for it.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn delete(operator: Operator, State(state): State<ApiState>, At(id): At<WebhookId>) -> Result<StatusCode, Problem> {
    remove(&operator, &state, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a webhook: the way of `DELETE` and of the page's form.
///
/// # Errors
/// 404.
pub async fn remove(operator: &Operator, state: &ApiState, id: &WebhookId) -> Result<(), Problem> {
    let before = state.catalogue.webhook(id).await?;
    operator.note(state, AuditAction::SettingChange, subject(id), json!({ "before": noted(&before), "after": null })).await?;
    state.catalogue.delete_webhook(id).await?;
    let _ = state.webhooks.send(id.clone());
    Ok(())
}

/// Which deliveries.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveriesQuery {
    /// `waiting`, `delivered` or `dead`.
    state: Option<DeliveryState>,
    /// How many, 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// What became of each event, newest first. What is over is shown for 30 days.
#[utoipa::path(get, path = "/v1/webhooks/{id}/deliveries", tag = "webhooks", params(("id" = String, Path), DeliveriesQuery),
    responses((status = 200, body = DeliveryPageJson), (status = 404, body = Problem)))]
pub async fn deliveries(
    _: Operator,
    State(state): State<ApiState>,
    At(id): At<WebhookId>,
    Asked(query): Asked<DeliveriesQuery>,
) -> Result<Json<DeliveryPageJson>, Problem> {
    state.catalogue.webhook(&id).await?;
    let page = state.catalogue.deliveries(&id, query.state, query.limit.unwrap_or(50), query.after.as_deref()).await?;
    Ok(Json(DeliveryPageJson { items: page.items.into_iter().map(DeliveryJson::from).collect(), next: page.next }))
}

/// Sends one delivery again, whatever became of it, with the same id.
#[utoipa::path(post, path = "/v1/webhooks/{id}/deliveries/{delivery}/replay", tag = "webhooks",
    params(("id" = String, Path), ("delivery" = String, Path)),
    responses((status = 202, body = DeliveryJson), (status = 404, body = Problem)))]
pub async fn replay_one(
    operator: Operator,
    State(state): State<ApiState>,
    At((id, delivery)): At<(WebhookId, DeliveryId)>,
) -> Result<(StatusCode, Json<DeliveryJson>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(send_again(&operator, &state, &id, &delivery).await?.into())))
}

/// Puts a delivery in line again: the way of the API and of the page's form.
///
/// # Errors
/// 404.
pub async fn send_again(operator: &Operator, state: &ApiState, id: &WebhookId, delivery: &DeliveryId) -> Result<Delivery, Problem> {
    let before = state.catalogue.delivery(id, delivery).await?;
    let again = Delivery { state: DeliveryState::Waiting, attempts: 0, created: now(), next_at: now(), failure: None, ..before };
    operator.note(state, AuditAction::SettingChange, subject(id), json!({ "replay": delivery })).await?;
    state.catalogue.deliver_again(std::slice::from_ref(&again)).await?;
    let _ = state.webhooks.send(id.clone());
    Ok(again)
}

/// A period.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayBody {
    /// From this time on (RFC 3339).
    pub since: String,
    /// Before this time; absent = up to now.
    #[serde(default)]
    pub until: Option<String>,
}

/// Sends every event of a period again that the webhook wants, also what happened before it was made. Ids of deliveries made before stay the same.
#[utoipa::path(post, path = "/v1/webhooks/{id}/replay", tag = "webhooks", params(("id" = String, Path)), request_body = ReplayBody,
    responses((status = 202, body = Object, description = "`{queued}`: how many"), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn replay(
    operator: Operator,
    State(state): State<ApiState>,
    At(id): At<WebhookId>,
    Body(body): Body<ReplayBody>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let queued = send_period_again(&operator, &state, &id, &body).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "queued": queued }))))
}

/// Puts a period's events in line again: the way of the API and of the page's form. Says how many they are.
///
/// # Errors
/// 404; 422 for a period that is none.
pub async fn send_period_again(operator: &Operator, state: &ApiState, id: &WebhookId, body: &ReplayBody) -> Result<u64, Problem> {
    let hook = state.catalogue.webhook(id).await?;
    let ill = |problem: Problem| Problem::invalid(problem.detail);
    let since = instant("since", Some(&body.since)).map_err(ill)?.ok_or_else(|| Problem::invalid("since: is empty"))?;
    let until = instant("until", body.until.as_deref()).map_err(ill)?;
    if until.is_some_and(|until| until <= since) {
        return Err(Problem::invalid("until: must be later than `since`"));
    }
    operator.note(state, AuditAction::SettingChange, subject(id), json!({ "replay": { "since": since, "until": until } })).await?;
    state.events.committed().await;
    let queued = state.catalogue.deliver_period_again(&hook, since, until, now()).await?;
    let _ = state.webhooks.send(id.clone());
    Ok(queued)
}

/// Sends a `webhook.test` to the receiver. What became of it is among the deliveries.
#[utoipa::path(post, path = "/v1/webhooks/{id}/test", tag = "webhooks", params(("id" = String, Path)),
    responses((status = 202, body = DeliveryJson), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn test(
    operator: Operator,
    State(state): State<ApiState>,
    At(id): At<WebhookId>,
) -> Result<(StatusCode, Json<DeliveryJson>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(try_out(&operator, &state, &id).await?.into())))
}

/// Puts a trial in line: the way of the API and of the page's form.
///
/// # Errors
/// 404; 409 where the webhook is switched off.
pub async fn try_out(operator: &Operator, state: &ApiState, id: &WebhookId) -> Result<Delivery, Problem> {
    let hook = state.catalogue.webhook(id).await?;
    if !hook.active {
        return Err(Problem::conflict("inactive", "the webhook is switched off"));
    }
    let at = now();
    let mut trial = Delivery::of(id, -at.0, None, EventKind::WebhookTest.as_str(), at);
    let event = EventJson { seq: 0, at, session: None, kind: trial.kind.clone(), data: json!({ "webhook": id }) };
    trial.body = Some(serde_json::to_string(&event).unwrap_or_default());
    operator.note(state, AuditAction::SettingChange, subject(id), json!({ "test": trial.id })).await?;
    state.catalogue.deliver_again(std::slice::from_ref(&trial)).await?;
    let _ = state.webhooks.send(id.clone());
    Ok(trial)
}
