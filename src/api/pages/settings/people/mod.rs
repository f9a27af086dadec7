//! People, groups, what holds where nobody says anything else, and keys.

mod groups;
mod keys;
mod properties;
mod users;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

pub(in crate::api::pages) use properties::role_name;

use super::fields::{Group, Wrong, fields_html};
use super::{AfterSaving, Sent, TABS};
use crate::api::auth::Operator;
use crate::api::escaped::escaped;
use crate::api::pages::shell::{Shell, page};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::change::tag;
use crate::archive::rights::Properties;

/// The pages below `/settings/people` and `/settings/keys`.
pub(super) fn routes() -> axum::Router<ApiState> {
    axum::Router::new()
        .route("/settings/people", get(list).post(users::create))
        .route("/settings/people/users/{name}", get(users::show).post(users::save))
        .route("/settings/new-user", get(users::new))
        .route("/settings/people/groups", post(groups::create))
        .route("/settings/people/groups/{name}", get(groups::show).post(groups::save))
        .route("/settings/new-group", get(groups::new))
        .route("/settings/people/workspace", get(workspace).post(save_workspace))
        .route("/settings/keys", get(keys::list).post(keys::create))
        .route("/settings/keys/{name}/revoke", post(keys::revoke))
}

struct UserLine {
    name: String,
    shown: String,
    href: String,
    role: String,
    groups: String,
    disabled: bool,
    no_way_in: bool,
}

struct GroupLine {
    name: String,
    href: String,
    members: usize,
    says: Vec<String>,
}

#[derive(Template)]
#[template(path = "people.html")]
struct ListPage {
    shell: Shell,
    tab: &'static str,
    saved: bool,
    users: Vec<UserLine>,
    groups: Vec<GroupLine>,
    /// What the workspace says, in words.
    says: Vec<String>,
}

#[derive(Template)]
#[template(path = "people_form.html")]
struct FormPage {
    shell: Shell,
    tab: &'static str,
    title: String,
    /// Which words: `user`, `group`, `standard`.
    what: &'static str,
    /// What can be deleted.
    name: Option<String>,
    target: String,
    wrong: Option<String>,
    etag: String,
    fields_html: String,
    /// Asks for a password, with what is wrong with it.
    password: Option<Option<String>>,
    has_password: bool,
}

/// `GET /settings/people`
async fn list(operator: Operator, State(state): State<ApiState>, Query(after): Query<AfterSaving>) -> Result<Response, Problem> {
    let shell = Shell::of(&operator, "settings");
    let w = shell.w;
    let user = |user: crate::archive::people::User| UserLine {
        href: format!("/settings/people/users/{}", escaped(&user.row.name)),
        shown: user.row.display_name.reveal().to_owned(),
        role: w.of("role-of", properties::role_name(user.row.role)),
        groups: user.row.groups.iter().cloned().collect::<Vec<_>>().join(", "),
        disabled: user.row.disabled,
        no_way_in: !user.has_password && !user.has_subject,
        name: user.row.name,
    };
    let group = |group: crate::archive::people::GroupRow| GroupLine {
        href: format!("/settings/people/groups/{}", escaped(&group.name)),
        members: group.members.len(),
        says: properties::in_words(w, &group.properties),
        name: group.name,
    };
    let users = state.catalogue.users().await?.into_iter().map(user).collect();
    let groups = state.catalogue.groups().await?.into_iter().map(group).collect();
    let says = properties::in_words(w, &state.catalogue.workspace_properties().await?);
    Ok(page(StatusCode::OK, &ListPage { tab: "people", saved: after.is_so(), users, groups, says, shell }))
}

/// `GET /settings/people/workspace`
async fn workspace(operator: Operator, State(state): State<ApiState>) -> Result<Response, Problem> {
    let now = state.catalogue.workspace_properties().await?;
    Ok(workspace_form(StatusCode::OK, &operator, &now, &properties::Filled::of(&now), None))
}

/// `POST /settings/people/workspace`
async fn save_workspace(operator: Operator, State(state): State<ApiState>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let filled = properties::Filled::sent(&sent);
    let done = async {
        let properties = filled.read()?;
        state.catalogue.changing(operator.changes(sent.expects())).put_workspace_properties(&properties).await?;
        Ok::<_, Problem>(())
    };
    match done.await {
        Ok(()) => Ok(Redirect::to("/settings/people?saved=1").into_response()),
        Err(problem) => {
            let now = state.catalogue.workspace_properties().await?;
            Ok(workspace_form(properties::status_of(&problem), &operator, &now, &filled, Some(&properties::wrong(&problem))))
        }
    }
}

fn workspace_form(
    status: StatusCode,
    operator: &Operator,
    now: &Properties,
    filled: &properties::Filled,
    wrong: Option<&Wrong>,
) -> Response {
    let shell = Shell::of(operator, "settings");
    let w = shell.w;
    let fields = properties::fields(w, filled, |_| w.t("people-holds-default"));
    let (fields_html, wrong) = fields_html(w, vec![Group { id: "properties", title: w.t("people-properties"), fields }], wrong);
    let page_of = FormPage {
        tab: "people",
        title: w.t("people-standard"),
        what: "standard",
        name: None,
        target: "/settings/people/workspace".to_owned(),
        wrong,
        etag: tag(now),
        fields_html,
        password: None,
        has_password: false,
        shell,
    };
    page(status, &page_of)
}
