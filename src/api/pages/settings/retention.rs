//! Retention as a page: what goes when, what is held and why; holds are made and released here.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Map, Value, json};

use super::fields::{Field, Group, Wrong, fields_html};
use super::projects::status_of;
use super::{AfterSaving, Sent, TABS};
use crate::api::auth::Operator;
use crate::api::body::{self, At};
use crate::api::pages::shell::{Shell, page};
use crate::api::pages::words::Words;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::holds::{Hold, NewHold};
use crate::archive::sweep::{AHEAD_DAYS, DueRecording, Plan, ProjectPlan};
use crate::archive::{Expected, Source, now};
use crate::model::id::HoldId;
use crate::model::time::WallClock;
use crate::model::zone::Zone;

/// A project's terms and numbers.
struct Project {
    slug: String,
    months: String,
    days: Vec<String>,
    /// How many go within which time.
    counts: Vec<(String, u64)>,
    held: u64,
}

/// A recording that goes, or would.
struct Due {
    id: String,
    project: String,
    source: String,
    began: String,
    began_short: String,
    due: String,
    due_short: String,
    why: String,
    holds: Vec<(String, String)>,
}

/// A hold as it is shown.
struct Held {
    id: String,
    name: String,
    reason: String,
    covers: Vec<String>,
    count: String,
    /// By whom and when.
    made: String,
    /// By whom, when and why it was released.
    released: Option<String>,
    /// What was wrong with releasing it, and what was typed.
    wrong: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "retention.html")]
struct RetentionPage {
    shell: Shell,
    tab: &'static str,
    zone: String,
    saved: bool,
    wrong: Option<String>,
    projects: Vec<Project>,
    windows: Vec<String>,
    /// How many of how many are listed.
    shown: String,
    next: Vec<Due>,
    held: Vec<Due>,
    holds: Vec<Held>,
    form_open: bool,
    fields_html: String,
}

/// `GET /settings/retention`
pub async fn show(operator: Operator, State(state): State<ApiState>, Query(after): Query<AfterSaving>) -> Result<Response, Problem> {
    render(StatusCode::OK, &operator, &state, after.is_so(), Wanted::default()).await
}

/// `POST /settings/retention`: lays a hold.
pub async fn hold(operator: Operator, State(state): State<ApiState>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let zone = state.catalogue.workspace().await?.settings.time_zone.unwrap_or_default();
    let made = async {
        let new: NewHold = body::parse(as_request(&sent, &zone)?.to_string().as_bytes())?;
        Ok::<_, Problem>(state.catalogue.make_hold(&operator.changes(Expected::Anything), &new).await?)
    };
    match made.await {
        Ok(_) => Ok(Redirect::to("/settings/retention?saved=1").into_response()),
        Err(problem) => render(status_of(&problem), &operator, &state, false, Wanted { hold: Some((sent, problem)), release: None }).await,
    }
}

/// `POST /settings/retention/{id}`: releases a hold.
pub async fn release(operator: Operator, State(state): State<ApiState>, At(id): At<HoldId>, sent: Sent) -> Result<Response, Problem> {
    operator.check_form(sent.get("csrf"))?;
    let reason = sent.get("reason");
    match state.catalogue.release_hold(&operator.changes(Expected::Anything), &id, reason).await.map_err(Problem::from) {
        Ok(_) => Ok(Redirect::to("/settings/retention?saved=1").into_response()),
        Err(problem) => {
            let release = Some((id, reason.to_owned(), Wrong::of(&problem).says().to_owned()));
            render(status_of(&problem), &operator, &state, false, Wanted { hold: None, release }).await
        }
    }
}

/// What somebody wanted and could not have, with what they typed.
#[derive(Default)]
struct Wanted {
    hold: Option<(Sent, Problem)>,
    release: Option<(HoldId, String, String)>,
}

const FILTER: [&str; 6] = ["project", "agent", "customer", "session", "from", "to"];

/// The form as a request would say it.
fn as_request(sent: &Sent, zone: &Zone) -> Result<Value, Problem> {
    let recordings: Vec<&str> = sent.get("recordings").split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word)).collect();
    let mut filter = Map::new();
    for name in FILTER {
        let text = sent.get(name);
        if !text.is_empty() {
            let value = if matches!(name, "from" | "to") { day(name, text, zone)?.to_string() } else { text.to_owned() };
            filter.insert(name.to_owned(), value.into());
        }
    }
    let mut request = json!({ "name": sent.get("name"), "reason": sent.get("reason"), "recordings": recordings });
    if !filter.is_empty() {
        request["filter"] = filter.into();
    }
    Ok(request)
}

/// The beginning of a day, or for `to` its end.
fn day(name: &str, text: &str, zone: &Zone) -> Result<WallClock, Problem> {
    let bad = || Problem::invalid(format!("{name}: is no date"));
    let date: jiff::civil::Date = text.parse().map_err(|_| bad())?;
    let date = if name == "to" { date.tomorrow().map_err(|_| bad())? } else { date };
    crate::archive::retention::start_of(date, zone).ok_or_else(bad)
}

