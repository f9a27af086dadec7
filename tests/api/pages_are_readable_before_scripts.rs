use ferric::archive::RecordingState;
use reqwest::Method;
use serde_json::json;

use crate::started::{Started, recording};

#[tokio::test]
async fn the_console_shows_who_is_recorded_and_what_was() {
    let node = Started::new().await;
    let row = recording(RecordingState::Ready);
    node.node.catalogue.put_recording(&row).await.expect("kept");
    let (session, host, _) = node.room(json!({ "slug": "meet", "kind": "room" })).await;
    assert_eq!(node.post(&format!("/v1/sessions/{session}/commands"), json!({ "do": "start", "by": host["id"] })).await.0, 200);
    let answer = node.request(Method::GET, "/").send().await.expect("answered");
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.contains("script-src 'self';") && policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let page = answer.text().await.expect("text");
    for part in ["class=\"state recording\">Recording<", "Paal", &format!("/recordings/{}", row.id), "1:00", "class=\"lane\""] {
        assert!(page.contains(part), "{part} is not in the page");
    }
    assert!(!page.contains("⟨"), "a word is missing: {page}");
    assert!(!page.contains("style=\"") && !page.contains(" onclick"), "no inline style or script");
}

#[tokio::test]
async fn a_recordings_page_plays_without_scripts_and_a_room_tells_nothing_to_strangers() {
    let node = Started::new().await;
    let row = recording(RecordingState::Failed);
    node.node.catalogue.put_recording(&row).await.expect("kept");
    let page = node.request(Method::GET, &format!("/recordings/{}", row.id)).send().await.expect("answered").text().await.expect("text");
    assert!(page.contains("could not be made") && !page.contains("⟨"), "{page}");
    let gone = node.request(Method::GET, "/recordings/nothing").send().await.expect("answered");
    assert_eq!(gone.status(), 404);
    assert!(gone.text().await.expect("text").contains("There is nothing here"));

    let (session, ..) = node.room(json!({ "slug": "meet", "kind": "room" })).await;
    let room = node.bare(Method::GET, &format!("/room/{session}?as=guest")).send().await.expect("answered");
    assert_eq!(room.status(), 200);
    let text = room.text().await.expect("text");
    assert!(!text.contains("Paal") && !text.contains("Kari") && text.contains("needs JavaScript"));
}
