use ferric::archive::RecordingState;
use ferric::model::time::WallClock;
use reqwest::Method;
use serde_json::json;

use crate::started::{Started, recording};

#[tokio::test]
async fn a_list_goes_page_by_page_newest_first() {
    let node = Started::new().await;
    let mut ids = Vec::new();
    for second in 0..5 {
        let mut row = recording(RecordingState::Ready);
        row.started_at = WallClock::from_unix_ms(1_767_225_600_000 + second * 1_000);
        node.node.catalogue.put_recording(&row).await.expect("kept");
        ids.insert(0, row.id.to_string());
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = node.get(&format!("/v1/recordings?limit=2{after}")).await;
        seen.extend(page["items"].as_array().expect("items").iter().map(|r| r["id"].as_str().expect("an id").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after =
            format!("&after={}", next.replace('%', "%25").replace('+', "%2B").replace('&', "%26").replace('=', "%3D").replace(' ', "%20"));
    }
    assert_eq!(seen, ids);
    let from = node.get("/v1/recordings?from=2026-01-01T00:00:03Z").await;
    assert_eq!(from["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(node.get("/v1/recordings?state=failed").await, json!({ "items": [], "next": null }));
    let one = node.get(&format!("/v1/recordings/{}", ids[0])).await;
    assert_eq!((one["started_at"].as_str(), one["duration_ms"].as_u64()), (Some("2026-01-01T00:00:04.000Z"), Some(60_000)));
}

#[tokio::test]
async fn labels_change_and_nothing_else_does() {
    let node = Started::new().await;
    let row = recording(RecordingState::Ready);
    node.node.catalogue.put_recording(&row).await.expect("kept");
    let path = format!("/v1/recordings/{}", row.id);
    let (status, changed) = node.send(Method::PATCH, &path, json!({ "labels": ["training"] })).await;
    assert_eq!((status, &changed["labels"]), (200, &json!(["training"])));
    assert_eq!(node.get(&path).await["labels"], json!(["training"]));
    let (status, problem) = node.send(Method::PATCH, &path, json!({ "state": "ready" })).await;
    assert_eq!(status, 422);
    assert!(problem["detail"].as_str().is_some_and(|d| d.contains("state")), "{problem}");
}

#[tokio::test]
async fn a_deleted_recording_leaves_no_file_and_a_growing_one_is_not_deleted() {
    let node = Started::new().await;
    let growing = recording(RecordingState::Recording);
    node.node.catalogue.put_recording(&growing).await.expect("kept");
    let (status, problem) = node.send(Method::DELETE, &format!("/v1/recordings/{}", growing.id), json!({})).await;
    assert_eq!((status, problem["reason"].as_str()), (409, Some("still_recording")));

    let row = recording(RecordingState::Ready);
    node.node.catalogue.put_recording(&row).await.expect("kept");
    let store = node.store().await;
    let file = node.dir.path().join("made");
    std::fs::write(&file, b"abc").expect("written");
    let sha256 = hex::encode(ring::digest::digest(&ring::digest::SHA256, b"abc"));
    for name in ["recording.mp4", "hls/index.m3u8"] {
        store.put_file(&format!("recordings/{}/{name}", row.id), &file, &sha256).await.expect("stored");
    }
    assert_eq!(node.send(Method::DELETE, &format!("/v1/recordings/{}", row.id), json!({})).await.0, 204);
    assert_eq!(store.list(&format!("recordings/{}/", row.id)).await.expect("listed"), Vec::<String>::new());
    assert_eq!(node.send(Method::DELETE, &format!("/v1/recordings/{}", row.id), json!({})).await.0, 404);
}
