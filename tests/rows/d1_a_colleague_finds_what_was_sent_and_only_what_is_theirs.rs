//! D1: a selection goes to a colleague, who finds of it what their own rights let them see.

use ferric::archive::RecordingState;
use ferric::archive::SessionRow;
use ferric::model::id::{RecordingId, SessionId};
use ferric::model::settings::Kind;
use reqwest::Method;
use serde_json::{Value, json};

use crate::b7_selected_people_come_by_a_temporary_link::writing;
use crate::forms::{page, send};
use crate::smtp::{Smtp, Way};
use crate::started::{Started, json_of, recording};

async fn of_queue(node: &Started, queue: &str) -> RecordingId {
    let mut row = recording(RecordingState::Ready);
    row.queue = Some(queue.to_owned());
    node.node.catalogue.put_recording(&row).await.expect("kept");
    row.id
}

async fn user(node: &Started, body: Value) {
    let (status, made) = node.post("/v1/users", body).await;
    assert_eq!(status, 201, "{made}");
}

/// The cookie of a user who signed in.
async fn signed_in(node: &Started, name: &str, password: &str) -> String {
    let answer = node.form("/sign-in", &node.http, &[("name", name), ("password", password)]).send().await.expect("answered");
    assert_eq!(answer.status(), 303, "{name} signs in");
    answer.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie").to_owned()
}

async fn as_user(node: &Started, cookie: &str, path: &str) -> (u16, Value) {
    json_of(node.bare(Method::GET, path).header("cookie", cookie).send().await.expect("answered")).await
}

fn session_row(id: &SessionId) -> SessionRow {
    SessionRow {
        id: id.clone(),
        project: "default".parse().expect("a slug"),
        kind: Kind::Call,
        external_id: None,
        metadata: std::collections::BTreeMap::new(),
        started_at: ferric::model::time::WallClock::from_unix_ms(1_767_225_600_000),
        ended_at: None,
    }
}

const PASSWORD: &str = "correct-horse-battery";

