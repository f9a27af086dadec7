//! B2: `manual_recording`, `censor_visible`, `forced` and `record_agent_if_denied` hold in the calls of the agent that a user is, from whichever place says so.

use reqwest::Method;
use serde_json::{Value, json};

use crate::people;
use crate::started::Started;

/// A call of an agent with a customer, both in it.
struct Call<'n> {
    node: &'n Started,
    session: String,
    agent: Value,
    customer: Value,
}

impl<'n> Call<'n> {
    async fn of(node: &'n Started, agent: &str) -> Self {
        let (status, opened) = node.post("/v1/sessions", json!({ "project": "calls", "kind": "call" })).await;
        assert_eq!(status, 201, "{opened}");
        let session = opened["id"].as_str().expect("an id").to_owned();
        let join = async |body: Value| {
            let (status, invited) = node.post(&format!("/v1/sessions/{session}/participants"), body).await;
            assert_eq!(status, 201, "{invited}");
            invited["id"].clone()
        };
        let agent = join(json!({ "role": "agent", "agent": agent })).await;
        let customer = join(json!({ "role": "customer" })).await;
        Self { node, session, agent, customer }
    }

    /// `None` where it was carried out, else the reason.
    async fn says(&self, by: &Value, verb: &str) -> Option<String> {
        let (status, answer) = self.node.post(&format!("/v1/sessions/{}/commands", self.session), json!({ "do": verb, "by": by })).await;
        if status == 200 { None } else { Some(answer["reason"].as_str().unwrap_or_else(|| panic!("{status}: {answer}")).to_owned()) }
    }

    /// Both are in it: whoever gives a command is, whatever becomes of it.
    async fn answered(self, customer: &str) -> Self {
        self.says(&self.agent, "consent_grant").await;
        self.says(&self.customer, customer).await;
        self
    }

    async fn state(&self) -> String {
        self.node.get(&format!("/v1/sessions/{}", self.session)).await["state"].as_str().expect("a state").to_owned()
    }

    /// Who is recorded now.
    async fn open(&self) -> Vec<Value> {
        let gates = self.node.get(&format!("/v1/sessions/{}", self.session)).await["gates"].clone();
        gates.as_array().expect("gates").iter().filter(|g| g["gate"] == "open").map(|g| g["participant"].clone()).collect()
    }
}

async fn begun() -> Started {
    let node = Started::new().await;
    let project = json!({ "slug": "calls", "kind": "call", "settings": { "trigger": "manual", "record_mode": "both" } });
    let (status, answer) = node.post("/v1/projects", project).await;
    assert_eq!(status, 201, "{answer}");
    for agent in ["desk 7", "anna"] {
        let (status, answer) = node.send(Method::PUT, &format!("/v1/agents/{}", agent.replace(' ', "%20")), json!({})).await;
        assert!(status < 300, "{answer}");
    }
    node
}

async fn set(node: &Started, path: &str, body: Value) {
    let (status, answer) = node.send(Method::PUT, path, body).await;
    assert!(status < 300, "{path}: {answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b2_manual_recording_and_censor_follow_the_nearest_place() {
    let node = begun().await;
    let may_start = async |agent: &str| {
        let call = Call::of(&node, agent).await.answered("consent_grant").await;
        call.says(&call.agent, "start").await
    };
    let no = Some("not_permitted".to_owned());
    assert_eq!((may_start("desk 7").await, may_start("anna").await), (no.clone(), no.clone()), "off where nobody says anything");

    set(&node, "/v1/workspace/properties", json!({ "manual_recording": true })).await;
    assert_eq!((may_start("desk 7").await, may_start("anna").await), (None, None), "the workspace says it of every agent");
    people::user(&node, json!({ "name": "bo", "role": "agent", "agent": "desk 7" })).await;
    set(&node, "/v1/groups/trainees", json!({ "properties": { "manual_recording": false, "censor_visible": false }, "members": ["bo"] }))
        .await;
    assert_eq!((may_start("desk 7").await, may_start("anna").await), (no, None), "a group before the workspace, for its members alone");
    people::user(&node, json!({ "name": "anna", "role": "agent", "properties": { "censor_visible": false } })).await;

    for agent in ["desk 7", "anna"] {
        set(&node, &format!("/v1/agents/{}", agent.replace(' ', "%20")), json!({ "properties": { "manual_recording_allowed": true } }))
            .await;
        assert_eq!(may_start(agent).await, None, "what is configured for {agent} before its groups");
        let call = Call::of(&node, agent).await.answered("consent_grant").await;
        call.says(&call.agent, "start").await;
        assert_eq!(call.says(&call.agent, "censor_on").await.as_deref(), Some("not_permitted"), "{agent}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b2_forced_recording_follows_groups_and_users_and_records_the_agent_alone_where_denied() {
    let node = begun().await;
    people::user(&node, json!({ "name": "anna", "role": "agent" })).await;
    let before = Call::of(&node, "anna").await.answered("consent_grant").await;
    assert_eq!((before.state().await.as_str(), before.open().await.len()), ("idle", 0), "nothing forces it");

    set(&node, "/v1/groups/sales", json!({ "properties": { "forced": true }, "members": ["anna"] })).await;
    assert_eq!((before.state().await.as_str(), before.open().await.len()), ("idle", 0), "it holds for calls that begin after it");
    let call = Call::of(&node, "anna").await.answered("consent_grant").await;
    assert_eq!((call.state().await.as_str(), call.open().await.len()), ("recording", 2), "the group forces it");
    assert_eq!(call.says(&call.agent, "stop").await.as_deref(), Some("forced"));
    let story = json!({ "agents": { "a1": "anna" }, "events": [
        { "at_ms": 0, "join": { "participant": "a1", "role": "agent" } },
        { "at_ms": 0, "join": { "participant": "c1", "role": "customer" } },
        { "at_ms": 10_000, "command": { "by": "a1", "do": "stop" } },
        { "at_ms": 30_000, "end": {} },
    ] });
    let (status, told) = node.post("/v1/projects/calls/simulate", story).await;
    assert_eq!((status, &told["refused"][0]["reason"]), (200, &json!("forced")), "the simulator says what live calls do: {told}");
    let other = Call::of(&node, "desk 7").await.answered("consent_grant").await;
    assert_eq!(other.state().await, "idle", "nobody of the group is in it");

    let denied = Call::of(&node, "anna").await.answered("consent_decline").await;
    assert_eq!(
        (denied.state().await.as_str(), denied.open().await.len()),
        ("idle", 0),
        "a caller who declines is nowhere, nor is the agent"
    );
    set(&node, "/v1/groups/sales", json!({ "properties": { "forced": true, "record_agent_if_denied": true }, "members": ["anna"] })).await;
    let alone = Call::of(&node, "anna").await.answered("consent_decline").await;
    assert_eq!((alone.state().await.as_str(), alone.open().await), ("automatic_without_caller", vec![alone.agent.clone()]));

    set(&node, "/v1/users/anna", json!({ "role": "agent", "groups": ["sales"], "properties": { "forced": false } })).await;
    let own = Call::of(&node, "anna").await.answered("consent_grant").await;
    assert_eq!(own.state().await, "idle", "the user before the group");
}
