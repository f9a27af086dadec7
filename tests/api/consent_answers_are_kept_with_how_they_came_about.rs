use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::started::{Started, json_of};

async fn consent_project(node: &Started, consent: &str) -> (String, Value, Value) {
    node.room(json!({ "slug": "meet", "kind": "room", "settings": { "consent": consent, "trigger": "auto_first" } })).await
}

fn participant<'a>(session: &'a Value, who: &Value) -> &'a Value {
    let all = session["participants"].as_array().expect("participants");
    all.iter().find(|p| p["id"] == who["id"]).unwrap_or_else(|| panic!("nobody of that id in {session:#}"))
}

/// Kinds and data of a session's events so far, once one of `until` is among them.
async fn events(node: &Started, session: &str, until: &str) -> Vec<(String, Value)> {
    let deadline = Instant::now() + Duration::from_secs(20);
    let id = session.parse().expect("an id");
    loop {
        let rows = node.node.catalogue.events_since(0, Some(&id), 1_000).await.expect("events");
        let found: Vec<(String, Value)> = rows.into_iter().map(|row| (row.kind, row.data)).collect();
        if found.iter().any(|(kind, _)| kind == until) {
            return found;
        }
        assert!(Instant::now() < deadline, "no {until} in {found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_ivrs_answer_waits_for_its_participant_and_takes_effect_when_they_come() {
    let node = Started::new().await;
    let (session, host, _) = consent_project(&node, "per_party").await;
    let at = "2026-01-02T03:04:05.000Z";
    let body = json!({ "role": "customer", "consent": {
        "answer": "granted", "source": "ivr", "flow": "main/consent", "caller_number": "+4799", "text_version": "v3", "language": "nb-NO", "answered_at": at } });
    let (status, caller) = node.post(&format!("/v1/sessions/{session}/participants"), body).await;
    assert_eq!(status, 201, "{caller}");
    let commands = format!("/v1/sessions/{session}/commands");
    // Somebody who was invited without an answer gives one by a voice dialogue: they are not there for it.
    let (_, later) = node.post(&format!("/v1/sessions/{session}/participants"), json!({ "role": "customer" })).await;
    let declined = json!({ "do": "consent_decline", "by": later["id"], "consent": { "source": "ivr", "flow": "second" } });
    assert_eq!(node.post(&commands, declined).await.0, 200);
    let path = format!("/v1/sessions/{session}");
    let seen = node.get(&path).await;
    for who in [&caller, &later] {
        let seen = participant(&seen, who);
        assert_eq!((&seen["present"], &seen["consent"]), (&json!(false), &Value::Null), "{seen}");
    }

    // They come, by something that is no answer; the host has granted.
    assert_eq!(node.post(&commands, json!({ "do": "consent_grant", "by": host["id"] })).await.0, 200);
    for who in [&caller, &later] {
        assert_eq!(node.post(&commands, json!({ "do": "start", "by": who["id"] })).await.0, 409);
    }
    let seen = node.get(&path).await;
    assert!([&caller, &later].iter().all(|who| participant(&seen, who)["present"] == false), "by nothing that is refused: {seen}");
    for who in [&caller, &later] {
        assert_eq!(node.post(&format!("{path}/arrive"), json!({ "by": who["id"] })).await.0, 204);
    }
    let seen = node.get(&path).await;
    let of_caller = participant(&seen, &caller);
    assert_eq!((&of_caller["present"], of_caller["consent"].as_str()), (&json!(true), Some("granted")));
    let answer = &of_caller["consents"]["answers"][0];
    assert_eq!(
        answer["by"],
        json!({ "source": "ivr", "flow": "main/consent", "caller_number": "+4799", "text_version": "v3", "language": "nb-NO", "answered_at": at })
    );
    assert_eq!(of_caller["consents"]["asked"].as_array().map(Vec::len), Some(1), "they were asked all the same: {of_caller}");
    assert_eq!(participant(&seen, &later)["consent"], "declined");
    let gate =
        |who: &Value| seen["gates"].as_array().expect("gates").iter().find(|g| g["participant"] == who["id"]).map(|g| g["gate"].clone());
    assert_eq!(gate(&caller), Some(json!("open")));
    assert_eq!(gate(&later), Some(json!("closed")));

    let told = events(&node, &session, "participant.erased").await;
    let answered: Vec<&Value> = told.iter().filter(|(kind, _)| kind == "consent.answered").map(|(_, data)| data).collect();
    assert_eq!(answered.len(), 3, "{told:?}");
    assert_eq!((&answered[0]["source"], &answered[0]["answer"]), (&json!("api"), &json!("granted")));
    assert_eq!((&answered[1]["flow"], &answered[1]["answered_at"]), (&json!("main/consent"), &json!(at)));
    assert!(!format!("{told:?}").contains("+4799"), "a number is in the events, which participants read");
    // The question comes before anything of theirs can be taken.
    let place = |wanted: &dyn Fn(&str, &Value) -> bool| told.iter().position(|(kind, data)| wanted(kind, data)).expect("told");
    let asked = place(&|kind, data| kind == "consent.asked" && data["participant"] == caller["id"]);
    let open = place(&|kind, data| kind == "gate" && data["participant"] == caller["id"] && data["gate"] == "open");
    assert!(asked < open, "{told:?}");
}

#[tokio::test]
async fn a_page_says_what_it_showed_and_what_was_answered_to_it() {
    let node = Started::new().await;
    let (session, host, guest) = consent_project(&node, "all_party").await;
    let speak = async |who: &Value, path: &str, body: Value| {
        let request = node.bare(Method::POST, &format!("/v1/sessions/{session}/{path}"));
        json_of(request.bearer_auth(who["token"].as_str().expect("a token")).json(&body).send().await.expect("answered")).await
    };
    assert_eq!(speak(&guest, "asked", json!({ "what": "consent", "text_version": "2026-11", "language": "en" })).await.0, 204);
    assert_eq!(speak(&host, "commands", json!({ "do": "consent_grant" })).await.0, 200);
    let words = json!({ "text_version": "2026-11", "language": "en" });
    for what in ["consent_grant", "consent_withdraw", "consent_grant"] {
        assert_eq!(speak(&guest, "commands", json!({ "do": what, "consent": words })).await.0, 200, "{what}");
    }
    let seen = node.get(&format!("/v1/sessions/{session}")).await;
    let record = &participant(&seen, &guest)["consents"];
    assert_eq!(record["asked"][0]["source"], "page");
    assert_eq!(record["asked"][0]["text_version"], "2026-11");
    let answers: Vec<&str> = record["answers"].as_array().expect("answers").iter().map(|a| a["answer"].as_str().expect("text")).collect();
    assert_eq!(answers, ["granted", "withdrawn", "granted"], "all answers, in order: {record:#}");
    assert_eq!(record["answers"][0]["by"], json!({ "source": "page", "text_version": "2026-11", "language": "en" }));
    // What others said is theirs.
    let request = node.bare(Method::GET, &format!("/v1/sessions/{session}")).bearer_auth(guest["token"].as_str().expect("a token"));
    let (_, own) = json_of(request.send().await.expect("answered")).await;
    assert!(participant(&own, &guest)["consents"].is_object());
    assert_eq!((&participant(&own, &host)["consents"], &participant(&own, &host)["consent"]), (&Value::Null, &json!("granted")));
}

#[tokio::test]
async fn what_is_wrong_with_an_answer_is_named() {
    let node = Started::new().await;
    let (session, host, guest) = consent_project(&node, "per_party").await;
    let commands = format!("/v1/sessions/{session}/commands");
    let long = "x".repeat(129);
    for (consent, field) in [
        (json!({ "source": "telepathy" }), "consent.source"),
        (json!({ "source": "shared_stream" }), "consent.source"),
        (json!({ "flow": long }), "consent.flow"),
        (json!({ "flow": "" }), "consent.flow"),
        (json!({ "caller_number": "1".repeat(65) }), "consent.caller_number"),
        (json!({ "text_version": "v\u{7}1" }), "consent.text_version"),
        (json!({ "language": "norsk bokmål" }), "consent.language"),
        (json!({ "answered_at": "yesterday" }), "consent.answered_at"),
        (json!({ "answered_at": "2999-01-01T00:00:00Z" }), "consent.answered_at"),
        (json!({ "colour": "red" }), "consent.colour"),
    ] {
        let (status, problem) = node.post(&commands, json!({ "do": "consent_grant", "by": guest["id"], "consent": consent })).await;
        assert_eq!(status, 422, "{consent}: {problem}");
        let detail = problem["detail"].as_str().expect("text");
        assert!(detail.starts_with(field) || detail.contains("colour"), "{consent}: {detail}");
    }
    let (status, problem) = node.post(&commands, json!({ "do": "start", "by": host["id"], "consent": {} })).await;
    assert_eq!((status, problem["detail"].as_str().map(|d| d.starts_with("consent:"))), (422, Some(true)), "{problem}");
    for consent in [
        json!({ "source": "ivr" }),
        json!({ "flow": "f" }),
        json!({ "caller_number": "1" }),
        json!({ "answered_at": "2026-01-01T00:00:00Z" }),
    ] {
        let request = node.bare(Method::POST, &commands).bearer_auth(guest["token"].as_str().expect("a token"));
        let (status, problem) =
            json_of(request.json(&json!({ "do": "consent_grant", "consent": consent })).send().await.expect("answered")).await;
        assert_eq!(status, 422, "{problem}");
    }
    for (body, field) in [
        (json!({ "role": "customer", "consent": { "answer": "withdrawn" } }), "consent.answer"),
        (json!({ "role": "customer", "consent": {} }), "consent"),
    ] {
        let (status, problem) = node.post(&format!("/v1/sessions/{session}/participants"), body).await;
        assert_eq!((status, problem["detail"].as_str().map(|d| d.starts_with(field))), (422, Some(true)), "{problem}");
    }
    let (status, problem) =
        node.post(&format!("/v1/sessions/{session}/asked"), json!({ "what": "consent", "by": guest["id"], "language": "" })).await;
    assert_eq!(status, 422, "{problem}");
    let (status, _) = node.post(&format!("/v1/sessions/{session}/asked"), json!({ "what": "consent", "by": "nobody" })).await;
    assert_eq!(status, 409, "nobody of that id");
    let seen = node.get(&format!("/v1/sessions/{session}")).await;
    assert!(
        seen["participants"].as_array().expect("all").iter().all(|p| p["present"] == false && p["consent"].is_null()),
        "nothing changed: {seen:#}"
    );
}

#[tokio::test]
async fn a_session_is_found_by_the_platforms_own_id() {
    let node = Started::new().await;
    for id in ["call-1", "call-2"] {
        assert_eq!(node.post("/v1/sessions", json!({ "project": "default", "external_id": id })).await.0, 201);
    }
    let found = node.get("/v1/sessions?external_id=call-2").await;
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found["items"][0]["external_id"], "call-2");
}
