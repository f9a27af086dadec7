//! B2, B4: what of a recording is served to whom, whole or in pieces; where a reason is asked for, no byte before it was given.

use ferric::archive::{Recording, RecordingState};
use ferric::model::manifest::Manifest;
use reqwest::Method;
use serde_json::{Value, json};

use crate::b6_a_recordings_link_opens_for_whom_it_is_set::store_film;
use crate::people::{Browser, by_key, key, user};
use crate::started::{Started, recording};

/// Media and everything drawn from them.
const DRAWN: [&str; 7] =
    ["recording.mp4", "poster.jpg", "waveform.png", "peaks.json", "thumbnails.vtt", "thumbnails-1.jpg", "hls/index.m3u8"];

/// A ready recording with all of its files.
async fn whole(node: &Started) -> String {
    let mut row = recording(RecordingState::Ready);
    row.manifest = Some(manifest(&row));
    node.node.catalogue.put_recording(&row).await.expect("kept");
    store_film(node, &row.id).await;
    let id = row.id;
    let file = node.dir.path().join("drawn");
    std::fs::write(&file, b"drawn of it").expect("written");
    let sha256 = hex::encode(ring::digest::digest(&ring::digest::SHA256, b"drawn of it"));
    for name in &DRAWN[1..] {
        node.store().await.put_file(&format!("recordings/{id}/{name}"), &file, &sha256).await.expect("stored");
    }
    std::fs::remove_file(file).expect("the store may keep it");
    id.to_string()
}

/// What a node says of a recording with these files.
fn manifest(row: &Recording) -> Manifest {
    let files = DRAWN.map(|name| json!({ "name": name, "media_type": "application/octet-stream", "bytes": 11, "sha256": "00" }));
    serde_json::from_value(json!({
        "format": 1, "id": row.id, "session": row.session, "output": row.output, "project": row.project, "started_at": row.started_at,
        "ended_at": row.ended_at, "session_offset_ms": 0, "duration_ms": 60_000, "ended_by": "end", "parties": [], "spans": {}, "cuts": [], "gaps": [],
        "tracks": [], "files": files,
        "media": { "codecs": ["mp4a.40.2"], "sample_hz": 8_000, "channels": 2, "channel_layout": ["agent", "customer"], "resolution": null, "frames": null,
            "av_offset_p95_ms": null },
    }))
    .expect("a manifest")
}

/// What the page's player plays, and the address of its pieces; `None` where there is no player.
fn player(page: &str) -> Option<String> {
    let of = page.split_once("<video id=\"media\"")?.1.split_once("src=\"")?.1;
    assert!(page.contains("id=\"player-data\""), "{page}");
    Some(of.split('"').next()?.to_owned())
}

async fn status(browser: &Browser<'_>, path: &str, range: &str) -> u16 {
    let request = browser.request(Method::GET, path);
    let request = if range.is_empty() { request } else { request.header("range", range) };
    request.send().await.expect("answered").status().as_u16()
}

