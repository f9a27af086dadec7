//! The workspace's settings.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use super::fields::{Wrong, fields_html};
use super::policy::{self, Layer, Values};
use super::{AfterSaving, Sent, TABS};
use crate::api::auth::Operator;
use crate::api::body;
use crate::api::pages::shell::{Shell, page};
use crate::api::problem::Problem;
use crate::api::rest::region_has_a_store;
use crate::api::state::ApiState;
use crate::archive::WorkspaceRow;
use crate::archive::change::tag;
use crate::model::settings::{Kind, QueueProperties, Settings, SettingsLayer};

#[derive(Template)]
#[template(path = "settings.html")]
struct WorkspacePage {
    shell: Shell,
    tab: &'static str,
    saved: Option<usize>,
    wrong: Option<String>,
    etag: String,
    fields_html: String,
}

/// `GET /settings`
pub async fn show(operator: Operator, State(state): State<ApiState>, Query(after): Query<AfterSaving>) -> Result<Response, Problem> {
    let row = state.catalogue.workspace().await?;
    let saved = after.is_so().then(|| state.registry.live().len());
    Ok(render(StatusCode::OK, &operator, tag(&row), &policy::values(&row.settings), saved, None))
}

/// `POST /settings`
pub async fn save(operator: Operator, State(state): State<ApiState>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let values = policy::sent_values(&sent);
    match keep(&operator, &state, &sent, &values).await {
        Ok(()) => Ok(Redirect::to("/settings?saved=1").into_response()),
        Err(problem) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let now = tag(&state.catalogue.workspace().await?);
            Ok(render(status, &operator, now, &values, None, Some(&Wrong::of(&problem))))
        }
    }
}

async fn keep(operator: &Operator, state: &ApiState, sent: &Sent, values: &Values) -> Result<(), Problem> {
    let row: WorkspaceRow = body::parse(json!({ "settings": policy::as_request(values) }).to_string().as_bytes())?;
    region_has_a_store(state, &row)?;
    Ok(state.catalogue.changing(operator.changes(sent.expects())).put_workspace(&row).await?)
}

fn render(status: StatusCode, operator: &Operator, etag: String, values: &Values, saved: Option<usize>, wrong: Option<&Wrong>) -> Response {
    let shell = Shell::of(operator, "settings");
    let defaults = policy::under(&Settings::resolve(Kind::Call, &[], QueueProperties::default()), &SettingsLayer::default());
    let (fields_html, wrong) = fields_html(shell.w, policy::groups(shell.w, &Layer::Workspace(&defaults), values), wrong);
    page(status, &WorkspacePage { shell, tab: "workspace", saved, wrong, etag, fields_html })
}
