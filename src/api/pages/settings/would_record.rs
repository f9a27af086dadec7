//! What a project would record: a story, told to the very simulator on the project's settings, and drawn as the spans lane.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::fields::Wrong;
use super::story::{self, Step, WHAT, WHO, role_of};
use super::{TABS, policy, presets};
use crate::api::auth::Operator;
use crate::api::body::At;
use crate::api::pages::lane::{CutMark, Lane, Piece, Row};
use crate::api::pages::lane_html::lane_html;
use crate::api::pages::shell::{Shell, page};
use crate::api::pages::words::{Words, length};
use crate::api::problem::Problem;
use crate::api::rest::{StoryBody, resolved, run_story};
use crate::api::state::ApiState;
use crate::archive::ProjectRow;
use crate::model::gate::{Gate, Span};
use crate::model::id::{OutputKey, ProjectSlug};
use crate::model::role::Role;
use crate::model::settings::{Kind, QueueProperties};

/// The simulator's answer, as far as it is drawn.
#[derive(Deserialize)]
struct Answer {
    outputs: Vec<Made>,
    states: Vec<Told>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Made {
    output: OutputKey,
    kept: bool,
    #[serde(default)]
    reason: Option<String>,
    ended_by: String,
    duration_ms: u64,
    spans: BTreeMap<String, Vec<Span>>,
}

#[derive(Deserialize)]
struct Told {
    at_ms: u64,
    state: String,
}

#[derive(Deserialize)]
struct Refused {
    at_ms: u64,
    by: String,
    #[serde(rename = "do")]
    verb: String,
    reason: String,
}

struct OutputShown {
    title: String,
    fate: String,
    kept: bool,
    lane_html: String,
}

struct StateShown {
    at: String,
    state: String,
    words: String,
}

#[derive(Default)]
struct Drawn {
    outputs: Vec<OutputShown>,
    states: Vec<StateShown>,
    refused: Vec<String>,
    total: String,
    middle: String,
}

struct Offer {
    value: String,
    words: String,
}

#[derive(Template)]
#[template(path = "would_record.html")]
struct WouldPage {
    shell: Shell,
    tab: &'static str,
    slug: String,
    settings: Vec<(String, String)>,
    presets: Vec<(&'static str, String, bool)>,
    steps: Vec<Step>,
    who: Vec<Offer>,
    what: Vec<Offer>,
    agents: Vec<String>,
    agent: String,
    queues: Vec<String>,
    queue: String,
    wrong: Option<String>,
    result: Option<Drawn>,
}

/// `GET /settings/projects/{slug}/would-record`
pub async fn show(
    operator: Operator,
    State(state): State<ApiState>,
    At(slug): At<ProjectSlug>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let project = state.catalogue.project(&slug).await?;
    let shell = Shell::of(&operator, "settings");
    let w = shell.w;
    let room = project.kind.session_kind() == Kind::Room;
    let text = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let (agent, queue) = (text("agent"), text("queue"));
    let offered = presets::offered(room);
    let preset =
        if asked.contains_key("what0") { String::new() } else { asked.get("story").cloned().unwrap_or_else(|| offered[0].to_owned()) };
    let mut steps = if preset.is_empty() { story::sent(&asked) } else { presets::story(&preset) };
    let told = tell(&state, &project, &mut steps, &agent, &queue).await;
    let (result, wrong) = match told {
        Ok(Some(answer)) => (Some(draw(w, room, &steps, answer)), None),
        Ok(None) => (None, Some(w.t("story-unclear"))),
        Err(problem) if problem.status == 422 => (None, Some(beside(w, &mut steps, &problem))),
        Err(problem) => return Err(problem),
    };
    // Room for two more.
    steps.extend([Step::default(), Step::default()]);
    let words =
        |family: &str, names: &[&str]| names.iter().map(|n| Offer { value: (*n).to_owned(), words: w.of(family, n) }).collect::<Vec<_>>();
    let page_of = WouldPage {
        tab: "projects",
        slug: slug.to_string(),
        settings: in_force(&state, &project, w).await?,
        presets: offered.iter().map(|name| (*name, w.of("preset", name), *name == preset)).collect(),
        steps,
        who: WHO.iter().map(|n| Offer { value: (*n).to_owned(), words: who_word(w, room, n) }).collect(),
        what: words("step", &WHAT),
        agents: state.catalogue.agents().await?.into_iter().map(|a| a.name).collect(),
        agent,
        queues: state.catalogue.queues().await?.into_iter().map(|q| q.name).collect(),
        queue,
        wrong,
        result,
        shell,
    };
    Ok(page(StatusCode::OK, &page_of))
}

async fn tell(state: &ApiState, project: &ProjectRow, steps: &mut [Step], agent: &str, queue: &str) -> Result<Option<Answer>, Problem> {
    let Some(events) = story::events(steps) else { return Ok(None) };
    let agents = (!agent.is_empty()).then(|| ("agent".to_owned(), agent.to_owned())).into_iter().collect();
    let queue = (!queue.is_empty()).then(|| queue.to_owned());
    let answer = run_story(state, project, StoryBody { events, agents, queue }).await?;
    serde_json::from_str(&answer).map(Some).map_err(|e| Problem::internal(&e))
}

/// Marks the step that the simulator did not take, and says so in words.
fn beside(w: Words, steps: &mut [Step], problem: &Problem) -> String {
    let place = problem.detail.strip_prefix("events[").and_then(|rest| rest.split(']').next()).and_then(|n| n.parse::<usize>().ok());
    match place.and_then(|n| steps.get_mut(n)) {
        Some(step) => {
            step.error = Some(match step.what.as_str() {
                "join" => "story-in-already",
                "leave" => "story-not-in",
                _ => "story-cannot",
            });
            w.t("story-unclear")
        }
        None => w.t1("story-failed", "why", Wrong::of(problem).says()),
    }
}

/// The settings that decide, in words.
async fn in_force(state: &ApiState, project: &ProjectRow, w: Words) -> Result<Vec<(String, String)>, Problem> {
    let settings = serde_json::to_value(resolved(state, project, QueueProperties::default()).await?).unwrap_or_default();
    let mut names = vec!["record_mode", "conference_mode", "trigger", "consent", "pause_behavior"];
    if !project.kind.has_conferences() {
        names.retain(|name| *name != "conference_mode");
    }
    if settings["recording_enabled"] == json!(false) {
        names.insert(0, "recording_enabled");
    }
    for (name, usual) in [("start_paused", Value::Bool(false)), ("max_duration_s", Value::Null)] {
        if settings[name] != usual {
            names.push(name);
        }
    }
    Ok(names.into_iter().map(|name| (w.of("set", name), policy::said(w, name, &settings[name]))).collect())
}

fn who_word(w: Words, room: bool, who: &str) -> String {
    w.of("who", &if room { format!("room-{who}") } else { who.to_owned() })
}

fn draw(w: Words, room: bool, steps: &[Step], answer: Answer) -> Drawn {
    let total_ms = steps.iter().filter_map(|s| story::ms(&s.at)).max().unwrap_or(0).max(1);
    let outputs = answer.outputs.iter().map(|made| shown(w, room, steps, &answer.states, made, total_ms)).collect();
    let states = answer.states.iter().map(|told| StateShown {
        at: length(told.at_ms),
        words: w.of("state", &told.state),
        state: told.state.clone(),
    });
    let refused = answer.refused.iter().map(|no| {
        let what = format!("{} {}", who_word(w, room, &no.by), w.of("step", &no.verb));
        w.t3("story-refused", ("at", &length(no.at_ms)), ("what", &what), ("why", &w.of("refused", &no.reason)))
    });
    Drawn { outputs, states: states.collect(), refused: refused.collect(), total: length(total_ms), middle: length(total_ms / 2) }
}

fn shown(w: Words, room: bool, steps: &[Step], states: &[Told], made: &Made, total_ms: u64) -> OutputShown {
    let mut lane = Lane { total_ms, room, live: false, rows: Vec::new(), cuts: Vec::new() };
    for who in WHO {
        if !steps.iter().any(|s| s.who == who && s.what == "join") {
            continue;
        }
        let role: Role = serde_json::from_value(json!(role_of(who))).unwrap_or(Role::Customer);
        let spans = made.spans.get(who).map(Vec::as_slice).unwrap_or_default();
        let spans = spans.iter().map(|s| Piece { from_ms: s.from_ms, to_ms: s.to_ms, gate: s.gate, running: false }).collect();
        // The first of a role is called by the role, which the lane says itself.
        let name = who.ends_with('2').then(|| who_word(w, room, who));
        lane.rows.push(Row { name, role, present: false, presence: presence(steps, who, total_ms), spans, gaps: Vec::new() });
    }
    if matches!(made.output, OutputKey::Main(_)) {
        lane.cuts = pauses(states, total_ms);
    }
    let title = match &made.output {
        OutputKey::Main(1) => w.t("output-main"),
        OutputKey::Main(n) => w.t1("output-main-again", "n", n),
        OutputKey::Receipt { order, .. } => w.t1("recording-receipt", "order", order),
    };
    let because = w.of("ended", &made.ended_by);
    let fate = match &made.reason {
        // Of length alone nobody thinks where nobody could be heard.
        Some(reason) if reason == "too_short" && made.spans.values().all(Vec::is_empty) => {
            w.t1("output-not-kept", "why", w.t("discard-nobody"))
        }
        Some(reason) => w.t1("output-not-kept", "why", w.of("discard", reason)),
        None => w.t2("output-kept", ("length", &length(made.duration_ms)), ("why", &because)),
    };
    OutputShown { title, fate, kept: made.kept, lane_html: lane_html(w, &lane) }
}

fn presence(steps: &[Step], who: &str, total_ms: u64) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut came = None;
    for step in steps.iter().filter(|s| s.who == who) {
        match (step.what.as_str(), came, story::ms(&step.at)) {
            ("join", None, Some(at)) => came = Some(at),
            ("leave", Some(from), Some(to_ms)) => {
                pieces.push(Piece { from_ms: from, to_ms, gate: Gate::Closed, running: false });
                came = None;
            }
            _ => {}
        }
    }
    pieces.extend(came.map(|from_ms| Piece { from_ms, to_ms: total_ms, gate: Gate::Closed, running: false }));
    pieces
}

/// Where the recording was paused, by the states.
fn pauses(states: &[Told], total_ms: u64) -> Vec<CutMark> {
    let next = |n: usize| states.get(n + 1).map_or(total_ms, |told| told.at_ms);
    let paused = states.iter().enumerate().filter(|(_, told)| told.state == "paused");
    paused.map(|(n, told)| CutMark { at_ms: told.at_ms, skipped_ms: Some(next(n).saturating_sub(told.at_ms)) }).collect()
}
