//! Agents: list, make, change, delete.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Map, Value, json};

use super::fields::{Choice, Field, Group, Wrong, fields_html};
use super::projects::status_of;
use super::{AfterSaving, Sent, TABS};
use crate::api::auth::Operator;
use crate::api::body::{self, At};
use crate::api::escaped::escaped;
use crate::api::pages::shell::{Shell, page};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::change::tag;
use crate::archive::{AgentRow, ArchiveError, Put};
use crate::model::redact::Personal;
use crate::model::settings::AgentProperties;

/// What an agent may have, as the form shows it.
const PROPERTIES: [&str; 4] = ["manual_recording_allowed", "censor_allowed", "forced", "record_agent_if_denied"];

struct Line {
    name: String,
    href: String,
    addresses: String,
    projects: String,
    properties: Vec<String>,
}

#[derive(Template)]
#[template(path = "agents.html")]
struct ListPage {
    shell: Shell,
    tab: &'static str,
    saved: bool,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "named.html")]
struct AgentPage {
    shell: Shell,
    tab: &'static str,
    /// Which words: `agent`.
    what: &'static str,
    name: Option<String>,
    target: String,
    wrong: Option<String>,
    etag: String,
    fields_html: String,
}

/// An agent as its form holds it.
#[derive(Default)]
struct Filled {
    name: String,
    addresses: String,
    projects: Vec<String>,
    properties: Vec<String>,
}

fn has(properties: AgentProperties) -> Vec<String> {
    let all = serde_json::to_value(properties).unwrap_or_default();
    PROPERTIES.into_iter().filter(|p| all[*p] == Value::Bool(true)).map(str::to_owned).collect()
}

impl Filled {
    fn of(row: &AgentRow) -> Self {
        Self {
            name: row.name.clone(),
            addresses: row.addresses.iter().map(Personal::reveal).collect::<Vec<_>>().join("\n"),
            projects: row.projects.iter().map(ToString::to_string).collect(),
            properties: has(row.properties),
        }
    }

    fn sent(sent: &Sent, name: &str) -> Self {
        let all = |field: &'static str| sent.all(field).map(str::to_owned).collect();
        Self {
            name: name.to_owned(),
            addresses: sent.get("addresses").to_owned(),
            projects: all("projects"),
            properties: all("properties"),
        }
    }

    fn row(&self) -> Result<AgentRow, Problem> {
        let addresses: Vec<&str> = self.addresses.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let properties: Map<String, Value> =
            PROPERTIES.into_iter().map(|p| (p.to_owned(), json!(self.properties.iter().any(|own| own == p)))).collect();
        let request = json!({ "name": self.name, "addresses": addresses, "projects": self.projects, "properties": properties });
        body::parse(request.to_string().as_bytes())
    }
}

/// `GET /settings/agents`
pub async fn list(operator: Operator, State(state): State<ApiState>, Query(after): Query<AfterSaving>) -> Result<Response, Problem> {
    let shell = Shell::of(&operator, "settings");
    let w = shell.w;
    let lines = state.catalogue.agents().await?.into_iter().map(|row| Line {
        href: format!("/settings/agents/{}", escaped(&row.name)),
        addresses: row.addresses.iter().map(Personal::reveal).collect::<Vec<_>>().join(", "),
        projects: if row.projects.is_empty() {
            w.t("agent-every-project")
        } else {
            row.projects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        },
        properties: has(row.properties).iter().map(|p| w.of("prop-short", p)).collect(),
        name: row.name,
    });
    let lines = lines.collect();
    Ok(page(StatusCode::OK, &ListPage { shell, tab: "agents", saved: after.is_so(), lines }))
}

/// `GET /settings/new-agent`
pub async fn new(operator: Operator, State(state): State<ApiState>) -> Result<Response, Problem> {
    let filled = Filled { properties: has(AgentProperties::default()), ..Filled::default() };
    render(StatusCode::OK, &operator, &state, None, &filled, None).await
}

