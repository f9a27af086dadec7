//! A6: search and filters, alone and together; newest first; pages that a recording made meanwhile does not shift; what cannot be asked is named.

use std::time::Duration;

use serde_json::Value;

use crate::running_node::RunningNode;
use crate::tus::{Sender, ffmpeg};

/// What each file is sent with, oldest first.
const SENT: [&[(&str, &str)]; 4] = [
    &[
        ("title", "A lamp that flickers"),
        ("customer_email", "kari@example.com"),
        ("queue", "support"),
        ("agent", "paal"),
        ("external_id", "x-1"),
    ],
    &[("title", "Refund"), ("customer_number", "+47 91 79 93 00"), ("queue", "billing"), ("agent", "anna"), ("order", "O-1")],
    &[
        ("title", "Lamp again"),
        ("caller", "004791799300"),
        ("queue", "support"),
        ("agent", "anna"),
        ("ticket", "T-1042"),
        ("project", "sales"),
    ],
    &[("title", "Kept quiet"), ("access_number", "21492979"), ("restricted", "1"), ("agent", "paal"), ("ticket", "T-2000")],
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a6_recordings_are_found_by_everything_that_is_known_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    assert_eq!(node.post("/v1/projects", serde_json::json!({ "slug": "sales", "kind": "call" })).await.0, 201);
    let sender = Sender::admin(&node);
    let (short, long) = (
        ffmpeg(dir.path(), "short.wav", &["-f", "lavfi", "-i", "sine=440:d=1"]),
        ffmpeg(dir.path(), "long.wav", &["-f", "lavfi", "-i", "sine=440:d=4"]),
    );
    let mut ids = Vec::new();
    for (n, metadata) in SENT.iter().enumerate() {
        ids.push(sender.file(&node, if n == 1 { &long } else { &short }, metadata).await);
        node.recordings_in("ready", n + 1, Duration::from_secs(60)).await;
    }
    let (status, _) = node
        .send(reqwest::Method::PATCH, &format!("/v1/recordings/{}", ids[1]), serde_json::json!({ "labels": ["Due", "Follow-Up"] }))
        .await;
    assert_eq!(status, 200);
    let rows: Vec<Value> = {
        let list = node.get("/v1/recordings").await;
        list["items"].as_array().unwrap().clone()
    };
    assert_eq!(
        rows.iter().map(|row| row["id"].as_str().unwrap()).collect::<Vec<_>>(),
        ids.iter().rev().collect::<Vec<_>>(),
        "newest first"
    );
    let session = rows[0]["session"].as_str().unwrap();
    let begun = rows[1]["started_at"].as_str().unwrap().to_owned();

    let found = async |query: &str| -> Vec<usize> {
        let list = node.get(&format!("/v1/recordings?{query}")).await;
        list["items"].as_array().unwrap().iter().map(|row| ids.iter().position(|id| row["id"] == *id).unwrap()).collect()
    };
    let by_session = format!("session={session}");
    let since = format!("from={begun}");
    let before = format!("to={begun}");
    let by_id = format!("q={}", &ids[2][..9]);
    for (query, expected) in [
        ("project=sales", vec![2]),
        ("agent=anna", vec![2, 1]),
        ("queue=support", vec![2, 0]),
        ("number=%2B47%20917%2099%20300", vec![2, 1]),
        ("number=2979", vec![3]),
        ("email=Kari@Example.COM", vec![0]),
        ("source=upload", vec![3, 2, 1, 0]),
        ("source=live", vec![]),
        ("label=Due", vec![1]),
        ("folder=none", vec![3, 2, 1, 0]),
        ("folder=nowhere", vec![]),
        ("order=O-1", vec![1]),
        (&by_session, vec![3]),
        ("external_id=x-1", vec![0]),
        ("state=ready", vec![3, 2, 1, 0]),
        ("state=failed", vec![]),
        ("assignee=anna", vec![]),
        ("restricted=true", vec![3]),
        ("restricted=false&agent=paal", vec![0]),
        ("longer_than_s=3", vec![1]),
        ("shorter_than_s=3", vec![3, 2, 0]),
        (&since, vec![3, 2]),
        (&before, vec![1, 0]),
        ("agent=anna&queue=support&project=sales", vec![2]),
        ("agent=anna&queue=vip", vec![]),
        ("q=lam", vec![2, 0]),
        ("q=lamp%20fli", vec![0]),
        ("q=LAMP%20anna", vec![2]),
        ("q=kari@ex", vec![0]),
        ("q=91%2079%2093", vec![2, 1]),
        ("q=9300", vec![2, 1]),
        ("q=t-", vec![3, 2]),
        ("q=2000", vec![3]),
        ("q=due", vec![1]),
        ("q=follow-up", vec![1]),
        ("q=Follow-Up,%20due.", vec![1]),
        ("q=x-1", vec![0]),
        (&by_id, vec![2]),
        ("q=nothing", vec![]),
    ] {
        assert_eq!(found(query).await, expected, "{query}");
    }

    // Pages of one; what is sent in meanwhile shifts none of them.
    let mut all = Vec::new();
    let mut next = String::new();
    for n in 0..4 {
        let page = node.get(&format!("/v1/recordings?limit=1{next}")).await;
        all.push(page["items"][0]["id"].as_str().unwrap().to_owned());
        next = page["next"].as_str().map(|key| format!("&after={key}")).unwrap_or_default();
        assert_eq!(next.is_empty(), n == 3, "{page}");
        if n == 1 {
            sender.file(&node, &short, &[("title", "In between")]).await;
        }
    }
    all.reverse();
    assert_eq!(all, ids);

    for (query, field) in [
        ("number=paal", "number"),
        ("email=kari", "email"),
        ("agent=", "agent"),
        ("after=x", "after"),
        ("limit=0", "limit"),
        ("from=yesterday", "from"),
        ("state=gone", "state"),
        ("source=tape", "source"),
        ("restricted=perhaps", "restricted"),
        ("longer_than_s=-1", "longer_than_s"),
        ("longer_than_s=9&shorter_than_s=3", "shorter_than_s"),
        ("colour=red", "colour"),
    ] {
        let answer = node.open(&format!("/v1/recordings?{query}")).await;
        assert!(matches!(answer.status().as_u16(), 400 | 422), "{query}: {}", answer.status());
        let problem: Value = answer.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(field) && problem["reason"].is_string(), "{query}: {problem}");
    }

    // The page says the same, before any script runs.
    let page = node.open("/archive?q=lamp&agent=anna").await.text().await.unwrap();
    assert!(page.contains(&ids[2]) && !page.contains(&ids[0]) && page.contains("agent is anna"), "{page}");
    let wrong = node.open("/archive?number=paal").await;
    assert_eq!(wrong.status().as_u16(), 400);
    let wrong = wrong.text().await.unwrap();
    assert!(wrong.contains("value=\"paal\"") && wrong.contains("aria-invalid") && wrong.contains("is no telephone number"), "{wrong}");
    let none = node.open("/archive?q=zzz").await.text().await.unwrap();
    assert!(none.contains("No recording that you may see fits all of this."), "{none}");
}
