//! Drives one call in real time: a SIPREC sender with a tone for each party, and commands by API.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ferric::app::load::siprec::{CallPlan, Pump, SiprecCall, SiprecClient};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use crate::party;
use crate::running_node::RunningNode;
use crate::scenario::{Scenario, What};

/// What was done and answered, by the test's own clock.
pub struct Lived {
    pub session: String,
    /// From when to when somebody's tone was sent.
    pub spoke: Vec<(&'static str, Timestamp, Timestamp)>,
    /// Refused commands as answered: by, do, reason.
    pub refused: Vec<(String, String, String)>,
}

/// The project, its agents and its queue, made by the API.
pub async fn configure(node: &RunningNode, scenario: &Scenario) {
    let mut layer = scenario.settings.as_object().cloned().unwrap_or_default();
    layer.remove("kind");
    let agents = layer.remove("agents").unwrap_or_else(|| json!({}));
    let queue = layer.remove("queue");
    let (status, told) = node
        .post("/v1/projects", json!({ "slug": scenario.name, "kind": if scenario.is_room { "room" } else { "call" }, "settings": layer }))
        .await;
    assert_eq!(status, 201, "{}: {told}", scenario.name);
    for name in party::names().filter(|name| name.starts_with('a')) {
        let row = json!({ "name": format!("{}-{name}", scenario.name), "projects": [scenario.name],
            "addresses": [party::address(name, scenario.name)], "properties": agents.get(name).cloned().unwrap_or_else(|| json!({})) });
        let (status, told) = node.post("/v1/agents", row).await;
        assert_eq!(status, 201, "{}: {told}", scenario.name);
    }
    if let Some(properties) = queue {
        let path = format!("/v1/queues/{}", scenario.name);
        let (status, told) = node.send(Method::PUT, &path, json!({ "properties": properties })).await;
        assert_eq!(status, 200, "{}: {told}", scenario.name);
    }
}

async fn session_of(node: &RunningNode, project: &str) -> String {
    let list = node.get("/v1/sessions").await;
    let found = list["items"].as_array().unwrap().iter().find(|session| session["project"] == project);
    found.unwrap_or_else(|| panic!("no session of {project}"))["id"].as_str().unwrap().to_owned()
}

/// The id of whoever bears a name; of two the one who is in.
async fn id_of(node: &RunningNode, session: &str, name: &str) -> String {
    let view = node.get(&format!("/v1/sessions/{session}")).await;
    let named = view["participants"].as_array().unwrap().iter().filter(|p| p["name"] == name);
    let found = named.max_by_key(|p| p["present"].as_bool());
    found.unwrap_or_else(|| panic!("no {name} in {view:#}"))["id"].as_str().unwrap().to_owned()
}

/// Gives a command and holds the answer against what is expected; a refusal comes back as by, do, reason.
pub async fn command(
    node: &RunningNode,
    scenario: &Scenario,
    session: &str,
    (by, id): (&str, &str),
    verb: &str,
    order: Option<&str>,
    expected: Option<&str>,
) -> Option<(String, String, String)> {
    let mut body = json!({ "do": verb, "by": id });
    if let Some(order) = order {
        body["order"] = json!(order);
    }
    let (status, answer) = node.post(&format!("/v1/sessions/{session}/commands"), body).await;
    let reason = answer["reason"].as_str();
    let meant = (if expected.is_some() { 409 } else { 200 }, expected);
    assert_eq!((status, reason), meant, "{}: {by} {verb}: {answer}", scenario.name);
    reason.map(|reason| (id.to_owned(), verb.to_owned(), reason.to_owned()))
}

/// Lives a scenario to its end.
pub async fn live(node: &RunningNode, client: &Arc<SiprecClient>, pump: &Pump, scenario: &Scenario) -> Lived {
    configure(node, scenario).await;
    let mut cast = scenario.cast.clone();
    let plan = CallPlan {
        project: scenario.name.to_owned(),
        legs: cast.iter().enumerate().map(|(i, name)| party::leg(name, i + 1, scenario.name)).collect(),
        fields: vec![("X-Ferric-Queue".to_owned(), scenario.name.to_owned())],
        ..CallPlan::default()
    };
    let mut call = SiprecCall::place(client, pump, plan).await.unwrap_or_else(|error| panic!("{}: {error}", scenario.name));
    let began = Instant::now();
    let session = session_of(node, scenario.name).await;
    let mut since: BTreeMap<&'static str, Timestamp> = BTreeMap::new();
    let mut spoke = Vec::new();
    let mut refused = Vec::new();
    for name in &cast {
        since.insert(name, Timestamp::now());
    }
    for step in &scenario.steps {
        tokio::time::sleep_until(began + Duration::from_millis(step.at_ms)).await;
        match &step.what {
            What::Comes(name) => {
                let answer = if let Some(leg) = cast.iter().position(|known| known == name) {
                    call.set_present(leg, true).await
                } else {
                    cast.push(name);
                    call.add_leg(pump, party::leg(name, cast.len(), scenario.name)).await
                };
                answer.unwrap_or_else(|error| panic!("{}: {name} comes: {error}", scenario.name));
                since.insert(name, Timestamp::now());
            }
            What::Goes(name) => {
                // Their tone is sent on, to the port that was theirs.
                let leg = cast.iter().position(|known| known == name).unwrap();
                call.set_present(leg, false).await.unwrap_or_else(|error| panic!("{}: {name} goes: {error}", scenario.name));
                spoke.extend(spoken(&mut since, name));
            }
            What::Says { by, verb, order, refused: expected } => {
                let id = id_of(node, &session, by).await;
                refused.extend(command(node, scenario, &session, (by, &id), verb, *order, *expected).await);
            }
            What::End => {}
        }
    }
    for name in cast {
        spoke.extend(spoken(&mut since, name));
    }
    call.hang_up(pump).await.unwrap_or_else(|error| panic!("{}: {error}", scenario.name));
    Lived { session, spoke, refused }
}

fn spoken(since: &mut BTreeMap<&'static str, Timestamp>, name: &'static str) -> Option<(&'static str, Timestamp, Timestamp)> {
    let from = since.remove(name)?;
    Some((name, from, Timestamp::now()))
}
