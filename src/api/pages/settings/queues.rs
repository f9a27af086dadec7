//! Queues: list, make, change, delete.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::fields::{Choice, Field, Group, Wrong, fields_html};
use super::projects::status_of;
use super::{AfterSaving, Sent, TABS};
use crate::api::auth::Operator;
use crate::api::body::At;
use crate::api::escaped::escaped;
use crate::api::pages::shell::{Shell, page};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::change::tag;
use crate::archive::{ArchiveError, Put, QueueRow};
use crate::model::settings::QueueProperties;

struct Line {
    name: String,
    href: String,
    forced: bool,
}

#[derive(Template)]
#[template(path = "queues.html")]
struct ListPage {
    shell: Shell,
    tab: &'static str,
    saved: bool,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "named.html")]
struct QueuePage {
    shell: Shell,
    tab: &'static str,
    /// Which words: `queue`.
    what: &'static str,
    name: Option<String>,
    target: String,
    wrong: Option<String>,
    etag: String,
    fields_html: String,
}

/// `GET /settings/queues`
pub async fn list(operator: Operator, State(state): State<ApiState>, Query(after): Query<AfterSaving>) -> Result<Response, Problem> {
    let lines = state.catalogue.queues().await?.into_iter().map(|row| Line {
        href: format!("/settings/queues/{}", escaped(&row.name)),
        forced: row.properties.forced,
        name: row.name,
    });
    let lines = lines.collect();
    Ok(page(StatusCode::OK, &ListPage { shell: Shell::of(&operator, "settings"), tab: "queues", saved: after.is_so(), lines }))
}

/// `GET /settings/new-queue`
pub async fn new(operator: Operator) -> Response {
    render(StatusCode::OK, &operator, None, &QueueRow { name: String::new(), properties: QueueProperties::default() }, None)
}

fn sent_row(sent: &Sent, name: &str) -> QueueRow {
    QueueRow { name: name.to_owned(), properties: QueueProperties { forced: sent.all("properties").any(|p| p == "forced") } }
}

/// `POST /settings/queues`
pub async fn create(operator: Operator, State(state): State<ApiState>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let row = sent_row(&sent, sent.get("name"));
    match state.catalogue.changing(operator.changes(sent.expects())).put_queue(&row, Put::New).await {
        Ok(()) => Ok(Redirect::to("/settings/queues?saved=1").into_response()),
        Err(taken @ ArchiveError::Exists { .. }) => {
            let problem = Problem::invalid(format!("name: {taken}"));
            Ok(render(StatusCode::CONFLICT, &operator, None, &row, Some(&Wrong::of(&problem))))
        }
        Err(other) => {
            let problem = Problem::from(other);
            Ok(render(status_of(&problem), &operator, None, &row, Some(&Wrong::of(&problem))))
        }
    }
}

async fn kept_row(state: &ApiState, name: &str) -> Result<QueueRow, Problem> {
    let found = state.catalogue.queues().await?.into_iter().find(|q| q.name == name);
    found.ok_or_else(|| Problem::not_found(format!("there is no queue `{name}`")))
}

/// `GET /settings/queues/{name}`
pub async fn show(operator: Operator, State(state): State<ApiState>, At(name): At<String>) -> Result<Response, Problem> {
    let row = kept_row(&state, &name).await?;
    Ok(render(StatusCode::OK, &operator, Some(&row), &row, None))
}

/// `POST /settings/queues/{name}`
pub async fn save(operator: Operator, State(state): State<ApiState>, At(name): At<String>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let now = kept_row(&state, &name).await?;
    let row = sent_row(&sent, &name);
    let changing = state.catalogue.changing(operator.changes(sent.expects()));
    let done = if sent.get("act") == "delete" { changing.delete_queue(&name).await } else { changing.put_queue(&row, Put::Whole).await };
    match done.map_err(Problem::from) {
        Ok(()) => Ok(Redirect::to("/settings/queues?saved=1").into_response()),
        Err(problem) => Ok(render(status_of(&problem), &operator, Some(&now), &row, Some(&Wrong::of(&problem)))),
    }
}

fn render(status: StatusCode, operator: &Operator, kept: Option<&QueueRow>, row: &QueueRow, wrong: Option<&Wrong>) -> Response {
    let shell = Shell::of(operator, "settings");
    let w = shell.w;
    let mut fields = Vec::new();
    if kept.is_none() {
        let (label, hint) = (w.t("set-queue-name"), w.t("set-hint-queue-name"));
        fields.push(Field { name: "name", label, hint, value: row.name.clone(), ..Field::default() });
    }
    let forced = Choice { value: "forced".into(), text: w.t("prop-queue-forced"), checked: row.properties.forced, ..Choice::default() };
    let (label, hint) = (w.t("set-queue-properties"), w.t("set-hint-queue-properties"));
    fields.push(Field { name: "properties", label, hint, choices: vec![forced], many: true, ..Field::default() });
    let title = w.t(if kept.is_some() { "queue-about" } else { "queue-new" });
    let (fields_html, wrong) = fields_html(w, vec![Group { id: "queue", title, fields }], wrong);
    let target = kept.map_or_else(|| "/settings/queues".to_owned(), |row| format!("/settings/queues/{}", escaped(&row.name)));
    let (name, etag) = (kept.map(|row| row.name.clone()), kept.map(tag).unwrap_or_default());
    page(status, &QueuePage { shell, tab: "queues", what: "queue", name, target, wrong, etag, fields_html })
}
