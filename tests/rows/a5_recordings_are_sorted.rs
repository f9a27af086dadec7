//! A5: folders, labels, assigned members; triage rules that route new recordings into folders, with labels and assignees.

use std::time::Duration;

use ferric::app::load::siprec::{CallPlan, Pump, SipFlow, SiprecCall, SiprecClient};
use ferric::archive::{Recording, RecordingState};
use reqwest::Method;
use serde_json::{Value, json};

use crate::running_node::RunningNode;
use crate::started::{Started, recording};
use crate::tus::{Sender, ffmpeg};
use crate::two_tones::two_tones;

async fn made(node: &RunningNode, path: &str, body: Value) -> Value {
    let (status, answer) = node.post(path, body).await;
    assert_eq!(status, 201, "{path}: {answer}");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_an_upload_and_a_call_are_sorted_once_as_they_become_ready() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let node = RunningNode::start(&data);
    let support = made(&node, "/v1/folders", json!({ "name": "Support, sent in" })).await;
    assert_eq!(support["id"], "support-sent-in");
    made(&node, "/v1/folders", json!({ "id": "sales", "name": "Sales calls" })).await;
    made(&node, "/v1/agents", json!({ "name": "paal", "addresses": ["sip:agent@test.example"] })).await;
    made(&node, "/v1/projects", json!({ "slug": "sales", "kind": "call", "settings": { "trigger": "auto_second" } })).await;
    for rule in [
        json!({ "name": "By hand", "when": { "triggers": ["manual", "prompt"] }, "then": { "folder": "sales", "labels": ["by hand"] } }),
        json!({ "name": "Tickets", "when": { "metadata": [{ "key": "ticket", "contains": "t-" }] }, "then": { "labels": ["ticket"] } }),
        json!({ "name": "Sent in", "when": { "source": "upload" }, "then": { "folder": "support-sent-in", "labels": ["sent in"], "assignees": ["paal"] } }),
        json!({ "name": "Sales", "when": { "source": "live", "projects": ["sales"], "triggers": ["auto_second"], "queues": ["gold"] },
            "then": { "folder": "sales", "labels": ["sales", "ticket"], "assignees": ["paal"] } }),
        json!({ "name": "Everything else", "then": { "folder": "support-sent-in", "labels": ["seen"] } }),
        json!({ "name": "Off", "enabled": false, "then": { "labels": ["never"] } }),
    ] {
        made(&node, "/v1/triage-rules", rule).await;
    }

    let file = ffmpeg(dir.path(), "a.wav", &["-f", "lavfi", "-i", "sine=440:d=1"]);
    let upload = Sender::admin(&node).file(&node, &file, &[("ticket", "T-7")]).await;
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let fields = vec![("X-Ferric-Queue".to_owned(), "Gold".to_owned()), ("X-Ferric-Ticket".to_owned(), "T-8".to_owned())];
    let plan = CallPlan { project: "sales".into(), fields, ..two_tones() };
    let call = SiprecCall::place(&client, &pump, plan).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    call.hang_up(&pump).await.unwrap();

    let ready = node.recordings_in("ready", 2, Duration::from_secs(60)).await;
    let by_source = |source: &str| ready.iter().find(|row| row["source"] == source).expect("both").clone();
    let (sent_in, live) = (by_source("upload"), by_source("live"));
    assert_eq!(sent_in["folder"], "support-sent-in", "{sent_in:#}");
    assert_eq!(sent_in["labels"], json!(["ticket", "sent in", "seen"]));
    assert_eq!(sent_in["assignees"], json!(["paal"]));
    assert!(sent_in["started_by"].is_null(), "a file is started by nobody");
    assert_eq!((&live["started_by"], &live["folder"]), (&json!("auto_second"), &json!("sales")), "{live:#}");
    assert_eq!(live["labels"], json!(["ticket", "sales", "seen"]), "labels add up, each once");
    assert_eq!(live["assignees"], json!(["paal"]));

    // What the rules would do now, without doing it.
    let (status, tried) = node.post("/v1/triage-rules/try", json!({ "recording": live["id"] })).await;
    assert_eq!(status, 200, "{tried}");
    let names: Vec<&str> = tried["met"].as_array().unwrap().iter().map(|met| met["name"].as_str().unwrap()).collect();
    assert_eq!((names, &tried["folder"]), (vec!["Tickets", "Sales", "Everything else"], &json!("sales")));
    let alone =
        json!({ "recording": live["id"], "rule": { "name": "x", "when": { "max_duration_ms": 1 }, "then": { "labels": ["short"] } } });
    assert_eq!(node.post("/v1/triage-rules/try", alone).await.1["met"], json!([]));

    // What people change stays, also over a restart.
    let at = format!("/v1/recordings/{upload}");
    let (status, changed) = node.send(Method::PATCH, &at, json!({ "folder": null, "labels": null, "title": "A tone" })).await;
    assert_eq!(status, 200, "{changed}");
    node.kill();
    let node = RunningNode::start(&data);
    let after = node.get(&at).await;
    assert!(after["folder"].is_null(), "{after:#}");
    assert_eq!((&after["labels"], &after["assignees"], &after["title"]), (&json!([]), &json!(["paal"]), &json!("A tone")));
    let listed = node.get("/v1/audit?subject=recording:*&action=setting_change").await;
    assert!(!listed.to_string().contains("A tone"), "a title may name somebody: {listed}");
}

