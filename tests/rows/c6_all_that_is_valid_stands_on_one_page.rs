//! C6: a further share to the same address while one is valid stands on the same page, each with its own end; every link opens it.

use serde_json::json;

use crate::sharing::{Sharing, players, to_bob};

#[tokio::test]
async fn shares_to_one_address_stand_on_one_page_each_with_its_own_end() {
    let sharing = Sharing::new().await;
    let (one, two, three) = (sharing.recording().await, sharing.recording().await, sharing.recording().await);
    let (first, bob) = sharing.with_bob(&[&one]).await;
    assert_eq!(players(&bob.come_in().await).len(), 1);
    let mut body = to_bob(&[&two, &three]);
    body["days"] = json!(30);
    body["recipient"]["email"] = json!("BOB@Example.com");
    let (second, letter) = sharing.share(body).await;
    let page = bob.page().await;
    let end = |row: &serde_json::Value| row["until"].as_str().unwrap()[..10].to_owned();
    assert_eq!(players(&page).len(), 3, "at once, without a new code");
    assert_eq!(
        (page.matches(&format!("until {} 23:59", end(&first))).count(), page.matches(&format!("until {} 23:59", end(&second))).count()),
        (1, 2)
    );
    // The later link opens the same page, by a code of its own.
    let later = sharing.recipient(&letter);
    assert_ne!(later.path, bob.path);
    assert_eq!(players(&later.come_in().await).len(), 3);
    // Another address has another page.
    let mut body = to_bob(&[&one]);
    body["recipient"]["email"] = json!("ann@example.com");
    let (_, letter) = sharing.share(body).await;
    assert_eq!(players(&sharing.recipient(&letter).come_in().await).len(), 1);
    // One is called back: what is left of the others stands there still, by either link.
    assert_eq!(sharing.node.post(&format!("/v1/shares/{}/cancel", first["id"].as_str().unwrap()), json!({})).await.0, 200);
    assert_eq!((players(&bob.page().await).len(), players(&later.page().await).len()), (2, 2));
    assert_eq!(players(&bob.elsewhere().come_in().await).len(), 2, "the first link opens the page as long as anything is valid on it");
}

#[tokio::test]
async fn two_orders_at_once_share_a_page() {
    let sharing = Sharing::new().await;
    let id = sharing.recording().await;
    let orders = (0..4).map(|_| sharing.node.post("/v1/shares", to_bob(&[&id])));
    assert!(futures::future::join_all(orders).await.iter().all(|(status, _)| *status == 201));
    let letter = sharing.smtp.after(3).await;
    assert_eq!(players(&sharing.recipient(&letter).come_in().await).len(), 4);
}
