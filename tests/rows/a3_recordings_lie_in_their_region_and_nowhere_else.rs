//! A3: each region is a configured store; a recording lands in its region and nowhere else, whatever is set, stopped or away meanwhile.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient};
use reqwest::Method;
use serde_json::json;

use crate::running_node::RunningNode;
use crate::server::{ACCESS, SECRET, Server};
use crate::two_tones::two_tones;

/// Two buckets on servers of their own, and the node's default folder.
struct Places {
    europe: Server,
    america: Server,
    folder: tempfile::TempDir,
}

impl Places {
    async fn new() -> Self {
        Self { europe: Server::start().await, america: Server::start().await, folder: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn node(&self) -> RunningNode {
        let (europe, america) = (self.europe.line(), self.america.line());
        let keys = [("AWS_ACCESS_KEY_ID", ACCESS), ("AWS_SECRET_ACCESS_KEY", SECRET)];
        RunningNode::start_with(&self.data(), &[("FERRIC_REGIONS_EUROPE", &europe), ("FERRIC_REGIONS_AMERICA", &america), keys[0], keys[1]])
    }

    /// Which places hold bytes of a recording.
    fn holding(&self, id: &str) -> Vec<&'static str> {
        let of = format!("recordings/{id}");
        let places = [
            ("europe", self.europe.file_of(&of)),
            ("america", self.america.file_of(&of)),
            ("default", self.data().join("store").join(&of)),
        ];
        places.into_iter().filter(|(_, path)| files_below(path) > 0).map(|(name, _)| name).collect()
    }
}

fn files_below(path: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    entries.flatten().map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

async fn set_region(node: &RunningNode, region: &str) {
    let (status, answer) = node.send(Method::PUT, "/v1/workspace", json!({ "settings": { "region": region } })).await;
    assert_eq!(status, 200, "{answer}");
}

async fn call(node: &RunningNode, before_the_end: impl AsyncFnOnce()) {
    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    before_the_end().await;
    call.hang_up(&pump).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_in_a_region_lands_there_after_another_is_set_and_after_a_restart() {
    let places = Places::new().await;
    let node = places.node();
    set_region(&node, "europe").await;
    call(&node, async || {
        places.europe.away(true);
        set_region(&node, "america").await;
    })
    .await;
    let waiting = node.recordings_in("processing", 1, Duration::from_secs(60)).await;
    let european = waiting[0]["id"].as_str().unwrap().to_owned();
    node.kill();

    // Its upload is still pending; a call that begins now is American, and is not held up by the store that is away.
    let node = places.node();
    call(&node, async || ()).await;
    let ready = node.recordings_in("ready", 1, Duration::from_secs(60)).await;
    let american = ready[0]["id"].as_str().unwrap().to_owned();
    assert_ne!(american, european);
    assert_eq!(places.holding(&american), ["america"]);
    assert!(places.holding(&european).is_empty(), "it waits for its own region");
    places.europe.away(false);

    node.recordings_in("ready", 2, Duration::from_secs(120)).await;
    assert_eq!(places.holding(&european), ["europe"]);
    assert_eq!(places.holding(&american), ["america"]);
    for id in [&european, &american] {
        let manifest = node.get(&format!("/v1/recordings/{id}/files/manifest.json")).await;
        assert_eq!(manifest["region"], if *id == european { "europe" } else { "america" });
        assert!(!node.bytes(&format!("/v1/recordings/{id}/files/recording.mp4")).await.is_empty());
        assert_eq!(node.send(Method::DELETE, &format!("/v1/recordings/{id}"), json!({})).await.0, 204);
        assert!(places.holding(id).is_empty(), "deleted where it lies");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_half_way_is_deleted_in_its_region_too() {
    let places = Places::new().await;
    let node = places.node();
    set_region(&node, "europe").await;
    call(&node, async || ()).await;
    let ready = node.recordings_in("ready", 1, Duration::from_secs(60)).await;
    let id = ready[0]["id"].as_str().unwrap().to_owned();
    let data = node.data.clone();
    let deadline = Instant::now() + Duration::from_secs(20);
    while std::fs::read_dir(data.join("spool")).unwrap().count() > 0 {
        assert!(Instant::now() < deadline, "the tape goes once all is stored");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    node.kill();
    let catalogue = ferric::archive::Catalogue::open(&crate::catalogues::url_in(&data)).await.unwrap();
    let id_of = id.parse().unwrap();
    let mut row = catalogue.recording(&id_of).await.unwrap();
    row.state = ferric::archive::RecordingState::Failed;
    row.failure = Some("as a rendering that stopped half way leaves it".into());
    row.manifest = None;
    catalogue.put_recording(&row).await.unwrap();
    catalogue.close().await;

    let node = places.node();
    assert_eq!(places.holding(&id), ["europe"]);
    assert_eq!(node.send(Method::DELETE, &format!("/v1/recordings/{id}"), json!({})).await.0, 204);
    assert!(places.holding(&id).is_empty(), "nothing of it is left anywhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_without_a_store_is_refused_by_name_and_changes_nothing() {
    let node = crate::started::Started::new().await;
    let (status, problem) = node.send(Method::PUT, "/v1/workspace", json!({ "settings": { "region": "europe" } })).await;
    assert_eq!(status, 422, "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.starts_with("settings.region: `europe` has no store") && detail.contains("[regions] europe"), "{detail}");
    assert_eq!(node.get("/v1/workspace").await["settings"], json!({}));
    let (status, problem) = node.send(Method::PUT, "/v1/projects/default", json!({ "settings": { "region": "europe" } })).await;
    assert_eq!(status, 422, "a project has no region of its own: {problem}");
}
