//! B7: selected people.

use std::time::{Duration, Instant};

use ferric::archive::visibility::{TemporaryLink, new_link};
use ferric::model::redact::Personal;
use ferric::model::time::WallClock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::b6_a_recordings_link_opens_for_whom_it_is_set::{open, piece, ready, set, visit_of};
use crate::running_node::RunningNode;
use crate::started::Started;
use crate::tus::{Sender, ffmpeg};

#[tokio::test]
async fn addresses_are_added_and_taken_away_and_who_is_taken_away_is_shut_out_at_once() {
    let node = Started::new().await;
    let id = ready(&node).await;
    let body = json!({ "visibility": "members_and_selected", "selected": ["Kari@Example.com", "ola@example.com"] });
    let path = set(&node, &id, body).await;
    let shown = node.get(&format!("/v1/recordings/{id}/visibility")).await;
    assert_eq!(shown["selected"], json!(["kari@example.com", "ola@example.com"]));

    let now = WallClock::from_unix_ms(jiff::Timestamp::now().as_millisecond());
    let catalogue = &node.node.catalogue;
    let link =
        |address: &str| TemporaryLink { recording: id.clone(), address: Personal::new(address), until: WallClock(now.0 + 60_000_000_000) };
    let hour_ago = WallClock(now.0 - 3_600_000_000_000);
    let token = new_link().expect("a token");
    assert!(catalogue.keep_temporary_link(&token, &link("kari@example.com"), now, hour_ago, 2).await.expect("kept"));
    assert!(
        !catalogue.keep_temporary_link(&new_link().expect("a token"), &link("eve@example.com"), now, hour_ago, 2).await.expect("asked")
    );
    assert!(catalogue.keep_temporary_link(&new_link().expect("a token"), &link("kari@example.com"), now, hour_ago, 2).await.expect("kept"));
    assert!(
        !catalogue.keep_temporary_link(&new_link().expect("a token"), &link("kari@example.com"), now, hour_ago, 2).await.expect("asked"),
        "two an hour"
    );

    let entered = open(&node, &format!("{path}/t/{}", token.reveal()), "").await;
    assert_eq!(
        (entered.status().as_u16(), entered.headers()["location"].to_str().ok()),
        (303, Some(path.as_str())),
        "the token leaves the address"
    );
    let cookie = visit_of(&entered).expect("a visit");
    assert!(open(&node, &path, &cookie).await.text().await.expect("text").contains("<video"));
    assert_eq!(piece(&node, &path, &cookie, "bytes=0-9").await.status(), 206);
    let audit = node.get(&format!("/v1/audit?action=play&subject=recording:{id}")).await;
    assert_eq!(audit["items"][0]["actor"], "visitor:k***@example.com");
    assert!(visit_of(&open(&node, &format!("{path}/t/{}", "0".repeat(64)), "").await).is_none(), "a guessed token is none");

    set(&node, &id, json!({ "visibility": "members_and_selected", "selected": ["ola@example.com"] })).await;
    assert_eq!(piece(&node, &path, &cookie, "bytes=0-9").await.status(), 404, "also for the page that is open");
    assert!(visit_of(&open(&node, &format!("{path}/t/{}", token.reveal()), "").await).is_none());
}

#[tokio::test]
async fn the_requester_is_filled_in_or_somebody_is_asked() {
    let dir = tempfile::tempdir().expect("a folder");
    let node = RunningNode::start(&dir.path().join("data"));
    let admin = Sender::admin(&node);
    let all = |method: Method, path: &str| admin.request(method, &format!("{}{path}", node.http));
    let body = json!({ "settings": { "visibility_upload": "members_and_selected" } });
    assert_eq!(all(Method::PUT, "/v1/workspace").json(&body).send().await.expect("answered").status(), 200);
    let sound = ffmpeg(dir.path(), "two.wav", &["-f", "lavfi", "-i", "sine=frequency=440:duration=2"]);
    let asked = admin.file(&node, &sound, &[("filename", "two.wav")]).await;
    let known = admin.file(&node, &sound, &[("filename", "two.wav"), ("customer_email", "Kari@example.com")]).await;
    for (id, selected) in [(&asked, json!([])), (&known, json!(["kari@example.com"]))] {
        let deadline = Instant::now() + Duration::from_mins(2);
        loop {
            let answer = all(Method::GET, &format!("/v1/recordings/{id}/visibility")).send().await.expect("answered");
            let shown: Value = answer.json().await.expect("JSON");
            if shown["visibility"] == "members_and_selected" {
                assert_eq!(shown["selected"], selected);
                break;
            }
            assert!(Instant::now() < deadline, "{shown}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
