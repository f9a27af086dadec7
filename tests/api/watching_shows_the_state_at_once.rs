use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::started::{Started, json_of};
use crate::stream::Stream;

async fn watch(node: &Started, session: &str, body: Value) -> String {
    let (status, made) = node.post(&format!("/v1/sessions/{session}/watch"), body).await;
    assert_eq!(status, 201, "{made}");
    assert!(made["script_url"].as_str().expect("a script").ends_with("/embed/indicator.js"));
    made["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn a_watcher_sees_states_and_nothing_else() {
    let node = Started::new().await;
    let (session, host, guest) = node.room(json!({ "slug": "meet", "kind": "room" })).await;
    let token = watch(&node, &session, json!({})).await;
    let path = format!("/v1/sessions/{session}/watch");
    let mut stream = Stream::of(node.bare(Method::GET, &path).bearer_auth(&token).send().await.expect("answered"));
    let first = stream.until("the state as it is", |name, _| name == "session").await;
    let fields: std::collections::BTreeSet<&str> = first.as_object().expect("fields").keys().map(String::as_str).collect();
    assert_eq!(fields.into_iter().collect::<Vec<_>>(), ["id", "kind", "live", "state", "state_since"], "no names, no gates: {first}");
    assert_eq!(first["state"], "idle");
    for (what, state) in [("start", "recording"), ("pause", "paused"), ("resume", "recording"), ("censor_on", "censored")] {
        let asked = Instant::now();
        let answer = node.post(&format!("/v1/sessions/{session}/commands"), json!({ "do": what, "by": host["id"] })).await;
        assert_eq!(answer, (200, json!({ "state": state })));
        stream.until(state, |_, seen| seen["state"] == state).await;
        // The figure is for a quiet machine; a loaded one gets ten times as long here.
        assert!(asked.elapsed() < Duration::from_secs(2), "{what}: {:?}", asked.elapsed());
    }
    for (method, path) in [
        (Method::GET, format!("/v1/sessions/{session}")),
        (Method::GET, format!("/v1/sessions/{session}/controls")),
        (Method::GET, format!("/v1/events?session={session}")),
        (Method::GET, format!("/parts/lane/{session}")),
        (Method::GET, "/v1/states".to_owned()),
        (Method::POST, format!("/v1/sessions/{session}/watch")),
        (Method::POST, format!("/v1/sessions/{session}/leave")),
        (Method::POST, format!("/v1/sessions/{session}/end")),
    ] {
        let (status, problem) = json_of(node.bare(method.clone(), &path).bearer_auth(&token).send().await.expect("answered")).await;
        assert_eq!((status, problem["reason"].as_str()), (403, Some("watch_only")), "{method} {path}");
    }
    let other = node.post("/v1/sessions", json!({ "project": "meet" })).await.1["id"].as_str().expect("an id").to_owned();
    let stranger = node.bare(Method::GET, &format!("/v1/sessions/{other}/watch")).bearer_auth(&token).send().await.expect("answered");
    assert_eq!(stranger.status(), 403);

    // A guest sees their session with names and what they could command; the host may end it.
    let mut theirs =
        Stream::of(node.bare(Method::GET, &path).bearer_auth(guest["token"].as_str().expect("a token")).send().await.expect("answered"));
    let seen = theirs.until("the session", |_, _| true).await;
    assert_eq!(seen["you"]["controls"]["commands"]["stop"], json!({ "allowed": false, "reason": "no_such_participant" }));
    let end = format!("/v1/sessions/{session}/end");
    let by = async |who: &Value| {
        node.bare(Method::POST, &end).bearer_auth(who["token"].as_str().expect("a token")).send().await.expect("answered").status()
    };
    assert_eq!(by(&guest).await, 403);
    assert_eq!(by(&host).await, 204);
    assert_eq!(stream.last().await, "over");
    assert_eq!(theirs.last().await, "over");
    let (status, problem) = json_of(node.bare(Method::GET, &path).bearer_auth(&token).send().await.expect("answered")).await;
    assert_eq!((status, problem["reason"].as_str()), (409, Some("ended")));
    assert_eq!(node.post(&path, json!({})).await.0, 409);
}

#[tokio::test]
async fn pages_of_other_origins_may_read_the_stream_and_nothing_else() {
    let node = Started::new().await;
    let (session, ..) = node.room(json!({ "slug": "meet", "kind": "room" })).await;
    let path = format!("/v1/sessions/{session}/watch");
    let from = |method: Method, path: &str| node.bare(method, path).header("origin", "https://app.example");
    let preflight = from(Method::OPTIONS, &path).header("access-control-request-headers", "authorization").send().await.expect("answered");
    assert_eq!(preflight.status(), 204);
    assert_eq!(preflight.headers()["access-control-allow-methods"], "GET");
    assert!(preflight.headers()["access-control-allow-headers"].to_str().expect("text").contains("authorization"));

    let any = watch(&node, &session, json!({})).await;
    let answer = from(Method::GET, &path).bearer_auth(&any).send().await.expect("answered");
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert!(answer.headers().get("access-control-allow-credentials").is_none());
    let bound = watch(&node, &session, json!({ "origin": "https://Other.example" })).await;
    let answer = from(Method::GET, &path).bearer_auth(&bound).send().await.expect("answered");
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://other.example", "the browser keeps it from other pages");
    let refused = from(Method::GET, &path).bearer_auth("wrong").send().await.expect("answered");
    assert_eq!((refused.status().as_u16(), refused.headers()["access-control-allow-origin"].to_str().expect("text")), (401, "*"));
    for path in [format!("/v1/sessions/{session}"), "/v1/events".to_owned(), "/".to_owned()] {
        let answer = from(Method::GET, &path).bearer_auth(&node.key).send().await.expect("answered");
        assert!(answer.headers().get("access-control-allow-origin").is_none(), "{path}");
    }
    for (body, what) in [
        (json!({ "origin": "app.example" }), "origin"),
        (json!({ "origin": "https://app.example/page" }), "origin"),
        (json!({ "origins": "https://app.example" }), "origins"),
        (json!({ "expires_in_s": -1 }), "expires_in_s"),
    ] {
        let (status, problem) = node.post(&path, body.clone()).await;
        assert_eq!(status, 422, "{body}");
        assert!(problem["detail"].as_str().expect("text").contains(what), "{problem}");
    }
    assert_eq!(node.post("/v1/sessions/nothing/watch", json!({})).await.0, 404);
}

#[tokio::test]
async fn controls_are_told_for_whoever_is_asked_about() {
    let node = Started::new().await;
    let project = json!({ "slug": "meet", "kind": "room", "settings": { "consent": "per_party" } });
    let (session, host, guest) = node.room(project).await;
    let path = format!("/v1/sessions/{session}/controls");
    let (status, problem) = json_of(node.request(Method::GET, &path).send().await.expect("answered")).await;
    assert_eq!(status, 422);
    assert!(problem["detail"].as_str().expect("text").starts_with("by:"), "{problem}");
    let of = async |who: &Value| node.get(&format!("{path}?by={}", who["id"].as_str().expect("an id"))).await;
    assert_eq!(of(&host).await["commands"]["start"], json!({ "allowed": false, "reason": "no_such_participant" }), "invited, not in");
    for (what, said) in [("consent_grant", "granted"), ("consent_withdraw", "withdrawn"), ("consent_decline", "declined")] {
        assert_eq!(of(&guest).await["commands"][what]["allowed"].as_bool(), Some(said != "granted"), "{what}");
        let token = guest["token"].as_str().expect("a token");
        let request = node.bare(Method::POST, &format!("/v1/sessions/{session}/commands")).bearer_auth(token);
        assert_eq!(request.json(&json!({ "do": what })).send().await.expect("answered").status(), 200);
        assert_eq!(of(&guest).await["said"], said);
    }
    assert_eq!(of(&guest).await["commands"]["consent_grant"], json!({ "allowed": false, "reason": "not_permitted" }));
    let leave = format!("/v1/sessions/{session}/leave");
    let mut watch = Stream::of(node.request(Method::GET, &format!("/v1/sessions/{session}/watch")).send().await.expect("answered"));
    let is_in = |seen: &Value| {
        seen["participants"].as_array().is_some_and(|all| all.iter().any(|p| p["id"] == guest["id"] && p["present"] == true))
    };
    watch.until("the guest is in", |_, seen| is_in(seen)).await;
    let left = node.bare(Method::POST, &leave).bearer_auth(guest["token"].as_str().expect("a token")).send().await.expect("answered");
    assert_eq!(left.status(), 204);
    watch.until("the guest is out", |_, seen| !is_in(seen)).await;
    assert_eq!(node.post(&leave, json!({})).await.0, 422, "a key has to say who leaves");
    let arrive = format!("/v1/sessions/{session}/arrive");
    let token = guest["token"].as_str().expect("a token");
    let came = node.bare(Method::POST, &arrive).bearer_auth(token).send().await.expect("answered");
    assert_eq!(came.status(), 204, "who has no camera comes all the same");
    watch.until("the guest is back", |_, seen| is_in(seen)).await;
    let (status, problem) = node.post(&arrive, json!({ "by": "nobody" })).await;
    assert_eq!((status, problem["reason"].as_str()), (409, Some("no_such_participant")));
    assert_eq!(node.post(&arrive, json!({ "by": host["id"], "as": "agent" })).await.0, 422);
    assert_eq!(node.post("/v1/sessions/nothing/arrive", json!({ "by": "a1" })).await.0, 404);

    let words = format!("/v1/sessions/{session}/consent-text");
    assert_eq!(node.get(&words).await, json!({ "text_version": "ferric-1", "language": "en" }), "the node's own");
    let put = json!({ "language": "nb", "text": "Vi tar opp samtalen." });
    let (status, kept) = node.send(Method::PUT, "/v1/projects/meet/consent-text", put).await;
    assert_eq!(status, 200, "{kept}");
    let read = node.bare(Method::GET, &words).bearer_auth(token).send().await.expect("answered");
    let told: Value = read.json().await.expect("JSON");
    assert_eq!((told["text"].as_str(), told["language"].as_str()), (Some("Vi tar opp samtalen."), Some("nb")));
    assert_eq!(told["text_version"], kept["version"].to_string());
    assert_eq!(node.post(&leave, json!({ "by": host["id"] })).await.0, 204, "who is not in has left already");
}
