//! Folders and known labels: list, make, change, delete.

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
use crate::archive::folders::{Folder, KnownLabel, LabelColor};
use crate::archive::{ArchiveError, Put};
use crate::model::id::FolderId;

struct LabelLine {
    name: String,
    href: String,
    color: &'static str,
}

#[derive(Template)]
#[template(path = "folders.html")]
struct ListPage {
    shell: Shell,
    tab: &'static str,
    saved: bool,
    folders: Vec<Folder>,
    labels: Vec<LabelLine>,
}

/// A form of one thing and its deletion.
#[derive(Template)]
#[template(path = "sorting_form.html")]
pub(super) struct FormPage {
    pub shell: Shell,
    pub tab: &'static str,
    /// Which words: `folder`, `label`, `triage`.
    pub what: &'static str,
    pub name: Option<String>,
    pub target: String,
    pub wrong: Option<String>,
    pub etag: String,
    pub fields_html: String,
    /// What deleting it does; absent where it is new.
    pub delete_how: String,
    pub delete_act: String,
}

/// `GET /settings/folders`
pub async fn list(operator: Operator, State(state): State<ApiState>, Query(after): Query<AfterSaving>) -> Result<Response, Problem> {
    let labels = state.catalogue.known_labels().await?.into_iter().map(|label| LabelLine {
        href: format!("/settings/labels/{}", escaped(&label.name)),
        color: label.color.map_or("", LabelColor::as_str),
        name: label.name,
    });
    let (labels, folders) = (labels.collect(), state.catalogue.folders().await?);
    Ok(page(StatusCode::OK, &ListPage { shell: Shell::of(&operator, "settings"), tab: "folders", saved: after.is_so(), folders, labels }))
}

fn back() -> Response {
    Redirect::to("/settings/folders?saved=1").into_response()
}

/// `GET /settings/new-folder`
pub async fn new_folder(operator: Operator) -> Response {
    folder_form(StatusCode::OK, &operator, None, 0, "", None)
}

/// `POST /settings/folders`
pub async fn create_folder(operator: Operator, State(state): State<ApiState>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let name = sent.get("name");
    match state.catalogue.changing(operator.changes(sent.expects())).make_folder(None, name).await.map_err(Problem::from) {
        Ok(_) => Ok(back()),
        Err(problem) => Ok(folder_form(status_of(&problem), &operator, None, 0, name, Some(&Wrong::of(&problem)))),
    }
}

/// `GET /settings/folders/{id}`
pub async fn show_folder(operator: Operator, State(state): State<ApiState>, At(id): At<FolderId>) -> Result<Response, Problem> {
    let folder = state.catalogue.folder(&id).await?;
    let held = state.catalogue.folder_size(&id).await?;
    Ok(folder_form(StatusCode::OK, &operator, Some(&folder), held, &folder.name, None))
}

/// `POST /settings/folders/{id}`
pub async fn save_folder(operator: Operator, State(state): State<ApiState>, At(id): At<FolderId>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let now = state.catalogue.folder(&id).await?;
    let changing = state.catalogue.changing(operator.changes(sent.expects()));
    let delete = sent.get("act") == "delete";
    let name = if delete { now.name.as_str() } else { sent.get("name") };
    let done = if delete { changing.delete_folder(&id, true).await } else { changing.rename_folder(&id, name).await.map(drop) };
    match done.map_err(Problem::from) {
        Ok(()) => Ok(back()),
        Err(problem) => {
            let held = state.catalogue.folder_size(&id).await?;
            Ok(folder_form(status_of(&problem), &operator, Some(&now), held, name, Some(&Wrong::of(&problem))))
        }
    }
}

fn folder_form(status: StatusCode, operator: &Operator, kept: Option<&Folder>, held: usize, name: &str, wrong: Option<&Wrong>) -> Response {
    let shell = Shell::of(operator, "settings");
    let w = shell.w;
    let field =
        Field { name: "name", label: w.t("folder-name"), hint: w.t("folder-hint-name"), value: name.to_owned(), ..Field::default() };
    let group = Group { id: "folder", title: w.t("folders-heading"), fields: vec![field] };
    let (fields_html, wrong) = fields_html(w, vec![group], wrong);
    let template = FormPage {
        tab: "folders",
        what: "folder",
        target: kept.map_or_else(|| "/settings/folders".to_owned(), |folder| format!("/settings/folders/{}", folder.id)),
        etag: kept.map(tag).unwrap_or_default(),
        delete_how: w.tn("folder-delete-how", "n", held),
        delete_act: kept.map(|folder| w.t1("delete-named", "name", &folder.name)).unwrap_or_default(),
        name: kept.map(|folder| folder.name.clone()),
        wrong,
        fields_html,
        shell,
    };
    page(status, &template)
}

