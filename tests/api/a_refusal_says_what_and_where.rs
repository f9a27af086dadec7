use reqwest::Method;
use serde_json::json;

use crate::started::{Started, json_of};

#[tokio::test]
async fn a_body_that_does_not_fit_is_refused_by_its_field() {
    let node = Started::new().await;
    for (path, body, place) in [
        (
            "/v1/projects",
            json!({ "slug": "a", "settings": { "record_mode": "everybody" } }),
            "settings.record_mode: unknown variant `everybody`",
        ),
        ("/v1/projects", json!({ "slug": "a", "settings": { "recordmode": "both" } }), "recordmode"),
        ("/v1/projects", json!({ "slug": "a", "settings": { "max_duration_s": 0 } }), "settings.max_duration_s:"),
        ("/v1/projects", json!({ "slug": "../a" }), "slug:"),
        ("/v1/projects", json!({ "kind": "call" }), "missing field `slug`"),
        ("/v1/agents", json!({ "name": "a", "properties": { "forced": "yes" } }), "properties.forced:"),
        ("/v1/queues", json!({ "name": "" }), "name:"),
        ("/v1/sessions", json!({ "project": "default", "kind": "fax" }), "kind: unknown variant `fax`"),
        ("/v1/sessions", json!({ "project": "nowhere", "kind": "call" }), "project: there is no project `nowhere`"),
        ("/v1/sessions", json!({ "project": "default", "kind": "call", "metadata": { "a": 1 } }), "metadata.a:"),
        ("/v1/sessions", json!({ "project": "default", "external_id": "7\u{0}" }), "external_id:"),
        ("/v1/sessions", json!({ "project": "default", "metadata": { "caller": "+47\u{0}" } }), "metadata.caller:"),
        ("/v1/sessions", json!({ "project": "default", "metadata": { "call\u{1b}er": "+47" } }), "metadata.caller:"),
    ] {
        let (status, problem) = node.post(path, body.clone()).await;
        assert_eq!(status, 422, "{body}: {problem}");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains(place), "{body}: {detail}");
    }
}

#[tokio::test]
async fn what_is_no_json_too_much_or_of_another_type_is_told_apart() {
    let node = Started::new().await;
    let send = |content_type: &'static str, body: String| {
        node.request(Method::POST, "/v1/projects").header("content-type", content_type).body(body).send()
    };
    for (content_type, body, status, reason) in [
        ("application/json", "{".to_owned(), 400, "bad_json"),
        ("text/plain", "{}".to_owned(), 415, "not_json"),
        ("application/json", format!("{{\"slug\":\"{}\"}}", "a".repeat(70_000)), 413, "too_large"),
    ] {
        let (got, problem) = json_of(send(content_type, body).await.expect("answered")).await;
        assert_eq!((got, problem["reason"].as_str()), (status, Some(reason)), "{problem}");
    }
}

#[tokio::test]
async fn a_query_is_checked_too() {
    let node = Started::new().await;
    for (query, what) in
        [("limit=0", "limit"), ("limit=x", "limit"), ("state=lost", "lost"), ("from=yesterday", "from"), ("colour=red", "colour")]
    {
        let (status, problem) =
            json_of(node.request(Method::GET, &format!("/v1/recordings?{query}")).send().await.expect("answered")).await;
        assert_eq!(status, 400, "{query}");
        assert!(problem["detail"].as_str().is_some_and(|d| d.contains(what)), "{query}: {problem}");
    }
}

#[tokio::test]
async fn joining_elsewhere_is_not_there_yet_and_says_so() {
    let node = Started::new().await;
    let (status, problem) = node.post("/v1/sessions/x1/join", json!({ "whep": "https://rooms.example/1" })).await;
    assert_eq!((status, problem["reason"].as_str()), (501, Some("not_implemented")));
    assert_eq!(node.post("/v1/sessions/x1/join", json!({ "zoom": "1" })).await.0, 422);
    let described = node.get("/openapi.json").await;
    assert!(described["paths"]["/v1/sessions/{id}/join"]["post"]["responses"]["501"].is_object());
}
