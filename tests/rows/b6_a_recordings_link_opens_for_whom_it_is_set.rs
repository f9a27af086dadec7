//! B6: the link of a recording, its reach, its renewal, and playing in pieces.

use ferric::archive::RecordingState;
use ferric::model::id::RecordingId;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::started::{Started, json_of, recording};

/// More than a piece.
const BYTES: usize = (1 << 20) + 4_321;

/// A ready recording whose `recording.mp4` has `BYTES` bytes.
pub async fn ready(node: &Started) -> RecordingId {
    let row = recording(RecordingState::Ready);
    node.node.catalogue.put_recording(&row).await.expect("kept");
    store_film(node, &row.id).await;
    row.id
}

/// Puts a `recording.mp4` of `BYTES` bytes into the store.
pub async fn store_film(node: &Started, id: &RecordingId) {
    let bytes: Vec<u8> = (0..BYTES).map(|n| (n % 251) as u8).collect();
    let file = node.dir.path().join("made.mp4");
    std::fs::write(&file, &bytes).expect("written");
    let sha256 = hex::encode(ring::digest::digest(&ring::digest::SHA256, &bytes));
    node.store().await.put_file(&format!("recordings/{id}/recording.mp4"), &file, &sha256).await.expect("stored");
    std::fs::remove_file(file).expect("the store may keep it");
}

/// Sets its visibility; answers the path of its link.
pub async fn set(node: &Started, id: &RecordingId, body: Value) -> String {
    let (status, answer) = node.send(Method::PUT, &format!("/v1/recordings/{id}/visibility"), body).await;
    assert_eq!(status, 200, "{answer}");
    answer["link"].as_str().expect("a link").strip_prefix(&node.http).expect("this node's").to_owned()
}

pub async fn open(node: &Started, path: &str, cookie: &str) -> Response {
    node.bare(Method::GET, path).header("accept", "text/html").header("cookie", cookie).send().await.expect("answered")
}

pub fn visit_of(answer: &Response) -> Option<String> {
    let set = answer.headers().get("set-cookie")?.to_str().ok()?;
    Some(set.split(';').next()?.to_owned())
}

pub async fn piece(node: &Started, path: &str, cookie: &str, range: &str) -> Response {
    let request = node.bare(Method::GET, &format!("{path}/media/recording.mp4")).header("cookie", cookie);
    let request = if range.is_empty() { request } else { request.header("range", range) };
    request.send().await.expect("answered")
}

/// The page without what differs from one address to another.
async fn page_of(answer: Response, path: &str) -> (u16, String) {
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("text").replace(path, "/r/…"))
}

#[tokio::test]
async fn whoever_has_the_link_plays_in_pieces_and_keeps_nothing() {
    let node = Started::new().await;
    let id = ready(&node).await;
    let path = set(&node, &id, json!({ "visibility": "anyone_with_link" })).await;
    assert!(path.len() >= "/r/".len() + 32 && !path.contains(id.as_str()), "128 random bits and not the id");
    let page = open(&node, &path, "").await;
    let cookie = visit_of(&page).expect("a visit");
    let text = page.text().await.expect("text");
    assert!(text.contains("<video") && !text.contains("download=") && !text.contains(id.as_str()), "{text}");

    let first = piece(&node, &path, &cookie, "bytes=0-").await;
    assert_eq!((first.status().as_u16(), first.headers()["content-range"].to_str().ok()), (206, Some("bytes 0-1048575/1052897")));
    assert_eq!(first.headers()["cache-control"], "no-store");
    assert_eq!(first.bytes().await.expect("bytes").len(), 1 << 20);
    assert_eq!(piece(&node, &path, &cookie, "bytes=1048576-").await.bytes().await.expect("bytes").len(), 4_321);
    // Not as a whole, not in a window, not without the visit, not by another link, nothing else of it.
    assert_eq!(piece(&node, &path, &cookie, "").await.status(), 416);
    let window =
        node.bare(Method::GET, &format!("{path}/media/recording.mp4")).header("cookie", &cookie).header("sec-fetch-dest", "document");
    assert_eq!(window.header("range", "bytes=0-9").send().await.expect("answered").status(), 404);
    for forged in ["", "ferric_visit=", "ferric_visit=0000000000000000000000000000000000000000000000000000000000000000"] {
        assert_eq!(piece(&node, &path, forged, "bytes=0-9").await.status(), 404, "{forged}");
    }
    let other = ready(&node).await;
    let others = set(&node, &other, json!({ "visibility": "anyone_with_link" })).await;
    assert_eq!(piece(&node, &others, &cookie, "bytes=0-9").await.status(), 404);
    for name in ["manifest.json", "peaks.json", "..%2frecording.mp4"] {
        assert_eq!(open(&node, &format!("{path}/media/{name}"), &cookie).await.status(), 404, "{name}");
    }
    assert_eq!(open(&node, &format!("/v1/recordings/{id}/files/recording.mp4"), &cookie).await.status(), 401);

    // One entry for the visit, and one event.
    let audit = node.get(&format!("/v1/audit?action=play&subject=recording:{id}")).await;
    assert_eq!(audit["items"].as_array().map(Vec::len), Some(1), "{audit}");
    assert_eq!(audit["items"][0]["actor"], "visitor:link");

    // A setting that changes, and a new link, hold at once: also for the page that is open.
    set(&node, &id, json!({ "visibility": "members" })).await;
    assert_eq!(piece(&node, &path, &cookie, "bytes=0-9").await.status(), 404);
    set(&node, &id, json!({ "visibility": "anyone_with_link" })).await;
    assert_eq!(piece(&node, &path, &cookie, "bytes=0-9").await.status(), 206);
    let (status, renewed) = node.post(&format!("/v1/recordings/{id}/link"), json!({})).await;
    assert_eq!(status, 200, "{renewed}");
    assert!(!renewed["link"].as_str().expect("a link").ends_with(&path), "another one");
    assert_eq!(piece(&node, &path, &cookie, "bytes=0-9").await.status(), 404);
    assert_eq!(open(&node, &path, &cookie).await.status(), 401);
}

