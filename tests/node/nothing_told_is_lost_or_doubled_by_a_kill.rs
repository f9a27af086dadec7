//! `kill -9` in the middle of events: listeners and webhooks go on where they were.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::running_node::RunningNode;

/// Events of a session after a number, up to the first that is enough.
pub async fn listen(node: &RunningNode, session: &str, since: i64, enough: impl Fn(&Value) -> bool) -> Vec<Value> {
    let path = format!("/v1/events?session={session}&since={since}");
    let mut answer = node.answer(&path).await;
    let (mut text, mut events) = (String::new(), Vec::new());
    let read = async {
        loop {
            while let Some((block, rest)) = text.split_once("\n\n").map(|(b, r)| (b.to_owned(), r.to_owned())) {
                text = rest;
                let Some(data) = block.lines().find_map(|line| line.strip_prefix("data: ")) else { continue };
                let event: Value = serde_json::from_str(data).unwrap();
                let last = enough(&event);
                events.push(event);
                if last {
                    return;
                }
            }
            text.push_str(std::str::from_utf8(&answer.chunk().await.unwrap().expect("the stream goes on")).unwrap());
        }
    };
    tokio::time::timeout(Duration::from_secs(60), read).await.unwrap_or_else(|_| panic!("it did not come: {events:#?}"));
    events
}

fn documented(kind: &str) -> BTreeSet<String> {
    let text = include_str!("../../docs/events.md");
    let (_, part) = text.split_once(&format!("\n### `{kind}`")).unwrap_or_else(|| panic!("{kind} is not documented"));
    let (_, part) = part.split_once("```json\n").unwrap();
    let example: Value = serde_json::from_str(part.split_once("\n```").unwrap().0).unwrap();
    example.as_object().unwrap().keys().cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_told_is_lost_or_doubled_by_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let private = [("FERRIC_WEBHOOKS_ALLOW_PRIVATE", "true")];
    let node = RunningNode::start_with(&data, &private);
    // Nobody is there to take deliveries yet.
    let address = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap()
    };
    let (status, hook) = node.post("/v1/webhooks", json!({ "url": format!("http://{address}/hook") })).await;
    assert_eq!(status, 201, "{hook}");
    let (_, opened) = node.post("/v1/sessions", json!({ "project": "default", "kind": "room" })).await;
    let session = opened["id"].as_str().unwrap().to_owned();
    let (_, host) = node.post(&format!("/v1/sessions/{session}/participants"), json!({ "role": "agent", "name": "Paal" })).await;
    let by = host["id"].as_str().unwrap();
    let mut commands = 0;
    for n in 0..40 {
        let what = if n == 0 {
            "start"
        } else if n % 2 == 1 {
            "pause"
        } else {
            "resume"
        };
        assert_eq!(node.command(&session, by, what).await.0, 200);
        commands += 1;
    }
    let is_last = |event: &Value| event["event"] == "command" && event["data"]["do"] == "pause" && event["seq"].as_i64() > Some(0);
    let heard = {
        let mut seen = 0;
        let counted = std::cell::RefCell::new(&mut seen);
        listen(&node, &session, 0, |event| {
            **counted.borrow_mut() += usize::from(event["event"] == "command");
            is_last(event) && **counted.borrow() == commands
        })
        .await
    };
    node.kill();

    let receiver = Receiver::on(address).await;
    let node = RunningNode::start_with(&data, &private);
    // The end, that only the tape knows of, is told.
    let last = heard.last().unwrap()["seq"].as_i64().unwrap();
    let after = listen(&node, &session, last, |event| event["event"] == "session.ended").await;
    let end = after.last().unwrap()["seq"].as_i64().unwrap();
    let all = listen(&node, &session, 0, |event| event["seq"].as_i64() >= Some(end)).await;
    let glued: Vec<&Value> = heard.iter().chain(&after).collect();
    assert_eq!(all.iter().collect::<Vec<_>>(), glued, "who comes back hears exactly what who comes late hears");
    let done: Vec<&Value> = all.iter().filter(|event| event["event"] == "command").map(|event| &event["data"]["do"]).collect();
    assert_eq!(done.len(), commands, "every command once");
    for event in &all {
        let fields: BTreeSet<String> = event["data"].as_object().unwrap().keys().cloned().collect();
        let kind = event["event"].as_str().unwrap();
        assert!(fields.is_subset(&documented(kind)), "{kind} has {fields:?}");
    }

    // Every event of the session reaches the receiver in its order.
    let deadline = Instant::now() + Duration::from_secs(60);
    let expected: Vec<i64> = all.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
    loop {
        let mut got: Vec<i64> = receiver.got().iter().map(|got| got.event()["seq"].as_i64().unwrap()).collect();
        got.retain(|seq| *seq <= end);
        // One that was being sent when the node died may come twice.
        got.dedup();
        if got == expected {
            break;
        }
        assert!(Instant::now() < deadline, "{got:?} instead of {expected:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let secret = hook["secret"].as_str().unwrap();
    assert!(receiver.got().iter().all(|got| got.is_signed_with(secret)));
}
