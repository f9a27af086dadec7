//! Projects: list, make, change, delete.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};

use super::fields::{Choice, Field, Group, Wrong, fields_html};
use super::policy::{self, Layer, Values};
use super::{AfterSaving, Sent, TABS};
use crate::api::auth::Operator;
use crate::api::body::{self, At};
use crate::api::pages::shell::{Shell, page};
use crate::api::pages::words::Words;
use crate::api::problem::Problem;
use crate::api::rest::resolved;
use crate::api::state::ApiState;
use crate::archive::change::tag;
use crate::archive::{ArchiveError, ConsentText, ProjectRow, Put};
use crate::model::id::ProjectSlug;
use crate::model::project_kind::ProjectKind;
use crate::model::role::Role;
use crate::model::settings::{Kind, QueueProperties, SettingsLayer};

struct Line {
    slug: String,
    kind: String,
    records: String,
    consent: String,
    live: usize,
}

#[derive(Template)]
#[template(path = "projects.html")]
struct ListPage {
    shell: Shell,
    tab: &'static str,
    lines: Vec<Line>,
    gone: bool,
}

#[derive(Template)]
#[template(path = "project.html")]
struct ProjectPage {
    shell: Shell,
    tab: &'static str,
    /// Absent while it is being made.
    slug: Option<String>,
    saved: Option<usize>,
    wrong: Option<String>,
    etag: String,
    fields_html: String,
}

/// A project as its form holds it.
struct Filled {
    slug: String,
    kind: String,
    caller_is: String,
    language: String,
    text: String,
    values: Values,
}

impl Filled {
    fn of(row: &ProjectRow, text: Option<&ConsentText>) -> Self {
        Self {
            slug: row.slug.to_string(),
            kind: row.kind.as_str().to_owned(),
            caller_is: row.caller_is.as_str().to_owned(),
            language: text.map(|t| t.language.clone()).unwrap_or_default(),
            text: text.map(|t| t.text.clone()).unwrap_or_default(),
            values: policy::values(&row.settings),
        }
    }

    fn sent(sent: &Sent) -> Self {
        Self {
            slug: sent.get("slug").to_owned(),
            kind: sent.get("kind").to_owned(),
            caller_is: sent.get("caller_is").to_owned(),
            language: sent.get("language").to_owned(),
            text: sent.get("text").to_owned(),
            values: policy::sent_values(sent),
        }
    }

    fn kind(&self) -> ProjectKind {
        serde_json::from_value(json!(self.kind)).unwrap_or_default()
    }

    /// As a request would say it.
    fn row(&self) -> Result<ProjectRow, Problem> {
        let mut request = json!({ "slug": self.slug, "kind": self.kind, "settings": policy::as_request(&self.values) });
        if !self.caller_is.is_empty() {
            request["caller_is"] = json!(self.caller_is);
        }
        body::parse(request.to_string().as_bytes())
    }
}

/// `GET /settings/projects`
pub async fn list(operator: Operator, State(state): State<ApiState>, Query(after): Query<AfterSaving>) -> Result<Response, Problem> {
    let shell = Shell::of(&operator, "settings");
    let w = shell.w;
    let workspace = state.catalogue.workspace().await?;
    let live = state.registry.live();
    let mut lines = Vec::new();
    for row in state.catalogue.projects().await? {
        let settings = row.resolve(row.kind.session_kind(), &workspace, QueueProperties::default());
        let word = |name: &str, value: Value| policy::said(w, name, &value);
        lines.push(Line {
            kind: w.of("project-kind", row.kind.as_str()),
            records: if settings.recording_enabled { word("record_mode", json!(settings.record_mode)) } else { w.t("state-disabled") },
            consent: word("consent", json!(settings.consent)),
            live: live.iter().filter(|s| s.project == row.slug).count(),
            slug: row.slug.to_string(),
        });
    }
    Ok(page(StatusCode::OK, &ListPage { shell, tab: "projects", lines, gone: after.is_so() }))
}

/// `GET /settings/new-project`
pub async fn new(operator: Operator, State(state): State<ApiState>) -> Result<Response, Problem> {
    let kind = ProjectKind::ContactCenter.as_str().to_owned();
    let filled = Filled {
        slug: String::new(),
        kind,
        caller_is: "customer".into(),
        language: String::new(),
        text: String::new(),
        values: Values::new(),
    };
    render(StatusCode::OK, &operator, &state, None, &filled, None, None).await
}

/// `POST /settings/projects`
pub async fn create(operator: Operator, State(state): State<ApiState>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let filled = Filled::sent(&sent);
    if sent.get("act") == "kind" {
        return render(StatusCode::OK, &operator, &state, None, &filled, None, None).await;
    }
    let kept = async {
        let row = filled.row()?;
        match state.catalogue.changing(operator.changes(sent.expects())).put_project(&row, Put::New).await {
            Err(taken @ ArchiveError::Exists { .. }) => Err(Problem::invalid(format!("slug: {taken}"))),
            other => Ok(other?),
        }?;
        keep_text(&operator, &state, &row.slug, &filled).await?;
        Ok::<_, Problem>(row.slug)
    };
    match kept.await {
        Ok(slug) => Ok(Redirect::to(&format!("/settings/projects/{slug}?saved=1")).into_response()),
        Err(problem) => render(status_of(&problem), &operator, &state, None, &filled, None, Some(&Wrong::of(&problem))).await,
    }
}

/// `GET /settings/projects/{slug}`
pub async fn show(
    operator: Operator,
    State(state): State<ApiState>,
    At(slug): At<ProjectSlug>,
    Query(after): Query<AfterSaving>,
) -> Result<Response, Problem> {
    let row = state.catalogue.project(&slug).await?;
    let text = state.catalogue.consent_text(&slug).await?;
    let saved = after.is_so().then(|| state.registry.live().iter().filter(|s| s.project == slug).count());
    render(StatusCode::OK, &operator, &state, Some(&row), &Filled::of(&row, text.as_ref()), saved, None).await
}

