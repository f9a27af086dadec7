//! A user's page.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::super::Sent;
use super::super::fields::{Choice, Field, Group, Wrong, fields_html};
use super::FormPage;
use super::properties::{self, role_name};
use crate::api::auth::Operator;
use crate::api::body::At;
use crate::api::escaped::escaped;
use crate::api::pages::shell::{Shell, page};
use crate::api::pages::words::Words;
use crate::api::problem::Problem;
use crate::api::rest::people::users::{ended, keep_user};
use crate::api::state::ApiState;
use crate::archive::change::tag;
use crate::archive::people::{Origin, ResourceFilter, Standing, UserRow};
use crate::archive::rights::Role;
use crate::archive::{ArchiveError, Put};
use crate::model::redact::{Personal, Secret};

/// A user as the form holds one.
#[derive(Default)]
struct Filled {
    name: String,
    display_name: String,
    email: String,
    role: String,
    agent: String,
    groups: Vec<String>,
    properties: properties::Filled,
    projects: Vec<String>,
    only_groups: Vec<String>,
    queues: String,
    disabled: bool,
}

impl Filled {
    fn of(row: &UserRow) -> Self {
        let many = |names: &Option<BTreeSet<String>>| names.iter().flatten().cloned().collect();
        Self {
            name: row.name.clone(),
            display_name: row.display_name.reveal().to_owned(),
            email: row.email.as_ref().map(|email| email.reveal().to_owned()).unwrap_or_default(),
            role: role_name(row.role).to_owned(),
            agent: row.agent.clone().unwrap_or_default(),
            groups: row.groups.iter().cloned().collect(),
            properties: properties::Filled::of(&row.properties),
            projects: row.filter.projects.iter().flatten().map(ToString::to_string).collect(),
            only_groups: many(&row.filter.groups),
            queues: row.filter.queues.iter().flatten().cloned().collect::<Vec<_>>().join("\n"),
            disabled: row.disabled,
        }
    }

    fn sent(sent: &Sent, name: &str) -> Self {
        let all = |field: &'static str| sent.all(field).map(str::to_owned).collect();
        Self {
            name: name.to_owned(),
            display_name: sent.get("display_name").to_owned(),
            email: sent.get("email").to_owned(),
            role: sent.get("role").to_owned(),
            agent: sent.get("agent").to_owned(),
            groups: all("groups"),
            properties: properties::Filled::sent(sent),
            projects: all("projects"),
            only_groups: all("only_groups"),
            queues: sent.get("queues").to_owned(),
            disabled: sent.get("disabled") == "yes",
        }
    }

    fn row(&self) -> Result<UserRow, Problem> {
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        let some = |names: BTreeSet<String>| (!names.is_empty()).then_some(names);
        let projects = self.projects.iter().map(|slug| slug.parse().map_err(|e| Problem::invalid(format!("projects: {e}"))));
        let projects = projects.collect::<Result<BTreeSet<_>, _>>()?;
        Ok(UserRow {
            name: self.name.clone(),
            display_name: Personal::new(self.display_name.clone()),
            email: given(&self.email).map(Personal::new),
            role: match self.role.as_str() {
                "admin" => Role::Admin,
                "agent" => Role::Agent,
                "reviewer" => Role::Reviewer,
                _ => return Err(Problem::invalid("role: pick one")),
            },
            agent: given(&self.agent),
            groups: self.groups.iter().cloned().collect(),
            properties: self.properties.read()?,
            filter: ResourceFilter {
                queues: some(self.queues.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()),
                groups: some(self.only_groups.iter().cloned().collect()),
                projects: (!projects.is_empty()).then_some(projects),
            },
            disabled: self.disabled,
        })
    }
}

fn password_of(sent: &Sent) -> Option<Secret> {
    // Not trimmed: what somebody typed is the password.
    sent.all("password").next().filter(|text| !text.is_empty()).map(Secret::new)
}

