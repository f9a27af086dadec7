use ferric::archive::RecordingState;
use reqwest::{Method, Response};

use crate::started::{Started, json_of, recording};

const BYTES: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A ready recording whose `recording.mp4` is `BYTES`.
async fn ready(node: &Started) -> String {
    let row = recording(RecordingState::Ready);
    node.node.catalogue.put_recording(&row).await.expect("kept");
    let file = node.dir.path().join("made.mp4");
    std::fs::write(&file, BYTES).expect("written");
    let store = node.store().await;
    let sha256 = hex::encode(ring::digest::digest(&ring::digest::SHA256, BYTES));
    let key = format!("recordings/{}/recording.mp4", row.id);
    store.put_file(&key, &file, &sha256).await.expect("stored");
    format!("/v1/recordings/{}/files/recording.mp4", row.id)
}

async fn ask(node: &Started, path: &str, headers: &[(&str, &str)]) -> Response {
    let request = headers.iter().fold(node.request(Method::GET, path), |r, (k, v)| r.header(*k, *v));
    request.send().await.expect("answered")
}

#[tokio::test]
async fn a_ready_file_is_served_exactly_as_asked() {
    let node = Started::new().await;
    let path = ready(&node).await;
    let whole = ask(&node, &path, &[]).await;
    assert_eq!((whole.status().as_u16(), whole.headers()["content-type"].to_str().ok()), (200, Some("video/mp4")));
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    let etag = whole.headers()["etag"].to_str().expect("text").to_owned();
    assert_eq!(whole.bytes().await.expect("body"), BYTES);

    for (range, content_range, bytes) in [
        ("bytes=0-0", "bytes 0-0/36", &BYTES[..1]),
        ("bytes=10-", "bytes 10-35/36", &BYTES[10..]),
        ("bytes=-6", "bytes 30-35/36", &BYTES[30..]),
        ("bytes=30-999", "bytes 30-35/36", &BYTES[30..]),
    ] {
        let part = ask(&node, &path, &[("range", range)]).await;
        assert_eq!(part.status(), 206, "{range}");
        assert_eq!(part.headers()["content-range"], content_range);
        assert_eq!(part.headers()["content-length"], bytes.len().to_string());
        assert_eq!(part.bytes().await.expect("body"), bytes, "{range}");
    }
    for (range, reason) in [("bytes=36-", "range_not_satisfiable"), ("bytes=0-1,4-5", "multiple_ranges")] {
        let refused = ask(&node, &path, &[("range", range)]).await;
        assert_eq!(refused.headers()["content-range"], "bytes */36");
        let (status, problem) = json_of(refused).await;
        assert_eq!((status, problem["reason"].as_str()), (416, Some(reason)));
    }
    // Conditions: unchanged → 304; a range of another version → the whole of this one.
    let unchanged = ask(&node, &path, &[("if-none-match", &etag)]).await;
    assert_eq!(unchanged.status(), 304);
    assert_eq!(unchanged.bytes().await.expect("body").len(), 0);
    assert_eq!(ask(&node, &path, &[("range", "bytes=0-3"), ("if-range", &etag)]).await.status(), 206);
    assert_eq!(ask(&node, &path, &[("range", "bytes=0-3"), ("if-range", "\"older\"")]).await.status(), 200);

    let head = node.request(Method::HEAD, &path).send().await.expect("answered");
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().ok()), (200, Some("36")));
    assert_eq!(head.headers()["etag"], etag);
    assert_eq!(head.bytes().await.expect("body").len(), 0);
}

#[tokio::test]
async fn a_growing_recording_is_served_as_far_as_it_is() {
    let node = Started::new().await;
    let row = recording(RecordingState::Recording);
    node.node.catalogue.put_recording(&row).await.expect("kept");
    let dir = node.dir.path().join("render").join(row.id.as_str());
    std::fs::create_dir_all(dir.join("hls")).expect("made");
    let path = format!("/v1/recordings/{}/files/recording.mp4", row.id);
    assert_eq!(ask(&node, &path, &[]).await.status(), 404);
    std::fs::write(dir.join("recording.mp4"), &BYTES[..10]).expect("written");
    let before = ask(&node, &path, &[]).await;
    let etag = before.headers()["etag"].to_str().expect("text").to_owned();
    assert!(etag.starts_with("W/"), "what grows has no strong tag: {etag}");
    assert_eq!(before.bytes().await.expect("body"), &BYTES[..10]);
    std::fs::write(dir.join("recording.mp4"), BYTES).expect("written");
    let after = ask(&node, &path, &[("if-none-match", &etag), ("range", "bytes=10-19")]).await;
    assert_eq!(after.status(), 206);
    assert_eq!(after.headers()["content-range"], "bytes 10-19/36");
    assert_eq!(after.bytes().await.expect("body"), &BYTES[10..20]);
    std::fs::write(dir.join("hls/index.m3u8"), "#EXTM3U\n").expect("written");
    let playlist = ask(&node, &path.replace("recording.mp4", "hls/index.m3u8"), &[]).await;
    assert_eq!(playlist.headers()["content-type"], "application/vnd.apple.mpegurl");
}

#[tokio::test]
async fn no_name_leads_out_of_the_recording() {
    let node = Started::new().await;
    let path = ready(&node).await;
    for name in ["..%2f..%2f..%2fadmin.key", "%2e%2e/%2e%2e/admin.key", "%2fetc%2fpasswd", "..", "hls/../../x", "poster.jpg"] {
        let status = ask(&node, &path.replace("recording.mp4", name), &[]).await.status();
        assert!(status == 404, "{name}: {status}");
    }
    let absent = path.replace("/v1/recordings/", "/v1/recordings/0");
    assert_eq!(ask(&node, &absent, &[]).await.status(), 404);
}
