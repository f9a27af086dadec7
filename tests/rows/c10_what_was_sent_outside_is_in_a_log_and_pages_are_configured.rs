//! C10: the page “External access” with its log and its configuration; and the form that sends (C1).

use ferric::archive::RecordingState;
use ferric::archive::outbox::LetterState;
use ferric::model::id::RecordingId;
use ferric::model::redact::Personal;
use reqwest::Method;
use serde_json::{Value, json};

use crate::b6_a_recordings_link_opens_for_whom_it_is_set::store_film;
use crate::b7_selected_people_come_by_a_temporary_link::writing;
use crate::forms::{page, send};
use crate::smtp::{Mood, Smtp, Way};
use crate::started::{Started, recording};

/// A ready recording of a call with a queue and numbers.
async fn call(node: &Started, queue: &str, caller: &str) -> RecordingId {
    let mut row = recording(RecordingState::Ready);
    row.queue = Some(queue.to_owned());
    row.caller_number = Some(Personal::new(caller));
    row.access_number = Some(Personal::new("21492979"));
    node.node.catalogue.put_recording(&row).await.expect("kept");
    store_film(node, &row.id).await;
    row.id
}

async fn shares(node: &Started, query: &str) -> Vec<Value> {
    node.get(&format!("/v1/shares{query}")).await["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn the_form_is_filled_in_says_what_is_wrong_where_it_is_and_sends() {
    let smtp = Smtp::start(Way::Starttls).await;
    let node = writing(&smtp).await;
    let key = node.key.clone();
    let (one, two) = (call(&node, "sales", "+4799887766").await, call(&node, "support", "+4711223344").await);
    let (status, form) = page(&node, &key, &format!("/archive/send?r={one}&r={two}&r={}", RecordingId::random())).await;
    assert_eq!(status, 200, "{form}");
    for held in
        ["{{link}}", "no-reply@example.com", "value=\"7\"", "2 recordings and chat logs", "One of those that were chosen", "+4799887766"]
    {
        assert!(form.contains(held) || form.contains(&held.replace('+', "&#43;")), "{held}: {form}");
    }
    assert!(form.contains("value=\"en\" selected") && !form.contains("value=\"no\""), "only languages with terms of use: {form}");

    let (r1, r2) = (one.to_string(), two.to_string());
    let whole = [
        ("r", r1.as_str()),
        ("r", r2.as_str()),
        ("name", "Kari Nordmann"),
        ("email", "kari@example.com"),
        ("reason", "She asked for it"),
        ("days", "3"),
        ("language", "en"),
        ("subject", "Your calls"),
        ("body", "Dear {{recipient}}\r\n{{link}}\r\nMy Company"),
        ("show_queue_name", "on"),
    ];
    for (field, value, id, says) in [
        ("name", " ", "w-name", "200 characters"),
        ("email", "kari", "w-email", "no e-mail address"),
        ("reason", "", "w-reason", "1,000"),
        ("days", "many", "w-days", "365"),
        ("days", "0", "w-days", "365"),
        ("language", "fi", "w-language", "terms of use"),
        ("subject", "", "w-subject", "200"),
        ("body", "See you", "w-body", "{{link}}"),
    ] {
        let fields: Vec<(&str, &str)> = whole.iter().map(|&(name, kept)| (name, if name == field { value } else { kept })).collect();
        let (status, _, shown) = send(&node, &key, "/archive/send", &fields).await;
        assert_eq!(status, 422, "{field}");
        let wrong = shown.split(&format!("id=\"{id}\"")).nth(1).and_then(|rest| rest.split("</p>").next()).unwrap_or_default();
        assert!(wrong.replace("1000", "1,000").contains(says), "{field}: {wrong:?} in {shown}");
        assert_eq!(shown.matches("aria-invalid").count(), 1, "{field}");
        assert!(field == "name" || shown.contains("Kari Nordmann"), "what was written stays");
    }
    assert!(shares(&node, "").await.is_empty() && smtp.arrived().is_empty(), "nothing was sent");

    let (status, _, sent) = send(&node, &key, "/archive/send", &whole).await;
    assert_eq!(status, 200, "{sent}");
    assert!(sent.contains("role=\"status\"") && sent.contains("Kari Nordmann"));
    let letter = smtp.after(0).await;
    assert_eq!((letter.to.as_str(), letter.header("Subject").as_deref()), ("kari@example.com", Some("Your calls")));
    assert!(letter.text().contains("Dear Kari Nordmann") && letter.text().contains(&node.http), "{}", letter.text());
    let log = shares(&node, "").await;
    assert_eq!(log.len(), 1);
    let row = &log[0];
    assert_eq!((&row["days"], &row["show_queue_name"], &row["show_access_number"]), (&json!(3), &json!(true), &json!(false)), "{row}");
}

#[tokio::test]
async fn the_log_shows_what_became_of_each_letter_and_calls_access_back() {
    let smtp = Smtp::start(Way::Starttls).await;
    let node = writing(&smtp).await;
    let key = node.key.clone();
    let id = call(&node, "sales", "+4799887766").await;
    let order = |name: &str, email: &str| {
        let body = json!({ "recordings": [id], "recipient": { "name": name, "email": email }, "reason": format!("for {name}"), "days": 7 });
        let node = &node;
        async move {
            let (status, made) = node.post("/v1/shares", body).await;
            assert_eq!(status, 201, "{made}");
            made["id"].as_str().expect("an id").to_owned()
        }
    };
    let kari = order("Kari <b>", "kari@example.com").await;
    smtp.after(0).await;
    smtp.feel(Mood::Refuses("550 5.1.1 not here"));
    let ola = order("Ola", "ola@example.com").await;

    let shown = until_page(&node, &key, "tried again", |shown| shown.contains("550")).await;
    for held in ["Kari &#60;b&#62;", "kari@example.com", "for Ola", "7 days", "English", "99887766", "by key:admin", "Valid"] {
        assert!(shown.contains(held), "{held}: {shown}");
    }
    assert!(!shown.contains("Kari <b>") && shown.contains(&format!("/recordings/{id}")));
    for (query, holds, misses) in [
        ("?name=ola", "ola@example.com", "kari@example.com"),
        ("?email=kari", "kari@example.com", "ola@example.com"),
        ("?kind=recordings&by=admin", "ola@example.com", "No letter fits"),
        ("?kind=chats", "No letter fits", "ola@example.com"),
        ("?by=nobody", "No letter fits", "ola@example.com"),
        ("?to=2020-01-01", "No letter fits", "ola@example.com"),
        ("?from=2020-01-01&status=valid", "ola@example.com", "No letter fits"),
        ("?status=cancelled", "No letter fits", "ola@example.com"),
        ("?from=whenever", "ola@example.com", "No letter fits"),
    ] {
        let (status, found) = page(&node, &key, &format!("/external{query}")).await;
        assert_eq!(status, 200, "{query}");
        assert!(found.contains(holds) && !found.contains(misses), "{query}: {found}");
    }

    // A letter that was given up is written anew.
    let letter = node.node.catalogue.share(&ola.parse().expect("an id")).await.expect("there").letter;
    let mut row = node.node.catalogue.letter(&letter).await.expect("there");
    row.state = LetterState::Failed;
    node.node.catalogue.letter_tried(&row).await.expect("kept");
    let shown = until_page(&node, &key, "given up", |shown| shown.contains("Letter not delivered")).await;
    assert!(shown.contains(&format!("/external/{ola}/resend")) && !shown.contains(&format!("/external/{kari}/resend")), "{shown}");
    smtp.feel(Mood::Takes);
    assert_eq!(send(&node, &key, &format!("/external/{ola}/resend"), &[]).await.1, "/external?done=resend");
    assert_eq!(smtp.after(1).await.to, "ola@example.com");
    until_page(&node, &key, "sent", |shown| !shown.contains("Letter not delivered")).await;

    // Called back: asked first, then the status says who and when.
    let (_, shown) = page(&node, &key, "/external").await;
    let asked = shown.find("loses access at once").expect("a confirmation");
    assert!(shown.find(&format!("/external/{ola}/cancel")).is_some_and(|at| at < asked));
    assert_eq!(send(&node, &key, &format!("/external/{kari}/cancel"), &[]).await.1, "/external?done=cancel");
    let (_, shown) = page(&node, &key, "/external?done=cancel").await;
    assert!(shown.contains("Cancelled") && shown.contains("by key:admin on") && shown.contains("Access was cancelled"), "{shown}");
    assert!(!shown.contains(&format!("/external/{kari}/cancel")), "once");
    assert_eq!(send(&node, &key, &format!("/external/{kari}/cancel"), &[]).await.1, "/external", "somebody was quicker");
    assert_eq!(shares(&node, "?status=cancelled").await[0]["cancelled_by"], "key:admin");

    // Keyset pages: 25 a page, nothing twice, nothing left out.
    for n in 0..27 {
        order(&format!("Guest {n:02}"), "guest@example.com").await;
    }
    let (_, first) = page(&node, &key, "/external?name=guest").await;
    let next =
        first.split("href=\"/external?").filter_map(|rest| rest.split('"').next()).find(|url| url.contains("after=")).expect("a next page");
    let (_, second) = page(&node, &key, &format!("/external?{}", next.replace("&amp;", "&").replace("&#38;", "&"))).await;
    for n in 0..27 {
        let name = format!("<b>Guest {n:02}</b>");
        assert_eq!(first.matches(&name).count() + second.matches(&name).count(), 1, "{name}");
    }
    assert_eq!(first.matches("<b>Guest ").count(), 25);
}

async fn until_page(node: &Started, key: &str, what: &str, holds: impl Fn(&str) -> bool) -> String {
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let (status, shown) = page(node, key, "/external").await;
        assert_eq!(status, 200);
        if holds(&shown) {
            return shown;
        }
        assert!(tokio::time::Instant::now() < end, "{what}: {shown}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn pages_and_letters_are_configured_and_only_pictures_are_logos() {
    let smtp = Smtp::start(Way::Starttls).await;
    let node = writing(&smtp).await;
    let key = node.key.clone();
    let whole = [
        ("footer", "My Company\r\nsupport@mycompany.example\r\nhttps://mycompany.example"),
        ("session_hours", "4"),
        ("days", "5"),
        ("language", "no"),
        ("from", "My Company <no-reply@mycompany.example>"),
        ("subject", ""),
        ("body", ""),
        ("internal_body", "Look: {{link}}"),
        ("terms_en", "English terms"),
        ("terms_no", "Norske vilkår"),
        ("show_access_number", "on"),
    ];
    for (field, value, id) in [
        ("footer", "a\nb\nc\nd", "w-footer"),
        ("session_hours", "25", "w-hours"),
        ("session_hours", "x", "w-hours"),
        ("days", "0", "w-days"),
        ("language", "fi", "w-language"),
        ("from", "nobody", "w-from"),
        ("subject", "a\u{7}b", "w-subject"),
        ("body", "no mark", "w-body"),
        ("internal_body", "no mark", "w-internal"),
        ("terms_en", "", "w-en"),
    ] {
        let fields: Vec<(&str, &str)> = whole.iter().map(|&(name, kept)| (name, if name == field { value } else { kept })).collect();
        let (status, _, shown) = send(&node, &key, "/external/configuration", &fields).await;
        assert_eq!(status, 422, "{field}");
        assert!(shown.contains(&format!("id=\"{id}\"")) && shown.contains("Norske vilkår"), "{field}: {shown}");
    }
    assert_eq!(node.get("/v1/shares/configuration").await["session_hours"], 2, "nothing was changed");
    assert_eq!(send(&node, &key, "/external/configuration", &whole).await.1, "/external/configuration?done=saved");
    let kept = node.get("/v1/shares/configuration").await;
    assert_eq!((&kept["session_hours"], &kept["days"], &kept["language"]), (&json!(4), &json!(5), &json!("no")), "{kept}");
    assert_eq!(kept["footer"], json!(["My Company", "support@mycompany.example", "https://mycompany.example"]));
    let (_, shown) = page(&node, &key, "/external/configuration").await;
    assert!(shown.contains("Norske vilkår") && shown.contains("support@mycompany.example"), "{shown}");

    // What is configured is what the form begins with.
    let id = call(&node, "sales", "+4799887766").await;
    let (_, form) = page(&node, &key, &format!("/archive/send?r={id}")).await;
    assert!(form.contains("value=\"no\" selected") && form.contains("value=\"en\"") && !form.contains("value=\"fi\""), "{form}");
    assert!(form.contains("value=\"5\"") && form.contains("no-reply@mycompany.example"));
    let access = form.split("name=\"show_access_number\"").nth(1).and_then(|rest| rest.split('>').next()).expect("a box");
    assert!(access.contains("checked"), "{access}");

    // The logo: only what decodes as a picture.
    let upload = |bytes: Vec<u8>| {
        let mut body =
            b"--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n\r\n--x\r\nContent-Disposition: form-data; name=\"logo\"; \
            filename=\"logo\"\r\nContent-Type: image/png\r\n\r\n"
                .to_vec();
        body.extend(bytes);
        body.extend(b"\r\n--x--\r\n");
        let request = node.request(Method::POST, "/external/logo").header("content-type", "multipart/form-data; boundary=x");
        async move { request.body(body).send().await.expect("answered") }
    };
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
    let refused = upload(svg).await;
    assert_eq!(refused.status(), 422);
    let refused = refused.text().await.expect("text");
    assert!(refused.contains("id=\"w-logo\"") && refused.contains("can hold scripts"), "{refused}");
    let large = upload(vec![0; 600_000]).await;
    assert!(large.status() == 422 && large.text().await.expect("text").contains("has 600000 bytes; at most 524288"));
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(40, 10, image::Rgb([200, 90, 40])).write_to(&mut png, image::ImageFormat::Png).expect("a picture");
    // Another file behind the picture does not come along.
    let both = [png.into_inner(), b"<html><script>alert(1)</script>".to_vec()].concat();
    assert_eq!(upload(both).await.status(), 303);
    let logo = node.request(Method::GET, "/external/logo").send().await.expect("answered");
    assert_eq!((logo.status().as_u16(), logo.headers()["content-type"].to_str().ok()), (200, Some("image/png")));
    let kept = logo.bytes().await.expect("bytes");
    assert!(!kept.windows(8).any(|w| w == b"<script>"));
    assert_eq!(
        image::load_from_memory(&kept).expect("a picture").to_rgb8(),
        image::RgbImage::from_pixel(40, 10, image::Rgb([200, 90, 40]))
    );
    let outside = node.bare(Method::GET, &format!("/e/{}", "A".repeat(43))).send().await.expect("answered").text().await.expect("text");
    assert!(outside.contains("src=\"/e/logo?v="), "{outside}");
    assert!(page(&node, &key, "/external/configuration").await.1.contains("src=\"/external/logo\""));
    assert_eq!(upload(Vec::new()).await.status(), 303, "and away");
    assert_eq!(node.request(Method::GET, "/external/logo").send().await.expect("answered").status(), 404);
    let audit = node.get("/v1/audit?action=setting_change&subject=sharing").await;
    assert_eq!(audit["items"].as_array().map(Vec::len), Some(3), "{audit}");
}
