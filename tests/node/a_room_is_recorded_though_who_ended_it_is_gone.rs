//! Somebody ends a room and is gone before the answer: a tab that is closed on the click. The room is over for everybody, and is recorded.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ferric::app::load::whip::{Film, publish};
use ferric::model::redact::Secret;
use serde_json::json;

use crate::declined::until;
use crate::running_node::RunningNode;

const WITHIN: Duration = Duration::from_secs(60);
/// Whether the node hears first of the end or of the connection that breaks is chance.
const ROOMS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn and_nothing_of_it_is_left_open() {
    let folder = tempfile::tempdir().unwrap();
    let node = RunningNode::start(&folder.path().join("data"));
    let project = json!({ "slug": "rooms", "kind": "room", "settings": { "trigger": "auto_first", "min_duration_s": 0 } });
    assert_eq!(node.post("/v1/projects", project).await.0, 201);
    let film = Arc::new(Film::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/room/red.ivf")).unwrap());
    for _ in 0..ROOMS {
        let (_, opened) = node.post("/v1/sessions", json!({ "project": "rooms", "kind": "room" })).await;
        let session = opened["id"].as_str().unwrap();
        let (_, host) = node.post(&format!("/v1/sessions/{session}/participants"), json!({ "role": "agent", "name": "host" })).await;
        let (url, token) = (host["whip_url"].as_str().unwrap(), host["token"].as_str().unwrap());
        let publisher = publish(film.clone(), IpAddr::V4(Ipv4Addr::LOCALHOST), url, Secret::new(token), false).await.unwrap();
        until("media flow", WITHIN, async || (publisher.sent().picture_frames > 10).then_some(())).await;
        let address = node.http.strip_prefix("http://").unwrap();
        let mut line = TcpStream::connect(address).unwrap();
        let end = format!(
            "POST /v1/sessions/{session}/end HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-length: 0\r\n\r\n"
        );
        line.write_all(end.as_bytes()).unwrap();
        drop(line);
        // A request that broke off before the node began with it has done nothing: whoever ends the room then ends it wholly.
        node.post(&format!("/v1/sessions/{session}/end"), json!({})).await;
    }
    node.recordings_in("ready", ROOMS, WITHIN).await;
    let sessions = node.get("/v1/sessions").await;
    assert_eq!(sessions["items"], json!([]));
}
