//! API keys: made, listed, taken back. A key is shown once, in the answer to its making.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::auth::Operator;
use crate::api::body::{At, Body};
use crate::api::noted::now;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::scope::Scope;
use crate::archive::{AuditAction, KeyOwner, keys};
use crate::model::id::ProjectSlug;
use crate::model::redact::Secret;
use crate::model::time::WallClock;

/// A key to be made.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// Its name, which the audit log knows it by.
    name: String,
    /// What it may do.
    scopes: BTreeSet<Scope>,
    /// Only with recordings and sessions of these projects; absent = of all. Not with `admin`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    projects: Option<BTreeSet<ProjectSlug>>,
}

/// A key.
#[derive(Serialize, utoipa::ToSchema)]
pub struct KeyJson {
    name: String,
    /// What it may do.
    scopes: BTreeSet<Scope>,
    /// Only with recordings and sessions of these projects; absent = of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    projects: Option<BTreeSet<ProjectSlug>>,
    /// When it was made.
    #[schema(value_type = String)]
    created: WallClock,
    /// The key itself: only in the answer to its making.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl From<KeyOwner> for KeyJson {
    fn from(owner: KeyOwner) -> Self {
        Self { name: owner.name, scopes: owner.scopes, projects: owner.projects, created: owner.created, key: None }
    }
}

/// Keys, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub struct KeysJson {
    items: Vec<KeyJson>,
}

/// All keys, without themselves.
#[utoipa::path(get, path = "/v1/keys", tag = "people", responses((status = 200, body = KeysJson), (status = 403, body = Problem)))]
pub async fn list(_: Operator, State(state): State<ApiState>) -> Result<Json<KeysJson>, Problem> {
    Ok(Json(KeysJson { items: state.catalogue.keys().await?.into_iter().map(Into::into).collect() }))
}

/// Makes a key. It is answered this once: what is kept is its hash.
#[utoipa::path(post, path = "/v1/keys", tag = "people", request_body = NewKey,
    responses((status = 201, body = KeyJson), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    operator: Operator,
    State(state): State<ApiState>,
    Body(new): Body<NewKey>,
) -> Result<(StatusCode, Json<KeyJson>), Problem> {
    let (owner, key) = make(&operator, &state, new.name, new.scopes, new.projects).await?;
    Ok((StatusCode::CREATED, Json(KeyJson { key: Some(key.reveal().to_owned()), ..owner.into() })))
}

/// Makes one, for pages too.
pub(in crate::api) async fn make(
    operator: &Operator,
    state: &ApiState,
    name: String,
    scopes: BTreeSet<Scope>,
    projects: Option<BTreeSet<ProjectSlug>>,
) -> Result<(KeyOwner, Secret), Problem> {
    let key = keys::new_key()?;
    let owner = KeyOwner { name, scopes, projects, created: now() };
    let detail = json!({ "key": "made", "scopes": owner.scopes, "projects": owner.projects });
    let entry = operator.did(AuditAction::SettingChange, format!("key:{}", owner.name), detail);
    state.catalogue.make_key(&owner, &keys::hash(key.reveal()), entry).await?;
    Ok((owner, key))
}

/// Takes a key back: it opens nothing from now on, and browsers that signed in with it are signed out.
#[utoipa::path(delete, path = "/v1/keys/{name}", tag = "people", params(("name" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(operator: Operator, State(state): State<ApiState>, At(name): At<String>) -> Result<StatusCode, Problem> {
    revoke(&operator, &state, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes one back, for pages too.
pub(in crate::api) async fn revoke(operator: &Operator, state: &ApiState, name: &str) -> Result<(), Problem> {
    let entry = operator.did(AuditAction::SettingChange, format!("key:{name}"), json!({ "key": "revoked" }));
    Ok(state.catalogue.revoke_key(name, entry).await?)
}
