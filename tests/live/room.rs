//! Drives one room in real time: a browser's participants, and commands by API.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::browser::Browser;
use crate::call::{Lived, command, configure};
use crate::party;
use crate::running_node::RunningNode;
use crate::scenario::{Scenario, What};

struct Room<'r> {
    node: &'r RunningNode,
    browser: &'r Browser,
    scenario: &'r Scenario,
    session: String,
    /// What each was given when they were invited.
    invited: BTreeMap<&'static str, Value>,
    since: BTreeMap<&'static str, Timestamp>,
    spoke: Vec<(&'static str, Timestamp, Timestamp)>,
}

impl Room<'_> {
    async fn comes(&mut self, name: &'static str) {
        if !self.invited.contains_key(name) {
            let mut body = json!({ "role": party::role(name), "name": name });
            if name.starts_with('a') {
                body["agent"] = json!(format!("{}-{name}", self.scenario.name));
            }
            let (status, invitation) = self.node.post(&format!("/v1/sessions/{}/participants", self.session), body).await;
            assert_eq!(status, 201, "{}: {invitation}", self.scenario.name);
            self.invited.insert(name, invitation);
        }
        let invitation = &self.invited[name];
        let text = |key: &str| invitation[key].as_str().unwrap();
        self.browser.comes(text("whip_url"), text("token"), party::colour(name), party::hz(name)).await;
        self.since.insert(name, Timestamp::now());
    }

    async fn goes(&mut self, name: &'static str) {
        self.fall_silent(name);
        self.browser.goes(self.invited[name]["whip_url"].as_str().unwrap()).await;
    }

    fn fall_silent(&mut self, name: &'static str) {
        if let Some(from) = self.since.remove(name) {
            self.spoke.push((name, from, Timestamp::now()));
        }
    }
}

/// Lives a scenario to its end. Everybody of the cast is in before its time begins.
pub async fn live(node: &RunningNode, browser: &Browser, scenario: &Scenario) -> Lived {
    configure(node, scenario).await;
    let (status, opened) = node.post("/v1/sessions", json!({ "project": scenario.name, "kind": "room" })).await;
    assert_eq!(status, 201, "{}: {opened}", scenario.name);
    let session = opened["id"].as_str().unwrap().to_owned();
    let (invited, since) = (BTreeMap::new(), BTreeMap::new());
    let mut room = Room { node, browser, scenario, session: session.clone(), invited, since, spoke: Vec::new() };
    for name in &scenario.cast {
        room.comes(name).await;
    }
    let began = Instant::now();
    let mut refused = Vec::new();
    for step in &scenario.steps {
        tokio::time::sleep_until(began + Duration::from_millis(step.at_ms)).await;
        match &step.what {
            What::Comes(name) => room.comes(name).await,
            What::Goes(name) => room.goes(name).await,
            What::Says { by, verb, order, refused: expected } => {
                let id = room.invited[by]["id"].as_str().unwrap();
                refused.extend(command(node, scenario, &session, (by, id), verb, *order, *expected).await);
            }
            What::End => {}
        }
    }
    for name in room.invited.keys().copied().collect::<Vec<_>>() {
        room.fall_silent(name);
    }
    let (status, told) = node.post(&format!("/v1/sessions/{session}/end"), json!({})).await;
    assert_eq!(status, 204, "{}: {told}", scenario.name);
    Lived { session, spoke: room.spoke, refused }
}
