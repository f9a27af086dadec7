//! C11 and the log of C10 by API: each row with what became of its letter; searched; sent again.

use std::time::Duration;

use serde_json::{Value, json};

use crate::sharing::{Sharing, players, to_bob};
use crate::smtp::Mood;

async fn delivery(sharing: &Sharing, id: &str) -> Value {
    sharing.node.get(&format!("/v1/shares/{id}")).await["delivery"].clone()
}

#[tokio::test]
async fn a_letter_that_does_not_go_out_is_tried_again_and_the_log_says_why() {
    let sharing = Sharing::new().await;
    let recording = sharing.recording().await;
    sharing.smtp.feel(Mood::Refuses("550 5.1.1 <bob@example.com>: no such user"));
    let (status, row) = sharing.node.post("/v1/shares", to_bob(&[&recording])).await;
    assert_eq!((status, &row["delivery"]["state"]), (201, &json!("held")));
    let id = row["id"].as_str().unwrap();
    sharing.until("it was tried", Duration::from_secs(10), async || delivery(&sharing, id).await["attempts"].as_u64().unwrap() >= 1).await;
    let waiting = delivery(&sharing, id).await;
    let failure = waiting["failure"].as_str().unwrap();
    assert!(failure.contains("550") && !failure.contains("bob@"), "{failure}");
    assert!(waiting["next_at"].is_string());
    let resend = format!("/v1/shares/{id}/resend");
    assert_eq!(sharing.node.post(&resend, json!({})).await.0, 409, "it is under way");

    // Given up, and sent again by somebody: with a link of its own to the same page.
    sharing.sql("UPDATE outbox SET give_up_at = 1").await;
    sharing.until("given up", Duration::from_secs(10), async || delivery(&sharing, id).await["state"] == "failed").await;
    sharing.smtp.feel(Mood::Takes);
    let (status, again) = sharing.node.post(&resend, json!({})).await;
    assert_eq!((status, &again["delivery"]["attempts"]), (200, &json!(0)), "{again}");
    let letter = sharing.smtp.after(0).await;
    sharing.until("sent", Duration::from_secs(10), async || delivery(&sharing, id).await["state"] == "sent").await;
    assert_eq!(delivery(&sharing, id).await["failure"], Value::Null);
    assert_eq!(sharing.node.post(&resend, json!({})).await.0, 409, "it went out");
    assert_eq!(players(&sharing.recipient(&letter).come_in().await).len(), 1);
}

#[tokio::test]
async fn a_share_that_is_cancelled_sends_no_letter_that_waits() {
    let mut sharing = Sharing::new().await;
    let recording = sharing.recording().await;
    sharing.smtp.go_away();
    let (_, row) = sharing.node.post("/v1/shares", to_bob(&[&recording])).await;
    let id = row["id"].as_str().unwrap();
    sharing.until("it was tried", Duration::from_secs(10), async || delivery(&sharing, id).await["attempts"].as_u64().unwrap() >= 1).await;
    assert_eq!(sharing.node.post(&format!("/v1/shares/{id}/cancel"), json!({})).await.0, 200);
    let told = delivery(&sharing, id).await;
    assert!(told["state"] == "failed" && told["failure"].as_str().unwrap().contains("cancelled"), "{told}");
    sharing.smtp.come_back().await;
    // Another letter goes out; that one does not.
    let (_, letter) = sharing
        .share(json!({ "recordings": [recording], "recipient": { "name": "Ann", "email": "ann@example.com" }, "reason": "r" }))
        .await;
    assert_eq!((letter.to.as_str(), sharing.smtp.arrived().len()), ("ann@example.com", 1));
}

#[tokio::test]
async fn the_log_is_searched_and_paged() {
    let sharing = Sharing::new().await;
    let (recording, chat) = (sharing.recording().await, sharing.chat().await);
    let mut ids = Vec::new();
    for (name, email, of_chats) in
        [("Bob Smith", "bob@example.com", false), ("Åse Øren", "ase_1@example.com", true), ("Ann 100%", "ann@other.example", false)]
    {
        let body = if of_chats { json!({ "sessions": [chat] }) } else { json!({ "recordings": [recording] }) };
        let mut body = body;
        body["recipient"] = json!({ "name": name, "email": email });
        body["reason"] = json!("asked for");
        ids.push(sharing.share(body).await.0["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(sharing.node.post(&format!("/v1/shares/{}/cancel", ids[0]), json!({})).await.0, 200);
    let found = async |query: &str| {
        let page = sharing.node.get(&format!("/v1/shares?{query}")).await;
        let places = page["items"].as_array().unwrap().iter().map(|row| ids.iter().position(|id| row["id"] == **id).unwrap());
        places.collect::<Vec<_>>()
    };
    assert_eq!(found("").await, [2, 1, 0], "newest first");
    assert_eq!(found("name=smith").await, [0]);
    assert_eq!(found("name=%C3%A5SE").await, [1], "whatever the case, in any alphabet");
    assert_eq!(found("name=100%25").await, [2]);
    assert_eq!(found("name=_").await, Vec::<usize>::new(), "a mark is only itself");
    assert_eq!(found("email=EXAMPLE.com").await, [1, 0]);
    assert_eq!(found("email=_1").await, [1]);
    assert_eq!(found("kind=chats").await, [1]);
    assert_eq!(found("kind=recordings").await, [2, 0]);
    assert_eq!(found("status=cancelled").await, [0]);
    assert_eq!(found("status=valid").await, [2, 1]);
    assert_eq!(found("ordered_by=ADMIN").await, [2, 1, 0]);
    assert_eq!(found("ordered_by=paal").await, Vec::<usize>::new());
    assert_eq!(found("to=2020-01-01T00:00:00Z").await, Vec::<usize>::new());
    assert_eq!(found("from=2020-01-01T00:00:00Z&email=other").await, [2]);
    let first = sharing.node.get("/v1/shares?limit=2").await;
    let next = first["next"].as_str().unwrap();
    assert_eq!(found(&format!("limit=2&after={next}")).await, [0]);
    let row = &sharing.node.get("/v1/shares?name=ann").await["items"][0];
    assert_eq!((&row["items"][0]["recording"], &row["items"][0]["caller_number"]), (&json!(recording), &json!("+4798765432")));
    for (query, status) in [("limit=0", 422), ("after=x", 422), ("from=yesterday", 400), ("kind=films", 400), ("color=red", 400)] {
        let answer = sharing.node.request(reqwest::Method::GET, &format!("/v1/shares?{query}")).send().await.unwrap();
        assert_eq!(answer.status(), status, "{query}");
    }
}
