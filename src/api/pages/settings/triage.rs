//! Triage rules in their order: list, trial, order.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::triage_words::{Names, sentence};
use super::{Sent, TABS};
use crate::api::auth::{Member, Operator};
use crate::api::body::At;
use crate::api::pages::console::{kind_name, short};
use crate::api::pages::shell::{Shell, page};
use crate::api::pages::words::length;
use crate::api::problem::Problem;
use crate::api::rest::triage::{TriedJson, tried};
use crate::api::state::ApiState;
use crate::archive::rights::Action;
use crate::archive::triage::TriageRow;
use crate::archive::{ArchiveError, Expected, ListFilter, RecordingState};
use crate::model::id::TriageRuleId;

/// Recordings that are offered for a trial.
const OFFERED: u32 = 20;

struct Line {
    id: String,
    name: String,
    sentence: String,
    enabled: bool,
    met: bool,
}

/// A recording that the rules can be tried on.
struct Offer {
    id: String,
    words: String,
    picked: bool,
}

/// What would become of it.
struct Trial {
    met: Vec<String>,
    folder: Option<String>,
    labels: String,
    people: String,
}

#[derive(Template)]
#[template(path = "triage.html")]
struct ListPage {
    shell: Shell,
    tab: &'static str,
    saved: bool,
    wrong: Option<String>,
    lines: Vec<Line>,
    offers: Vec<Offer>,
    trial: Option<Trial>,
}

/// What the list is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Shown {
    saved: String,
    /// A recording to try the rules on.
    #[serde(rename = "try")]
    tried: String,
}

/// `GET /settings/triage`
pub async fn list(
    operator: Operator,
    member: Member,
    State(state): State<ApiState>,
    Query(shown): Query<Shown>,
) -> Result<Response, Problem> {
    let shell = Shell::of(&operator, "settings");
    let w = shell.w;
    let rules = state.catalogue.triage_rules().await?;
    let names = names(&state).await?;
    let (mut trial, mut wrong, mut met) = (None, None, Vec::new());
    if let Ok(id) = shown.tried.parse() {
        let outcome = match member.may(&state, &id, &Action::See).await {
            Ok(recording) => tried(&rules, &recording),
            Err(no) => Err(no),
        };
        match outcome {
            Ok(outcome) => {
                met = outcome.met.iter().filter_map(|one| one.id.clone()).collect();
                let people: Vec<String> = outcome.assignees.iter().map(|name| names.person(w, name)).collect();
                let TriedJson { met, folder, labels, .. } = outcome;
                trial = Some(Trial {
                    met: met.into_iter().map(|one| one.name).collect(),
                    folder: folder.map(|id| names.folder(w, id.as_str())),
                    labels: labels.join(", "),
                    people: people.join(", "),
                });
            }
            Err(no) => wrong = Some(no.detail),
        }
    }
    let lines = rules.iter().map(|row| Line {
        id: row.id.to_string(),
        name: row.rule.name.clone(),
        sentence: sentence(w, &row.rule, &names),
        enabled: row.rule.enabled,
        met: met.contains(&row.id),
    });
    let lines = lines.collect();
    let offers = offers(&state, &member, &shown.tried, w).await?;
    Ok(page(StatusCode::OK, &ListPage { shell, tab: "triage", saved: !shown.saved.is_empty(), wrong, lines, offers, trial }))
}

pub(super) async fn names(state: &ApiState) -> Result<Names, Problem> {
    Ok(Names::of(&state.catalogue.folders().await?, &state.catalogue.assignable().await?))
}

async fn offers(state: &ApiState, member: &Member, picked: &str, w: crate::api::pages::words::Words) -> Result<Vec<Offer>, Problem> {
    let filter = ListFilter { state: Some(RecordingState::Ready), limit: Some(OFFERED), ..ListFilter::default() };
    let mut offers = Vec::new();
    for recording in state.catalogue.recordings(&filter, &member.sight(state).await?).await?.items {
        let title = recording.title.as_ref().map_or_else(|| w.of("kind", kind_name(recording.kind)), |title| title.reveal().to_owned());
        let long = recording.duration_ms.map(length).unwrap_or_default();
        offers.push(Offer {
            words: format!("{} · {} · {title} · {long}", short(recording.started_at), recording.project),
            picked: recording.id.as_str() == picked,
            id: recording.id.to_string(),
        });
    }
    Ok(offers)
}

/// `POST /settings/triage/{id}/move`: one place up or down.
pub async fn shift(operator: Operator, State(state): State<ApiState>, At(id): At<TriageRuleId>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let mut order: Vec<TriageRuleId> = state.catalogue.triage_rules().await?.into_iter().map(|row: TriageRow| row.id).collect();
    let at = order.iter().position(|one| *one == id).ok_or_else(|| ArchiveError::not_found("triage rule", id.as_str()))?;
    let to = if sent.get("act") == "up" { at.saturating_sub(1) } else { (at + 1).min(order.len() - 1) };
    order.swap(at, to);
    state.catalogue.changing(operator.changes(Expected::Anything)).order_triage_rules(&order).await?;
    Ok(Redirect::to(&format!("/settings/triage?saved=1#rule-{id}")).into_response())
}
