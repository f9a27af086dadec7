//! C1: what is ordered, what is filled in, what is refused, and that it is all or nothing.

use ferric::archive::RecordingState;
use ferric::model::id::RecordingId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::sharing::{Sharing, link_in, to_bob};
use crate::started::{Started, recording};

#[tokio::test]
async fn recordings_and_chats_are_shared_by_a_letter_with_a_link_and_noted() {
    let sharing = Sharing::new().await;
    let (one, chat) = (sharing.recording().await, sharing.chat().await);
    sharing.put(&one, "peaks.json", b"{}").await;
    sharing.put(&one, "manifest.json", b"{}").await;
    let mut body = to_bob(&[&one]);
    body["sessions"] = json!([chat]);
    body["subject"] = json!("Your call: blåbær");
    body["body"] = json!("Hei {{recipient}}!\n{{link}}\nHilsen");
    body["days"] = json!(3);
    let (row, letter) = sharing.share(body).await;
    assert_eq!((letter.to.as_str(), letter.from.as_str(), letter.over_tls), ("bob@example.com", "no-reply@example.com", true));
    let link = link_in(&letter, &sharing.node.http);
    assert!(link.len() >= "/e/".len() + 43, "256 random bits");
    assert_eq!(letter.text().replace("\r\n", "\n").trim_end(), format!("Hei Bob Smith!\n{}{link}\nHilsen", sharing.node.http));
    assert!(!row.to_string().contains(&link["/e/".len()..]), "the link is the recipient's alone");
    assert_eq!(
        (&row["status"], &row["kind"], &row["days"], &row["ordered_by"]),
        (&json!("valid"), &json!("both"), &json!(3), &json!("key:admin"))
    );
    assert_eq!(row["items"].as_array().unwrap().len(), 2);
    assert_eq!(row["recipient"], json!({ "name": "Bob Smith", "email": "bob@example.com" }));

    // What a player needs lies in the external store, and nothing else.
    let id = row["id"].as_str().unwrap();
    let files = sharing.external();
    assert!(files.iter().all(|file| file.starts_with(&format!("shares/{id}/"))), "{files:?}");
    let mut names: Vec<&str> = files.iter().map(|file| file.rsplit('/').next().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["chat.json", "peaks.json", "recording.mp4"]);

    // In the audit log: the share, and each thing that is shared; nobody's address.
    let audit = sharing.audit("action=share").await;
    assert_eq!(audit.len(), 3, "{audit:?}");
    assert!(audit.iter().all(|entry| entry["actor"] == "key:admin" && entry["detail"]["recipient"] == "b***@example.com"), "{audit:?}");
    let subjects: Vec<&str> = audit.iter().map(|entry| entry["subject"].as_str().unwrap()).collect();
    for subject in [format!("share:{id}"), format!("recording:{one}"), format!("session:{chat}")] {
        assert!(subjects.contains(&subject.as_str()), "{subjects:?}");
    }
}

#[tokio::test]
async fn what_is_left_out_is_filled_in_from_the_configuration() {
    let sharing = Sharing::new().await;
    let id = sharing.recording().await;
    let settings = json!({ "days": 2, "subject": "About your call", "body": "{{recipient}}: {{link}}", "from": "Acme <calls@acme.example>",
        "terms": { "en": "Be kind.", "no": "Vær snill." }, "language": "no", "show_queue_name": true });
    let (status, shown) = sharing.node.send(Method::PUT, "/v1/shares/configuration", settings).await;
    assert_eq!((status, &shown["sender"]), (200, &json!("Acme <calls@acme.example>")), "{shown}");
    let (row, letter) = sharing.share(to_bob(&[&id])).await;
    assert_eq!(
        (&row["days"], &row["language"], &row["show_queue_name"], &row["show_access_number"]),
        (&json!(2), &json!("no"), &json!(true), &json!(false))
    );
    assert_eq!((row["subject"].as_str(), letter.from.as_str()), (Some("About your call"), "calls@acme.example"));
    assert!(letter.text().starts_with("Bob Smith: http://"), "{}", letter.text());
    let changed = &sharing.audit("action=setting_change&subject=sharing").await[0];
    assert_eq!((&changed["detail"]["after"]["days"], &changed["detail"]["before"]["days"]), (&json!(2), &json!(7)));
}

#[tokio::test]
async fn nothing_is_shared_unless_all_of_it_can_be() {
    let sharing = Sharing::new().await;
    let good = sharing.recording().await;
    let unfinished = recording(RecordingState::Processing);
    sharing.node.node.catalogue.put_recording(&unfinished).await.unwrap();
    let unknown = RecordingId::random();
    let mut many = Vec::new();
    for _ in 0..41 {
        many.push(RecordingId::random());
    }
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = to_bob(&[&good]);
        change(&mut body);
        body
    };
    for (body, status, begins) in [
        (to_bob(&[]), 422, "recordings: "),
        (to_bob(&many.iter().collect::<Vec<_>>()), 422, "recordings: at most 40"),
        (to_bob(&[&good, &good]), 422, "recordings[1]: "),
        (to_bob(&[&good, &unknown]), 404, "recordings[1]: "),
        (to_bob(&[&good, &unfinished.id]), 409, "recordings[1]: "),
        (with(&|b| b["sessions"] = json!(["no-such-session"])), 404, "sessions[0]: "),
        (with(&|b| b["recipient"]["name"] = json!("")), 422, "recipient.name: "),
        (with(&|b| b["recipient"]["email"] = json!("bob")), 422, "recipient.email: "),
        (with(&|b| b["reason"] = json!("")), 422, "reason: "),
        (with(&|b| b["body"] = json!("no link")), 422, "body: has to keep `{{link}}`"),
        (with(&|b| b["language"] = json!("fi")), 422, "language: "),
        (with(&|b| b["days"] = json!(0)), 422, "days: "),
        (with(&|b| b["days"] = json!("many")), 422, "days: "),
        (with(&|b| b["extra"] = json!(1)), 422, "extra: "),
    ] {
        let (found, problem) = sharing.node.post("/v1/shares", body).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(found == status && detail.starts_with(begins), "{found} {problem}");
    }
    assert!(sharing.external().is_empty() && sharing.smtp.arrived().is_empty());
    assert!(sharing.audit("action=share").await.is_empty());
    assert_eq!(sharing.node.get("/v1/shares").await["items"], json!([]));

    // Forty are not too many.
    let mut forty = Vec::new();
    for _ in 0..40 {
        forty.push(sharing.recording_of(b"0123456789").await);
    }
    let (row, _) = sharing.share(to_bob(&forty.iter().collect::<Vec<_>>())).await;
    assert_eq!(row["items"].as_array().unwrap().len(), 40);
}

#[tokio::test]
async fn without_a_mail_server_or_without_being_asked_in_nothing_is_shared() {
    let node = Started::new().await;
    let row = recording(RecordingState::Ready);
    node.node.catalogue.put_recording(&row).await.unwrap();
    let (status, problem) = node.post("/v1/shares", to_bob(&[&row.id])).await;
    assert_eq!((status, &problem["reason"]), (409, &json!("no_mail_server")), "{problem}");
    for (method, path) in [
        (Method::POST, "/v1/shares"),
        (Method::GET, "/v1/shares"),
        (Method::GET, "/v1/shares/configuration"),
        (Method::PUT, "/v1/shares/configuration"),
    ] {
        assert_eq!(node.bare(method, path).json(&to_bob(&[&row.id])).send().await.unwrap().status(), 401, "{path}");
    }
}