/// `POST /settings/agents`
pub async fn create(operator: Operator, State(state): State<ApiState>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let filled = Filled::sent(&sent, sent.get("name"));
    let kept = async {
        let row = filled.row()?;
        match state.catalogue.changing(operator.changes(sent.expects())).put_agent(&row, Put::New).await {
            Err(taken @ ArchiveError::Exists { .. }) => Err(Problem::invalid(format!("name: {taken}"))),
            other => Ok(other?),
        }
    };
    match kept.await {
        Ok(()) => Ok(Redirect::to("/settings/agents?saved=1").into_response()),
        Err(problem) => render(status_of(&problem), &operator, &state, None, &filled, Some(&Wrong::of(&problem))).await,
    }
}

async fn kept_row(state: &ApiState, name: &str) -> Result<AgentRow, Problem> {
    let found = state.catalogue.agents().await?.into_iter().find(|a| a.name == name);
    found.ok_or_else(|| Problem::not_found(format!("there is no agent `{name}`")))
}

/// `GET /settings/agents/{name}`
pub async fn show(operator: Operator, State(state): State<ApiState>, At(name): At<String>) -> Result<Response, Problem> {
    let row = kept_row(&state, &name).await?;
    render(StatusCode::OK, &operator, &state, Some(&row), &Filled::of(&row), None).await
}

/// `POST /settings/agents/{name}`
pub async fn save(operator: Operator, State(state): State<ApiState>, At(name): At<String>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let now = kept_row(&state, &name).await?;
    let delete = sent.get("act") == "delete";
    let filled = if delete { Filled::of(&now) } else { Filled::sent(&sent, &name) };
    let changing = state.catalogue.changing(operator.changes(sent.expects()));
    let done = async {
        if delete {
            changing.delete_agent(&name).await?;
            // Whoever sat at this agent's desk sits there no longer.
            state.grants().close_desks(&name);
        } else {
            changing.put_agent(&filled.row()?, Put::Whole).await?;
        }
        Ok::<_, Problem>(())
    };
    match done.await {
        Ok(()) => Ok(Redirect::to("/settings/agents?saved=1").into_response()),
        Err(problem) => render(status_of(&problem), &operator, &state, Some(&now), &filled, Some(&Wrong::of(&problem))).await,
    }
}

async fn render(
    status: StatusCode,
    operator: &Operator,
    state: &ApiState,
    kept: Option<&AgentRow>,
    filled: &Filled,
    wrong: Option<&Wrong>,
) -> Result<Response, Problem> {
    let shell = Shell::of(operator, "settings");
    let w = shell.w;
    let field = |name: &'static str| Field { name, label: w.of("set-agent", name), hint: w.of("set-hint-agent", name), ..Field::default() };
    let mut fields = Vec::new();
    if kept.is_none() {
        fields.push(Field { value: filled.name.clone(), ..field("name") });
    }
    fields.push(Field { value: filled.addresses.clone(), lines: 4, ..field("addresses") });
    let projects = state.catalogue.projects().await?.into_iter().map(|p| Choice {
        checked: filled.projects.iter().any(|own| own == p.slug.as_str()),
        value: p.slug.to_string(),
        text: p.slug.to_string(),
        ..Choice::default()
    });
    fields.push(Field { choices: projects.collect(), many: true, ..field("projects") });
    let properties = PROPERTIES.into_iter().map(|p| Choice {
        value: p.to_owned(),
        text: w.of("prop", p),
        note: w.of("prop-note", p),
        checked: filled.properties.iter().any(|own| own == p),
        ..Choice::default()
    });
    fields.push(Field { choices: properties.collect(), many: true, ..field("properties") });
    let title = w.t(if kept.is_some() { "agent-about" } else { "agent-new" });
    let (fields_html, wrong) = fields_html(w, vec![Group { id: "agent", title, fields }], wrong);
    let target = kept.map_or_else(|| "/settings/agents".to_owned(), |row| format!("/settings/agents/{}", escaped(&row.name)));
    let (name, etag) = (kept.map(|row| row.name.clone()), kept.map(tag).unwrap_or_default());
    Ok(page(status, &AgentPage { shell, tab: "agents", what: "agent", name, target, wrong, etag, fields_html }))
}
