use reqwest::Method;
use reqwest::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use serde_json::{Value, json};

use crate::started::{Started, json_of};

async fn put(node: &Started, path: &str, body: Value) -> (u16, Value) {
    node.send(Method::PUT, path, body).await
}

#[tokio::test]
async fn what_cannot_be_is_refused_by_field_and_changes_nothing() {
    let node = Started::new().await;
    assert_eq!(put(&node, "/v1/projects/p", json!({ "settings": { "record_mode": "agent_only_allow" } })).await.0, 200);
    let entries = node.get("/v1/audit?limit=200").await["items"].as_array().expect("items").len();
    let table = [
        (json!({ "kind": "shop" }), "kind: unknown variant `shop`"),
        (json!({ "kind": null }), "kind: "),
        (json!({ "name": "x" }), "unknown field `name`"),
        (json!({ "settings": { "recordmode": "both" } }), "unknown field `recordmode`"),
        (json!({ "settings": { "record_mode": "all" } }), "settings.record_mode: unknown variant `all`, expected one of `both`"),
        (json!({ "settings": { "record_mode": null } }), "settings.record_mode: null is no value"),
        (json!({ "settings": { "record_mode": ["both"] } }), "settings.record_mode: "),
        (json!({ "settings": { "conference_mode": "use global" } }), "settings.conference_mode: unknown variant `use global`"),
        (
            json!({ "settings": { "start_paused": "true" } }),
            "settings.start_paused: a text does not fit, expected true, false or `use_global`",
        ),
        (json!({ "settings": { "start_paused": null } }), "settings.start_paused: null"),
        (json!({ "settings": { "min_duration_s": 2.5 } }), "settings.min_duration_s: 2.5 does not fit, expected a whole number"),
        (json!({ "settings": { "min_duration_s": -1 } }), "settings.min_duration_s: -1 does not fit"),
        (json!({ "settings": { "max_duration_s": 0 } }), "settings.max_duration_s: must be at least 1"),
        (json!({ "settings": { "min_duration_s": 9, "max_duration_s": 8 } }), "settings.min_duration_s: must not be above"),
        (json!({ "settings": { "retention_months": 0 } }), "settings.retention_months: must be 1 to 1200"),
        (json!({ "settings": { "retention_months": 3.0 } }), "settings.retention_months: 3.0 does not fit"),
        (json!({ "settings": null }), "settings: "),
        (json!({ "caller_is": "third_party" }), "caller_is: must be `customer` or `agent`"),
        (json!({ "caller_is": "boss" }), "caller_is: unknown variant `boss`"),
        (
            json!({ "kind": "contact_center", "settings": { "record_mode": "none" } }),
            "settings.record_mode: `none` is for customer service",
        ),
        (
            json!({ "kind": "customer_service", "settings": { "record_mode": "receipts_allow" } }),
            "settings.record_mode: `receipts_allow` is for contact",
        ),
        (
            json!({ "kind": "video", "settings": { "record_mode": "receipts_forbid" } }),
            "settings.record_mode: `receipts_forbid` is for contact",
        ),
        (
            json!({ "kind": "video", "settings": { "conference_mode": "all" } }),
            "settings.conference_mode: means nothing in a project of kind `video`",
        ),
    ];
    for (body, says) in table {
        let (status, problem) = put(&node, "/v1/projects/p", body.clone()).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(status == 422 && detail.contains(says), "{body}: {status} {detail}");
        assert!(problem["reason"] == "invalid", "{problem}");
    }
    assert_eq!(node.get("/v1/projects/p").await["settings"], json!({ "record_mode": "agent_only_allow" }));
    for (path, body, says) in [
        ("/v1/workspace", json!({ "settings": { "max_duration_s": 1.0 } }), "settings.max_duration_s: 1.0 does not fit"),
        ("/v1/agents/a", json!({ "addresses": ["*"] }), "addresses[0]: would match everybody"),
        ("/v1/agents/a", json!({ "addresses": ["two words"] }), "addresses[0]: must not hold blanks"),
        ("/v1/agents/a", json!({ "addresses": [7] }), "addresses[0]: "),
        ("/v1/agents/a", json!({ "properties": { "forced": null } }), "properties.forced: "),
        ("/v1/agents/a", json!({ "properties": { "force": true } }), "unknown field `force`"),
        ("/v1/queues/q", json!({ "properties": { "forced": 1 } }), "properties.forced: "),
    ] {
        let (status, problem) = put(&node, path, body).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(status == 422 && detail.contains(says), "{path}: {status} {detail}");
    }
    let after = node.get("/v1/audit?limit=200").await["items"].as_array().expect("items").len();
    assert_eq!(after, entries, "what is refused is no change");
}