/// `POST /settings/projects/{slug}`: saves, shows the fields of another kind, or deletes, by which button was pressed.
pub async fn save(operator: Operator, State(state): State<ApiState>, At(slug): At<ProjectSlug>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let now = state.catalogue.project(&slug).await?;
    let filled = Filled { slug: slug.to_string(), ..Filled::sent(&sent) };
    let done = match sent.get("act") {
        "kind" => return render(StatusCode::OK, &operator, &state, Some(&now), &filled, None, None).await,
        "delete" => {
            let gone = state.catalogue.changing(operator.changes(sent.expects())).delete_project(&slug).await;
            gone.map_err(Problem::from).map(|()| "/settings/projects?saved=1".to_owned())
        }
        _ => keep(&operator, &state, &sent, &filled).await.map(|()| format!("/settings/projects/{slug}?saved=1")),
    };
    match done {
        Ok(next) => Ok(Redirect::to(&next).into_response()),
        Err(problem) => {
            // A deletion sends nothing of the form: what is kept is shown again.
            let text = state.catalogue.consent_text(&slug).await?;
            let shown = if sent.get("act") == "delete" { Filled::of(&now, text.as_ref()) } else { filled };
            render(status_of(&problem), &operator, &state, Some(&now), &shown, None, Some(&Wrong::of(&problem))).await
        }
    }
}

async fn keep(operator: &Operator, state: &ApiState, sent: &Sent, filled: &Filled) -> Result<(), Problem> {
    let row = filled.row()?;
    state.catalogue.changing(operator.changes(sent.expects())).put_project(&row, Put::Whole).await?;
    keep_text(operator, state, &row.slug, filled).await
}

async fn keep_text(operator: &Operator, state: &ApiState, slug: &ProjectSlug, filled: &Filled) -> Result<(), Problem> {
    let changing = state.catalogue.changing(operator.changes(crate::archive::Expected::Anything));
    if !filled.text.is_empty() {
        let language = if filled.language.is_empty() { "en" } else { &filled.language };
        changing.put_consent_text(slug, language, &filled.text).await?;
    } else if state.catalogue.consent_text(slug).await?.is_some() {
        changing.delete_consent_text(slug).await?;
    }
    Ok(())
}

pub(super) fn status_of(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn render(
    status: StatusCode,
    operator: &Operator,
    state: &ApiState,
    kept: Option<&ProjectRow>,
    filled: &Filled,
    saved: Option<usize>,
    wrong: Option<&Wrong>,
) -> Result<Response, Problem> {
    let shell = Shell::of(operator, "settings");
    let w = shell.w;
    let kind = filled.kind();
    let slug: ProjectSlug = "x".parse().map_err(|e| Problem::internal(&e))?;
    let bare = ProjectRow { slug, kind, settings: SettingsLayer::default(), caller_is: Role::Customer };
    let settings = resolved(state, &bare, QueueProperties::default()).await?;
    let under = policy::under(&settings, &state.catalogue.workspace().await?.settings);
    let mut groups = vec![Group { id: "project", title: w.t("set-group-project"), fields: own_fields(w, kept.is_none(), filled, kind) }];
    groups.extend(policy::groups(w, &Layer::Project(kind, &under), &filled.values));
    if let Some(consent) = groups.iter_mut().find(|g| g.id == "consent") {
        consent.fields.extend(text_fields(w, filled));
    }
    let (fields_html, wrong) = fields_html(w, groups, wrong);
    let etag = kept.map(tag).unwrap_or_default();
    let slug = kept.map(|row| row.slug.to_string());
    Ok(page(status, &ProjectPage { shell, tab: "projects", slug, saved, wrong, etag, fields_html }))
}

fn own_fields(w: Words, new: bool, filled: &Filled, kind: ProjectKind) -> Vec<Field> {
    let mut fields = Vec::new();
    if new {
        fields.push(Field {
            name: "slug",
            label: w.t("set-slug"),
            hint: w.t("set-hint-slug"),
            value: filled.slug.clone(),
            ..Field::default()
        });
    }
    let kinds = ProjectKind::ALL.into_iter().map(|k| Choice {
        value: k.as_str().to_owned(),
        text: w.of("project-kind", k.as_str()),
        note: w.of("project-kind-note", k.as_str()),
        checked: k == kind,
        disabled: false,
    });
    fields.push(Field { name: "kind", label: w.t("set-kind"), hint: w.t("set-hint-kind"), choices: kinds.collect(), ..Field::default() });
    let rooms = kind.session_kind() == Kind::Room;
    let callers = ["customer", "agent"].map(|role| Choice {
        value: role.to_owned(),
        text: w.of("opt-caller_is", role),
        checked: filled.caller_is == role,
        disabled: rooms,
        ..Choice::default()
    });
    fields.push(Field {
        name: "caller_is",
        label: w.t("set-caller_is"),
        hint: w.t("set-hint-caller_is"),
        why_not: rooms.then(|| w.t("why-no-caller")),
        choices: callers.into(),
        ..Field::default()
    });
    fields
}

fn text_fields(w: Words, filled: &Filled) -> [Field; 2] {
    let text = Field {
        name: "text",
        label: w.t("set-text"),
        hint: w.t("set-hint-text"),
        value: filled.text.clone(),
        otherwise: w.t("set-text-otherwise"),
        lines: 4,
        ..Field::default()
    };
    let language = Field {
        name: "language",
        label: w.t("set-language"),
        hint: w.t("set-hint-language"),
        value: filled.language.clone(),
        ..Field::default()
    };
    [text, language]
}