#[tokio::test]
async fn a_members_link_looks_to_others_like_one_that_never_was() {
    let node = Started::new().await;
    let id = ready(&node).await;
    let path = set(&node, &id, json!({ "visibility": "members" })).await;
    let never = format!("/r/{}", "0".repeat(path.len() - 3));
    assert_eq!(page_of(open(&node, &path, "").await, &path).await, page_of(open(&node, &never, "").await, &never).await);
    // Members are led to it; a link that never was is nothing for them either.
    let member = node.request(Method::GET, &path).send().await.expect("answered");
    assert_eq!((member.status().as_u16(), member.headers()["location"].to_str().ok()), (303, Some(format!("/recordings/{id}").as_str())));
    assert_eq!(node.request(Method::GET, &never).send().await.expect("answered").status(), 404);
    // Gone with its recording.
    let path = set(&node, &id, json!({ "visibility": "anyone_with_link" })).await;
    let cookie = visit_of(&open(&node, &path, "").await).expect("a visit");
    assert_eq!(node.send(Method::DELETE, &format!("/v1/recordings/{id}"), json!({})).await.0, 204);
    assert_eq!(piece(&node, &path, &cookie, "bytes=0-9").await.status(), 404);
    assert_eq!(page_of(open(&node, &path, "").await, &path).await, page_of(open(&node, &never, "").await, &never).await);
}

#[tokio::test]
async fn what_cannot_be_set_is_named_and_changes_nothing() {
    let node = Started::new().await;
    let id = ready(&node).await;
    let path = format!("/v1/recordings/{id}/visibility");
    assert_eq!(node.get(&path).await["visibility"], "members", "the most private until somebody says");
    for (body, named) in [
        (json!({ "visibility": "everybody" }), "visibility"),
        (json!({ "visibility": "members", "extra": 1 }), "extra"),
        (json!({ "visibility": "members_and_selected", "selected": ["kari@example.com", "nobody"] }), "selected[1]"),
    ] {
        let (status, problem) = node.send(Method::PUT, &path, body).await;
        assert_eq!(status, 422, "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|d| d.contains(named)), "{problem}");
    }
    assert_eq!(node.get(&path).await["selected"], json!([]));
    let unknown = format!("/v1/recordings/{}/visibility", RecordingId::random());
    assert_eq!(node.send(Method::PUT, &unknown, json!({ "visibility": "members" })).await.0, 404);
    let (status, _) = json_of(node.bare(Method::GET, &path).send().await.expect("answered")).await;
    assert_eq!(status, 401);
    // The workspace's defaults are its own.
    let (status, problem) = node
        .send(
            Method::PUT,
            "/v1/workspace",
            json!({ "settings": { "visibility_live": "members_and_selected", "visibility_upload": "members" } }),
        )
        .await;
    assert_eq!(status, 200, "{problem}");
    let (status, problem) =
        node.send(Method::PUT, "/v1/projects/default", json!({ "slug": "default", "settings": { "visibility_live": "members" } })).await;
    assert_eq!(status, 422, "{problem}");
}