/// `GET /settings/new-label`
pub async fn new_label(operator: Operator) -> Response {
    label_form(StatusCode::OK, &operator, None, &KnownLabel { name: String::new(), color: None }, None)
}

fn sent_label(sent: &Sent, name: &str) -> KnownLabel {
    let color = LabelColor::ALL.into_iter().find(|color| color.as_str() == sent.get("color"));
    KnownLabel { name: name.to_owned(), color }
}

/// `POST /settings/labels`
pub async fn create_label(operator: Operator, State(state): State<ApiState>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let row = sent_label(&sent, sent.get("name"));
    let problem = match state.catalogue.changing(operator.changes(sent.expects())).put_label(&row, Put::New).await {
        Ok(()) => return Ok(back()),
        Err(taken @ ArchiveError::Exists { .. }) => Problem::invalid(format!("name: {taken}")),
        Err(other) => other.into(),
    };
    Ok(label_form(status_of(&problem), &operator, None, &row, Some(&Wrong::of(&problem))))
}

async fn kept_label(state: &ApiState, name: &str) -> Result<KnownLabel, Problem> {
    let found = state.catalogue.known_labels().await?.into_iter().find(|label| label.name == name);
    Ok(found.ok_or_else(|| ArchiveError::not_found("label", name))?)
}

/// `GET /settings/labels/{name}`
pub async fn show_label(operator: Operator, State(state): State<ApiState>, At(name): At<String>) -> Result<Response, Problem> {
    let row = kept_label(&state, &name).await?;
    Ok(label_form(StatusCode::OK, &operator, Some(&row), &row, None))
}

/// `POST /settings/labels/{name}`
pub async fn save_label(operator: Operator, State(state): State<ApiState>, At(name): At<String>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let now = kept_label(&state, &name).await?;
    let row = sent_label(&sent, &name);
    let changing = state.catalogue.changing(operator.changes(sent.expects()));
    let done = if sent.get("act") == "delete" { changing.delete_label(&name).await } else { changing.put_label(&row, Put::Whole).await };
    match done.map_err(Problem::from) {
        Ok(()) => Ok(back()),
        Err(problem) => Ok(label_form(status_of(&problem), &operator, Some(&now), &row, Some(&Wrong::of(&problem)))),
    }
}

fn label_form(status: StatusCode, operator: &Operator, kept: Option<&KnownLabel>, row: &KnownLabel, wrong: Option<&Wrong>) -> Response {
    let shell = Shell::of(operator, "settings");
    let w = shell.w;
    let mut fields = Vec::new();
    if kept.is_none() {
        let (label, hint) = (w.t("label-name"), w.t("label-hint-name"));
        fields.push(Field { name: "name", label, hint, value: row.name.clone(), ..Field::default() });
    }
    let colors = [None].into_iter().chain(LabelColor::ALL.map(Some)).map(|color| {
        let name = color.map_or("none", LabelColor::as_str);
        Choice { value: name.to_owned(), text: w.of("label-color", name), checked: row.color == color, ..Choice::default() }
    });
    let (label, hint) = (w.t("label-color"), w.t("label-hint-color"));
    fields.push(Field { name: "color", label, hint, choices: colors.collect(), short: true, ..Field::default() });
    let (fields_html, wrong) = fields_html(w, vec![Group { id: "label", title: w.t("labels-heading"), fields }], wrong);
    let template = FormPage {
        tab: "folders",
        what: "label",
        target: kept.map_or_else(|| "/settings/labels".to_owned(), |row| format!("/settings/labels/{}", escaped(&row.name))),
        etag: kept.map(tag).unwrap_or_default(),
        delete_how: w.t("label-delete-how"),
        delete_act: kept.map(|row| w.t1("label-delete-act", "name", &row.name)).unwrap_or_default(),
        name: kept.map(|row| row.name.clone()),
        wrong,
        fields_html,
        shell,
    };
    page(status, &template)
}
