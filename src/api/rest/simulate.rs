//! What a project would record: the simulator, on the project's own settings (recording-policy.md §8).

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api::auth::Operator;
use crate::api::body::{At, Body};
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::ProjectRow;
use crate::model::id::ProjectSlug;
use crate::model::settings::{QueueProperties, Settings};
use crate::policy::scenario;

/// A story to be told to the simulator.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StoryBody {
    /// What happens, as `ferric simulate` takes it.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<Value>,
    /// Which participant is which configured agent. One that is not named here is the agent of its own name, or an agent without properties of its own.
    #[serde(default)]
    pub agents: BTreeMap<String, String>,
    /// The configured queue that the call came by.
    #[serde(default)]
    pub queue: Option<String>,
}

/// A project's settings as a session that began now would have them.
///
/// # Errors
/// The catalogue.
pub async fn resolved(state: &ApiState, project: &ProjectRow, queue: QueueProperties) -> Result<Settings, Problem> {
    let workspace = state.catalogue.workspace().await?;
    Ok(project.resolve(project.kind.session_kind(), &workspace, queue))
}

/// Runs a story through the simulator on a project's resolved settings, agents and queue; answers the simulator's own text.
///
/// # Errors
/// 422 for a story that says nothing clear, with its place.
pub async fn run(state: &ApiState, project: &ProjectRow, story: StoryBody) -> Result<String, Problem> {
    let agents = state.catalogue.agents().await?;
    let mut queue = QueueProperties::default();
    if let Some(name) = &story.queue {
        let found = state.catalogue.queues().await?.into_iter().find(|q| q.name == *name);
        queue = found.ok_or_else(|| Problem::invalid(format!("queue: there is no queue `{name}`")))?.properties;
    }
    let mut properties = Map::new();
    let told = Value::from(story.events.clone()).to_string();
    for agent in agents.iter().filter(|agent| told.contains(&json!(agent.name).to_string())) {
        properties.insert(agent.name.clone(), json!(state.catalogue.own_calls(agent).await?));
    }
    for (participant, name) in &story.agents {
        let agent = agents.iter().find(|a| a.name == *name);
        let agent = agent.ok_or_else(|| Problem::invalid(format!("agents.{participant}: there is no agent `{name}`")))?;
        properties.insert(participant.clone(), json!(state.catalogue.own_calls(agent).await?));
    }
    let scenario = json!({ "settings": scenario_settings(&resolved(state, project, queue).await?, properties), "events": story.events });
    scenario::simulate(&scenario.to_string()).map_err(|malformed| Problem::invalid(malformed.to_string()))
}

/// Settings as the simulator reads them.
fn scenario_settings(settings: &Settings, agents: Map<String, Value>) -> Value {
    let mut out = json!({
        "kind": settings.kind,
        "record_mode": settings.record_mode,
        "conference_mode": settings.conference_mode,
        "pause_behavior": settings.pause_behavior,
        "consent": settings.consent,
        "trigger": settings.trigger,
        "start_paused": settings.start_paused,
        "multiple_receipts_per_order": settings.multiple_receipts_per_order,
        "recording_enabled": settings.recording_enabled,
        "min_duration_s": settings.min_duration_s,
        "stop_when_host_leaves": settings.stop_when_host_leaves,
        "agents": agents,
        "queue": { "forced": settings.queue_forced },
    });
    if let Some(seconds) = settings.max_duration_s {
        out["max_duration_s"] = json!(seconds);
    }
    out
}

/// What a session of this project would record if these events happened in it: the answer of `ferric simulate` on the project's settings, workspace, agents
/// and queue as they are now. Nothing is changed.
#[utoipa::path(post, path = "/v1/projects/{slug}/simulate", tag = "projects", params(("slug" = String, Path)), request_body = StoryBody,
    responses((status = 200, body = Object, description = "outputs with spans, states, refused commands"), (status = 404, body = Problem),
    (status = 422, body = Problem)))]
pub async fn simulate(
    _: Operator,
    State(state): State<ApiState>,
    At(slug): At<ProjectSlug>,
    Body(story): Body<StoryBody>,
) -> Result<Response, Problem> {
    let project = state.catalogue.project(&slug).await?;
    let answer = run(&state, &project, story).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], answer).into_response())
}