async fn entries(node: &Started, action: &str, id: &str) -> Vec<Value> {
    let found = node.get(&format!("/v1/audit?action={action}&subject=recording:{id}")).await;
    found["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn no_byte_is_served_before_the_reason_is_given() {
    let node = Started::new().await;
    let id = whole(&node).await;
    assert_eq!(
        node.send(Method::PUT, "/v1/workspace/properties", json!({ "playback_reason": "complaint;quality", "download": true })).await.0,
        200
    );
    user(&node, json!({ "name": "anna", "role": "reviewer" })).await;
    let (anna, elsewhere) = (Browser::of(&node, "anna").await, Browser::of(&node, "anna").await);
    let machine = key(&node, "machine", &["recordings:download"], None).await;
    let path = |name: &str| format!("/v1/recordings/{id}/files/{name}");
    // Nobody: neither a person, nor a key, nor the administrator, whole or in pieces.
    for name in DRAWN {
        for range in ["", "bytes=0-9"] {
            assert_eq!(status(&anna, &path(name), range).await, 403, "{name} {range}");
        }
        for key in [&machine, &node.key] {
            let (status, answer) = by_key(&node, key, Method::GET, &path(name), None).await;
            assert_eq!((status, &answer["reason"]), (403, &json!("reason_needed")), "{name}");
        }
    }
    let page = anna.request(Method::GET, &format!("/recordings/{id}")).send().await.expect("answered").text().await.expect("text");
    assert!(page.contains("<select id=\"reason\"") && page.contains("<option>complaint</option>"), "{page}");
    assert!(player(&page).is_none() && !page.contains("<video") && !page.contains("/files/"), "{page}");
    // A reason that is none of the list opens nothing; nor does none.
    let plays = format!("/v1/recordings/{id}/plays");
    for wrong in [json!({}), json!({ "reason": "" }), json!({ "reason": "because" }), json!({ "reason": "complain" })] {
        assert_eq!(anna.post(&plays, wrong).await.0, 403);
    }
    let answer = anna.form(&format!("/recordings/{id}/plays"), &[("reason", "because")]).await;
    assert_eq!(answer.status(), 422);
    assert!(answer.text().await.expect("text").contains("aria-invalid=\"true\""));
    assert!(entries(&node, "play", &id).await.is_empty());
    // The page's form works without scripts; the reason stands in the log, once, whatever is loaded then.
    let answer = anna.form(&format!("/recordings/{id}/plays"), &[("reason", "complaint")]).await;
    assert_eq!(answer.status(), 303);
    for name in DRAWN {
        assert!(matches!(status(&anna, &path(name), "bytes=0-9").await, 200 | 206), "{name}");
    }
    let noted = entries(&node, "play", &id).await;
    assert_eq!(noted.len(), 1, "{noted:?}");
    assert_eq!((&noted[0]["actor"], &noted[0]["detail"]["reason"]), (&json!("user:anna"), &json!("complaint")));
    let page = anna.request(Method::GET, &format!("/recordings/{id}")).send().await.expect("answered").text().await.expect("text");
    assert!(!page.contains("id=\"reason\""), "asked again: {page}");
    let source = player(&page).expect("a player");
    let piece = anna.request(Method::GET, &source).header("range", "bytes=250-259").send().await.expect("answered");
    assert_eq!(piece.status(), 206);
    assert_eq!(piece.bytes().await.expect("bytes").to_vec(), [250, 0, 1, 2, 3, 4, 5, 6, 7, 8], "of the file that is stored");
    // It is this browser's alone, and this recording's alone.
    assert_eq!(status(&elsewhere, &path("recording.mp4"), "bytes=0-9").await, 403);
    let other = whole(&node).await;
    assert_eq!(status(&anna, &format!("/v1/recordings/{other}/files/recording.mp4"), "bytes=0-9").await, 403);
    // Keys give theirs by API, administrators too.
    for (key, actor) in [(&machine, "key:machine"), (&node.key, "key:admin")] {
        assert_eq!(by_key(&node, key, Method::POST, &plays, Some(json!({ "reason": "quality" }))).await.0, 201);
        assert_eq!(by_key(&node, key, Method::GET, &path("poster.jpg"), None).await.0, 200);
        assert_eq!(entries(&node, "play", &id).await[0]["actor"], actor);
    }
    // A stricter list holds at once, for plays that go on too.
    assert_eq!(node.send(Method::PUT, "/v1/workspace/properties", json!({ "playback_reason": "quality" })).await.0, 200);
    assert_eq!(status(&anna, &path("recording.mp4"), "bytes=0-9").await, 403);
}

#[tokio::test]
async fn whoever_may_not_download_gets_pieces_and_no_more() {
    let node = Started::new().await;
    let id = whole(&node).await;
    user(&node, json!({ "name": "anna", "role": "reviewer" })).await;
    let anna = Browser::of(&node, "anna").await;
    let mp4 = format!("/v1/recordings/{id}/files/recording.mp4");
    assert_eq!(status(&anna, &mp4, "").await, 403, "the whole");
    assert_eq!(status(&anna, &format!("{mp4}?download=1"), "bytes=0-9").await, 403);
    let window = anna.request(Method::GET, &mp4).header("range", "bytes=0-9").header("sec-fetch-dest", "document");
    assert_eq!(window.send().await.expect("answered").status(), 403);
    let first = anna.request(Method::GET, &mp4).header("range", "bytes=0-").send().await.expect("answered");
    assert_eq!((first.status().as_u16(), first.content_length()), (206, Some(1 << 20)));
    assert_eq!(first.headers()["cache-control"], "no-store");
    let page = anna.request(Method::GET, &format!("/recordings/{id}")).send().await.expect("answered").text().await.expect("text");
    assert!(!page.contains("download="), "{page}");
    assert_eq!(player(&page).as_deref(), Some(mp4.as_str()), "{page}");
    assert!(page.contains("why-not-delete") && !page.contains("id=\"delete-it\"") && !page.contains("visibility-reach"), "{page}");
    assert_eq!(entries(&node, "play", &id).await.len(), 1, "noted once, however many pieces");
    assert!(entries(&node, "download", &id).await.is_empty());
    assert_eq!(anna.send(Method::DELETE, &format!("/v1/recordings/{id}"), json!({})).await.0, 403);
    // With the rights.
    let rights = json!({ "role": "reviewer", "properties": { "download": true, "delete": true } });
    assert_eq!(node.send(Method::PUT, "/v1/users/anna", rights).await.0, 200);
    let kept = anna.request(Method::GET, &format!("{mp4}?download=1")).send().await.expect("answered");
    assert_eq!(kept.status(), 200);
    assert!(kept.headers()["content-disposition"].to_str().expect("text").starts_with("attachment"));
    assert_eq!(entries(&node, "download", &id).await[0]["actor"], "user:anna");
    // Off takes both away, at once.
    let off = json!({ "role": "reviewer", "properties": { "play": false, "download": true, "delete": true } });
    assert_eq!(node.send(Method::PUT, "/v1/users/anna", off).await.0, 200);
    for name in DRAWN {
        assert_eq!(status(&anna, &format!("/v1/recordings/{id}/files/{name}"), "bytes=0-9").await, 403, "{name}");
    }
    assert_eq!(anna.send(Method::DELETE, &format!("/v1/recordings/{id}"), json!({})).await.0, 403);
    assert_eq!(status(&anna, &format!("/v1/recordings/{id}"), "").await, 200, "it may still be seen that it is there");
    assert_eq!(node.send(Method::PUT, "/v1/users/anna", json!({ "role": "reviewer", "properties": { "delete": true } })).await.0, 200);
    assert_eq!(anna.send(Method::DELETE, &format!("/v1/recordings/{id}"), json!({})).await.0, 204);
    assert_eq!(entries(&node, "delete", &id).await[0]["actor"], "user:anna");
}
