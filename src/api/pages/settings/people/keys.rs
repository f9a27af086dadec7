//! API keys: list, make, take back.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::super::fields::{Choice, Field, Group, fields_html};
use super::super::{AfterSaving, Sent, TABS};
use super::properties;
use crate::api::auth::Operator;
use crate::api::body::At;
use crate::api::escaped::escaped;
use crate::api::pages::console::short;
use crate::api::pages::shell::{Shell, page};
use crate::api::problem::Problem;
use crate::api::rest::people::keys;
use crate::api::state::ApiState;
use crate::archive::scope::Scope;

struct Line {
    name: String,
    scopes: Vec<&'static str>,
    projects: String,
    created: String,
    created_short: String,
    /// Where it is taken back; absent = it is the node's own.
    revoke: Option<String>,
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    shell: Shell,
    tab: &'static str,
    saved: bool,
    lines: Vec<Line>,
    /// The one that was just made: its name and itself.
    made: Option<(String, String)>,
    wrong: Option<String>,
    fields_html: String,
}

/// What was filled in.
#[derive(Default)]
struct Filled {
    name: String,
    scopes: Vec<String>,
    projects: Vec<String>,
}

/// `GET /settings/keys`
pub(super) async fn list(operator: Operator, State(state): State<ApiState>, Query(after): Query<AfterSaving>) -> Result<Response, Problem> {
    render(StatusCode::OK, &operator, &state, &Filled::default(), None, None, after.is_so()).await
}

/// `POST /settings/keys`
pub(super) async fn create(operator: Operator, State(state): State<ApiState>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let all = |field: &'static str| sent.all(field).map(str::to_owned).collect();
    let filled = Filled { name: sent.get("name").to_owned(), scopes: all("scopes"), projects: all("projects") };
    let made = async {
        let scopes: BTreeSet<Scope> =
            Scope::ALL.iter().copied().filter(|scope| filled.scopes.iter().any(|own| own == scope.as_str())).collect();
        let slugs = filled.projects.iter().map(|slug| slug.parse().map_err(|e| Problem::invalid(format!("projects: {e}"))));
        let slugs = slugs.collect::<Result<BTreeSet<_>, _>>()?;
        match keys::make(&operator, &state, filled.name.clone(), scopes, (!slugs.is_empty()).then_some(slugs)).await {
            Err(taken) if taken.reason == "exists" => Err(Problem::invalid(format!("name: {}", taken.detail))),
            other => other,
        }
    };
    match made.await {
        Ok((owner, key)) => {
            let made = Some((owner.name, key.reveal().to_owned()));
            render(StatusCode::CREATED, &operator, &state, &Filled::default(), made, None, false).await
        }
        Err(problem) => render(properties::status_of(&problem), &operator, &state, &filled, None, Some(&problem), false).await,
    }
}

/// `POST /settings/keys/{name}/revoke`
pub(super) async fn revoke(
    operator: Operator,
    State(state): State<ApiState>,
    At(name): At<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    keys::revoke(&operator, &state, &name).await?;
    Ok(Redirect::to("/settings/keys?saved=1").into_response())
}

async fn render(
    status: StatusCode,
    operator: &Operator,
    state: &ApiState,
    filled: &Filled,
    made: Option<(String, String)>,
    problem: Option<&Problem>,
    saved: bool,
) -> Result<Response, Problem> {
    let shell = Shell::of(operator, "settings");
    let w = shell.w;
    let line = |owner: crate::archive::KeyOwner| Line {
        scopes: owner.scopes.iter().map(|scope| scope.as_str()).collect(),
        projects: owner.projects.iter().flatten().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        created: owner.created.to_string(),
        created_short: short(owner.created),
        revoke: (owner.name != "admin").then(|| format!("/settings/keys/{}/revoke", escaped(&owner.name))),
        name: owner.name,
    };
    let lines = state.catalogue.keys().await?.into_iter().map(line).collect();
    let scopes = Scope::ALL.iter().map(|scope| Choice {
        value: scope.as_str().to_owned(),
        text: scope.as_str().to_owned(),
        note: w.of("scope", &scope.as_str().replace(':', "-")),
        checked: filled.scopes.iter().any(|own| own == scope.as_str()),
        ..Choice::default()
    });
    let projects = state.catalogue.projects().await?;
    let projects = projects.iter().map(|project| Choice {
        value: project.slug.to_string(),
        text: project.slug.to_string(),
        checked: filled.projects.iter().any(|own| own == project.slug.as_str()),
        ..Choice::default()
    });
    let field = |name: &'static str| Field { name, label: w.of("key-field", name), hint: w.of("key-hint", name), ..Field::default() };
    let fields = vec![
        Field { value: filled.name.clone(), ..field("name") },
        Field { choices: scopes.collect(), many: true, ..field("scopes") },
        Field { choices: projects.collect(), many: true, ..field("projects") },
    ];
    let (fields_html, wrong) =
        fields_html(w, vec![Group { id: "key", title: w.t("key-new"), fields }], problem.map(properties::wrong).as_ref());
    Ok(page(status, &KeysPage { tab: "keys", saved, lines, made, wrong, fields_html, shell }))
}