#[tokio::test]
async fn every_kind_takes_its_own_settings_and_use_global() {
    let node = Started::new().await;
    for (kind, settings) in [
        (
            "contact_center",
            json!({ "record_mode": "receipts_forbid", "multiple_receipts_per_order": true, "agents_can_listen_to_others": true }),
        ),
        ("customer_service", json!({ "record_mode": "none", "conference_mode": "stop_on_third_party" })),
        ("video", json!({ "trigger": "prompt", "stop_when_host_leaves": true, "retention_months": 12 })),
        ("call", json!({ "record_mode": "none", "retention_months": 1 })),
        ("room", json!({ "record_mode": "receipts_allow", "conference_mode": "all" })),
    ] {
        let path = format!("/v1/projects/{}", kind.replace('_', "-"));
        let (status, row) = put(&node, &path, json!({ "kind": kind, "settings": settings })).await;
        assert_eq!((status, &row["kind"], &row["settings"]), (200, &json!(kind), &settings), "{row}");
        let mut global = json!({});
        for name in
            ["record_mode", "conference_mode", "pause_behavior", "consent", "trigger", "start_paused", "multiple_receipts_per_order"]
        {
            global[name] = json!("use_global");
        }
        for name in [
            "recording_enabled",
            "min_duration_s",
            "max_duration_s",
            "stop_when_host_leaves",
            "retention_months",
            "agents_can_listen_to_others",
        ] {
            global[name] = json!("use_global");
        }
        let (status, row) = put(&node, &path, json!({ "kind": kind, "settings": global })).await;
        assert_eq!((status, &row["settings"]), (200, &json!({})), "{row}");
        let session = node.post("/v1/sessions", json!({ "project": kind.replace('_', "-") })).await.1;
        let session = node.get(&format!("/v1/sessions/{}", session["id"].as_str().expect("an id"))).await;
        let expected = if matches!(kind, "video" | "room") { "room" } else { "call" };
        assert_eq!(session["kind"], expected, "the session's kind follows from the project's");
    }
}

