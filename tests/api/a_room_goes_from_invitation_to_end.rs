use reqwest::Method;
use serde_json::{Value, json};

use crate::started::{Started, json_of};

#[tokio::test]
async fn a_host_starts_and_a_guest_may_not_and_the_end_is_the_end() {
    let node = Started::new().await;
    let (session, host, guest) = node.room(json!({ "slug": "meet", "kind": "room" })).await;
    let token = host["token"].as_str().expect("a token");
    assert_eq!(host["whip_url"], format!("{}/whip/{session}/{}", node.http, host["id"].as_str().expect("an id")));
    assert_eq!(host["page_url"], format!("{}/room/{session}?as=host#{token}", node.http));

    let commands = format!("/v1/sessions/{session}/commands");
    let speak = async |who: &Value, body: Value| {
        let request = node.bare(Method::POST, &commands).bearer_auth(who["token"].as_str().expect("a token")).json(&body);
        json_of(request.send().await.expect("answered")).await
    };
    let (status, refused) = speak(&guest, json!({ "do": "start" })).await;
    assert_eq!((status, refused["reason"].as_str()), (409, Some("not_host")), "{refused}");
    let (status, refused) = speak(&guest, json!({ "do": "start", "by": host["id"] })).await;
    assert_eq!((status, refused["reason"].as_str()), (403, Some("by_not_allowed")));
    assert_eq!(speak(&host, json!({ "do": "start" })).await, (200, json!({ "state": "recording" })));
    let (status, refused) = speak(&host, json!({ "do": "start" })).await;
    assert_eq!((status, refused["reason"].as_str()), (409, Some("already")));

    // With a key somebody has to be named, and is spoken for.
    assert_eq!(node.post(&commands, json!({ "do": "pause" })).await.0, 422);
    assert_eq!(node.post(&commands, json!({ "do": "pause", "by": host["id"] })).await, (200, json!({ "state": "paused" })));

    let seen = node.get(&format!("/v1/sessions/{session}")).await;
    assert_eq!((seen["state"].as_str(), seen["live"].as_bool()), (Some("paused"), Some(true)));
    assert_eq!(seen["outputs"][0]["output"], "main");
    assert_eq!(seen["participants"].as_array().map(Vec::len), Some(2));
    let (status, own) =
        json_of(node.bare(Method::GET, &format!("/v1/sessions/{session}")).bearer_auth(token).send().await.expect("answered")).await;
    assert_eq!((status, &own["you"]["id"]), (200, &host["id"]));

    assert_eq!(node.post(&format!("/v1/sessions/{session}/end"), json!({})).await.0, 204);
    let (status, refused) = node.post(&commands, json!({ "do": "resume", "by": host["id"] })).await;
    assert_eq!((status, refused["reason"].as_str()), (409, Some("ended")), "{refused}");
    assert_eq!(speak(&host, json!({ "do": "resume" })).await.0, 401, "a token dies with its session");
    assert_eq!(node.get(&format!("/v1/sessions/{session}")).await["live"], false);
}

#[tokio::test]
async fn a_participant_reaches_nothing_but_its_own_session() {
    let node = Started::new().await;
    let (_, host, _) = node.room(json!({ "slug": "one", "kind": "room" })).await;
    let (other, ..) = node.room(json!({ "slug": "two", "kind": "room" })).await;
    let token = host["token"].as_str().expect("a token");
    for path in [
        format!("/v1/sessions/{other}"),
        format!("/v1/events?session={other}"),
        "/v1/recordings".into(),
        "/v1/projects".into(),
        "/metrics".into(),
        "/".into(),
    ] {
        let status = node.bare(Method::GET, &path).bearer_auth(token).send().await.expect("answered").status();
        assert_eq!(status, 403, "{path}");
    }
    let command = node.bare(Method::POST, &format!("/v1/sessions/{other}/commands")).bearer_auth(token).json(&json!({ "do": "start" }));
    assert_eq!(command.send().await.expect("answered").status(), 403);
}

#[tokio::test]
async fn addresses_follow_what_the_proxy_says() {
    let node = Started::new().await;
    let (session, ..) = node.room(json!({ "slug": "meet", "kind": "room" })).await;
    let request = node
        .request(Method::POST, &format!("/v1/sessions/{session}/participants"))
        .header("host", "rec.example")
        .header("x-forwarded-proto", "https")
        .json(&json!({ "role": "third_party" }));
    let (status, invitation) = json_of(request.send().await.expect("answered")).await;
    assert_eq!(status, 201);
    assert!(
        invitation["page_url"].as_str().is_some_and(|u| u.starts_with(&format!("https://rec.example/room/{session}?as=guest#"))),
        "{invitation}"
    );
}
