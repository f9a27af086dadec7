use std::time::{Duration, Instant};

use ferric::archive::RecordingState;
use reqwest::Method;
use serde_json::{Value, json};

use crate::started::{Started, recording};

/// The newest entries first.
async fn entries(node: &Started, query: &str) -> Vec<Value> {
    node.get(&format!("/v1/audit?{query}")).await["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn a_sign_in_a_deletion_and_a_command_are_noted() {
    let node = Started::new().await;
    let signed_in = node.form("/sign-in", &node.http, &[("key", &node.key), ("next", "/")]).send().await.expect("answered");
    assert_eq!(signed_in.status(), 303);
    let all = entries(&node, "action=sign_in").await;
    assert_eq!((&all[0]["actor"], &all[0]["subject"]), (&json!("key:admin"), &json!("node")));

    let row = recording(RecordingState::Ready);
    node.node.catalogue.put_recording(&row).await.expect("kept");
    assert_eq!(node.send(Method::DELETE, &format!("/v1/recordings/{}", row.id), json!({})).await.0, 204);
    let all = entries(&node, "action=delete").await;
    assert_eq!((all.len(), &all[0]["subject"]), (1, &json!(format!("recording:{}", row.id))));

    let (session, host, _) = node.room(json!({ "slug": "rooms", "kind": "room" })).await;
    let token = host["token"].as_str().expect("a token");
    let command = |body: Value| node.bare(Method::POST, &format!("/v1/sessions/{session}/commands")).bearer_auth(token).json(&body).send();
    assert_eq!(command(json!({ "do": "start" })).await.expect("answered").status(), 200);
    assert_eq!(command(json!({ "do": "start" })).await.expect("answered").status(), 409);
    let deadline = Instant::now() + Duration::from_secs(20);
    let subject = format!("action=command&subject=session:{session}");
    while entries(&node, &subject).await.len() < 2 {
        assert!(Instant::now() < deadline, "both are noted soon");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut all = entries(&node, &subject).await;
    all.sort_by_key(|e| e["detail"]["refused"].is_string());
    assert_eq!(all[0]["actor"], json!(format!("participant:{}", host["id"].as_str().expect("an id"))));
    assert_eq!((&all[0]["detail"]["do"], &all[1]["detail"]["refused"]), (&json!("start"), &json!("already")));
    assert_eq!(node.node.catalogue.check_audit_chain().await.expect("followed").broken, None);
}

#[tokio::test]
async fn the_log_is_for_operators_and_pages_by_its_filters() {
    let node = Started::new().await;
    let (_, host, _) = node.room(json!({ "slug": "rooms", "kind": "room" })).await;
    let token = host["token"].as_str().expect("a token");
    let no = node.bare(Method::GET, "/v1/audit").bearer_auth(token).send().await.expect("answered");
    assert_eq!(no.status(), 403);
    for (query, says) in [
        ("action=dance", "dance"),
        ("limit=0", "limit:"),
        ("after=x", "after:"),
        ("from=yesterday", "from:"),
        ("who=me", "who"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to:"),
    ] {
        let answer = node.request(Method::GET, &format!("/v1/audit?{query}")).send().await.expect("answered");
        assert_eq!(answer.status(), 400, "{query}");
        let problem: Value = answer.json().await.expect("JSON");
        assert!(problem["detail"].as_str().expect("text").contains(says), "{query}: {problem}");
    }
}
