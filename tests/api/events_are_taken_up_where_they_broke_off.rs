use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::away;
use crate::started::Started;
use crate::stream::Stream;

/// Reads events until one of a kind came; answers all of them as `(id, event)`.
async fn until(answer: reqwest::Response, kind: &str) -> Vec<(String, Value)> {
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut answer = answer;
    let mut text = String::new();
    let mut events = Vec::new();
    let read = async {
        loop {
            while let Some((block, rest)) = text.split_once("\n\n").map(|(b, r)| (b.to_owned(), r.to_owned())) {
                text = rest;
                let field = |name: &str| block.lines().find_map(|l| l.strip_prefix(name)).map(|v| v.trim().to_owned());
                let Some(data) = field("data:") else { continue };
                let event: Value = serde_json::from_str(&data).expect("JSON");
                assert_eq!(field("event:").as_deref(), event["event"].as_str());
                let is_last = event["event"] == kind;
                events.push((field("id:").expect("an id"), event));
                if is_last {
                    return;
                }
            }
            let part = answer.chunk().await.expect("read").expect("the stream goes on");
            text.push_str(std::str::from_utf8(&part).expect("UTF-8"));
        }
    };
    tokio::time::timeout(Duration::from_secs(20), read).await.unwrap_or_else(|_| panic!("no {kind} came"));
    events
}

#[tokio::test]
async fn a_reader_that_comes_back_misses_nothing_and_gets_nothing_twice() {
    let node = Started::new().await;
    let (session, host, _) = node.room(json!({ "slug": "meet", "kind": "room" })).await;
    let stream = |since: Option<&str>, last: Option<String>| {
        let mut request =
            node.request(Method::GET, &format!("/v1/events?session={session}{}", since.map(|s| format!("&since={s}")).unwrap_or_default()));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        request.send()
    };
    let command = async |what: &str| {
        let (status, answer) = node.post(&format!("/v1/sessions/{session}/commands"), json!({ "do": what, "by": host["id"] })).await;
        assert_eq!(status, 200, "{answer}");
    };
    let live = stream(Some("0"), None).await.expect("answered");
    command("start").await;
    let first = until(live, "recording.started").await;
    assert!(first.iter().any(|(_, e)| e["event"] == "session.opened"), "{first:?}");

    command("pause").await;
    command("resume").await;
    assert_eq!(node.post(&format!("/v1/sessions/{session}/end"), json!({})).await.0, 204);
    // `Last-Event-ID` stands over `since`.
    let last = first.last().expect("some").0.clone();
    let second = until(stream(Some("0"), Some(last)).await.expect("answered"), "session.ended").await;
    let all = until(stream(Some("0"), None).await.expect("answered"), "session.ended").await;
    let glued: Vec<&String> = first.iter().chain(&second).map(|(id, _)| id).collect();
    assert_eq!(glued, all.iter().map(|(id, _)| id).collect::<Vec<_>>());
    let states: Vec<&str> = all.iter().filter(|(_, e)| e["event"] == "state").filter_map(|(_, e)| e["data"]["state"].as_str()).collect();
    assert!(states.windows(3).any(|w| w == ["recording", "paused", "recording"]), "{states:?}");
}

#[tokio::test]
async fn a_guest_reads_its_own_session_without_the_platforms_ids() {
    let node = Started::new().await;
    let (_, opened) = node.post("/v1/sessions", json!({ "project": "default", "kind": "room", "external_id": "ticket-7" })).await;
    let session = opened["id"].as_str().expect("an id");
    let (_, guest) = node.post(&format!("/v1/sessions/{session}/participants"), json!({ "role": "customer" })).await;
    let request = node.bare(Method::GET, "/v1/events?since=0").bearer_auth(guest["token"].as_str().expect("a token"));
    let events = until(request.send().await.expect("answered"), "session.opened").await;
    assert!(events.iter().all(|(_, e)| e["session"] == session));
    assert!(!format!("{events:?}").contains("ticket-7"));
}

#[tokio::test]
async fn a_bad_place_to_go_on_from_is_refused() {
    let node = Started::new().await;
    let answer = node.request(Method::GET, "/v1/events").header("last-event-id", "yesterday").send().await.expect("answered");
    assert_eq!(answer.status(), 400);
    assert_eq!(node.request(Method::GET, "/v1/events?since=x").send().await.expect("answered").status(), 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_limited_to_projects_loses_nothing_while_it_cannot_be_read_whose_a_session_is() {
    let node = Started::new().await;
    let (session, _, _) = node.room(json!({ "slug": "meet", "kind": "room" })).await;
    let key = json!({ "name": "desk", "scopes": ["sessions"], "projects": ["meet"] });
    let (status, made) = node.post("/v1/keys", key).await;
    assert_eq!(status, 201, "{made}");
    let key = made["key"].as_str().expect("a key");
    let listen = |since: &str| node.bare(Method::GET, &format!("/v1/events?session={session}&since={since}")).bearer_auth(key).send();
    let (opened, _) = until(listen("0").await.expect("answered"), "session.opened").await.pop().expect("one");
    assert_eq!(node.post(&format!("/v1/sessions/{session}/end"), json!({})).await.0, 204);
    until(listen(&opened).await.expect("answered"), "session.ended").await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while node.get("/v1/sessions").await["items"] != json!([]) {
        assert!(Instant::now() < deadline, "it is over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The stream ends before the first event that it cannot place: a later one would take its number with it.
    let heard = away::table(&node, "sessions", async { Stream::of(listen(&opened).await.expect("answered")).last().await }).await;
    assert_eq!(heard, "");
    until(listen(&opened).await.expect("answered"), "session.ended").await;
}
