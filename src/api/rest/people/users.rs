//! Users: whoever can sign in.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::api::auth::{Operator, hash_password};
use crate::api::body::{At, Body};
use crate::api::escaped::escaped;
use crate::api::problem::Problem;
use crate::api::rest::tagged::Changer;
use crate::api::state::ApiState;
use crate::archive::change::tag;
use crate::archive::people::{Origin, ResourceFilter, User, UserRow};
use crate::archive::rights::{Properties, Role};
use crate::archive::{ArchiveError, Change, Credentials, Put};
use crate::model::redact::{Personal, Secret};
use crate::model::time::WallClock;

/// A user.
#[derive(Serialize, utoipa::ToSchema)]
pub struct UserJson {
    /// What is configured.
    #[serde(flatten)]
    row: UserRow,
    /// They have a password.
    has_password: bool,
    /// They have signed in through the identity provider.
    has_identity: bool,
    /// When they were made.
    #[schema(value_type = String)]
    created: WallClock,
}

impl From<User> for UserJson {
    fn from(user: User) -> Self {
        Self { has_password: user.has_password, has_identity: user.has_subject, created: user.created, row: user.row }
    }
}

/// Users, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub struct UsersJson {
    items: Vec<UserJson>,
}

/// A user as `POST` and `PUT` take one.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserBody {
    /// 1 to 128 characters without `@` and `/`; with `PUT` as in the path, or left out.
    name: Option<String>,
    /// What people call them.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    display_name: Personal,
    /// Their address: they can sign in with it, and letters go there.
    #[schema(value_type = Option<String>)]
    email: Option<Personal>,
    /// `admin`, `agent` or `reviewer`.
    role: Role,
    /// The configured agent that they are; absent: whoever their own name names.
    agent: Option<String>,
    /// Groups that they are in.
    #[serde(default)]
    groups: BTreeSet<String>,
    /// Properties that they have, whatever their groups and the workspace say.
    #[serde(default)]
    properties: Properties,
    /// Recordings that they are limited to.
    #[serde(default)]
    filter: ResourceFilter,
    /// Nobody signs in as them.
    #[serde(default)]
    disabled: bool,
    /// A new password, 10 to 512 characters; absent: as it was. It is never answered.
    password: Option<String>,
}

impl UserBody {
    fn taken_apart(self, name: String) -> (UserRow, Option<Secret>) {
        let Self { display_name, email, role, agent, groups, properties, filter, disabled, password, .. } = self;
        (UserRow { name, display_name, email, role, agent, groups, properties, filter, disabled }, password.map(Secret::new))
    }
}

/// Keeps a user, with a new password where there is one; ends their desks where their sessions end.
pub(in crate::api) async fn keep_user(
    state: &ApiState,
    change: Change,
    row: &UserRow,
    password: Option<Secret>,
    put: Put,
) -> Result<User, Problem> {
    let password = match password {
        Some(password) => Some(hash_password(password).await?),
        None => None,
    };
    let before = match state.catalogue.user(&row.name).await {
        Ok(user) => Some(user),
        Err(ArchiveError::NotFound { .. }) => None,
        Err(other) => return Err(other.into()),
    };
    let kept = state.catalogue.changing(change).put_user(row, put, &Credentials { password, subject: None }).await?;
    if let Some(before) = before.filter(|before| before.epoch != kept.epoch) {
        ended(state, &before);
    }
    Ok(kept)
}

/// Closes what goes on in the name of a user whose sessions ended.
pub(in crate::api) fn ended(state: &ApiState, user: &User) {
    state.grants().close_desks(user.row.stands_for());
}