#[tokio::test]
async fn every_change_says_who_what_before_and_what_after() {
    let node = Started::new().await;
    assert_eq!(put(&node, "/v1/workspace", json!({ "settings": { "record_mode": "agent_only_allow" } })).await.0, 200);
    assert_eq!(node.post("/v1/projects", json!({ "slug": "p", "settings": { "consent": "per_party" } })).await.0, 201);
    assert_eq!(put(&node, "/v1/projects/p", json!({ "settings": { "consent": "all_party", "trigger": "manual" } })).await.0, 200);
    assert_eq!(put(&node, "/v1/projects/p", json!({ "settings": { "consent": "all_party", "trigger": "manual" } })).await.0, 200);
    assert_eq!(put(&node, "/v1/agents/anna", json!({ "addresses": ["+4722334455", "anna@pbx.example"] })).await.0, 200);
    assert_eq!(put(&node, "/v1/queues/sales", json!({ "properties": { "forced": true } })).await.0, 200);
    for path in ["/v1/projects/p", "/v1/agents/anna", "/v1/queues/sales"] {
        assert_eq!(node.send(Method::DELETE, path, json!({})).await.0, 204);
    }
    let page = node.get("/v1/audit?action=setting_change&actor=key:admin").await;
    let entries: Vec<_> = page["items"].as_array().expect("items").iter().rev().collect();
    let subjects: Vec<_> = entries.iter().map(|e| e["subject"].as_str().expect("text")).collect();
    assert_eq!(
        subjects,
        ["workspace", "project:p", "project:p", "agent:anna", "queue:sales", "project:p", "agent:anna", "queue:sales"],
        "the same again is no change"
    );
    let detail = |n: usize| &entries[n]["detail"];
    assert_eq!(
        *detail(0),
        json!({ "via": "api", "before": { "settings": { "record_mode": null } }, "after": { "settings": { "record_mode": "agent_only_allow" } } })
    );
    assert_eq!((&detail(1)["before"], &detail(1)["after"]["settings"]), (&Value::Null, &json!({ "consent": "per_party" })));
    assert_eq!(detail(2)["before"], json!({ "settings": { "consent": "per_party", "trigger": null } }));
    assert_eq!(detail(2)["after"], json!({ "settings": { "consent": "all_party", "trigger": "manual" } }));
    assert_eq!(detail(3)["after"]["addresses"], json!(["***455", "a***@pbx.example"]), "the log keeps no number and no address in clear");
    assert_eq!((&detail(5)["after"], &detail(5)["before"]["slug"]), (&Value::Null, &json!("p")));
    assert_eq!(node.node.catalogue.check_audit_chain().await.expect("followed").broken, None);
}

#[tokio::test]
async fn a_change_that_rests_on_something_old_is_not_made() {
    let node = Started::new().await;
    for (path, first, second) in [
        ("/v1/projects/p", json!({ "settings": { "trigger": "manual" } }), json!({ "settings": { "trigger": "prompt" } })),
        ("/v1/agents/a", json!({ "addresses": ["1001"] }), json!({ "addresses": ["1002"] })),
        ("/v1/queues/q", json!({}), json!({ "properties": { "forced": true } })),
        ("/v1/workspace", json!({ "settings": { "trigger": "manual" } }), json!({ "settings": {} })),
    ] {
        let send = |method: Method, body: &Value| node.request(method, path).json(body);
        let made = send(Method::PUT, &first).send().await.expect("answered");
        let tag = made.headers()[ETAG].to_str().expect("text").to_owned();
        let read = node.request(Method::GET, path).send().await.expect("answered");
        assert_eq!(read.headers()[ETAG].to_str().expect("text"), tag, "{path}: what was put is what is read");
        let (status, problem) = json_of(send(Method::PUT, &second).header(IF_MATCH, "\"old\"").send().await.expect("answered")).await;
        assert_eq!((status, &problem["reason"]), (412, &json!("changed_meanwhile")), "{path}");
        assert_eq!(json_of(send(Method::PUT, &second).header(IF_NONE_MATCH, "*").send().await.expect("answered")).await.0, 412, "{path}");
        assert_eq!(json_of(send(Method::PUT, &second).header(IF_MATCH, &tag).send().await.expect("answered")).await.0, 200, "{path}");
        assert_eq!(json_of(send(Method::PUT, &first).header(IF_MATCH, &tag).send().await.expect("answered")).await.0, 412, "{path}");
        assert_eq!(json_of(send(Method::PUT, &first).header(IF_MATCH, "tag").send().await.expect("answered")).await.0, 400, "{path}");
        if path != "/v1/workspace" {
            assert_eq!(
                json_of(send(Method::DELETE, &json!({})).header(IF_MATCH, &tag).send().await.expect("answered")).await.0,
                412,
                "{path}"
            );
        }
    }
    // Ten at once rest on the same row: one of them is made.
    let tag = node.request(Method::GET, "/v1/projects/p").send().await.expect("answered").headers()[ETAG].clone();
    let at_once = (0..10).map(|n| {
        let body = json!({ "settings": { "min_duration_s": 100 + n } });
        node.request(Method::PUT, "/v1/projects/p").header(IF_MATCH, tag.clone()).json(&body).send()
    });
    let answers = futures::future::join_all(at_once).await;
    assert_eq!(answers.into_iter().filter(|a| a.as_ref().is_ok_and(|a| a.status() == 200)).count(), 1);
    let (status, problem) = node.send(Method::DELETE, "/v1/projects/default", json!({})).await;
    assert_eq!((status, &problem["reason"]), (409, &json!("in_use")), "{problem}");
}

