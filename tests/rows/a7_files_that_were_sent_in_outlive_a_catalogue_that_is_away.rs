//! A7: whatever the catalogue does not take of a file that was sent in, and whenever, the file becomes a recording once it does.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _};

use crate::catalogues;
use crate::running_node::RunningNode;
use crate::tus::{Sender, ffmpeg, place};

async fn sql(data: &Path, statements: &[&str]) {
    sqlx::any::install_default_drivers();
    let mut db = AnyConnection::connect(&catalogues::url_in(data)).await.unwrap();
    if !catalogues::on_postgres() {
        sqlx::query("PRAGMA busy_timeout = 30000").execute(&mut db).await.unwrap();
    }
    for statement in statements {
        sqlx::query(sqlx::AssertSqlSafe((*statement).to_owned()))
            .execute(&mut db)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    db.close().await.unwrap();
}

/// From now on the catalogue fails at such changes of such rows, as at a full disk: for no reason that lies in them.
async fn fails(data: &Path, change: &str, table: &str, which: &str) {
    let row = if change == "DELETE" { "OLD" } else { "NEW" };
    if catalogues::on_postgres() {
        let function = "CREATE OR REPLACE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''away''; END'";
        let trigger = format!("CREATE TRIGGER away BEFORE {change} ON {table} FOR EACH ROW WHEN ({row}.{which}) EXECUTE FUNCTION away()");
        return sql(data, &[function, &trigger]).await;
    }
    // RAISE would be a constraint; what does not read is an error like any other.
    let trigger = format!("CREATE TRIGGER away BEFORE {change} ON {table} WHEN {row}.{which} BEGIN SELECT json('{{' || {row}.id); END");
    sql(data, &[&trigger]).await;
}

async fn is_well_again(data: &Path, table: &str) {
    let on = if catalogues::on_postgres() { format!(" ON {table}") } else { String::new() };
    sql(data, &[&format!("DROP TRIGGER away{on}")]).await;
}

async fn until<T>(what: &str, looks: impl AsyncFn() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = looks().await {
            return found;
        }
        assert!(Instant::now() < deadline, "did not come true: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn until_state(node: &RunningNode, recording: &str, state: &str) {
    let path = format!("/v1/recordings/{recording}");
    until(&format!("{recording} is {state}"), async || {
        let row: Value = node.open(&path).await.json().await.ok()?;
        (row["state"] == state).then_some(())
    })
    .await;
}

async fn until_nothing_is_left(node: &RunningNode) {
    until("no file is left", async || (node.get("/v1/uploads").await == json!([])).then_some(())).await;
    assert_eq!(std::fs::read_dir(node.data.join("uploads/inbox")).unwrap().count(), 0);
}

/// A file that began, with nothing of it sent: its bytes, where it goes and its recording.
async fn begun(node: &RunningNode, sender: &Sender, file: &Path) -> (Vec<u8>, String, String) {
    let bytes = std::fs::read(file).unwrap();
    let answer = sender.begin(bytes.len(), &[]).await;
    let url = place(node, &answer);
    let made: Value = answer.json().await.unwrap();
    (bytes, url, made["recording"].as_str().unwrap().to_owned())
}

fn tone(dir: &Path) -> std::path::PathBuf {
    ffmpeg(dir, "a.wav", &["-f", "lavfi", "-i", "sine=440:d=1"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a7_whoever_hears_that_all_bytes_are_here_has_sent_a_recording() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    let sender = Sender::admin(&node);
    let file = tone(dir.path());
    // Its recording is not kept; its recording is kept and nothing more.
    for (change, table, which) in [("INSERT", "recordings", "state = 'processing'"), ("UPDATE", "uploads", "state = 'rendering'")] {
        let (bytes, url, recording) = begun(&node, &sender, &file).await;
        fails(&node.data, change, table, which).await;
        assert_eq!(sender.bytes(&url, 0, &bytes).await, 503);
        assert_eq!(sender.offset(&url).await.0, 503);
        if table == "uploads" {
            let taken_back = sender.request(Method::DELETE, &url).send().await.unwrap();
            assert_eq!(taken_back.status().as_u16(), 503, "its recording would stay behind");
        }
        is_well_again(&node.data, table).await;
        assert_eq!(sender.offset(&url).await, (200, bytes.len()));
        until_state(&node, &recording, "ready").await;
    }
    until_nothing_is_left(&node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a7_a_file_that_is_whole_is_never_over() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let node = RunningNode::start(&data);
    let sender = Sender::admin(&node);
    let (bytes, url, recording) = begun(&node, &sender, &tone(dir.path())).await;
    fails(&data, "INSERT", "recordings", "state = 'processing'").await;
    assert_eq!(sender.bytes(&url, 0, &bytes).await, 503);
    node.kill();
    // Nobody comes again, and its day passes.
    sql(&data, &["UPDATE uploads SET expires_at = 0"]).await;
    let node = RunningNode::start(&data);
    assert_eq!(node.get("/v1/uploads").await[0]["offset"], bytes.len());
    is_well_again(&data, "recordings").await;
    until_state(&node, &recording, "ready").await;
    until_nothing_is_left(&node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a7_what_is_rendered_while_the_catalogue_is_away_is_ready_when_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    let sender = Sender::admin(&node);
    // Neither its progress nor its end.
    fails(&node.data, "INSERT", "recordings", "progress > 0").await;
    let recording = sender.file(&node, &tone(dir.path()), &[]).await;
    let sealed = node.data.join(format!("uploads/made/{recording}/manifest.sig"));
    until("it is rendered", async || sealed.exists().then_some(())).await;
    let stored = node.data.join(format!("store/recordings/{recording}/manifest.sig"));
    until("it is stored", async || stored.exists().then_some(())).await;
    is_well_again(&node.data, "recordings").await;
    until_state(&node, &recording, "ready").await;
    until_nothing_is_left(&node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a7_what_is_ready_stays_ready_when_the_node_dies_before_it_forgot_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let node = RunningNode::start(&data);
    let sender = Sender::admin(&node);
    fails(&data, "DELETE", "uploads", "state = 'rendering'").await;
    let recording = sender.file(&node, &tone(dir.path()), &[]).await;
    until_state(&node, &recording, "ready").await;
    let inbox = data.join("uploads/inbox");
    until("the file went", async || (std::fs::read_dir(&inbox).unwrap().count() == 0).then_some(())).await;
    assert_eq!(node.get("/v1/uploads").await[0]["state"], "rendering", "its row is there");
    node.kill();
    is_well_again(&data, "uploads").await;
    let node = RunningNode::start(&data);
    until_nothing_is_left(&node).await;
    assert_eq!(node.get(&format!("/v1/recordings/{recording}")).await["state"], "ready");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a7_another_try_that_could_not_be_noted_is_made_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    let sender = Sender::admin(&node);
    let file = dir.path().join("text.txt");
    std::fs::write(&file, "no film at all\n").unwrap();
    let recording = sender.file(&node, &file, &[]).await;
    let again = format!("/v1/recordings/{recording}/retry");
    let failed = async || {
        let kept = node.get("/v1/uploads").await;
        (kept[0]["state"] == "failed").then_some(())
    };
    until("it failed", failed).await;
    fails(&node.data, "INSERT", "recordings", "state = 'processing'").await;
    assert_eq!(node.post(&again, json!({})).await.0, 202);
    is_well_again(&node.data, "recordings").await;
    until("it failed again", failed).await;
    assert_eq!(node.post(&again, json!({})).await.0, 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a7_an_invitation_whose_file_cannot_be_looked_up_is_not_done() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&dir.path().join("data"));
    let (_, invitation) = node.post("/v1/upload-invitations", json!({ "project": "default", "name": "Kari" })).await;
    let guest = Sender::with(format!("{}/v1/invited-uploads", node.http), invitation["token"].as_str().unwrap().to_owned());
    begun(&node, &guest, &tone(dir.path())).await;
    let standing = async || {
        let answer = guest.request(Method::GET, &guest.at).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap()["sent"].clone())
    };
    assert_eq!(standing().await, (200, json!(false)));
    sql(&node.data, &["ALTER TABLE uploads RENAME TO elsewhere"]).await;
    assert_eq!(standing().await.0, 503);
    sql(&node.data, &["ALTER TABLE elsewhere RENAME TO uploads"]).await;
    assert_eq!(standing().await, (200, json!(false)));
}
