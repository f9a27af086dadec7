use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::away;
use crate::receiver::{Answer, Got, Receiver};
use crate::started::Started;

async fn node() -> Started {
    Started::with(|config| {
        config.webhooks.allow_private = true;
        config.webhooks.timeout_s = 2;
    })
    .await
}

async fn hook(node: &Started, receiver: &Receiver, kinds: Value) -> (String, String) {
    let (status, made) = node.post("/v1/webhooks", json!({ "url": receiver.url(), "kinds": kinds })).await;
    assert_eq!(status, 201, "{made}");
    (made["id"].as_str().expect("an id").to_owned(), made["secret"].as_str().expect("a secret").to_owned())
}

/// A room in which a host starts and the session ends.
async fn session(node: &Started, slug: &str) -> String {
    let (session, host, _) = node.room(json!({ "slug": slug, "kind": "room" })).await;
    let (status, answer) = node.post(&format!("/v1/sessions/{session}/commands"), json!({ "do": "start", "by": host["id"] })).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(node.post(&format!("/v1/sessions/{session}/end"), json!({})).await.0, 204);
    session
}

/// What a listener hears of a session, to its end.
async fn heard(node: &Started, session: &str) -> String {
    let mut stream = node.request(Method::GET, &format!("/v1/events?session={session}&since=0")).send().await.expect("answered");
    let mut heard = String::new();
    while !heard.contains("event: session.ended") || !heard.ends_with("\n\n") {
        heard.push_str(std::str::from_utf8(&stream.chunk().await.expect("read").expect("goes on")).expect("UTF-8"));
    }
    heard
}