#[tokio::test]
async fn a_selection_opens_in_the_archive_with_what_its_reader_may_see() {
    let smtp = Smtp::start(Way::Starttls).await;
    let node = writing(&smtp).await;
    user(&node, json!({ "name": "paal", "display_name": "Paal Kongshaug", "email": "paal@example.com", "role": "reviewer", "password": PASSWORD, "filter": { "queues": ["sales"] } })).await;
    user(&node, json!({ "name": "gone", "email": "gone@example.com", "role": "reviewer", "disabled": true })).await;
    user(&node, json!({ "name": "nomail", "role": "reviewer" })).await;
    let (sales, support, other) = (of_queue(&node, "sales").await, of_queue(&node, "support").await, of_queue(&node, "sales").await);

    let order = json!({ "recordings": [support, sales], "to": "paal" });
    let (status, made) = node.post("/v1/internal-links", order.clone()).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["recordings"].as_array().map(Vec::len), Some(2), "{made}");
    let letter = smtp.after(0).await;
    assert_eq!(letter.to, "paal@example.com");
    let text = letter.text();
    let url = made["url"].as_str().expect("a link");
    assert!(text.contains("Paal Kongshaug") && text.contains(url) && text.contains("admin") && !text.contains("{{"), "{text}");

    // Nobody without signing in; a member what is theirs of it; exactly those.
    let path = url.strip_prefix(&node.http).expect("this node's");
    assert!(path.starts_with("/archive?sel="), "{path}");
    let stranger = node.bare(Method::GET, path).header("accept", "text/html").send().await.expect("answered");
    assert_eq!(stranger.status(), 401);
    assert!(!stranger.text().await.expect("text").contains(sales.as_str()));
    let id = made["id"].as_str().expect("an id");
    let paal = signed_in(&node, "paal", PASSWORD).await;
    let (status, seen) = as_user(&node, &paal, &format!("/v1/internal-links/{id}")).await;
    assert_eq!(status, 200, "{seen}");
    let ids: Vec<&str> = seen["recordings"].as_array().expect("rows").iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(ids, [sales.as_str()], "narrowed by the filter");
    let shown = node.bare(Method::GET, path).header("cookie", &paal).header("accept", "text/html").send().await.expect("answered");
    assert_eq!(shown.status(), 200);
    let shown = shown.text().await.expect("text");
    assert!(shown.contains(sales.as_str()) && !shown.contains(support.as_str()) && !shown.contains(other.as_str()), "{shown}");
    let all = page(&node, &node.key, path).await.1;
    assert!(all.contains(sales.as_str()) && all.contains(support.as_str()) && !all.contains(other.as_str()), "{all}");
    let none = page(&node, &node.key, &format!("/archive?sel={}", "0".repeat(32))).await;
    assert!(!none.1.contains(sales.as_str()) && !none.1.contains(other.as_str()), "a selection that never was holds nothing");

    // Audited; no row in the log of what went outside.
    assert_eq!(node.get("/v1/shares").await["items"], json!([]));
    let audit = node.get(&format!("/v1/audit?action=share&subject=recording:{sales}")).await;
    assert_eq!(
        (&audit["items"][0]["detail"]["internal_link"], &audit["items"][0]["detail"]["to"]["user"]),
        (&json!(id), &json!("paal")),
        "{audit}"
    );
    assert!(!audit.to_string().contains("paal@"), "{audit}");

    // What cannot be sent is named, and nothing is.
    let many: Vec<String> = (0..41).map(|n| format!("r{n}")).collect();
    for (change, status, names) in [
        (json!({ "recordings": [] }), 422, "recordings"),
        (json!({ "recordings": many }), 422, "at most 40"),
        (json!({ "recordings": [sales, sales] }), 422, "recordings[1]"),
        (json!({ "recordings": [sales, RecordingId::random()] }), 404, "recordings[1]"),
        (json!({ "sessions": ["s1"] }), 404, "sessions[0]"),
        (json!({ "to": "nobody" }), 422, "to: "),
        (json!({ "to": "gone" }), 422, "to: "),
        (json!({ "to": "nomail" }), 422, "email: "),
        (json!({ "email": "paal" }), 422, "email: "),
        (json!({ "subject": "a\nb" }), 422, "subject: "),
        (json!({ "message": "look" }), 422, "message: "),
        (json!({ "extra": 1 }), 422, "extra"),
    ] {
        let mut body = order.clone();
        for (name, value) in change.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let (answered, problem) = node.post("/v1/internal-links", body).await;
        assert_eq!(answered, status, "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(names)), "{names}: {problem}");
    }
    assert_eq!(smtp.arrived().len(), 1);

    // A member sends what they see, and only with the right to.
    let (status, denied) = {
        let answer =
            node.bare(Method::GET, &format!("/archive/send-internal?r={sales}")).header("cookie", &paal).send().await.expect("answered");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    assert_eq!(status, 403, "{denied}");

    // What is deleted leaves the selection.
    assert_eq!(node.send(Method::DELETE, &format!("/v1/recordings/{sales}"), json!({})).await.0, 204);
    let left = node.get(&format!("/v1/internal-links/{id}")).await;
    assert_eq!(left["recordings"].as_array().map(Vec::len), Some(1), "{left}");
}

#[tokio::test]
async fn chat_logs_that_were_sent_stand_on_the_page_that_opens() {
    let smtp = Smtp::start(Way::Starttls).await;
    let node = writing(&smtp).await;
    user(
        &node,
        json!({ "name": "paal", "email": "paal@example.com", "role": "reviewer", "password": PASSWORD, "filter": { "queues": ["sales"] } }),
    )
    .await;
    let (sales, support, unsent) = (of_queue(&node, "sales").await, of_queue(&node, "support").await, of_queue(&node, "sales").await);
    let mut sessions = Vec::new();
    for id in [&sales, &support, &unsent] {
        let session = node.node.catalogue.recording(id).await.expect("there").session;
        let chat = json!([{ "at": "2026-01-01T12:00:05Z", "from": "Kari", "text": "Can you see my lamp?" }]);
        node.node.catalogue.insert_session(&session_row(&session)).await.expect("kept");
        assert_eq!(node.send(Method::PUT, &format!("/v1/sessions/{session}/chat"), chat).await.0, 200);
        sessions.push(session);
    }
    let order = json!({ "recordings": [unsent], "sessions": [sessions[0], sessions[1]], "to": "paal" });
    let (status, made) = node.post("/v1/internal-links", order).await;
    assert_eq!(status, 201, "{made}");
    let path = made["url"].as_str().expect("a link").strip_prefix(&node.http).expect("this node's");
    let paal = signed_in(&node, "paal", PASSWORD).await;
    let shown = |path: String| {
        let request = node.bare(Method::GET, &path).header("cookie", &paal).header("accept", "text/html");
        async move { request.send().await.expect("answered").text().await.expect("text") }
    };
    let list = shown(path.to_owned()).await;
    let row = |session: &SessionId| list.contains(&format!("href=\"/chats/{session}\""));
    assert!(list.contains(unsent.as_str()) && row(&sessions[0]), "what was sent: {list}");
    assert!(!row(&sessions[1]) && !list.contains(sessions[1].as_str()), "none of his: {list}");
    assert!(!row(&sessions[2]), "not sent: {list}");
    assert!(shown(format!("/chats/{}", sessions[0])).await.contains("Can you see my lamp?"));
    let noted = node.get(&format!("/v1/audit?action=play&subject=session:{}", sessions[0])).await;
    assert_eq!(noted["items"][0]["actor"], "user:paal", "{noted}");
    // Logs alone are a selection too.
    let (_, made) = node.post("/v1/internal-links", json!({ "sessions": [sessions[0]], "to": "paal" })).await;
    let path = made["url"].as_str().expect("a link").strip_prefix(&node.http).expect("this node's");
    let list = shown(path.to_owned()).await;
    assert!(list.contains(&format!("href=\"/chats/{}\"", sessions[0])) && !list.contains("class=\"empty\""), "{list}");
}

#[tokio::test]
async fn the_form_keeps_what_was_written_and_puts_the_names_in() {
    let smtp = Smtp::start(Way::Starttls).await;
    let node = writing(&smtp).await;
    let key = node.key.clone();
    user(&node, json!({ "name": "paal", "display_name": "Paal Kongshaug", "email": "paal@example.com", "role": "reviewer" })).await;
    let id = of_queue(&node, "sales").await.to_string();
    let (status, form) = page(&node, &key, &format!("/archive/send-internal?r={id}")).await;
    assert_eq!(status, 200, "{form}");
    for held in ["Paal Kongshaug", "{{recipient}}", "{{myname}}", "{{link}}", "no-reply@example.com", "1 recording or chat log"] {
        assert!(form.contains(held), "{held}: {form}");
    }
    let whole =
        [("r", id.as_str()), ("to", "paal"), ("email", ""), ("subject", "Look"), ("message", "{{recipient}}: {{link}} – {{myname}}")];
    for (field, value, wrong) in
        [("to", "", "w-to"), ("email", "x", "w-email"), ("subject", "", "w-subject"), ("message", "none", "w-message")]
    {
        let fields: Vec<(&str, &str)> = whole.iter().map(|&(name, kept)| (name, if name == field { value } else { kept })).collect();
        let (status, _, shown) = send(&node, &key, "/archive/send-internal", &fields).await;
        assert_eq!(status, 422, "{field}");
        assert!(shown.contains(&format!("id=\"{wrong}\"")), "{field}: {shown}");
        assert!(field == "message" || shown.contains("{{recipient}}: {{link}}"), "{field}: what was written stays");
    }
    let (status, _, sent) = send(&node, &key, "/archive/send-internal", &whole).await;
    assert_eq!(status, 200, "{sent}");
    let letter = smtp.after(0).await;
    assert_eq!(letter.to, "paal@example.com");
    assert!(
        letter.text().starts_with(&format!("Paal Kongshaug: {}/archive?sel=", node.http)) && letter.text().trim_end().ends_with("– admin"),
        "{}",
        letter.text()
    );
}
