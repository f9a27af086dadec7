//! C7: the web session lasts 1 to 24 hours as configured; then a new code is needed.

use reqwest::Method;
use serde_json::json;

use crate::sharing::{Sharing, players};

#[tokio::test]
async fn a_web_session_lasts_its_hours_and_a_new_code_begins_another() {
    let sharing = Sharing::new().await;
    let id = sharing.recording().await;
    for hours in [0, 25] {
        let (status, problem) = sharing.node.send(Method::PUT, "/v1/shares/configuration", json!({ "session_hours": hours })).await;
        assert!(status == 422 && problem["detail"].as_str().unwrap().starts_with("session_hours: "), "{problem}");
    }
    assert_eq!(sharing.node.send(Method::PUT, "/v1/shares/configuration", json!({ "session_hours": 3 })).await.0, 200);
    let (_, bob) = sharing.with_bob(&[&id]).await;
    let code = bob.code().await;
    let entered = bob.form("/enter", &[("l", "en"), ("code", &code)]).await;
    assert!(entered.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=10800"));
    assert_eq!(bob.form("/terms", &[("l", "en")]).await.status(), 303);
    let src = players(&bob.page().await).remove(0);
    sharing.sql("UPDATE share_sessions SET until = until - 10790000000000").await;
    assert_eq!(bob.piece(&src, "bytes=0-9").await.status(), 206, "ten seconds before its end");
    sharing.sql("UPDATE share_sessions SET until = until - 10000000000").await;
    assert_eq!(bob.piece(&src, "bytes=0-9").await.status(), 404);
    let standing: serde_json::Value = bob.get("/standing").await.json().await.unwrap();
    assert_eq!(standing["session_over"], true);
    let page = bob.page().await;
    assert!(page.contains("Your time on this page is over") && page.contains("Request one-time code"), "{page}");
    // The terms are asked for again too.
    assert_eq!(players(&bob.come_in().await).len(), 1);
}
