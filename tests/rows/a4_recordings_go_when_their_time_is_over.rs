//! A4: recordings are kept for the months of their project, or for the days of the workspace where those are fewer; then every file and everything personal
//! goes, for good, with an entry in the audit log.

use std::path::Path;
use std::time::{Duration, Instant};

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient};
use ferric::archive::Source;
use reqwest::Method;
use serde_json::{Value, json};

use crate::aged::{aged, catalogue_of, files_of, lay_files, make_older};
use crate::catalogues::url_in;
use crate::running_node::RunningNode;
use crate::server::{ACCESS, SECRET, Server};
use crate::tables;
use crate::tus::{Sender, ffmpeg};
use crate::two_tones::two_tones;

/// It sweeps only when asked: what went is counted.
const ASKED: (&str, &str) = ("FERRIC_RETENTION_SWEEP_S", "0");

async fn set(node: &RunningNode, settings: Value) {
    let (status, answer) = node.send(Method::PUT, "/v1/workspace", json!({ "settings": settings })).await;
    assert_eq!(status, 200, "{answer}");
}

async fn sweep(node: &RunningNode) -> Value {
    let (status, swept) = node.post("/v1/retention/sweep", json!({})).await;
    assert_eq!(status, 200, "{swept}");
    swept
}

/// How often it was told of these that they are gone.
async fn deleted_events(node: &RunningNode, ids: &[String]) -> usize {
    let catalogue = catalogue_of(&node.data).await;
    let (mut told, mut since) = (0, 0);
    loop {
        let rows = catalogue.events_since(since, None, 10_000).await.unwrap();
        let Some(last) = rows.last() else { break };
        since = last.seq;
        let gone = rows.iter().filter(|row| row.kind == "recording.deleted").filter_map(|row| row.data["recording"].as_str());
        told += gone.filter(|gone| ids.iter().any(|id| id == gone)).count();
    }
    catalogue.close().await;
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_a_recording_whose_days_are_over_goes_with_everything_that_names_anybody() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let node = RunningNode::start_with(&data, &[ASKED]);
    let file = ffmpeg(dir.path(), "a.wav", &["-f", "lavfi", "-i", "sine=440:d=1"]);
    let said = [
        ("customer_email", "kari@personal.example"),
        ("ticket", "T-personal"),
        ("sender", "Kari Personal"),
        ("title", "Kari Personal asks"),
    ];
    let id = Sender::admin(&node).file(&node, &file, &said).await;
    node.recordings_in("ready", 1, Duration::from_secs(60)).await;
    let at = format!("/v1/recordings/{id}");
    let session = node.get(&at).await["session"].as_str().unwrap().to_owned();
    let chat = json!([{ "at": "2026-01-01T12:00:09Z", "from": "Kari Personal", "role": "customer", "text": "My number is personal" }]);
    assert_eq!(node.send(Method::PUT, &format!("/v1/sessions/{session}/chat"), chat).await.0, 200);
    let selected = json!({ "visibility": "members_and_selected", "selected": ["kari@personal.example"] });
    let (status, answer) = node.send(Method::PUT, &format!("{at}/visibility"), selected).await;
    assert_eq!(status, 200, "{answer}");
    assert!(tables::that_say(&url_in(&data), "ersonal").await.len() >= 4, "the search finds what is there");

    set(&node, json!({ "retention_days_upload": 2, "retention_days_live": 1 })).await;
    make_older(&data, &id, 1).await;
    assert_eq!(sweep(&node).await, json!({ "deleted": 0, "left": 0, "held": 0 }), "a day old, and kept for two");
    make_older(&data, &id, 1).await;
    let plan = node.get("/v1/retention").await;
    assert_eq!((plan["next"][0]["recording"].as_str(), plan["next"][0]["by"].as_str()), (Some(id.as_str()), Some("days")), "{plan}");
    assert_eq!(plan["projects"][0]["before"][0]["recordings"], 1, "{plan}");
    assert_eq!(sweep(&node).await["deleted"], 1);

    assert_eq!(node.open(&at).await.status(), 404);
    assert_eq!(node.open(&format!("{at}/files/recording.mp4")).await.status(), 404);
    assert_eq!(node.open(&format!("/v1/sessions/{session}/chat")).await.status(), 404);
    assert!(!files_of(&data, &id), "no file of it is left");
    assert_eq!(tables::that_say(&url_in(&data), "ersonal").await, Vec::<String>::new(), "and nothing that names anybody");
    let audit = node.get(&format!("/v1/audit?subject=recording:{id}&action=delete")).await;
    let entry = &audit["items"][0];
    assert_eq!((entry["actor"].as_str(), entry["detail"]["why"].as_str()), (Some("system"), Some("retention")), "{audit}");
    until_async("it is told", async || deleted_events(&node, std::slice::from_ref(&id)).await == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_with_the_last_recording_of_a_session_names_go_from_what_was_told_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let node = RunningNode::start_with(&data, &[ASKED]);
    let opened = json!({ "project": "default", "kind": "call", "external_id": "T-personal", "metadata": { "caller": "Kari Personal" } });
    let session = node.post("/v1/sessions", opened).await.1["id"].as_str().unwrap().to_owned();
    let invited =
        node.post(&format!("/v1/sessions/{session}/participants"), json!({ "role": "customer", "name": "Kari Personal" })).await.1;
    let kari = invited["id"].as_str().unwrap().to_owned();
    node.command(&session, &kari, "consent_grant").await;
    assert_eq!(node.post(&format!("/v1/sessions/{session}/end"), json!({})).await.0, 204);
    let catalogue = catalogue_of(&data).await;
    let ended = async || catalogue.session(&session.parse().unwrap()).await.is_ok_and(|row| row.ended_at.is_some());
    until_async("its session is over", ended).await;
    let short = node.recordings_in("discarded", 1, Duration::from_secs(20)).await[0]["id"].as_str().unwrap().to_owned();
    let mut row = aged(1);
    row.session = session.parse().unwrap();
    catalogue.put_recording(&row).await.unwrap();
    catalogue.close().await;
    let told = async |node: &RunningNode, upto: &str| {
        let mut answer = node.answer(&format!("/v1/events?since=0&session={session}")).await;
        let mut text = String::new();
        while !text.split_once(upto).is_some_and(|(_, rest)| rest.contains("\n\n")) {
            text.push_str(std::str::from_utf8(&answer.chunk().await.unwrap().expect("it goes on")).unwrap());
        }
        text
    };
    let journals = || ["events.1.journal", "events.2.journal"].map(|name| std::fs::read_to_string(data.join(name)).unwrap()).concat();
    let before = told(&node, "event: session.ended").await;
    assert!(before.contains("Kari Personal") && before.contains("T-personal") && journals().contains("Kari Personal"), "{before}");
    assert_eq!(node.send(Method::DELETE, &format!("/v1/recordings/{}", row.id), json!({})).await.0, 204);
    assert!(told(&node, "event: recording.deleted").await.contains("Kari Personal"), "the other recording of the session is still there");
    assert_eq!(node.send(Method::DELETE, &format!("/v1/recordings/{short}"), json!({})).await.0, 204);

    let after = told(&node, "event: recording.deleted").await;
    assert!(!after.contains("ersonal") && !journals().contains("ersonal"), "{after}");
    let ids = |text: &str| text.lines().filter(|line| line.starts_with("id:")).map(str::to_owned).collect::<Vec<_>>();
    assert!(ids(&after).starts_with(&ids(&before)), "nothing else is lost");
    assert_eq!(node.terminate(), 0);
    let node = RunningNode::start_with(&data, &[ASKED]);
    assert_eq!(told(&node, "event: recording.deleted").await, after, "also not by a restart");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_what_is_deleted_is_not_left_in_the_catalogues_file() {
    if crate::catalogues::on_postgres() {
        return;
    }
    let node = crate::started::Started::new().await;
    let mut row = aged(1);
    row.caller_number = Some(ferric::model::redact::Personal::new("+4755512345"));
    row.external_id = Some("T-personal".into());
    node.node.catalogue.put_recording(&row).await.unwrap();
    let lies = || {
        let files = ["catalogue.db", "catalogue.db-wal"].map(|name| std::fs::read(node.dir.path().join(name)).unwrap_or_default());
        let found = |what: &str| files.iter().any(|file| file.windows(what.len()).any(|part| part == what.as_bytes()));
        ["55512345", "54321555", "T-personal"].iter().any(|what| found(what))
    };
    assert!(lies());
    assert_eq!(node.send(Method::DELETE, &format!("/v1/recordings/{}", row.id), json!({})).await.0, 204);
    assert!(!lies());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_names_go_from_sessions_of_which_nothing_was_recorded() {
    let node = crate::started::Started::new().await;
    let catalogue = &node.node.catalogue;
    let session = |days: i64| ferric::archive::SessionRow {
        id: ferric::model::id::SessionId::random(),
        project: "default".parse().unwrap(),
        kind: ferric::model::settings::Kind::Call,
        external_id: None,
        metadata: std::collections::BTreeMap::new(),
        started_at: crate::aged::days_ago(days),
        ended_at: None,
    };
    let sessions = [session(100), session(10)];
    for (seq, session) in (50_000..).zip(&sessions) {
        catalogue.insert_session(session).await.unwrap();
        catalogue.end_session(&session.id, session.started_at).await.unwrap();
        let data = json!({ "participant": "p", "role": "customer", "name": "Kari Personal" });
        let (at, kind) = (session.started_at, "participant.joined".to_owned());
        catalogue.keep_events(&[ferric::archive::EventRow { seq, at, session: Some(session.id.clone()), kind, data }]).await.unwrap();
    }
    assert_eq!(node.post("/v1/retention/sweep", json!({})).await.0, 200);
    let mut names = Vec::new();
    for session in &sessions {
        names.push(catalogue.events_since(0, Some(&session.id), 10).await.unwrap()[0].data["name"].clone());
    }
    assert_eq!(names, [json!(null), json!("Kari Personal")], "those of the one whose time is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_the_shorter_of_months_and_days_counts_for_each_project_and_source() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let node = RunningNode::start_with(&data, &[ASKED]);
    assert_eq!(node.post("/v1/projects", json!({ "slug": "long", "settings": { "retention_months": 12 } })).await.0, 201);
    assert_eq!(node.post("/v1/projects", json!({ "slug": "short", "settings": { "retention_months": 1 } })).await.0, 201);
    let catalogue = catalogue_of(&data).await;
    let mut rows = Vec::new();
    for (project, days, source) in [
        ("default", 80, Source::Live),
        ("default", 100, Source::Live),
        ("long", 100, Source::Live),
        ("long", 100, Source::Upload),
        ("long", 380, Source::Live),
        ("short", 20, Source::Live),
        ("short", 40, Source::Live),
    ] {
        let mut row = aged(days);
        (row.project, row.source) = (project.parse().unwrap(), source);
        catalogue.put_recording(&row).await.unwrap();
        lay_files(&data, &row.id);
        rows.push((row.id.to_string(), project, days, source));
    }
    let there = async || {
        let list = node.get("/v1/recordings").await;
        let ids: Vec<String> = list["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        let mut found: Vec<(&str, i64, Source)> = Vec::new();
        for (id, project, days, source) in &rows {
            assert_eq!(ids.contains(id), files_of(&data, id), "row and files go together");
            if ids.contains(id) {
                found.push((project, *days, *source));
            }
        }
        found
    };
    assert_eq!(sweep(&node).await["deleted"], 3);
    let (live, upload) = (Source::Live, Source::Upload);
    assert_eq!(there().await, [("default", 80, live), ("long", 100, live), ("long", 100, upload), ("short", 20, live)]);
    set(&node, json!({ "retention_days_live": 90 })).await;
    sweep(&node).await;
    assert_eq!(there().await, [("default", 80, live), ("long", 100, upload), ("short", 20, live)]);
    set(&node, json!({ "retention_months": 2 })).await;
    sweep(&node).await;
    assert_eq!(there().await, [("long", 100, upload), ("short", 20, live)]);
    set(&node, json!({ "retention_days_upload": 30, "time_zone": "Europe/Oslo" })).await;
    sweep(&node).await;
    assert_eq!(there().await, [("short", 20, live)]);

    for (settings, says) in [
        (json!({ "retention_days_live": 0 }), "settings.retention_days_live: must be 1 to 36500"),
        (json!({ "retention_days_upload": "never" }), "settings.retention_days_upload: a text does not fit"),
        (json!({ "time_zone": "Europe/Atlantis" }), "settings.time_zone: `Europe/Atlantis` is no time zone"),
    ] {
        let (status, problem) = node.send(Method::PUT, "/v1/workspace", json!({ "settings": settings })).await;
        assert!(status == 422 && problem["detail"].as_str().unwrap().starts_with(says), "{problem}");
    }
    let (status, problem) = node.send(Method::PUT, "/v1/projects/long", json!({ "settings": { "time_zone": "UTC" } })).await;
    assert_eq!(status, 422, "the workspace's to set: {problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_a_kept_tape_goes_with_the_last_recording_of_its_session() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let node = RunningNode::start_with(&data, &[("FERRIC_DATA_KEEP_TAPE_DAYS", "7")]);
    call_of(&node, Duration::from_secs(3), async || ()).await;
    let id = node.recordings_in("ready", 1, Duration::from_secs(60)).await[0]["id"].as_str().unwrap().to_owned();
    let spool = data.join("spool");
    until("the tape is kept", || entries(&spool).iter().any(|tape| tape.join("stored").exists())).await;
    assert_eq!(node.send(Method::DELETE, &format!("/v1/recordings/{id}"), json!({})).await.0, 204);
    until("the tape is gone", || entries(&spool).iter().all(|tape| !tape.join("keys").exists())).await;
    assert!(!files_of(&data, &id) && !data.join("render").join(&id).exists());
    node.kill();
    let node = RunningNode::start(&data);
    assert_eq!(node.get("/v1/recordings").await["items"], json!([]), "nothing makes it anew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_what_a_crash_cut_short_is_gone_on_with_and_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let node = RunningNode::start(&data);
    let catalogue = catalogue_of(&data).await;
    let rows: Vec<_> = (0..1_500).map(|n| aged(100 + n % 50)).collect();
    catalogue.put_recordings(&rows).await.unwrap();
    rows.iter().for_each(|row| lay_files(&data, &row.id));
    let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
    let sweeping = {
        let (http, key) = (node.http.clone(), std::fs::read_to_string(data.join("admin.key")).unwrap());
        tokio::spawn(async move {
            let _ = reqwest::Client::new().post(format!("{http}/v1/retention/sweep")).bearer_auth(key.trim()).send().await;
        })
    };
    let left = || ids.iter().filter(|id| files_of(&data, id)).count();
    until("some are gone", || left() < 1_400).await;
    node.kill();
    let _ = sweeping.await;
    assert!(left() > 0, "it was cut short");

    let node = RunningNode::start(&data);
    until("the rest goes by itself", || left() == 0).await;
    until_async("no row is left", async || node.get("/v1/recordings").await["items"] == json!([])).await;
    until_async("each is told", async || deleted_events(&node, &ids).await >= ids.len()).await;
    assert_eq!(deleted_events(&node, &ids).await, ids.len(), "once");
    let code = node.tool().arg("verify").arg(&data).output().unwrap();
    assert!(code.status.success(), "the audit log is whole: {}", String::from_utf8_lossy(&code.stdout));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_what_lies_in_a_store_that_is_away_is_found_by_nobody_and_goes_once_it_is_back() {
    let europe = Server::start().await;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let line = europe.line();
    let environment = [
        ("FERRIC_REGIONS_EUROPE", line.as_str()),
        ("AWS_ACCESS_KEY_ID", ACCESS),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("FERRIC_RETENTION_SWEEP_S", "1"),
    ];
    let node = RunningNode::start_with(&data, &environment);
    set(&node, json!({ "region": "europe" })).await;
    let file = ffmpeg(dir.path(), "a.wav", &["-f", "lavfi", "-i", "sine=440:d=1"]);
    let id = Sender::admin(&node).file(&node, &file, &[]).await;
    node.recordings_in("ready", 1, Duration::from_secs(60)).await;
    let bucket = europe.file_of(&format!("recordings/{id}"));
    assert!(bucket.join("recording.mp4").exists());
    europe.away(true);
    let (status, answer) = node.send(Method::DELETE, &format!("/v1/recordings/{id}"), json!({})).await;
    assert_eq!((status, answer["id"].as_str()), (202, Some(id.as_str())), "{answer}");
    assert_eq!(node.open(&format!("/v1/recordings/{id}")).await.status(), 404);
    assert!(bucket.join("recording.mp4").exists());
    assert_eq!(deleted_events(&node, std::slice::from_ref(&id)).await, 0, "not told before it is so");
    europe.away(false);
    until("its files go", || !bucket.join("recording.mp4").exists()).await;
    until_async("it is told", async || deleted_events(&node, std::slice::from_ref(&id)).await == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_ten_thousand_go_in_one_sweep_and_a_live_call_loses_nothing() {
    const MANY: usize = 10_000;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let node = RunningNode::start_with(&data, &[ASKED]);
    let catalogue = catalogue_of(&data).await;
    let rows: Vec<_> = (0..MANY as i64).map(|n| aged(100 + n % 200)).collect();
    for rows in rows.chunks(500) {
        catalogue.put_recordings(rows).await.unwrap();
    }
    rows.iter().for_each(|row| lay_files(&data, &row.id));
    let mut took = Duration::ZERO;
    call_of(&node, Duration::from_secs(1), async || {
        let began = Instant::now();
        assert_eq!(sweep(&node).await, json!({ "deleted": MANY, "left": 0, "held": 0 }));
        took = began.elapsed();
    })
    .await;
    println!("{MANY} recordings went in {:.1} s beside a live call", took.as_secs_f64());
    assert!(rows.iter().all(|row| !files_of(&data, row.id.as_str())));
    let ready = node.recordings_in("ready", 1, Duration::from_secs(60)).await;
    assert_eq!(ready.len(), 1);
    let manifest = node.get(&format!("/v1/recordings/{}/files/manifest.json", ready[0]["id"].as_str().unwrap())).await;
    assert_eq!(manifest["gaps"], json!([]), "no packet of the call is missing");
    assert!(ready[0]["duration_ms"].as_u64().unwrap() as u128 >= took.as_millis(), "{ready:?}");
}

async fn call_of(node: &RunningNode, before: Duration, meanwhile: impl AsyncFnOnce()) {
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    // What is recorded has a length.
    tokio::time::sleep(before).await;
    meanwhile().await;
    tokio::time::sleep(before).await;
    call.hang_up(&pump).await.unwrap();
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    until_async(what, async || is_so()).await;
}

async fn until_async(what: &str, is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
