use reqwest::Method;
use serde_json::{Value, json};

use crate::started::{Started, json_of};
use crate::stream::Stream;

/// A call with an agent of ours in it, and a customer: its id and the agent's participant.
async fn call(node: &Started, project: &str, agent: &str) -> (String, String) {
    let (status, opened) = node.post("/v1/sessions", json!({ "project": project, "kind": "call" })).await;
    assert_eq!(status, 201, "{opened}");
    let session = opened["id"].as_str().expect("an id").to_owned();
    let mut ids = Vec::new();
    for body in [json!({ "role": "agent", "agent": agent }), json!({ "role": "customer", "name": "Kari" })] {
        let (status, invited) = node.post(&format!("/v1/sessions/{session}/participants"), body).await;
        assert_eq!(status, 201, "{invited}");
        let id = invited["id"].as_str().expect("an id").to_owned();
        assert_eq!(node.post(&format!("/v1/sessions/{session}/arrive"), json!({ "by": id })).await.0, 204);
        ids.push(id);
    }
    (session, ids.swap_remove(0))
}

async fn desk(node: &Started, agent: &str, body: Value) -> (String, Value) {
    let (status, opened) = node.post(&format!("/v1/agents/{agent}/desk"), body).await;
    assert_eq!(status, 201, "{opened}");
    (opened["token"].as_str().expect("a token").to_owned(), opened)
}

async fn with_agents() -> Started {
    let node = Started::new().await;
    for (name, properties) in [("paal", json!({ "censor_allowed": false })), ("kari", json!({}))] {
        assert_eq!(node.post("/v1/agents", json!({ "name": name, "properties": properties })).await.0, 201);
    }
    let project = json!({ "slug": "shop", "kind": "call", "settings": { "record_mode": "agent_only_allow" } });
    assert_eq!(node.post("/v1/projects", project).await.0, 201);
    node
}

#[tokio::test]
async fn calls_come_and_go_with_what_the_agent_may_do_and_why_not_the_rest() {
    let node = with_agents().await;
    let (token, opened) = desk(&node, "paal", json!({})).await;
    assert!(opened["page_url"].as_str().expect("a page").ends_with(&format!("/desk#{token}")), "the token is in the fragment alone");
    let answer = node.bare(Method::GET, "/v1/desk").bearer_auth(&token).send().await.expect("answered");
    let mut stream = Stream::of(answer);
    let first = stream.until("an empty desk", |name, _| name == "desk").await;
    assert_eq!(first, json!({ "agent": "paal", "sessions": [] }));

    let (session, agent) = call(&node, "shop", "paal").await;
    let (others, _) = call(&node, "shop", "kari").await;
    let seen = stream.until("the call, recording", |_, desk| desk["sessions"][0]["state"] == "recording").await;
    assert_eq!(seen["sessions"].as_array().expect("a list").len(), 1, "{seen}");
    let you = &stream.until("both are in", |_, desk| desk["sessions"][0]["participants"].as_array().is_some_and(|p| p.len() == 2)).await["sessions"]
        [0]["you"];
    assert_eq!(you["id"], agent.as_str());
    let commands = &you["controls"]["commands"];
    for (command, reason) in
        [("start", "not_permitted"), ("resume", "already"), ("censor_on", "not_permitted"), ("customer_off", "already")]
    {
        assert_eq!(commands[command], json!({ "allowed": false, "reason": reason }), "{command}");
    }
    for command in ["pause", "stop", "customer_on", "receipt_start"] {
        assert_eq!(commands[command], json!({ "allowed": true }), "{command}");
    }

    // The agent speaks for themselves, without saying who they are.
    let commands = format!("/v1/sessions/{session}/commands");
    let speak = async |body: Value| {
        json_of(node.bare(Method::POST, &commands).bearer_auth(&token).json(&body).send().await.expect("answered")).await
    };
    assert_eq!(speak(json!({ "do": "pause" })).await, (200, json!({ "state": "paused" })));
    let paused = stream.until("the pause", |_, desk| desk["sessions"][0]["state"] == "paused").await;
    assert_eq!(paused["sessions"][0]["you"]["controls"]["paused"], true);
    let (status, refused) = speak(json!({ "do": "censor_on" })).await;
    assert_eq!((status, refused["reason"].as_str()), (409, Some("not_permitted")));
    let (status, refused) = speak(json!({ "do": "resume", "by": agent })).await;
    assert_eq!((status, refused["reason"].as_str()), (403, Some("by_not_allowed")));

    // Not in other agents' calls, not in what is the administrator's.
    for (method, path, reason) in [
        (Method::GET, format!("/v1/sessions/{others}"), "not_your_session"),
        (Method::GET, format!("/v1/sessions/{others}/watch"), "not_your_session"),
        (Method::POST, format!("/v1/sessions/{others}/leave"), "not_your_session"),
        (Method::POST, format!("/v1/sessions/{session}/end"), "not_host"),
        (Method::GET, "/v1/sessions".to_owned(), "not_for_desks"),
        (Method::GET, "/v1/events".to_owned(), "not_for_desks"),
        (Method::GET, "/v1/agents".to_owned(), "not_for_desks"),
        (Method::POST, "/v1/agents/paal/desk".to_owned(), "not_for_desks"),
    ] {
        let (status, problem) = json_of(node.bare(method.clone(), &path).bearer_auth(&token).send().await.expect("answered")).await;
        assert_eq!((status, problem["reason"].as_str()), (403, Some(reason)), "{method} {path}");
    }

    assert_eq!(node.request(Method::POST, &format!("/v1/sessions/{session}/end")).send().await.expect("answered").status(), 204);
    stream.until("an empty desk again", |_, desk| desk["sessions"] == json!([])).await;
}

