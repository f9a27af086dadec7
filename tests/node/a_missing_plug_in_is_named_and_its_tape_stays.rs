//! A machine without GStreamer's plug-ins: the node says which package is missing, goes on with everything else, and keeps the tape of what it could
//! not compose until somebody has installed it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ferric::app::load::siprec::{Pump, SipFlow, SiprecCall, SiprecClient};
use ferric::app::load::whip::{Film, publish};
use ferric::model::redact::Secret;
use serde_json::json;

use crate::heard::Heard;
use crate::running_node::RunningNode;
use crate::two_tones::two_tones;

async fn room(node: &RunningNode) {
    let (_, session) = node.post("/v1/sessions", json!({ "project": "default", "kind": "room" })).await;
    let session = session["id"].as_str().unwrap().to_owned();
    let (_, host) = node.post(&format!("/v1/sessions/{session}/participants"), json!({ "role": "agent", "name": "Host" })).await;
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/room");
    let film = Film::read(&fixtures.join("flash_beep.ivf")).unwrap().with(Film::read(&fixtures.join("flash_beep.opus")).unwrap());
    let token = Secret::new(host["token"].as_str().unwrap());
    let publisher =
        publish(Arc::new(film), IpAddr::V4(Ipv4Addr::LOCALHOST), host["whip_url"].as_str().unwrap(), token, false).await.unwrap();
    assert_eq!(node.command(&session, host["id"].as_str().unwrap(), "start").await.0, 200);
    // It fails while it goes on, and stays so when it is over.
    node.recordings_in("failed", 1, Duration::from_secs(60)).await;
    assert_eq!(node.command(&session, host["id"].as_str().unwrap(), "stop").await.0, 200);
    publisher.stop().await.unwrap();
    assert!(node.post(&format!("/v1/sessions/{session}/end"), json!({})).await.0 < 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn and_a_call_is_recorded_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (data, nothing) = (folder.path().join("data"), folder.path().join("nothing"));
    std::fs::create_dir(&nothing).unwrap();
    let (nothing, registry) = (nothing.display().to_string(), folder.path().join("registry.bin").display().to_string());
    let bare = [
        ("GST_PLUGIN_SYSTEM_PATH_1_0", nothing.as_str()),
        ("GST_PLUGIN_PATH_1_0", nothing.as_str()),
        ("GST_REGISTRY_1_0", registry.as_str()),
    ];
    let node = RunningNode::start_with(&data, &bare);
    let not_ready = reqwest::get(format!("{}/readyz", node.http)).await.unwrap();
    assert_eq!(not_ready.status(), 503);
    let said = not_ready.text().await.unwrap();
    assert!(said.contains("composing"), "what does not hold is named: {said}");

    let pump = Pump::start().unwrap();
    let client = SiprecClient::connect(node.sip.parse().unwrap(), SipFlow::Udp).await.unwrap();
    let call = SiprecCall::place(&client, &pump, two_tones()).await.unwrap();
    room(&node).await;
    call.hang_up(&pump).await.unwrap();
    let ready = node.recordings_in("ready", 1, Duration::from_secs(60)).await;
    assert_eq!(ready[0]["kind"], "call");
    let failed = node.recordings_in("failed", 1, Duration::from_secs(60)).await;
    let row = node.get(&format!("/v1/recordings/{}", failed[0]["id"].as_str().unwrap())).await;
    assert!(row.to_string().contains("gstreamer1.0-plugins-base"), "the row says what is missing: {row}");
    node.kill();

    let node = RunningNode::start(&data);
    let ready = node.recordings_in("ready", 2, Duration::from_secs(90)).await;
    let room = ready.iter().find(|r| r["kind"] == "room").unwrap();
    let file = node.fetch_mp4(room["id"].as_str().unwrap(), folder.path()).await;
    assert!(Heard::decode(&file, 1).seconds() > 2.0, "what was recorded then is whole now");
    let manifest = node.get(&format!("/v1/recordings/{}/files/manifest.json", room["id"].as_str().unwrap())).await;
    assert!(manifest["media"]["frames"]["composed"].as_u64().unwrap() > 40, "{manifest}");
}