#[tokio::test]
async fn a_live_session_keeps_what_it_began_with() {
    let node = Started::new().await;
    let gates = async |session: &str| {
        let mut open: Vec<_> = node.get(&format!("/v1/sessions/{session}")).await["gates"]
            .as_array()
            .expect("gates")
            .iter()
            .map(|g| format!("{} {}", g["participant"].as_str().expect("id"), g["gate"].as_str().expect("gate")))
            .collect();
        open.sort();
        open
    };
    let command = async |session: &str, by: &Value, verb: &str| {
        node.post(&format!("/v1/sessions/{session}/commands"), json!({ "do": verb, "by": by })).await.0
    };
    let open_one = async || {
        let (_, opened) = node.post("/v1/sessions", json!({ "project": "rooms" })).await;
        let session = opened["id"].as_str().expect("an id").to_owned();
        let path = format!("/v1/sessions/{session}/participants");
        let host = node.post(&path, json!({ "role": "agent" })).await.1["id"].clone();
        let guest = node.post(&path, json!({ "role": "customer" })).await.1["id"].clone();
        // An invitation is no presence: somebody is in from their first contact.
        assert_eq!(command(&session, &host, "start").await, 200);
        assert_eq!(command(&session, &guest, "consent_grant").await, 200);
        (session, host, guest)
    };
    assert_eq!(put(&node, "/v1/projects/rooms", json!({ "kind": "video", "settings": { "record_mode": "both" } })).await.0, 200);
    let (old, host, _) = open_one().await;
    let both = gates(&old).await;
    assert!(both.iter().filter(|g| g.ends_with(" open")).count() == 2, "{both:?}");
    assert_eq!(
        put(&node, "/v1/projects/rooms", json!({ "kind": "video", "settings": { "record_mode": "agent_only_forbid" } })).await.0,
        200
    );
    assert_eq!(put(&node, "/v1/workspace", json!({ "settings": { "recording_enabled": false } })).await.0, 200);
    assert_eq!(command(&old, &host, "pause").await, 200);
    assert_eq!(command(&old, &host, "resume").await, 200);
    assert_eq!(gates(&old).await, both, "what holds for new sessions does not touch this one");
    assert_eq!(put(&node, "/v1/workspace", json!({ "settings": {} })).await.0, 200);
    let (new, new_host, _) = open_one().await;
    let open: Vec<_> = gates(&new).await.into_iter().filter(|g| g.ends_with(" open")).collect();
    assert_eq!(open, [format!("{} open", new_host.as_str().expect("id"))], "the new one records the host alone");
}