fn tagged(status: StatusCode, user: User) -> Response {
    let quoted = format!("\"{}\"", tag(&user.row));
    let mut response = (status, Json(UserJson::from(user))).into_response();
    if let Ok(value) = HeaderValue::from_str(&quoted) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// All users.
#[utoipa::path(get, path = "/v1/users", tag = "people", responses((status = 200, body = UsersJson), (status = 403, body = Problem)))]
pub async fn list(_: Operator, State(state): State<ApiState>) -> Result<Json<UsersJson>, Problem> {
    Ok(Json(UsersJson { items: state.catalogue.users().await?.into_iter().map(Into::into).collect() }))
}

/// A new user. Without a password they can sign in through the identity provider only.
#[utoipa::path(post, path = "/v1/users", tag = "people", request_body = UserBody,
    responses((status = 201, body = UserJson), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn post(Changer(change): Changer, State(state): State<ApiState>, Body(body): Body<UserBody>) -> Result<Response, Problem> {
    let name = body.name.clone().ok_or_else(|| Problem::invalid("name: missing"))?;
    let (row, password) = body.taken_apart(name);
    let kept = keep_user(&state, change, &row, password, Put::New).await?;
    let place = format!("/v1/users/{}", escaped(&row.name));
    let mut response = tagged(StatusCode::CREATED, kept);
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// A user. The `ETag` goes with `If-Match` on a change.
#[utoipa::path(get, path = "/v1/users/{name}", tag = "people", params(("name" = String, Path)),
    responses((status = 200, body = UserJson), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn get(_: Operator, State(state): State<ApiState>, At(name): At<String>) -> Result<Response, Problem> {
    Ok(tagged(StatusCode::OK, state.catalogue.user(&name).await?))
}

/// Makes or replaces a user; the password stays where none is sent. Another role, another agent, a new password and `disabled` end all of the user's
/// sessions at once.
#[utoipa::path(put, path = "/v1/users/{name}", tag = "people", params(("name" = String, Path)), request_body = UserBody,
    responses((status = 200, body = UserJson), (status = 403, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn put(
    Changer(change): Changer,
    State(state): State<ApiState>,
    At(name): At<String>,
    Body(body): Body<UserBody>,
) -> Result<Response, Problem> {
    if body.name.as_ref().is_some_and(|given| *given != name) {
        return Err(Problem::invalid("name: differs from the one in the path"));
    }
    let (row, password) = body.taken_apart(name);
    Ok(tagged(StatusCode::OK, keep_user(&state, change, &row, password, Put::Whole).await?))
}

/// Removes a user: they are signed out everywhere at once.
#[utoipa::path(delete, path = "/v1/users/{name}", tag = "people", params(("name" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn delete(Changer(change): Changer, State(state): State<ApiState>, At(name): At<String>) -> Result<StatusCode, Problem> {
    let gone = state.catalogue.changing(change).delete_user(&name).await?;
    ended(&state, &gone);
    Ok(StatusCode::NO_CONTENT)
}

/// What holds for a user, and where it comes from.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PropertyJson {
    /// The property.
    name: &'static str,
    /// What holds: true or false, days (null = of any age), or reasons.
    #[schema(value_type = Object)]
    value: serde_json::Value,
    /// `user`, `group`, `workspace`, `default`, or `role` where it is the role's to say.
    #[schema(value_type = String)]
    from: Origin,
    /// The groups that say it, where groups do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
}

/// What holds for a user, property by property, and where each value comes from: the user, then groups (the strictest), then the workspace.
#[utoipa::path(get, path = "/v1/users/{name}/properties", tag = "people", params(("name" = String, Path)),
    responses((status = 200, body = Vec<PropertyJson>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn properties(_: Operator, State(state): State<ApiState>, At(name): At<String>) -> Result<Json<Vec<PropertyJson>>, Problem> {
    let standing = state.catalogue.standing(&name).await?.ok_or_else(|| ArchiveError::not_found("user", name))?;
    let shown = |found: crate::archive::people::Sourced| PropertyJson {
        name: found.name,
        value: found.value,
        from: found.from,
        groups: found.groups,
    };
    Ok(Json(standing.sources().into_iter().map(shown).collect()))
}