#[tokio::test]
async fn a_desk_that_is_closed_or_over_is_nobodys() {
    let node = with_agents().await;
    let open = async |token: &str| node.bare(Method::GET, "/v1/desk").bearer_auth(token).send().await.expect("answered");

    let (short, _) = desk(&node, "paal", json!({ "expires_in_s": 1 })).await;
    assert_eq!(Stream::of(open(&short).await).last().await, "expired", "an open stream ends with its token");
    assert_eq!(open(&short).await.status(), 401);

    let (closed, _) = desk(&node, "paal", json!({})).await;
    let mut stream = Stream::of(open(&closed).await);
    assert_eq!(node.request(Method::DELETE, "/v1/agents/paal/desk").send().await.expect("answered").status(), 204);
    assert_eq!(stream.last().await, "expired");
    assert_eq!(open(&closed).await.status(), 401);

    let (orphaned, _) = desk(&node, "paal", json!({})).await;
    assert_eq!(node.request(Method::DELETE, "/v1/agents/paal").send().await.expect("answered").status(), 204);
    assert_eq!(open(&orphaned).await.status(), 401, "an agent who is gone has no desk");

    for (path, body, status, what) in [
        ("/v1/agents/nobody/desk", json!({}), 404, "no agent"),
        ("/v1/agents/kari/desk", json!({ "expires_in_s": 0 }), 422, "expires_in_s"),
        ("/v1/agents/kari/desk", json!({ "expires_in_s": 90_000 }), 422, "expires_in_s"),
        ("/v1/agents/kari/desk", json!({ "expires": 5 }), 422, "expires"),
        ("/v1/agents/kari/desk", json!({ "expires_in_s": "5" }), 422, "expires_in_s"),
    ] {
        let (got, problem) = node.post(path, body.clone()).await;
        assert_eq!(got, status, "{body}: {problem}");
        assert!(problem["detail"].as_str().expect("text").contains(what), "{problem}");
    }
    let bare = node.request(Method::POST, "/v1/agents/kari/desk").send().await.expect("answered");
    assert_eq!(bare.status(), 201, "a body is not needed");
}
