use reqwest::Method;
use serde_json::json;

use crate::started::Started;

#[tokio::test]
async fn a_project_is_made_changed_and_removed() {
    let node = Started::new().await;
    let project = json!({ "slug": "support", "kind": "call", "settings": { "record_mode": "agent_only_allow", "consent": "use_global" } });
    let (status, made) = node.post("/v1/projects", project.clone()).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(node.post("/v1/projects", project).await.1["reason"], "exists");
    assert_eq!(node.get("/v1/projects/support").await["settings"], json!({ "record_mode": "agent_only_allow" }));

    let (status, changed) =
        node.send(Method::PUT, "/v1/projects/support", json!({ "kind": "room", "settings": { "start_paused": true } })).await;
    assert_eq!(status, 200, "{changed}");
    let read = node.get("/v1/projects/support").await;
    assert_eq!((read["kind"].as_str(), &read["settings"]), (Some("room"), &json!({ "start_paused": true })));
    assert_eq!(node.send(Method::PUT, "/v1/projects/support", json!({ "slug": "other" })).await.0, 422);

    let slugs = |list: &serde_json::Value| {
        list["items"].as_array().expect("items").iter().filter_map(|p| p["slug"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert!(slugs(&node.get("/v1/projects").await).contains(&"support".to_owned()));
    assert_eq!(node.send(Method::DELETE, "/v1/projects/support", json!({})).await.0, 204);
    assert_eq!(node.request(Method::GET, "/v1/projects/support").send().await.expect("answered").status(), 404);
}

#[tokio::test]
async fn workspace_agents_and_queues_come_back_as_sent() {
    let node = Started::new().await;
    let workspace = json!({ "settings": { "consent": "per_party", "min_duration_s": 5 } });
    assert_eq!(node.send(Method::PUT, "/v1/workspace", workspace.clone()).await.0, 200);
    assert_eq!(node.get("/v1/workspace").await, workspace);

    let agent = json!({ "name": "paal", "addresses": ["sip:1001@pbx.example"], "properties": { "forced": true } });
    assert_eq!(node.post("/v1/agents", agent.clone()).await.0, 201);
    assert_eq!(node.post("/v1/agents", agent).await.0, 409);
    let read = node.get("/v1/agents/paal").await;
    assert_eq!(
        (&read["addresses"], &read["properties"]["forced"], &read["properties"]["censor_allowed"]),
        (&json!(["sip:1001@pbx.example"]), &json!(true), &json!(true))
    );

    assert_eq!(node.send(Method::PUT, "/v1/queues/sales", json!({ "properties": { "forced": true } })).await.0, 200);
    assert_eq!(node.get("/v1/queues").await["items"], json!([{ "name": "sales", "properties": { "forced": true } }]));
    assert_eq!(node.send(Method::DELETE, "/v1/queues/sales", json!({})).await.0, 204);
    assert_eq!(node.send(Method::DELETE, "/v1/queues/sales", json!({})).await.0, 404);
}
