//! A group's page.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::super::Sent;
use super::super::fields::{Choice, Field, Group, fields_html};
use super::{FormPage, properties};
use crate::api::auth::Operator;
use crate::api::body::At;
use crate::api::escaped::escaped;
use crate::api::pages::shell::{Shell, page};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::change::tag;
use crate::archive::people::GroupRow;
use crate::archive::{ArchiveError, Put};

/// A group as the form holds one.
#[derive(Default)]
struct Filled {
    name: String,
    members: Vec<String>,
    properties: properties::Filled,
}

impl Filled {
    fn of(row: &GroupRow) -> Self {
        let members = row.members.iter().cloned().collect();
        Self { name: row.name.clone(), members, properties: properties::Filled::of(&row.properties) }
    }

    fn sent(sent: &Sent, name: &str) -> Self {
        let members = sent.all("members").map(str::to_owned).collect();
        Self { name: name.to_owned(), members, properties: properties::Filled::sent(sent) }
    }

    fn row(&self) -> Result<GroupRow, Problem> {
        let members = self.members.iter().cloned().collect();
        Ok(GroupRow { name: self.name.clone(), properties: self.properties.read()?, members })
    }
}

/// `GET /settings/new-group`
pub(super) async fn new(operator: Operator, State(state): State<ApiState>) -> Result<Response, Problem> {
    render(StatusCode::OK, &operator, &state, None, &Filled::default(), None).await
}

/// `POST /settings/people/groups`
pub(super) async fn create(operator: Operator, State(state): State<ApiState>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let filled = Filled::sent(&sent, sent.get("name"));
    let kept = async {
        match state.catalogue.changing(operator.changes(sent.expects())).put_group(&filled.row()?, Put::New).await {
            Err(taken @ ArchiveError::Exists { .. }) => Err(Problem::invalid(format!("name: {taken}"))),
            other => Ok(other?),
        }
    };
    match kept.await {
        Ok(()) => Ok(Redirect::to("/settings/people?saved=1").into_response()),
        Err(problem) => render(properties::status_of(&problem), &operator, &state, None, &filled, Some(&problem)).await,
    }
}

/// `GET /settings/people/groups/{name}`
pub(super) async fn show(operator: Operator, State(state): State<ApiState>, At(name): At<String>) -> Result<Response, Problem> {
    let now = state.catalogue.group(&name).await?;
    render(StatusCode::OK, &operator, &state, Some(&now), &Filled::of(&now), None).await
}

/// `POST /settings/people/groups/{name}`
pub(super) async fn save(operator: Operator, State(state): State<ApiState>, At(name): At<String>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let now = state.catalogue.group(&name).await?;
    let changing = state.catalogue.changing(operator.changes(sent.expects()));
    let delete = sent.get("act") == "delete";
    let filled = if delete { Filled::of(&now) } else { Filled::sent(&sent, &name) };
    let done = async {
        if delete {
            changing.delete_group(&name).await?;
        } else {
            changing.put_group(&filled.row()?, Put::Whole).await?;
        }
        Ok::<_, Problem>(())
    };
    match done.await {
        Ok(()) => Ok(Redirect::to("/settings/people?saved=1").into_response()),
        Err(problem) => render(properties::status_of(&problem), &operator, &state, Some(&now), &filled, Some(&problem)).await,
    }
}

async fn render(
    status: StatusCode,
    operator: &Operator,
    state: &ApiState,
    kept: Option<&GroupRow>,
    filled: &Filled,
    problem: Option<&Problem>,
) -> Result<Response, Problem> {
    let shell = Shell::of(operator, "settings");
    let w = shell.w;
    let mut fields = Vec::new();
    if kept.is_none() {
        fields.push(Field {
            name: "name",
            label: w.t("group-name"),
            hint: w.t("group-name-hint"),
            value: filled.name.clone(),
            ..Field::default()
        });
    }
    let users = state.catalogue.users().await?;
    if !users.is_empty() {
        let member = |user: &crate::archive::people::User| Choice {
            value: user.row.name.clone(),
            text: user.row.name.clone(),
            note: user.row.display_name.reveal().to_owned(),
            checked: filled.members.contains(&user.row.name),
            ..Choice::default()
        };
        let choices = users.iter().map(member).collect();
        fields.push(Field {
            name: "members",
            label: w.t("group-members"),
            hint: w.t("group-members-hint"),
            choices,
            many: true,
            ..Field::default()
        });
    }
    let says = problem.map(properties::wrong);
    let title = w.t(if kept.is_some() { "group-about" } else { "group-new" });
    let of_properties = properties::fields(w, &filled.properties, |_| w.t("people-holds-workspace"));
    let groups =
        vec![Group { id: "about", title, fields }, Group { id: "properties", title: w.t("people-properties"), fields: of_properties }];
    let (fields_html, wrong) = fields_html(w, groups, says.as_ref());
    let page_of = FormPage {
        tab: "people",
        title: kept.map_or_else(|| w.t("group-new"), |row| row.name.clone()),
        what: "group",
        name: kept.map(|row| row.name.clone()),
        target: kept.map_or_else(|| "/settings/people/groups".to_owned(), |row| format!("/settings/people/groups/{}", escaped(&row.name))),
        wrong,
        etag: kept.map(tag).unwrap_or_default(),
        fields_html,
        password: None,
        has_password: false,
        shell,
    };
    Ok(page(status, &page_of))
}