/// `GET /settings/new-user`
pub(super) async fn new(operator: Operator, State(state): State<ApiState>) -> Result<Response, Problem> {
    render(StatusCode::OK, &operator, &state, None, &Filled::default(), None).await
}

/// `POST /settings/people`
pub(super) async fn create(operator: Operator, State(state): State<ApiState>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let filled = Filled::sent(&sent, sent.get("name"));
    let kept = async {
        match keep_user(&state, operator.changes(sent.expects()), &filled.row()?, password_of(&sent), Put::New).await {
            Err(taken) if taken.reason == "exists" => Err(Problem::invalid(format!("name: {}", taken.detail))),
            other => other.map(drop),
        }
    };
    match kept.await {
        Ok(()) => Ok(Redirect::to("/settings/people?saved=1").into_response()),
        Err(problem) => render(properties::status_of(&problem), &operator, &state, None, &filled, Some(&problem)).await,
    }
}

async fn kept_one(state: &ApiState, name: &str) -> Result<Standing, Problem> {
    Ok(state.catalogue.standing(name).await?.ok_or_else(|| ArchiveError::not_found("user", name))?)
}

/// `GET /settings/people/users/{name}`
pub(super) async fn show(operator: Operator, State(state): State<ApiState>, At(name): At<String>) -> Result<Response, Problem> {
    let now = kept_one(&state, &name).await?;
    let filled = Filled::of(&now.user.row);
    render(StatusCode::OK, &operator, &state, Some(&now), &filled, None).await
}

/// `POST /settings/people/users/{name}`
pub(super) async fn save(operator: Operator, State(state): State<ApiState>, At(name): At<String>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let now = kept_one(&state, &name).await?;
    let change = operator.changes(sent.expects());
    let delete = sent.get("act") == "delete";
    let filled = if delete { Filled::of(&now.user.row) } else { Filled::sent(&sent, &name) };
    let done = async {
        if delete {
            ended(&state, &state.catalogue.changing(change).delete_user(&name).await?);
        } else {
            keep_user(&state, change, &filled.row()?, password_of(&sent), Put::Whole).await?;
        }
        Ok::<_, Problem>(())
    };
    match done.await {
        Ok(()) => Ok(Redirect::to("/settings/people?saved=1").into_response()),
        Err(problem) => render(properties::status_of(&problem), &operator, &state, Some(&now), &filled, Some(&problem)).await,
    }
}

fn pick(value: &str, text: String, checked: bool) -> Choice {
    Choice { value: value.to_owned(), text, checked, ..Choice::default() }
}

async fn about(w: Words, state: &ApiState, filled: &Filled, is_new: bool) -> Result<Vec<Field>, Problem> {
    let field = |name: &'static str| Field { name, label: w.of("user-field", name), hint: w.of("user-hint", name), ..Field::default() };
    let mut fields = Vec::new();
    if is_new {
        fields.push(Field { value: filled.name.clone(), ..field("name") });
    }
    fields.push(Field { value: filled.display_name.clone(), ..field("display_name") });
    fields.push(Field { value: filled.email.clone(), ..field("email") });
    let roles = ["admin", "agent", "reviewer"]
        .map(|role| Choice { note: w.of("role-note", role), ..pick(role, w.of("role-of", role), filled.role == role) });
    fields.push(Field { choices: roles.into(), ..field("role") });
    let mut agents = vec![pick("", w.t("user-no-agent"), filled.agent.is_empty())];
    agents
        .extend(state.catalogue.agents().await?.into_iter().map(|agent| pick(&agent.name, agent.name.clone(), filled.agent == agent.name)));
    fields.push(Field { choices: agents, ..field("agent") });
    let groups = state.catalogue.groups().await?;
    if !groups.is_empty() {
        let choices = groups.iter().map(|group| pick(&group.name, group.name.clone(), filled.groups.contains(&group.name))).collect();
        fields.push(Field { choices, many: true, ..field("groups") });
    }
    fields.push(Field { choices: vec![pick("yes", w.t("user-disabled"), filled.disabled)], many: true, ..field("disabled") });
    Ok(fields)
}

