//! A4: a legal hold stops deletion of what it covers, by retention and by hand, also of what is made later; it never keeps what a participant declined.

use std::time::Duration;

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient};
use ferric::model::redact::Personal;
use reqwest::Method;
use serde_json::{Value, json};

use crate::aged::{aged, catalogue_of, files_of, lay_files};
use crate::declined::{decline, participant, ready_without, session_of_the_call};
use crate::running_node::RunningNode;
use crate::two_tones::two_tones;

async fn hold(node: &RunningNode, what: Value) -> String {
    let (status, hold) = node.post("/v1/holds", what).await;
    assert_eq!(status, 201, "{hold}");
    hold["id"].as_str().unwrap().to_owned()
}

async fn swept(node: &RunningNode) -> (u64, u64) {
    let (status, swept) = node.post("/v1/retention/sweep", json!({})).await;
    assert_eq!(status, 200, "{swept}");
    (swept["deleted"].as_u64().unwrap(), swept["held"].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_a_hold_stops_retention_and_deletion_until_it_is_released() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let node = RunningNode::start_with(&data, &[("FERRIC_RETENTION_SWEEP_S", "0")]);
    let catalogue = catalogue_of(&data).await;
    assert_eq!(node.post("/v1/projects", json!({ "slug": "sales" })).await.0, 201);
    let row = |project: &str, number: Option<&str>, email: Option<&str>, agent: Option<&str>| {
        let mut row = aged(100);
        row.project = project.parse().unwrap();
        row.caller_number = number.map(Personal::new);
        row.customer_email = email.map(Personal::new);
        row.agents = agent.map(str::to_owned).into_iter().collect();
        row
    };
    let named = row("default", None, None, None);
    let called = row("default", Some("+47 22 33 44 55"), None, None);
    let wrote = row("default", None, Some("Kari@Example.com"), None);
    let annas = row("sales", None, None, Some("anna"));
    let free = row("sales", Some("+4799887766"), None, Some("bo"));
    for row in [&named, &called, &wrote, &annas, &free] {
        catalogue.put_recording(row).await.unwrap();
        lay_files(&data, &row.id);
    }
    let reason = "Case 7/2026";
    let by_name = hold(&node, json!({ "name": "one", "reason": reason, "recordings": [named.id] })).await;
    let by_number = hold(&node, json!({ "name": "number", "reason": reason, "filter": { "customer": "22 33 44 55" } })).await;
    let by_email = hold(&node, json!({ "name": "email", "reason": reason, "filter": { "customer": "kari@example.com" } })).await;
    let by_agent = hold(&node, json!({ "name": "agent", "reason": reason, "filter": { "project": "sales", "agent": "anna" } })).await;

    for (held, id) in [(true, &named.id), (true, &called.id), (true, &wrote.id), (true, &annas.id), (false, &free.id)] {
        assert_eq!(node.get(&format!("/v1/recordings/{id}")).await["legal_hold"], held, "{id}");
    }
    let (status, problem) = node.send(Method::DELETE, &format!("/v1/recordings/{}", called.id), json!({})).await;
    assert_eq!((status, problem["reason"].as_str()), (409, Some("legal_hold")), "{problem}");
    assert_eq!(swept(&node).await, (1, 4));
    assert!(!files_of(&data, free.id.as_str()) && files_of(&data, called.id.as_str()));
    let plan = node.get("/v1/retention").await;
    let held = plan["held"].as_array().unwrap();
    assert_eq!(held.len(), 4, "{plan}");
    assert!(held.iter().any(|row| row["recording"] == annas.id.as_str() && row["holds"][0]["name"] == "agent"), "{plan}");

    // Made later, and covered at once.
    let later = row("sales", None, None, Some("anna"));
    catalogue.put_recording(&later).await.unwrap();
    assert_eq!(node.get(&format!("/v1/recordings/{}", later.id)).await["legal_hold"], true);
    assert_eq!(swept(&node).await, (0, 5));

    // Two holds on one: it stays until both are released.
    let second = hold(&node, json!({ "name": "two", "reason": reason, "recordings": [named.id] })).await;
    let release = async |id: &str| node.send(Method::DELETE, &format!("/v1/holds/{id}"), json!({ "reason": "settled" })).await;
    assert_eq!(release(&by_name).await.0, 200);
    assert_eq!(swept(&node).await, (0, 5));
    for id in [&second, &by_number, &by_email] {
        assert_eq!(release(id).await.0, 200);
    }
    let (status, problem) = release(&second).await;
    assert_eq!((status, problem["reason"].as_str()), (409, Some("released")), "{problem}");
    let (status, problem) = node.send(Method::DELETE, &format!("/v1/holds/{by_agent}"), json!({})).await;
    assert!(status == 422 && problem["detail"].as_str().unwrap().starts_with("reason: "), "{problem}");
    assert_eq!(swept(&node).await, (3, 2));

    let holds = node.get("/v1/holds").await;
    let holds = holds["items"].as_array().unwrap();
    assert_eq!((holds.len(), holds[0]["name"].as_str(), holds[0]["covers"].as_u64()), (5, Some("agent"), Some(2)), "{holds:?}");
    let audit = node.get("/v1/audit?action=hold").await;
    assert_eq!(audit["items"].as_array().unwrap().len(), 9, "made and released");
    assert!(!audit.to_string().contains("22 33 44 55") && !audit.to_string().contains("kari@"), "the log names nobody: {audit}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_a_hold_by_a_long_name_or_address_holds() {
    let node = crate::started::Started::new().await;
    let (agent, email) = ("å".repeat(100), format!("{}@{}.example", "k".repeat(60), "a".repeat(60)));
    for (what, filter) in [("agent", json!({ "agent": agent })), ("email", json!({ "customer": email.to_uppercase() }))] {
        let mut row = aged(1);
        row.agents = (what == "agent").then(|| agent.clone()).into_iter().collect();
        row.customer_email = (what == "email").then(|| Personal::new(email.clone()));
        node.node.catalogue.put_recording(&row).await.unwrap();
        let (status, hold) = node.post("/v1/holds", json!({ "name": what, "reason": "Case 9/2026", "filter": filter })).await;
        assert_eq!((status, hold["covers"].as_u64(), &hold["filter"]), (201, Some(1), &filter), "{hold}");
        let (status, problem) = node.send(Method::DELETE, &format!("/v1/recordings/{}", row.id), json!({})).await;
        assert_eq!((status, problem["reason"].as_str()), (409, Some("legal_hold")), "{what}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_a_hold_that_cannot_be_is_refused_by_its_field() {
    let node = crate::started::Started::new().await;
    for (body, says) in [
        (json!({ "name": "x", "reason": "r" }), "recordings: "),
        (json!({ "name": "x", "recordings": ["r"] }), "missing field `reason`"),
        (json!({ "name": "x", "reason": "r", "recordings": ["0123"] }), "recordings[0]: there is no such recording"),
        (json!({ "name": "x", "reason": "r", "filter": { "colour": "red" } }), "filter.colour: unknown field `colour`"),
        (json!({ "name": "x", "reason": "r", "filter": { "customer": "somebody" } }), "filter.customer: "),
    ] {
        let (status, problem) = node.post("/v1/holds", body.clone()).await;
        assert!(status == 422 && problem["detail"].as_str().unwrap().contains(says), "{body}: {problem}");
    }
    assert_eq!(node.get("/v1/holds").await["items"], json!([]));
    assert_eq!(node.send(Method::DELETE, "/v1/holds/0123", json!({ "reason": "r" })).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a4_what_a_participant_declined_is_erased_whatever_hold_lies_there() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    hold(&node, json!({ "name": "all", "reason": "Case 8/2026", "filter": { "project": "default" } })).await;
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    let session = session_of_the_call(&node).await;
    let customer = participant(&node, &session, "customer").await;
    // What is recorded has a length.
    tokio::time::sleep(Duration::from_secs(3)).await;
    decline(&node, &session, &customer).await;
    call.hang_up(&pump).await.unwrap();
    let id = node.recordings_in("ready", 1, Duration::from_secs(60)).await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(node.get(&format!("/v1/recordings/{id}")).await["legal_hold"], true);
    ready_without(&node, &id, &customer, Duration::from_secs(60)).await;
    assert_eq!(node.send(Method::DELETE, &format!("/v1/recordings/{id}"), json!({})).await.0, 409);
}
