use reqwest::Method;
use serde_json::json;

use crate::started::Started;

/// A signed-in browser: its cookie and its form token.
async fn signed_in(node: &Started) -> (String, String) {
    let answer = node.form("/sign-in", &node.http, &[("key", &node.key), ("next", "/settings")]).send().await.expect("answered");
    let cookie = answer.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
    let page = node.bare(Method::GET, "/settings").header("cookie", &cookie).send().await.expect("answered").text().await.expect("text");
    let token = page.split("data-csrf=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token").to_owned();
    (cookie, token)
}

#[tokio::test]
async fn every_page_reads_before_scripts_and_has_its_words() {
    let node = Started::new().await;
    for (path, body) in [
        ("/v1/projects/shop", json!({ "kind": "contact_center", "settings": { "record_mode": "receipts_forbid" } })),
        ("/v1/projects/rooms", json!({ "kind": "video", "settings": { "recording_enabled": false } })),
        ("/v1/agents/anna", json!({ "addresses": ["1001"], "properties": { "forced": true, "record_agent_if_denied": true } })),
        ("/v1/queues/sales", json!({ "properties": { "forced": true } })),
    ] {
        assert_eq!(node.send(Method::PUT, path, body).await.0, 200);
    }
    let stories = ["pause", "receipt", "switch", "third", "consent", "decline", "transfer", "room", "hosts"];
    let mut paths: Vec<String> =
        ["", "/projects", "/projects/shop", "/projects/rooms", "/new-project", "/agents", "/agents/anna", "/new-agent"]
            .into_iter()
            .chain(["/queues", "/queues/sales", "/new-queue", "/audit", "/audit?action=setting_change&subject=project:*"])
            .map(|rest| format!("/settings{rest}"))
            .collect();
    for slug in ["shop", "rooms", "default"] {
        paths.extend(stories.iter().map(|story| format!("/settings/projects/{slug}/would-record?story={story}&agent=anna")));
    }
    for path in paths {
        let answer = node.request(Method::GET, &path).send().await.expect("answered");
        assert_eq!(answer.status(), 200, "{path}");
        let page = answer.text().await.expect("text");
        assert!(!page.contains('⟨'), "{path} lacks a word: {}", page.split('⟨').nth(1).unwrap_or_default());
        assert!(!page.contains("style=\"") && !page.contains(" onclick"), "{path}: no inline style or script");
    }
}

#[tokio::test]
async fn a_form_is_taken_from_its_own_browser_only_and_its_changes_are_noted() {
    let node = Started::new().await;
    let (cookie, token) = signed_in(&node).await;
    let send = async |fields: &[(&str, &str)]| {
        let answer = node.form("/settings", &node.http, fields).header("cookie", &cookie).send().await.expect("answered");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    assert_eq!(send(&[("csrf", "forged"), ("trigger", "manual")]).await.0, 403);
    assert_eq!(node.get("/v1/workspace").await, json!({ "settings": {} }));
    let (status, page) = send(&[("csrf", &token), ("max_duration_s", "never")]).await;
    assert!(status == 422 && page.contains("id=\"e-max_duration_s\"") && page.contains("value=\"never\""), "{status}");
    assert_eq!(send(&[("csrf", &token), ("trigger", "manual"), ("start_paused", "true")]).await.0, 303);
    assert_eq!(node.get("/v1/workspace").await, json!({ "settings": { "trigger": "manual", "start_paused": true } }));
    let entry = node.get("/v1/audit?action=setting_change").await["items"][0].clone();
    assert_eq!((&entry["actor"], &entry["subject"], &entry["detail"]["via"]), (&json!("key:admin"), &json!("workspace"), &json!("page")));
    let (status, page) = send(&[("csrf", &token), ("etag", "old"), ("trigger", "prompt")]).await;
    assert!(status == 412 && page.contains("meanwhile"), "{status}");
    assert_eq!(node.get("/v1/workspace").await["settings"]["trigger"], "manual");
}

#[tokio::test]
async fn a_saved_page_tells_how_many_live_sessions_keep_the_old() {
    let node = Started::new().await;
    let (_, _, _) = node.room(json!({ "slug": "rooms", "kind": "room" })).await;
    let page = node.request(Method::GET, "/settings/projects/rooms?saved=1").send().await.expect("answered").text().await.expect("text");
    assert!(page.contains("1 live session keeps the old settings"), "it is told");
}
