//! C9: every play is in the audit log: who, which, when, from where; and is told as an event.

use serde_json::json;

use crate::sharing::{Sharing, players, to_bob};

#[tokio::test]
async fn each_play_and_each_opened_chat_is_noted_once_before_its_first_byte() {
    let sharing = Sharing::new().await;
    let (one, chat) = (sharing.recording().await, sharing.chat().await);
    let mut body = to_bob(&[&one]);
    body["sessions"] = json!([chat]);
    let (row, letter) = sharing.share(body).await;
    let bob = sharing.recipient(&letter);
    let page = bob.come_in().await;
    let src = players(&page).remove(0);
    let plays = async || sharing.audit("action=play").await;
    assert!(plays().await.is_empty(), "looking at the list is no play: {:?}", plays().await);
    assert!(!page.contains("lamp"), "nor does it show what is collapsed");
    for range in ["bytes=0-", "bytes=1000-", "bytes=0-"] {
        assert_eq!(bob.piece(&src, range).await.status(), 206);
    }
    let noted = plays().await;
    assert_eq!(noted.len(), 1, "one play of many pieces: {noted:?}");
    assert_eq!((&noted[0]["actor"], &noted[0]["subject"]), (&json!("visitor:b***@example.com"), &json!(format!("recording:{one}"))));
    assert_eq!((&noted[0]["detail"]["share"], &noted[0]["detail"]["from"]["address"]), (&row["id"], &json!("127.0.0.1")));

    // Another showing of the page is another play; so is playing again what was played to its end.
    let again = players(&bob.page().await).remove(0);
    assert_ne!(again, src);
    assert_eq!(bob.piece(&again, "bytes=0-").await.status(), 206);
    let item = src.split('/').nth(4).unwrap();
    assert_eq!(bob.form(&format!("/played/{item}/0123abcd"), &[]).await.status(), 204);
    assert_eq!(plays().await.len(), 3);

    // A chat log that is opened.
    let open = page.split("open=").nth(1).unwrap().split('#').next().unwrap();
    let shown = bob.get(&format!("?l=en&open={open}")).await.text().await.unwrap();
    assert!(shown.contains("Where is my &#60;b&#62;lamp&#60;/b&#62;?") && shown.contains("On its way."), "{shown}");
    let noted = plays().await;
    assert_eq!((noted.len(), &noted[0]["subject"], &noted[0]["detail"]["what"]), (4, &json!(format!("session:{chat}")), &json!("chat")));

    // Nothing of it without a web session; nothing is noted of what was not played.
    assert_eq!(bob.elsewhere().form(&format!("/played/{item}/ffff"), &[]).await.status(), 404);
    assert_eq!(bob.piece(&src, "").await.status(), 416);
    assert_eq!(plays().await.len(), 4);

    // Told to listeners.
    let mut told = sharing.node.request(reqwest::Method::GET, "/v1/events?since=0").send().await.unwrap();
    let mut text = String::new();
    while text.matches("share.played").count() < 4 {
        let more = tokio::time::timeout(std::time::Duration::from_secs(10), told.chunk()).await.expect("it is told").unwrap().unwrap();
        text += &String::from_utf8_lossy(&more);
    }
    assert!(text.contains(one.as_str()) && !text.contains("bob") && !text.contains("example.com"));
}
