//! B7: selected people.

use std::time::{Duration, Instant};

use ferric::model::redact::Personal;
use ferric::model::time::WallClock;
use ferric::model::visibility::Reach;
use reqwest::Method;
use serde_json::{Value, json};

use crate::b6_a_recordings_link_opens_for_whom_it_is_set::{open, piece, ready, set, visit_of};
use crate::running_node::RunningNode;
use crate::smtp::{Arrived, Mood, PASSWORD, Smtp, USER, Way};
use crate::started::{Started, json_of};
use crate::tus::{Sender, ffmpeg};

/// A node whose letters go to this server.
pub async fn writing(smtp: &Smtp) -> Started {
    let (port, root) = (smtp.port, smtp.root().display().to_string());
    Started::with(|config| {
        config.mail.host = "localhost".into();
        config.mail.port = port;
        config.mail.tls_root = root;
        config.mail.user = USER.into();
        config.mail.password = Personal::new(PASSWORD);
        config.mail.from = "no-reply@example.com".into();
        config.mail.retry_s = 1;
    })
    .await
}

async fn enter(node: &Started, path: &str, address: &str) -> (u16, String) {
    let form = node.form(path, &node.http, &[("address", address)]);
    let answer = form.send().await.expect("answered");
    (answer.status().as_u16(), answer.text().await.expect("text").replace(path, "/r/…"))
}

/// The path of the link in a letter.
fn link_in(letter: &Arrived, node: &Started) -> String {
    let text = letter.text();
    let line = text.lines().find(|line| line.starts_with("http")).expect("a link").trim().to_owned();
    line.strip_prefix(&node.http).expect("this node's").to_owned()
}

#[tokio::test]
async fn a_selected_person_gets_the_link_by_letter_and_everybody_else_the_same_page_and_none() {
    let smtp = Smtp::start(Way::Starttls).await;
    let node = writing(&smtp).await;
    let id = ready(&node).await;
    let body = json!({ "visibility": "members_and_selected", "selected": ["Kari@Example.com", "ola@example.com"] });
    let path = set(&node, &id, body).await;

    // What is opened without having been selected looks like a link that never was.
    let never = format!("/r/{}", "0".repeat(path.len() - 3));
    let text = |answer: reqwest::Response| async { answer.text().await.expect("text") };
    let (shown, none) = (open(&node, &path, "").await, open(&node, &never, "").await);
    assert_eq!((shown.status().as_u16(), none.status().as_u16()), (401, 401));
    let (shown, none) = (text(shown).await, text(none).await);
    assert_eq!(shown.replace(&path, "/r/…"), none.replace(&never, "/r/…"));
    assert!(shown.contains("name=\"address\"") && shown.contains(&format!("{path}/member")), "{shown}");

    // The answer waits for nothing: the server says nothing for a while.
    smtp.feel(Mood::Slow(Duration::from_secs(5)));
    let told = enter(&node, &path, "KARI%40example.com").await;
    assert_eq!(told.0, 200);
    for (link, address) in [(&path, "eve%40example.com"), (&never, "kari%40example.com"), (&never, "eve%40example.com")] {
        assert_eq!(enter(&node, link, address).await, told, "{address}");
    }
    for wrong in ["", "kari", "kari%40example.com%0aeve%40example.com"] {
        let (status, page) = enter(&node, &path, wrong).await;
        assert_eq!(status, 422);
        assert!(page.contains("aria-invalid") && page.contains("address-wrong"), "{page}");
        assert_eq!((status, page), enter(&node, &never, wrong).await, "the field's error tells nothing of the link");
    }
    smtp.feel(Mood::Takes);
    let letter = smtp.after(0).await;
    assert_eq!(letter.to, "kari@example.com");
    assert_eq!(letter.header("Subject").as_deref(), Some("The link to your recording"));

    let entrance = link_in(&letter, &node);
    assert!(entrance.starts_with(&format!("{path}/t/")) && entrance.len() > path.len() + 32, "128 random bits");
    let entered = open(&node, &entrance, "").await;
    assert_eq!(
        (entered.status().as_u16(), entered.headers()["location"].to_str().ok()),
        (303, Some(path.as_str())),
        "the token leaves the address"
    );
    let cookie = visit_of(&entered).expect("a visit");
    assert!(open(&node, &path, &cookie).await.text().await.expect("text").contains("<video"));
    assert_eq!(piece(&node, &path, &cookie, "bytes=0-9").await.status(), 206);
    let audit = node.get(&format!("/v1/audit?subject=recording:{id}")).await;
    let of = |action: &str| audit["items"].as_array().expect("items").iter().find(|one| one["action"] == action).cloned().expect(action);
    assert_eq!(of("play")["actor"], "visitor:k***@example.com");
    assert_eq!((&of("share")["actor"], &of("share")["detail"]["what"]), (&json!("visitor:k***@example.com"), &json!("temporary_link")));
    assert!(!audit.to_string().contains("kari@"), "{audit}");
    assert!(visit_of(&open(&node, &format!("{path}/t/{}", "0".repeat(64)), "").await).is_none(), "a guessed token is none");

    // At most five an hour; what comes after the fifth is another person's.
    for _ in 0..6 {
        assert_eq!(enter(&node, &path, "kari%40example.com").await, told);
    }
    smtp.after(4).await;
    assert_eq!(enter(&node, &path, "ola%40example.com").await, told);
    let last = smtp.after(5).await;
    assert_eq!(last.to, "ola@example.com");
    assert!(smtp.arrived().iter().take(5).all(|letter| letter.to == "kari@example.com"), "nobody else was written to");

    // Who is taken away is shut out at once: the page that is open, and the link that was sent.
    set(&node, &id, json!({ "visibility": "members_and_selected", "selected": ["ola@example.com"] })).await;
    assert_eq!(piece(&node, &path, &cookie, "bytes=0-9").await.status(), 404, "also for the page that is open");
    assert!(visit_of(&open(&node, &entrance, "").await).is_none());
    // Selected people count with that reach only.
    set(&node, &id, json!({ "visibility": "members" })).await;
    assert!(visit_of(&open(&node, &link_in(&last, &node), "").await).is_none());
    assert_eq!(enter(&node, &path, "ola%40example.com").await, told);
    set(&node, &id, json!({ "visibility": "members_and_selected" })).await;
    assert!(visit_of(&open(&node, &link_in(&last, &node), "").await).is_some());
    assert_eq!(enter(&node, &path, "ola%40example.com").await, told);
    assert_eq!(smtp.after(6).await.to, "ola@example.com");
    assert_eq!(smtp.arrived().len(), 7, "and none while it was for members only");
}

