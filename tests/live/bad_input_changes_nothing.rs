//! Bodies that make no sense, strangers, other people's tokens, tokens of what is over, and ten at once: answered by reason, and nothing changed.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::running_node::RunningNode;

struct House {
    node: RunningNode,
    key: String,
    client: Client,
    _folder: tempfile::TempDir,
}

/// Somebody's id, token and addresses.
type Invitation = Value;

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value:#}"))
}

impl House {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = RunningNode::start(&folder.path().join("data"));
        let key = std::fs::read_to_string(node.data.join("admin.key")).unwrap().trim().to_owned();
        Self { node, key, client: Client::new(), _folder: folder }
    }

    /// A room that records two who are in.
    async fn room(&self) -> (String, Invitation, Invitation) {
        let (status, opened) = self.node.post("/v1/sessions", json!({ "project": "default", "kind": "room" })).await;
        assert_eq!(status, 201, "{opened}");
        let session = text(&opened, "id").to_owned();
        let mut people = Vec::new();
        for (role, verb) in [("agent", "start"), ("customer", "consent_grant")] {
            let (status, invitation) = self.node.post(&format!("/v1/sessions/{session}/participants"), json!({ "role": role })).await;
            assert_eq!(status, 201, "{invitation}");
            assert_eq!(self.node.command(&session, text(&invitation, "id"), verb).await.0, 200);
            people.push(invitation);
        }
        let guest = people.pop().unwrap();
        (session, people.pop().unwrap(), guest)
    }

    /// Sends a body as it stands; answers status, type and reason.
    async fn send(&self, method: Method, path: &str, token: Option<&str>, content_type: &str, body: String) -> (u16, String, Value) {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.node.http) };
        let mut request = self.client.request(method, url).header("content-type", content_type).body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("answered");
        let content_type = answer.headers().get("content-type").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
        (answer.status().as_u16(), content_type, answer.json().await.unwrap_or_default())
    }

    async fn command(&self, session: &str, token: Option<&str>, body: &str) -> (u16, String) {
        let path = format!("/v1/sessions/{session}/commands");
        let (status, content_type, problem) = self.send(Method::POST, &path, token, "application/json", body.to_owned()).await;
        if status >= 400 {
            assert_eq!(content_type, "application/problem+json", "{body}: {problem}");
            assert!(problem["detail"].is_string() && problem["status"] == status, "{body}: {problem}");
        }
        (status, problem["reason"].as_str().unwrap_or_default().to_owned())
    }

    /// State, participants, gates and outputs.
    async fn view(&self, session: &str) -> Value {
        self.node.get(&format!("/v1/sessions/{session}")).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_makes_no_sense_is_refused_by_field() {
    let house = House::open();
    let (session, host, guest) = house.room().await;
    let before = house.view(&session).await;
    let (host, guest) = (text(&host, "id"), text(&guest, "id"));
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let long = "x".repeat(200);
    for (body, status) in [
        (String::new(), 400),
        ("{".to_owned(), 400),
        ("null".to_owned(), 422),
        ("[]".to_owned(), 422),
        ("\"stop\"".to_owned(), 422),
        (deep.clone(), 422),
        (format!("{{\"do\":{deep}}}"), 422),
        ("\u{feff}{\"do\":\"stop\"}".to_owned(), 400),
        (format!(r#"{{"do":"stop","by":"{host}"}} x"#), 400),
        (format!(r#"{{"by":"{host}"}}"#), 422),
        (r#"{"do":"stop"}"#.to_owned(), 422),
        (format!(r#"{{"do":"erase","by":"{host}"}}"#), 422),
        (format!(r#"{{"do":"STOP","by":"{host}"}}"#), 422),
        (format!(r#"{{"do":7,"by":"{host}"}}"#), 422),
        (format!(r#"{{"do":null,"by":"{host}"}}"#), 422),
        (format!(r#"{{"do":["stop"],"by":"{host}"}}"#), 422),
        (format!(r#"{{"do":{{"stop":null}},"by":"{host}"}}"#), 422),
        (r#"{"do":"stop","by":7}"#.to_owned(), 422),
        (r#"{"do":"stop","by":""}"#.to_owned(), 422),
        (r#"{"do":"stop","by":"../../admin.key"}"#.to_owned(), 422),
        (format!(r#"{{"do":"stop","by":"{host}","force":true}}"#), 422),
        (format!(r#"{{"do":"stop","do":"pause","by":"{host}"}}"#), 422),
        (format!(r#"{{"do":"stop","by":"{host}","by":"{guest}"}}"#), 422),
        (format!(r#"{{"do":"stop","by":"{host}","order":"O-1"}}"#), 422),
        (format!(r#"{{"do":"receipt_start","by":"{host}"}}"#), 422),
        (format!(r#"{{"do":"receipt_start","by":"{host}","order":7}}"#), 422),
        (format!(r#"{{"do":"receipt_start","by":"{host}","order":""}}"#), 422),
        (format!(r#"{{"do":"receipt_start","by":"{host}","order":"{long}"}}"#), 422),
        (format!(r#"{{"do":"stop","by":"{host}","x":"{}"}}"#, "y".repeat(70_000)), 413),
    ] {
        let (got, reason) = house.command(&session, Some(&house.key), &body).await;
        let shown: String = body.chars().take(80).collect();
        assert!(got == status && !reason.is_empty(), "{shown}: {got} {reason}");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let body = format!(r#"{{"do":"stop","by":"{host}"}}"#);
        let path = format!("/v1/sessions/{session}/commands");
        let (status, _, problem) = house.send(Method::POST, &path, Some(&house.key), content_type, body).await;
        assert_eq!((status, text(&problem, "reason")), (415, "not_json"));
    }
    // Well formed, and not allowed: by the policy's reasons.
    for (by, verb, reason) in [
        (guest, "stop", "not_host"),
        (guest, "censor_on", "not_host"),
        (host, "start", "already"),
        (host, "resume", "already"),
        (host, "receipt_stop", "no_such_receipt"),
        (host, "customer_off", "mode_forbids"),
        (host, "prompt_accept", "not_permitted"),
        ("nobody", "stop", "no_such_participant"),
    ] {
        let (status, answer) = house.node.command(&session, by, verb).await;
        assert_eq!((status, answer["reason"].as_str()), (409, Some(reason)), "{by} {verb}");
    }
    assert_eq!(house.view(&session).await, before, "nothing has changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_borrowed_tokens_command_nothing() {
    let house = House::open();
    let (session, host, guest) = house.room().await;
    let (other, other_host, _) = house.room().await;
    let (before, before_other) = (house.view(&session).await, house.view(&other).await);
    let stop = r#"{"do":"stop"}"#;
    let cut = &text(&host, "token")[1..];
    for token in [None, Some("nobody"), Some(""), Some(cut), Some("null")] {
        assert_eq!(house.command(&session, token, stop).await.0, 401, "{token:?}");
    }
    assert_eq!(house.command(&session, Some(text(&other_host, "token")), stop).await.0, 403, "a host of another room");
    assert_eq!(house.command(&session, Some(text(&guest, "token")), stop).await, (409, "not_host".into()));
    let as_host = format!(r#"{{"do":"stop","by":"{}"}}"#, text(&host, "id"));
    assert_eq!(house.command(&session, Some(text(&guest, "token")), &as_host).await, (403, "by_not_allowed".into()));
    let as_other_host = format!(r#"{{"do":"stop","by":"{}"}}"#, text(&other_host, "id"));
    assert_eq!(house.command(&session, Some(&house.key), &as_other_host).await, (409, "no_such_participant".into()));
    for unknown in ["no-such-session", "..%2f..%2fetc", "%00"] {
        let (status, _) = house.command(unknown, Some(&house.key), &as_host).await;
        assert!(status == 404 || status == 409, "{unknown}: {status}");
    }

    // Media under another's name.
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n".to_owned();
    for (url, token) in [
        (text(&host, "whip_url"), Some(text(&guest, "token"))),
        (text(&host, "whip_url"), None),
        (text(&other_host, "whip_url"), Some(text(&host, "token"))),
    ] {
        let (status, ..) = house.send(Method::POST, url, token, "application/sdp", sdp.clone()).await;
        assert!(status == 401 || status == 403, "{url}: {status}");
    }
    assert_eq!(house.view(&session).await, before, "nothing has changed");
    assert_eq!(house.view(&other).await, before_other, "nothing has changed in the other room");

    // A token of a session that is over is worth nothing, here or elsewhere.
    assert_eq!(house.node.post(&format!("/v1/sessions/{session}/end"), json!({})).await.0, StatusCode::NO_CONTENT.as_u16());
    for place in [&session, &other] {
        assert_eq!(house.command(place, Some(text(&host, "token")), stop).await.0, 401, "a token dies with its session");
    }
    let (status, ..) = house.send(Method::POST, text(&host, "whip_url"), Some(text(&host, "token")), "application/sdp", sdp).await;
    assert_eq!(status, 401);
    assert_eq!(house.command(&session, Some(&house.key), &as_host).await, (409, "ended".into()));
    assert_eq!(house.view(&other).await, before_other, "nothing has changed in the other room");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_at_once_one_is_taken() {
    let house = House::open();
    let (session, host, _) = house.room().await;
    let host = text(&host, "id");
    for (verb, order, after) in [
        ("pause", false, "paused"),
        ("resume", false, "recording"),
        ("censor_on", false, "censored"),
        ("censor_off", false, "recording"),
        ("receipt_start", true, "recording"),
        ("stop", false, "recording"),
    ] {
        let asked = (0..10).map(|n| {
            let body = if order { json!({ "do": verb, "by": host, "order": format!("O-{n}") }) } else { json!({ "do": verb, "by": host }) };
            let (house, path) = (&house, format!("/v1/sessions/{session}/commands"));
            async move { house.node.post(&path, body).await }
        });
        let answers = futures::future::join_all(asked).await;
        let taken = answers.iter().filter(|(status, _)| *status == 200).count();
        let refused: Vec<&str> = answers.iter().filter(|(status, _)| *status == 409).map(|(_, told)| text(told, "reason")).collect();
        let reason = if verb == "stop" { "not_recording" } else { "already" };
        assert!(taken == 1 && refused.len() == 9 && refused.iter().all(|r| *r == reason), "{verb}: {answers:?}");
        assert_eq!(house.view(&session).await["state"], after, "after {verb}");
    }
    let view = house.view(&session).await;
    assert_eq!(view["outputs"].as_array().unwrap().len(), 2, "main and one receipt: {view:#}");
    // Each of the sixty is in the session's own log, accepted or refused.
    let of_room = format!("/v1/events?session={session}&since=0");
    let answer = house.client.get(format!("{}{of_room}", house.node.http)).bearer_auth(&house.key).send().await.unwrap();
    let mut stream = answer.bytes_stream();
    let (mut told, mut log) = (0, String::new());
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while told < 62 {
        let more = tokio::time::timeout_at(deadline, futures::StreamExt::next(&mut stream)).await;
        let more = more.unwrap_or_else(|_| panic!("{told} commands were told")).expect("the stream goes on").unwrap();
        log.push_str(&String::from_utf8_lossy(&more));
        told = log.lines().filter(|line| line.starts_with("data:") && line.contains("\"do\"")).count();
    }
    let refused = log.lines().filter(|line| line.starts_with("data:") && line.contains("\"accepted\":false")).count();
    assert_eq!(refused, 54);
}