async fn render(status: StatusCode, operator: &Operator, state: &ApiState, saved: bool, wanted: Wanted) -> Result<Response, Problem> {
    let shell = Shell::of(operator, "settings");
    let w = shell.w;
    let plan = state.catalogue.retention_plan(now()).await?;
    let holds = state.catalogue.holds().await?;
    let (sent, problem) = wanted.hold.unzip();
    let wrong = problem.as_ref().map(wrong_of);
    let groups = vec![Group { id: "hold", title: w.t("hold-group"), fields: fields(w, sent.as_ref()) }];
    let (fields_html, elsewhere) = fields_html(w, groups, wrong.as_ref());
    let zone = plan.time_zone.clone();
    let due = |rows: &[DueRecording]| rows.iter().map(|row| due(w, row, &zone)).collect::<Vec<_>>();
    let total: u64 = plan.projects.iter().flat_map(|project| &project.before).map(|window| window.recordings).sum();
    let shown = w.t2("retention-shown", ("shown", &plan.next.len().to_string()), ("total", &total.to_string()));
    let page_of = RetentionPage {
        tab: "retention",
        zone: zone.to_string(),
        saved,
        wrong: elsewhere,
        windows: windows(w),
        shown,
        next: due(&plan.next),
        held: due(&plan.held),
        projects: projects(w, &plan),
        holds: holds.into_iter().map(|hold| held(w, hold, &zone, wanted.release.as_ref())).collect(),
        form_open: sent.is_some(),
        fields_html,
        shell,
    };
    Ok(page(status, &page_of))
}

/// `filter.customer: …` belongs to the field `customer`.
fn wrong_of(problem: &Problem) -> Wrong {
    let detail = problem.detail.strip_prefix("filter.").unwrap_or(&problem.detail).to_owned();
    Wrong::of(&Problem { detail, ..problem.clone() })
}

fn windows(w: Words) -> Vec<String> {
    AHEAD_DAYS.map(|days| w.tn("retention-within", "n", days as usize)).into()
}

fn projects(w: Words, plan: &Plan) -> Vec<Project> {
    let days = |project: &ProjectPlan| {
        let of = [("live", project.days_live), ("upload", project.days_upload)];
        of.into_iter().filter_map(|(source, days)| Some(w.tn(&format!("retention-days-{source}"), "n", days? as usize))).collect()
    };
    let project = |project: &ProjectPlan| Project {
        slug: project.project.to_string(),
        months: w.tn("unit-retention_months", "n", project.months as usize),
        days: days(project),
        counts: windows(w).into_iter().zip(&project.before).map(|(name, window)| (name, window.recordings)).collect(),
        held: project.before.iter().map(|window| window.held).sum(),
    };
    plan.projects.iter().map(project).collect()
}

fn due(w: Words, row: &DueRecording, zone: &Zone) -> Due {
    Due {
        id: row.recording.to_string(),
        project: row.project.to_string(),
        source: w.of("source", if row.source == Source::Live { "live" } else { "upload" }),
        began: row.started_at.to_string(),
        began_short: short_in(row.started_at, zone),
        due: row.due_at.to_string(),
        due_short: short_in(row.due_at, zone),
        why: w.of("retention-by", row.by),
        holds: row.holds.iter().map(|hold| (hold.id.to_string(), hold.name.clone())).collect(),
    }
}

/// An instant on the workspace's clock: `2026-11-27 14:05`.
fn short_in(at: WallClock, zone: &Zone) -> String {
    let at = jiff::Timestamp::from_nanosecond(i128::from(at.0)).map(|at| at.to_zoned(zone.rules().clone()));
    at.map(|at| at.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

fn held(w: Words, hold: Hold, zone: &Zone, release: Option<&(HoldId, String, String)>) -> Held {
    let mut covers = Vec::new();
    if !hold.recordings.is_empty() {
        covers.push(w.tn("hold-named", "n", hold.recordings.len()));
    }
    if let Some(filter) = &hold.filter {
        let texts = [
            ("project", filter.project.as_ref().map(ToString::to_string)),
            ("agent", filter.agent.clone()),
            ("customer", filter.customer.as_ref().map(|customer| customer.reveal().to_owned())),
            ("session", filter.session.as_ref().map(ToString::to_string)),
            ("from", filter.from.map(|at| short_in(at, zone))),
            ("to", filter.to.map(|at| short_in(at, zone))),
        ];
        covers.extend(texts.into_iter().filter_map(|(name, text)| Some(w.t1(&format!("hold-covers-{name}"), "value", text?))));
    }
    Held {
        count: w.tn("hold-count", "n", hold.covers as usize),
        made: w.t2("hold-made", ("by", &hold.made_by), ("at", &short_in(hold.made_at, zone))),
        released: hold.released_at.map(|at| {
            let (by, why) = (hold.released_by.unwrap_or_default(), hold.release_reason.unwrap_or_default());
            w.t3("hold-released-by", ("by", &by), ("at", &short_in(at, zone)), ("why", &why))
        }),
        wrong: release.filter(|(id, ..)| *id == hold.id).map(|(_, typed, says)| (typed.clone(), says.clone())),
        id: hold.id.to_string(),
        name: hold.name,
        reason: hold.reason,
        covers,
    }
}

fn fields(w: Words, sent: Option<&Sent>) -> Vec<Field> {
    let field = |name: &'static str, lines: u8| Field {
        name,
        label: w.of("hold", name),
        hint: w.of("hold-hint", name),
        value: sent.map(|sent| sent.get(name).to_owned()).unwrap_or_default(),
        lines,
        ..Field::default()
    };
    let with_lines = |name: &'static str| field(name, if matches!(name, "reason" | "recordings") { 3 } else { 0 });
    ["name", "reason", "recordings"].into_iter().chain(FILTER).map(with_lines).collect()
}