#[tokio::test]
async fn a_consent_text_gets_a_version_with_every_change() {
    let node = Started::new().await;
    let path = "/v1/projects/default/consent-text";
    assert_eq!(node.request(Method::GET, path).send().await.expect("answered").status(), 404);
    let put_text = async |language: &str, text: &str| put(&node, path, json!({ "language": language, "text": text })).await;
    assert_eq!(put_text("en", "May we record?").await.1["version"], 1);
    assert_eq!(put_text("en", "May we record?").await.1["version"], 1, "the same again is no change");
    assert_eq!(put_text("nb-NO", "Kan vi ta opp?").await.1["version"], 2);
    assert_eq!(node.send(Method::DELETE, path, json!({})).await.0, 204);
    assert_eq!(node.send(Method::DELETE, path, json!({})).await.0, 404);
    assert_eq!(put_text("en", "May we record?").await.1["version"], 4, "no version is used twice");
    assert_eq!(node.get(&format!("{path}/2")).await["text"], "Kan vi ta opp?", "what was asked once can still be read");
    for (body, says) in [
        (json!({ "language": "english!", "text": "x" }), "language: "),
        (json!({ "language": "en", "text": " " }), "text: must have 1 to 4000"),
        (json!({ "language": "en", "text": "a\u{7}" }), "text: must not hold control"),
        (json!({ "language": "en" }), "missing field `text`"),
        (json!({ "language": "en", "text": "x", "version": 9 }), "unknown field `version`"),
    ] {
        let (status, problem) = put(&node, path, body).await;
        assert!(status == 422 && problem["detail"].as_str().unwrap_or_default().contains(says), "{problem}");
    }
    assert_eq!(put(&node, "/v1/projects/nowhere/consent-text", json!({ "language": "en", "text": "x" })).await.0, 404);
}

#[tokio::test]
async fn a_story_is_told_to_the_very_simulator_on_the_projects_settings() {
    let node = Started::new().await;
    assert_eq!(put(&node, "/v1/workspace", json!({ "settings": { "record_mode": "receipts_forbid" } })).await.0, 200);
    assert_eq!(put(&node, "/v1/projects/shop", json!({ "kind": "contact_center" })).await.0, 200);
    assert_eq!(put(&node, "/v1/projects/help", json!({ "kind": "customer_service" })).await.0, 200);
    assert_eq!(put(&node, "/v1/agents/anna", json!({ "properties": { "forced": true } })).await.0, 200);
    let events = json!([
        { "at_ms": 0, "join": { "participant": "a1", "role": "agent" } },
        { "at_ms": 0, "join": { "participant": "c1", "role": "customer" } },
        { "at_ms": 10_000, "command": { "by": "a1", "do": "receipt_start", "order": "O-77" } },
        { "at_ms": 20_000, "command": { "by": "a1", "do": "receipt_stop" } },
        { "at_ms": 25_000, "command": { "by": "a1", "do": "pause" } },
        { "at_ms": 30_000, "end": {} }
    ]);
    let tell = async |slug: &str, more: Value| {
        let mut body = json!({ "events": events.clone() });
        for (key, value) in more.as_object().expect("fields") {
            body[key] = value.clone();
        }
        node.request(Method::POST, &format!("/v1/projects/{slug}/simulate")).json(&body).send().await.expect("answered")
    };
    let shop = tell("shop", json!({})).await.text().await.expect("text");
    let settings = json!({ "record_mode": "receipts_forbid" });
    let alone = ferric::policy::scenario::simulate(&json!({ "settings": settings, "events": events }).to_string()).expect("runs");
    assert_eq!(shop, alone, "byte for byte what `ferric simulate` says");
    let help: Value = tell("help", json!({})).await.json().await.expect("JSON");
    assert_eq!(help["outputs"][0]["spans"]["c1"], Value::Null, "receipts do not decide in customer service: the customer stays unrecorded");
    let forced: Value = tell("shop", json!({ "agents": { "a1": "anna" } })).await.json().await.expect("JSON");
    assert_eq!(forced["refused"][0]["reason"], "forced");
    for (body, says) in [
        (json!({ "events": [{ "at_ms": 0, "join": { "participant": "a", "role": "boss" } }] }), "events[0].join.role"),
        (json!({ "events": [], "queue": "nowhere" }), "queue: there is no queue"),
        (json!({ "events": [], "agents": { "a": "nobody" } }), "agents.a: there is no agent"),
        (json!({ "events": [], "settings": {} }), "unknown field `settings`"),
    ] {
        let (status, problem) = node.post("/v1/projects/shop/simulate", body).await;
        assert!(status == 422 && problem["detail"].as_str().unwrap_or_default().contains(says), "{problem}");
    }
}