#[tokio::test]
async fn a_letter_leads_to_this_node_whatever_a_stranger_calls_it() {
    let smtp = Smtp::start(Way::Starttls).await;
    let node = writing(&smtp).await;
    let id = ready(&node).await;
    let path = set(&node, &id, json!({ "visibility": "members_and_selected", "selected": ["kari@example.com"] })).await;
    let asked = node.form(&path, &node.http, &[("address", "kari%40example.com")]);
    let answer = asked.header("host", "evil.example").header("x-forwarded-proto", "https").send().await.expect("answered");
    assert_eq!(answer.status(), 200);
    assert!(link_in(&smtp.after(0).await, &node).starts_with(&path));
}

#[tokio::test]
async fn where_no_letter_can_go_out_only_members_are_asked_in() {
    let node = Started::new().await;
    let id = ready(&node).await;
    let path = set(&node, &id, json!({ "visibility": "members_and_selected", "selected": ["kari@example.com"] })).await;
    let page = open(&node, &path, "").await;
    assert_eq!(page.status(), 401);
    assert!(!page.text().await.expect("text").contains("name=\"address\""));
    let panel = node.request(Method::GET, &format!("/recordings/{id}")).header("accept", "text/html").send().await.expect("answered");
    assert!(panel.text().await.expect("text").contains("this node sends no letters"), "members are told why");
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

#[tokio::test]
async fn the_agent_is_asked_at_the_end_whom_a_session_was_for() {
    let node = Started::new().await;
    let body = json!({ "settings": { "visibility_live": "members_and_selected" } });
    assert_eq!(node.send(Method::PUT, "/v1/workspace", body).await.0, 200);
    let (session, host, guest) = node.room(json!({ "slug": "rooms", "kind": "room" })).await;
    let ask = |invited: &Value| {
        let token = invited["token"].as_str().expect("a token").to_owned();
        let request = node.bare(Method::GET, &format!("/v1/sessions/{session}/requester")).bearer_auth(token);
        async move { json_of(request.send().await.expect("answered")).await }
    };
    assert_eq!(ask(&guest).await, (200, json!({ "wanted": false })), "guests are not asked");
    let (status, wanted) = ask(&host).await;
    assert_eq!((status, &wanted["wanted"]), (200, &json!(true)), "{wanted}");
    let token = wanted["token"].as_str().expect("a token").to_owned();

    // The session is over, and its recording is there before the agent answers.
    assert_eq!(node.post(&format!("/v1/sessions/{session}/end"), json!({})).await.0 / 100, 2);
    let mut row = crate::started::recording(ferric::archive::RecordingState::Ready);
    row.session = session.parse().expect("an id");
    node.node.catalogue.put_recording(&row).await.expect("kept");
    let at = WallClock::from_unix_ms(1_767_225_600_000);
    let nobody = node.node.catalogue.settle_visibility(&row, Reach::MembersAndSelected, None, at).await.expect("settled");
    assert!(nobody, "somebody is to say it");
    let name = |token: &str, body: Value| {
        let request = node.bare(Method::PUT, "/v1/requester").bearer_auth(token).json(&body);
        async move { json_of(request.send().await.expect("answered")).await }
    };
    assert_eq!(name(&"0".repeat(64), json!({ "email": "kari@example.com" })).await.0, 401);
    let (status, problem) = name(&token, json!({ "email": "kari" })).await;
    assert_eq!((status, problem["detail"].as_str().is_some_and(|detail| detail.starts_with("email: "))), (422, true), "{problem}");
    assert_eq!(name(&token, json!({ "email": "Kari@Example.com" })).await.0, 204);
    assert_eq!(name(&token, json!({ "email": "eve@example.com" })).await.0, 409, "once");
    let shown = node.get(&format!("/v1/recordings/{}/visibility", row.id)).await;
    assert_eq!(shown["selected"], json!(["kari@example.com"]));
    let audit = node.get(&format!("/v1/audit?subject=session:{session}&action=share")).await;
    assert!(audit["items"][0]["actor"].as_str().is_some_and(|actor| actor.starts_with("participant:")), "{audit}");
    assert!(!audit.to_string().contains("kari@"), "{audit}");
    assert_eq!(
        node.bare(Method::GET, "/v1/recordings").bearer_auth(&token).send().await.expect("answered").status(),
        401,
        "it is good for nothing else"
    );

    // A second recording of the session knows it from the start.
    let mut later = crate::started::recording(ferric::archive::RecordingState::Ready);
    later.session = row.session.clone();
    node.node.catalogue.put_recording(&later).await.expect("kept");
    assert!(!node.node.catalogue.settle_visibility(&later, Reach::MembersAndSelected, None, at).await.expect("settled"));
    assert_eq!(node.get(&format!("/v1/recordings/{}/visibility", later.id)).await["selected"], json!(["kari@example.com"]));
}
