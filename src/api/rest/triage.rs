//! Triage rules, and what they would do.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::tagged::{Changer, Tagged};
use crate::api::auth::{Member, Operator};
use crate::api::body::{At, Body};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::rights::Action;
use crate::archive::scope::Scope;
use crate::archive::triage::{TriageFacts, TriageRow, TriageRule, sort};
use crate::archive::{ArchiveError, Recording, RecordingState};
use crate::model::id::{FolderId, RecordingId, TriageRuleId};

/// All rules, in their order.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TriageRulesJson {
    items: Vec<TriageRow>,
}

/// All rules, in the order in which they are followed.
#[utoipa::path(get, path = "/v1/triage-rules", tag = "sorting", responses((status = 200, body = TriageRulesJson)))]
pub async fn list(member: Member, State(state): State<ApiState>) -> Result<Json<TriageRulesJson>, Problem> {
    member.account.needs(Scope::Read)?;
    Ok(Json(TriageRulesJson { items: state.catalogue.triage_rules().await? }))
}

/// A new rule, behind those that there are. It sorts recordings that become ready from now on.
#[utoipa::path(post, path = "/v1/triage-rules", tag = "sorting", request_body = TriageRule,
    responses((status = 201, body = TriageRow), (status = 422, body = Problem)))]
pub async fn create(Changer(change): Changer, State(state): State<ApiState>, Body(rule): Body<TriageRule>) -> Result<Response, Problem> {
    let made = state.catalogue.changing(change).make_triage_rule(rule).await?;
    let place = format!("/v1/triage-rules/{}", made.id);
    Ok(Tagged::made(made, &place))
}

/// A rule.
#[utoipa::path(get, path = "/v1/triage-rules/{id}", tag = "sorting", params(("id" = String, Path)),
    responses((status = 200, body = TriageRow), (status = 404, body = Problem)))]
pub async fn get(member: Member, State(state): State<ApiState>, At(id): At<TriageRuleId>) -> Result<Tagged<TriageRow>, Problem> {
    member.account.needs(Scope::Read)?;
    let found = state.catalogue.triage_rules().await?.into_iter().find(|row| row.id == id);
    Ok(Tagged::ok(found.ok_or_else(|| ArchiveError::not_found("triage rule", id.as_str()))?))
}

/// Replaces what a rule says; it stays in its place. What it sorted before stays as it is.
#[utoipa::path(put, path = "/v1/triage-rules/{id}", tag = "sorting", params(("id" = String, Path)), request_body = TriageRule,
    responses((status = 200, body = TriageRow), (status = 404, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn put(
    Changer(change): Changer,
    State(state): State<ApiState>,
    At(id): At<TriageRuleId>,
    Body(rule): Body<TriageRule>,
) -> Result<Tagged<TriageRow>, Problem> {
    Ok(Tagged::ok(state.catalogue.changing(change).put_triage_rule(&id, rule).await?))
}

/// Deletes a rule. What it sorted stays as it is.
#[utoipa::path(delete, path = "/v1/triage-rules/{id}", tag = "sorting", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 412, body = Problem)))]
pub async fn delete(Changer(change): Changer, State(state): State<ApiState>, At(id): At<TriageRuleId>) -> Result<StatusCode, Problem> {
    state.catalogue.changing(change).delete_triage_rule(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An order of all rules.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderBody {
    /// The ids of all rules, each once.
    #[schema(value_type = Vec<String>)]
    order: Vec<TriageRuleId>,
}

/// Puts the rules into another order.
#[utoipa::path(put, path = "/v1/triage-rules/order", tag = "sorting", request_body = OrderBody,
    responses((status = 200, body = TriageRulesJson), (status = 422, body = Problem)))]
pub async fn order(
    Changer(change): Changer,
    State(state): State<ApiState>,
    Body(body): Body<OrderBody>,
) -> Result<Json<TriageRulesJson>, Problem> {
    Ok(Json(TriageRulesJson { items: state.catalogue.changing(change).order_triage_rules(&body.order).await? }))
}

/// Which recording the rules are tried on.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TryBody {
    /// One that is ready.
    #[schema(value_type = String)]
    recording: RecordingId,
    /// Tries this rule alone instead of those that there are.
    #[serde(default)]
    rule: Option<TriageRule>,
}

/// How the rules would sort a recording. Nothing is changed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TriedJson {
    /// Rules that it meets, in their order; a rule of the request has no id.
    pub met: Vec<MetJson>,
    /// The folder that it would go into.
    #[schema(value_type = Option<String>)]
    pub folder: Option<FolderId>,
    /// Labels that it would get.
    pub labels: Vec<String>,
    /// Whom it would be assigned to.
    pub assignees: Vec<String>,
}

/// A rule that is met.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MetJson {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub id: Option<TriageRuleId>,
    /// What it is called.
    pub name: String,
}

/// Which rules a recording would meet if it became ready now, and how it would be sorted. Nothing is changed.
#[utoipa::path(post, path = "/v1/triage-rules/try", tag = "sorting", request_body = TryBody,
    responses((status = 200, body = TriedJson), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn try_on(
    _: Operator,
    member: Member,
    State(state): State<ApiState>,
    Body(body): Body<TryBody>,
) -> Result<Json<TriedJson>, Problem> {
    let recording = member.may(&state, &body.recording, &Action::See).await?;
    let given = body.rule.is_some();
    let rules = match body.rule {
        Some(rule) => vec![TriageRow { id: TriageRuleId::random(), rule }],
        None => state.catalogue.triage_rules().await?,
    };
    let mut tried = tried(&rules, &recording)?;
    if given {
        tried.met.iter_mut().for_each(|met| met.id = None);
    }
    Ok(Json(tried))
}

/// How rules would sort a recording.
///
/// # Errors
/// 409 where it is not ready: what it would be sorted by is not known yet.
pub fn tried(rules: &[TriageRow], recording: &Recording) -> Result<TriedJson, Problem> {
    if recording.state != RecordingState::Ready {
        return Err(Problem::conflict("not_ready", "the recording is not ready: what rules go by is not all known yet"));
    }
    let sorted = sort(rules, &TriageFacts::of(recording));
    let met = rules.iter().filter(|row| sorted.met.contains(&row.id));
    Ok(TriedJson {
        met: met.map(|row| MetJson { id: Some(row.id.clone()), name: row.rule.name.clone() }).collect(),
        folder: sorted.folder,
        labels: sorted.labels,
        assignees: sorted.assignees,
    })
}