/// Waits until what is said of a webhook's deliveries is enough.
async fn deliveries(node: &Started, id: &str, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        let page = node.get(&format!("/v1/webhooks/{id}/deliveries?limit=200")).await;
        let items = page["items"].as_array().expect("items").clone();
        if enough(&items) {
            return items;
        }
        assert!(Instant::now() < deadline, "{items:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn taken(got: &[Got]) -> Vec<&Got> {
    got.iter().filter(|g| g.answered == 200).collect()
}

fn has(got: &[Got], kind: &str) -> bool {
    taken(got).iter().any(|g| g.event()["event"] == kind)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_come_signed_in_order_and_again_after_a_failure() {
    let (node, receiver) = (node().await, Receiver::start().await);
    receiver.answer([Answer::Status(500), Answer::Status(503)]);
    let (id, secret) = hook(&node, &receiver, json!(["session.opened", "state", "command", "session.ended"])).await;
    let shown = node.get(&format!("/v1/webhooks/{id}")).await;
    assert!(shown.get("secret").is_none(), "the secret is shown once");
    let session = session(&node, "meet").await;
    let got = receiver.until("session.ended", |got| has(got, "session.ended")).await;

    let order: Vec<i64> = taken(&got).iter().map(|g| g.event()["seq"].as_i64().expect("a number")).collect();
    assert!(order.windows(2).all(|two| two[0] < two[1]), "of one session in order, each once: {order:?}");
    let first = got[0].event();
    assert_eq!(first["event"], "session.opened");
    let tries: Vec<(&str, &str)> = got
        .iter()
        .filter(|g| g.event()["seq"] == first["seq"])
        .map(|g| (g.header("ferric-webhook-id"), g.header("ferric-webhook-attempt")))
        .collect();
    let its_id = got[0].header("ferric-webhook-id");
    assert_eq!(tries, [(its_id, "1"), (its_id, "2"), (its_id, "3")]);
    for g in &got {
        assert!(g.is_signed_with(&secret) && !g.is_signed_with("whsec_somebody_elses_secret"));
        assert_eq!(g.header("content-type"), "application/json");
        let event = g.event();
        assert_eq!(event["session"], session);
        assert!(["session.opened", "state", "command", "session.ended"].contains(&event["event"].as_str().expect("a kind")));
    }
    // The body is what a listener hears.
    let heard = heard(&node, &session).await;
    for g in taken(&got) {
        assert!(heard.contains(&format!("data: {}\n", g.body)), "{}", g.body);
    }
    let listed = deliveries(&node, &id, |items| items.iter().all(|d| d["state"] == "delivered")).await;
    assert_eq!(listed.len(), order.len());
    assert_eq!(listed.iter().find(|d| d["id"] == its_id).expect("listed")["attempts"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_hangs_holds_up_nobody() {
    let (node, dead, well) = (node().await, Receiver::start().await, Receiver::start().await);
    dead.always(Answer::Hang);
    let (dead_id, _) = hook(&node, &dead, json!([])).await;
    hook(&node, &well, json!(["session.opened", "session.ended"])).await;
    for n in 0..6 {
        let began = Instant::now();
        session(&node, &format!("meet-{n}")).await;
        assert!(began.elapsed() < Duration::from_secs(15), "calls go on: {:?}", began.elapsed());
    }
    well.until("every end", |got| got.iter().filter(|g| g.event()["event"] == "session.ended").count() == 6).await;
    let listed = deliveries(&node, &dead_id, |items| items.iter().any(|d| d["failure"].is_string())).await;
    let failed = listed.iter().find(|d| d["failure"].is_string()).expect("one");
    assert_eq!((failed["failure"].as_str(), failed["state"].as_str()), (Some("no answer within 2 s"), Some("waiting")));
    assert!(listed.iter().all(|d| d["state"] == "waiting"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_gone_is_left_alone_and_one_that_points_elsewhere_is_not_followed() {
    let (node, gone, elsewhere) = (node().await, Receiver::start().await, Receiver::start().await);
    gone.always(Answer::Status(410));
    elsewhere.always(Answer::Redirect);
    let (gone_id, _) = hook(&node, &gone, json!(["session.opened"])).await;
    let (elsewhere_id, _) = hook(&node, &elsewhere, json!(["session.opened"])).await;
    session(&node, "meet").await;
    let listed = deliveries(&node, &gone_id, |items| items.iter().any(|d| d["state"] == "dead")).await;
    assert_eq!((listed[0]["status"].as_u64(), listed[0]["attempts"].as_u64()), (Some(410), Some(1)));
    let deadline = Instant::now() + Duration::from_secs(20);
    while node.get(&format!("/v1/webhooks/{gone_id}")).await["active"] == true {
        assert!(Instant::now() < deadline, "it is switched off");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let noted = node.get("/v1/audit?actor=system").await;
    assert_eq!(noted["items"][0]["subject"], format!("webhook:{gone_id}"), "{noted}");
    assert_eq!(node.post(&format!("/v1/webhooks/{gone_id}/test"), json!({})).await.1["reason"], "inactive");

    let listed = deliveries(&node, &elsewhere_id, |items| items.iter().any(|d| d["status"] == 302)).await;
    assert_eq!(listed[0]["state"], "waiting");
    assert!(elsewhere.got().iter().all(|g| g.path == "/hook"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_can_be_sent_again_and_a_secret_replaced() {
    let (node, receiver) = (node().await, Receiver::start().await);
    let before = jiff::Timestamp::now();
    let earlier = session(&node, "earlier").await;
    // A webhook hears what is told after it was made, and an end is told after it was answered.
    heard(&node, &earlier).await;
    let (id, first_secret) = hook(&node, &receiver, json!(["session.ended"])).await;
    assert_eq!(node.post(&format!("/v1/webhooks/{id}/test"), json!({})).await.0, 202);
    let got = receiver.until("the trial", |got| got.len() == 1).await;
    assert_eq!((got[0].event()["event"].as_str(), got[0].is_signed_with(&first_secret)), (Some("webhook.test"), true));

    let body = json!({ "url": receiver.url(), "kinds": ["session.ended"], "rotate_secret": true });
    let (status, changed) = node.send(Method::PUT, &format!("/v1/webhooks/{id}"), body).await;
    assert_eq!(status, 200, "{changed}");
    let second_secret = changed["secret"].as_str().expect("shown").to_owned();
    assert!(changed["old_secret_until"].is_string() && second_secret != first_secret);

    let session = session(&node, "meet").await;
    let got = receiver.until("the end", |got| got.len() == 2).await;
    assert_eq!(got[1].event()["session"], session, "what was before it was made is not sent");
    assert!(got[1].is_signed_with(&first_secret) && got[1].is_signed_with(&second_secret), "both, for a day");

    let delivery = got[1].header("ferric-webhook-id").to_owned();
    deliveries(&node, &id, |items| items.iter().all(|d| d["state"] == "delivered")).await;
    let (status, again) = node.post(&format!("/v1/webhooks/{id}/deliveries/{delivery}/replay"), json!({})).await;
    assert_eq!(status, 202, "{again}");
    let got = receiver.until("it again", |got| got.len() == 3).await;
    assert_eq!((got[2].header("ferric-webhook-id"), &got[2].body), (delivery.as_str(), &got[1].body));

    deliveries(&node, &id, |items| items.iter().all(|d| d["state"] == "delivered")).await;
    let (status, queued) = node.post(&format!("/v1/webhooks/{id}/replay"), json!({ "since": before.to_string() })).await;
    assert_eq!((status, queued["queued"].as_u64()), (202, Some(2)), "{queued}");
    let got = receiver.until("the period", |got| got.len() == 5).await;
    let mut sessions: Vec<_> = got[3..].iter().map(|g| g.event()["session"].as_str().expect("one").to_owned()).collect();
    sessions.sort();
    let mut expected = [earlier, session];
    expected.sort();
    assert_eq!(sessions, expected);
}

#[tokio::test]
async fn a_webhook_that_cannot_be_is_refused_by_its_field() {
    let node = Started::new().await;
    let refused = async |body: Value| {
        let (status, problem) = node.post("/v1/webhooks", body).await;
        (status, problem["detail"].as_str().unwrap_or_default().to_owned())
    };
    for (body, detail) in [
        (json!({ "url": "http://127.0.0.1:1/" }), "url: leads to this machine"),
        (json!({ "url": "http://169.254.169.254/latest" }), "url: leads to this machine"),
        (json!({ "url": "gopher://a.example/" }), "url: begins with"),
        (json!({ "url": "https://a.example/", "kinds": ["states"] }), "kinds[0]: unknown variant `states`"),
        (json!({ "url": "https://a.example/", "projects": ["nowhere"] }), "projects: there is no project"),
        (json!({ "url": "https://a.example/", "secret": "short" }), "secret: has 24 to 256"),
        (json!({ "url": "https://a.example/", "sekret": "x" }), "sekret: unknown field"),
        (json!({}), "missing field `url`"),
    ] {
        let (status, said) = refused(body.clone()).await;
        assert_eq!(status, 422, "{body}: {said}");
        assert!(said.starts_with(detail), "{body}: {said}");
    }
    // What is away is not what is not there.
    let asked = node.post("/v1/webhooks", json!({ "url": "https://a.example/", "projects": ["default"] }));
    let (status, problem) = away::table(&node, "projects", asked).await;
    assert_eq!((status, problem["reason"].as_str()), (503, Some("catalogue_away")), "{problem}");
    assert_eq!(node.get("/v1/webhooks").await["items"], json!([]));
    assert_eq!(node.request(Method::GET, "/v1/webhooks/nothing/deliveries").send().await.expect("answered").status(), 404);
    let (_, made) = node.post("/v1/webhooks", json!({ "url": "https://a.example/", "kinds": ["state"] })).await;
    let path = format!("/v1/webhooks/{}", made["id"].as_str().expect("an id"));
    assert_eq!(node.request(Method::GET, &format!("{path}/deliveries?after=x")).send().await.expect("answered").status(), 422);
    assert_eq!(node.send(Method::POST, &format!("{path}/replay"), json!({ "since": "yesterday" })).await.0, 422);
    assert_eq!(node.send(Method::DELETE, &path, json!({})).await.0, 204);
    assert_eq!(node.send(Method::DELETE, &path, json!({})).await.0, 404);
    let noted = node.get("/v1/audit?subject=webhook:*").await;
    assert_eq!(noted["items"].as_array().map(Vec::len), Some(2), "{noted}");
    assert!(!noted.to_string().contains(made["secret"].as_str().expect("a secret")));
}
