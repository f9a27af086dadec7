use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::away;
use crate::started::{Started, json_of};

async fn post(node: &Started, path: &str, key: &str, body: Value) -> (u16, bool, Value) {
    let answer = node.request(Method::POST, path).header("Idempotency-Key", key).json(&body).send().await.expect("answered");
    let replayed = answer.headers().contains_key("idempotency-replayed");
    let (status, body) = json_of(answer).await;
    (status, replayed, body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_request_with_the_same_key_makes_one_thing_and_is_answered_as_before() {
    let node = Started::new().await;
    let body = json!({ "project": "default" });
    let (status, replayed, first) = post(&node, "/v1/sessions", "\"k-1\"", body.clone()).await;
    assert_eq!((status, replayed), (201, false), "{first}");
    for key in ["k-1", "\"k-1\""] {
        assert_eq!(post(&node, "/v1/sessions", key, body.clone()).await, (201, true, first.clone()));
    }
    assert_eq!(node.get("/v1/sessions").await["items"].as_array().map(Vec::len), Some(1), "one session");
    let (status, _, second) = post(&node, "/v1/sessions", "k-2", body.clone()).await;
    assert!(status == 201 && second["id"] != first["id"], "another key is another session");

    let (status, _, problem) = post(&node, "/v1/sessions", "k-1", json!({ "project": "default", "external_id": "7" })).await;
    assert_eq!((status, problem["reason"].as_str()), (422, Some("idempotency_key_reused")), "{problem}");
    let (status, _, problem) = post(&node, "/v1/projects", "k-1", json!({ "slug": "p" })).await;
    assert_eq!((status, problem["reason"].as_str()), (422, Some("idempotency_key_reused")), "{problem}");
    let (status, _, problem) = post(&node, "/v1/sessions", "\"\"", body).await;
    assert_eq!((status, problem["reason"].as_str()), (400, Some("bad_idempotency_key")), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_with_one_key_make_one_thing() {
    let node = Started::new().await;
    let asked: Vec<_> = (0..12).map(|_| post(&node, "/v1/projects", "same", json!({ "slug": "once" }))).collect();
    let answers = futures::future::join_all(asked).await;
    assert_eq!(answers.iter().filter(|(status, replayed, _)| *status == 201 && !replayed).count(), 1);
    for (status, replayed, body) in &answers {
        let in_flight = *status == 409 && body["reason"] == "idempotency_in_flight";
        assert!(*status == 201 && (*replayed || body["slug"] == "once") || in_flight, "{status} {body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_answered_again_and_what_may_be_otherwise_next_time_is_not_kept() {
    let node = Started::new().await;
    let bad = json!({ "slug": "p", "settings": { "record_mode": "all" } });
    let first = post(&node, "/v1/projects", "bad", bad.clone()).await;
    assert_eq!((first.0, first.1), (422, false));
    assert_eq!(post(&node, "/v1/projects", "bad", bad).await, (422, true, first.2));
    let taken = json!({ "slug": "default" });
    for _ in 0..2 {
        let (status, replayed, problem) = post(&node, "/v1/projects", "taken", taken.clone()).await;
        assert_eq!((status, replayed, problem["reason"].as_str()), (409, false, Some("exists")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_in_a_kept_answer_is_not_to_be_read_in_the_catalogue() {
    let node = Started::with(|config| config.webhooks.allow_private = true).await;
    let body = json!({ "url": "http://127.0.0.1:9/hook", "kinds": ["recording.ready"] });
    let (status, _, made) = post(&node, "/v1/webhooks", "hook-1", body.clone()).await;
    assert_eq!(status, 201, "{made}");
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let id = made["id"].as_str().expect("an id").to_owned();
    // Where the webhook's own row is gone, the secret stands nowhere in clear.
    assert_eq!(node.send(Method::DELETE, &format!("/v1/webhooks/{id}"), json!({})).await.0, 204);
    let (status, replayed, again) = post(&node, "/v1/webhooks", "hook-1", body).await;
    assert_eq!((status, replayed, again["secret"].as_str()), (201, true, Some(secret.as_str())));
    let kept = crate::tables::that_say(&crate::catalogues::url_in(node.dir.path()), &secret).await;
    assert_eq!(kept, Vec::<String>::new());
    let openapi = node.get("/openapi.json").await;
    let parameters = openapi["paths"]["/v1/webhooks"]["post"]["parameters"].as_array().cloned().unwrap_or_default();
    assert!(parameters.iter().any(|p| p["name"] == "Idempotency-Key" && p["in"] == "header" && p["required"] == false), "{parameters:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_narrows_a_recording_does_not_wait_for_the_catalogue_and_what_makes_something_does() {
    let node = Started::new().await;
    let (session, host, guest) = node.room(json!({ "slug": "meet", "kind": "room" })).await;
    let commands = format!("/v1/sessions/{session}/commands");
    let (status, answer) = node.post(&commands, json!({ "do": "start", "by": host["id"] })).await;
    assert_eq!(status, 200, "{answer}");
    away::table(&node, "answers", async {
        let (status, _, answer) = post(&node, &commands, "pause-1", json!({ "do": "pause", "by": host["id"] })).await;
        assert_eq!((status, answer["state"].as_str()), (200, Some("paused")), "{answer}");
        let leave = format!("/v1/sessions/{session}/leave");
        assert_eq!(post(&node, &leave, "leave-1", json!({ "by": guest["id"] })).await.0, 204);
        let (status, _, problem) = post(&node, "/v1/projects", "made-1", json!({ "slug": "made" })).await;
        assert_eq!((status, problem["reason"].as_str()), (503, Some("catalogue_away")), "{problem}");
        assert_eq!(post(&node, &format!("/v1/sessions/{session}/end"), "end-1", json!({})).await.0, 204);
    })
    .await;
    let (status, replayed, made) = post(&node, "/v1/projects", "made-1", json!({ "slug": "made" })).await;
    assert_eq!((status, replayed), (201, false), "{made}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_the_catalogue_does_not_take_at_once_is_kept_once_it_does() {
    let node = Started::new().await;
    away::changes(&node, "answers", async {
        let (status, _, made) = post(&node, "/v1/projects", "made-1", json!({ "slug": "made" })).await;
        assert_eq!(status, 201, "{made}");
        let (status, _, problem) = post(&node, "/v1/projects", "made-1", json!({ "slug": "made" })).await;
        assert_eq!((status, problem["reason"].as_str()), (409, Some("idempotency_in_flight")), "{problem}");
    })
    .await;
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let (status, replayed, answer) = post(&node, "/v1/projects", "made-1", json!({ "slug": "made" })).await;
        if replayed {
            assert_eq!(status, 201, "{answer}");
            return;
        }
        assert_eq!(answer["reason"], "idempotency_in_flight");
        assert!(Instant::now() < deadline, "the key stays blocked");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