#[tokio::test]
async fn a5_folders_are_renamed_emptied_and_deleted_and_their_recordings_stay() {
    let node = Started::new().await;
    let (status, folder) = node.post("/v1/folders", json!({ "name": "Complaints" })).await;
    assert_eq!((status, folder["id"].as_str()), (201, Some("complaints")), "{folder}");
    for (body, word) in [
        (json!({ "name": "" }), "name: "),
        (json!({ "name": " x" }), "name: "),
        (json!({ "name": "COMPLAINTS" }), "name: there is a folder `Complaints` already"),
        (json!({ "name": "x", "id": "../x" }), "id: "),
        (json!({ "name": "x", "id": "none" }), "id: "),
        (json!({ "name": "x", "parent": "complaints" }), "parent: "),
    ] {
        let (status, problem) = node.post("/v1/folders", body.clone()).await;
        assert_eq!(status, 422, "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with(word), "{body}: {problem}");
    }
    assert_eq!(node.post("/v1/folders", json!({ "name": "Other", "id": "complaints" })).await.0, 409);
    let row = recording(RecordingState::Ready);
    node.node.catalogue.put_recording(&row).await.unwrap();
    let at = format!("/v1/recordings/{}", row.id);
    assert_eq!(node.send(Method::PATCH, &at, json!({ "folder": "complaints" })).await.0, 200);
    let (status, renamed) = node.send(Method::PUT, "/v1/folders/complaints", json!({ "name": "Complaints 2026" })).await;
    assert_eq!((status, renamed["name"].as_str()), (200, Some("Complaints 2026")), "{renamed}");
    assert_eq!(node.get(&at).await["folder"], "complaints", "a folder that is renamed keeps what lies in it");

    let (_, rule) = node.post("/v1/triage-rules", json!({ "name": "r", "then": { "folder": "complaints" } })).await;
    let (status, problem) = node.send(Method::DELETE, "/v1/folders/complaints?release=true", json!({})).await;
    assert_eq!((status, problem["reason"].as_str()), (409, Some("in_use")), "a rule needs it: {problem}");
    assert_eq!(node.send(Method::DELETE, &format!("/v1/triage-rules/{}", rule["id"].as_str().unwrap()), json!({})).await.0, 204);
    let (status, problem) = node.send(Method::DELETE, "/v1/folders/complaints", json!({})).await;
    assert_eq!((status, problem["reason"].as_str()), (409, Some("in_use")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("(1)"), "{problem}");
    assert_eq!(node.send(Method::DELETE, "/v1/folders/complaints?release=true", json!({})).await.0, 204);
    assert!(node.get(&at).await["folder"].is_null(), "it is there, in no folder");
    assert_eq!(node.get("/v1/folders").await["items"], json!([]));
    let noted = node.get("/v1/audit?subject=folder:complaints").await;
    assert_eq!(noted["items"].as_array().unwrap().len(), 3, "{noted}");
    assert_eq!(noted["items"][0]["detail"]["released"], 1);

    for (method, path, body, status) in [
        (Method::POST, "/v1/labels", json!({ "name": "urgent", "color": "red" }), 201),
        (Method::POST, "/v1/labels", json!({ "name": "urgent" }), 409),
        (Method::POST, "/v1/labels", json!({ "name": "Urgent" }), 422),
        (Method::POST, "/v1/labels", json!({ "name": "a,b" }), 422),
        (Method::POST, "/v1/labels", json!({ "name": "x", "color": "pink" }), 422),
        (Method::PUT, "/v1/labels/urgent", json!({ "color": "amber" }), 200),
    ] {
        let (said, answer) = node.send(method, path, body.clone()).await;
        assert_eq!(said, status, "{path} {body}: {answer}");
    }
    assert_eq!(node.send(Method::PATCH, &at, json!({ "labels": ["urgent", "free"] })).await.0, 200);
    assert_eq!(node.get("/v1/labels").await["items"], json!([{ "name": "urgent", "color": "amber" }]));
    assert_eq!(node.send(Method::DELETE, "/v1/labels/urgent", json!({})).await.0, 204);
    assert_eq!(node.get(&at).await["labels"], json!(["urgent", "free"]), "a label that is no longer offered stays where it is");
}

#[tokio::test]
async fn a5_a_rule_that_cannot_be_is_refused_by_its_field_and_rules_keep_their_order() {
    let node = Started::new().await;
    assert_eq!(node.post("/v1/folders", json!({ "name": "F" })).await.0, 201);
    let folder = json!({ "folder": "f" });
    for (rule, word) in [
        (json!({ "name": "", "then": folder }), "name: "),
        (json!({ "name": "r" }), "then: "),
        (json!({ "name": "r", "then": { "folder": "g" } }), "then.folder: there is no folder `g`"),
        (json!({ "name": "r", "then": { "labels": ["a", "a"] } }), "then.labels[1]: "),
        (json!({ "name": "r", "then": { "assignees": ["nobody"] } }), "then.assignees[0]: there is nobody"),
        (json!({ "name": "r", "then": folder, "when": { "projects": ["nowhere"] } }), "when.projects[0]: there is no project"),
        (json!({ "name": "r", "then": folder, "when": { "source": "radio" } }), "when.source: "),
        (json!({ "name": "r", "then": folder, "when": { "triggers": ["alone"] } }), "when.triggers[0]: "),
        (json!({ "name": "r", "then": folder, "when": { "source": "upload", "triggers": ["manual"] } }), "when.triggers: "),
        (
            json!({ "name": "r", "then": folder, "when": { "metadata": [{ "key": "a", "equals": "b", "contains": "b" }] } }),
            "when.metadata[0]: ",
        ),
        (json!({ "name": "r", "then": folder, "when": { "colour": "red" } }), "when.colour: "),
    ] {
        let (status, problem) = node.post("/v1/triage-rules", rule.clone()).await;
        assert_eq!(status, 422, "{rule}: {problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with(word), "{rule}: {problem}");
    }
    assert_eq!(node.get("/v1/triage-rules").await["items"], json!([]), "nothing of it is kept");
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        let (status, made) = node.post("/v1/triage-rules", json!({ "name": name, "then": folder })).await;
        assert_eq!(status, 201, "{made}");
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let (status, problem) = node.send(Method::PUT, "/v1/triage-rules/order", json!({ "order": [ids[2], ids[0]] })).await;
    assert_eq!(status, 422, "{problem}");
    assert!(problem["detail"].as_str().unwrap().starts_with("order: leaves out"), "{problem}");
    assert_eq!(node.send(Method::PUT, "/v1/triage-rules/order", json!({ "order": [ids[2], ids[0], ids[1]] })).await.0, 200);
    assert_eq!(node.send(Method::DELETE, &format!("/v1/triage-rules/{}", ids[0]), json!({})).await.0, 204);
    assert_eq!(node.post("/v1/triage-rules", json!({ "name": "d", "then": folder })).await.0, 201);
    let at = format!("/v1/triage-rules/{}", ids[1]);
    assert_eq!(node.send(Method::PUT, &at, json!({ "name": "b2", "enabled": false, "then": folder })).await.0, 200);
    let listed = node.get("/v1/triage-rules").await;
    let names: Vec<&str> = listed["items"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["c", "b2", "d"]);
    let stale =
        node.request(Method::PUT, &at).header("if-match", "\"0\"").json(&json!({ "name": "b3", "then": folder })).send().await.unwrap();
    assert_eq!(stale.status(), 412, "somebody else was quicker");
}

async fn rows(node: &Started, count: usize) -> Vec<Recording> {
    let mut all = Vec::new();
    for _ in 0..count {
        let row = recording(RecordingState::Ready);
        node.node.catalogue.put_recording(&row).await.unwrap();
        all.push(row);
    }
    all
}

#[tokio::test]
async fn a5_many_are_moved_labelled_assigned_and_deleted_each_with_its_own_answer() {
    let node = Started::new().await;
    assert_eq!(node.post("/v1/folders", json!({ "name": "F" })).await.0, 201);
    assert_eq!(node.post("/v1/agents", json!({ "name": "paal" })).await.0, 201);
    let all = rows(&node, 41).await;
    let ids: Vec<&str> = all.iter().map(|row| row.id.as_str()).collect();
    let nobodys = "0".repeat(32);
    let at = "/v1/recordings/bulk";
    for (body, word) in [
        (json!({ "ids": [], "folder": "f" }), "ids: "),
        (json!({ "ids": ids, "folder": "f" }), "ids: 1 to 40"),
        (json!({ "ids": [ids[0], ids[0]], "folder": "f" }), "ids: "),
        (json!({ "ids": [ids[0]] }), "says nothing to do"),
        (json!({ "ids": [ids[0]], "folder": "g" }), "folder: there is no folder"),
        (json!({ "ids": [ids[0]], "delete": true, "folder": "f" }), "delete: "),
        (json!({ "ids": [ids[0]], "colour": "red" }), "colour: "),
    ] {
        let (status, problem) = node.post(at, body.clone()).await;
        assert_eq!(status, 422, "{problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with(word), "{problem}");
    }
    let wanted = json!({ "ids": ids[..40], "folder": "f", "add_labels": ["a", "b"], "assign": ["paal"] });
    let (status, done) = node.post(at, wanted).await;
    assert_eq!(status, 200, "{done}");
    assert!(done["items"].as_array().unwrap().iter().all(|one| one["status"] == 200), "{done}");
    let (_, done) =
        node.post(at, json!({ "ids": [ids[0], nobodys, ids[1]], "folder": null, "remove_labels": ["a"], "unassign": ["paal"] })).await;
    let statuses: Vec<u64> = done["items"].as_array().unwrap().iter().map(|one| one["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 404, 200], "one that is not there leaves the others alone: {done}");
    let row = node.get(&format!("/v1/recordings/{}", ids[0])).await;
    assert!(row["folder"].is_null(), "{row}");
    assert_eq!((&row["labels"], &row["assignees"]), (&json!(["b"]), &json!([])));
    let row = node.get(&format!("/v1/recordings/{}", ids[2])).await;
    assert_eq!((&row["labels"], &row["folder"]), (&json!(["a", "b"]), &json!("f")));
    let (_, done) = node.post(at, json!({ "ids": [ids[2]], "assign": ["nobody"] })).await;
    assert_eq!((&done["items"][0]["status"], &done["items"][0]["reason"]), (&json!(422), &json!("invalid")), "{done}");
    let (_, done) = node.post(at, json!({ "ids": [ids[3], ids[4]], "delete": true })).await;
    assert!(done["items"].as_array().unwrap().iter().all(|one| one["status"] == 204), "{done}");
    assert_eq!(node.request(Method::GET, &format!("/v1/recordings/{}", ids[3])).send().await.unwrap().status(), 404);
    let noted = node.get(&format!("/v1/audit?subject=recording:{}", ids[0])).await;
    assert_eq!(noted["items"].as_array().unwrap().len(), 2, "each change is noted: {noted}");

    let one = format!("/v1/recordings/{}", ids[5]);
    for (patch, word) in [
        (json!({ "title": " " }), "title: "),
        (json!({ "folder": "g" }), "folder: there is no folder"),
        (json!({ "assignees": ["nobody"] }), "assignees: there is nobody"),
        (json!({ "labels": [""] }), "labels: "),
        (json!({ "restricted": "yes" }), "restricted: "),
        (json!({ "owner": "me" }), "owner: "),
    ] {
        let (status, problem) = node.send(Method::PATCH, &one, patch.clone()).await;
        assert_eq!(status, 422, "{patch}: {problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with(word), "{patch}: {problem}");
    }
    let whole = json!({ "title": "T", "folder": "f", "labels": ["x", "x"], "assignees": ["paal"], "restricted": true });
    let (status, row) = node.send(Method::PATCH, &one, whole).await;
    assert_eq!((status, &row["labels"], &row["restricted"], &row["title"]), (200, &json!(["x"]), &json!(true), &json!("T")), "{row}");
    assert_eq!(node.send(Method::DELETE, "/v1/agents/paal", json!({})).await.0, 204);
    let (status, row) = node.send(Method::PATCH, &one, json!({ "assignees": ["paal"], "title": null })).await;
    assert_eq!(status, 200, "who is assigned already may be gone: {row}");
    assert!(row["title"].is_null());
}