async fn limits(w: Words, state: &ApiState, filled: &Filled) -> Result<Vec<Field>, Problem> {
    let field = |name: &'static str| Field { name, label: w.of("user-field", name), hint: w.of("user-hint", name), ..Field::default() };
    let projects = state.catalogue.projects().await?;
    let slugs = projects.iter().map(|project| {
        pick(project.slug.as_str(), project.slug.to_string(), filled.projects.iter().any(|own| own == project.slug.as_str()))
    });
    let mut fields = vec![Field { choices: slugs.collect(), many: true, ..field("projects") }];
    fields.push(Field { value: filled.queues.clone(), lines: 3, ..field("queues") });
    let groups = state.catalogue.groups().await?;
    if !groups.is_empty() {
        let choices = groups.iter().map(|group| pick(&group.name, group.name.clone(), filled.only_groups.contains(&group.name))).collect();
        fields.push(Field { choices, many: true, ..field("only_groups") });
    }
    Ok(fields)
}

/// What holds for a user of a property, and who says so.
fn holds(w: Words, standing: Option<&Standing>, name: &str) -> String {
    let found = standing.and_then(|standing| standing.sources().into_iter().find(|found| found.name == name));
    let Some(found) = found else { return w.t("people-holds-groups") };
    let value = properties::value_in_words(w, &found.value);
    let from = match found.from {
        Origin::Group => w.t1("people-from-group", "groups", found.groups.join(", ")),
        Origin::User => w.t("people-from-user"),
        Origin::Workspace => w.t("people-from-workspace"),
        Origin::Default => w.t("people-from-default"),
        Origin::Role => w.t("people-from-role"),
    };
    format!("{}: {value} ({from})", w.t("people-holds-now"))
}

async fn render(
    status: StatusCode,
    operator: &Operator,
    state: &ApiState,
    kept: Option<&Standing>,
    filled: &Filled,
    problem: Option<&Problem>,
) -> Result<Response, Problem> {
    let shell = Shell::of(operator, "settings");
    let w = shell.w;
    let wrong: Option<Wrong> = problem.map(|problem| {
        // A filter by groups is another field than membership.
        match problem.detail.strip_prefix("filter.groups: ") {
            Some(says) => Wrong::of(&Problem { detail: format!("only_groups: {says}"), ..problem.clone() }),
            None => properties::wrong(problem),
        }
    });
    let groups = vec![
        Group {
            id: "about",
            title: w.t(if kept.is_some() { "user-about" } else { "user-new" }),
            fields: about(w, state, filled, kept.is_none()).await?,
        },
        Group {
            id: "properties",
            title: w.t("people-properties"),
            fields: properties::fields(w, &filled.properties, |name| holds(w, kept, name)),
        },
        Group { id: "limits", title: w.t("user-limits"), fields: limits(w, state, filled).await? },
    ];
    let (fields_html, says) = fields_html(w, groups, wrong.as_ref());
    let of_password = problem.and_then(|problem| problem.detail.strip_prefix("password: ")).map(str::to_owned);
    let row = kept.map(|standing| &standing.user.row);
    let page_of = FormPage {
        tab: "people",
        title: row.map_or_else(|| w.t("user-new"), |row| row.name.clone()),
        what: "user",
        name: row.map(|row| row.name.clone()),
        target: row.map_or_else(|| "/settings/people".to_owned(), |row| format!("/settings/people/users/{}", escaped(&row.name))),
        wrong: says,
        etag: row.map(tag).unwrap_or_default(),
        fields_html,
        password: Some(of_password),
        has_password: kept.is_some_and(|standing| standing.user.has_password),
        shell,
    };
    Ok(page(status, &page_of))
}
