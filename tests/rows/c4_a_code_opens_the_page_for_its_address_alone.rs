//! C4: the link shows nothing but a language and a request for a code; the code goes to the address alone. Nothing is gained by trying, by asking again,
//! by another browser, or by looking at the clock.

use std::time::{Duration, Instant};

use crate::sharing::{Recipient, Sharing, code_in};

const WRONG: u16 = 422;
const IN: u16 = 303;

/// A code that is another one.
fn other_than(code: &str, n: u32) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + n) % 1_000_000)
}

#[tokio::test]
async fn the_code_goes_to_the_address_in_the_pages_language_and_opens_once() {
    let sharing = Sharing::new().await;
    let id = sharing.recording().await;
    let (_, bob) = sharing.with_bob(&[&id]).await;
    let page = bob.page().await;
    assert!(page.contains("Request one-time code") && page.contains("<select") && !page.contains("/media/"), "{page}");
    for hidden in ["Bob", "bob@", "example.com", id.as_str(), "Complaints", "+472"] {
        assert!(!page.contains(hidden), "{hidden} is told to whoever has the link");
    }
    assert!(page.matches("<form").count() == 2 && !page.contains("<nav"), "a language and a code, nothing else");

    let known = sharing.smtp.arrived().len();
    assert_eq!(bob.form("/code", &[("l", "fi")]).await.status(), IN);
    let letter = sharing.smtp.after(known).await;
    assert_eq!(letter.to, "bob@example.com");
    assert!(letter.text().contains("Kertakäyttökoodisi on") && letter.text().contains("10 minuuttia"), "{}", letter.text());
    let code = code_in(&letter);
    assert!(!letter.header("Subject").unwrap_or_default().contains(&code));
    assert_eq!(bob.enter(&format!("{} {}", &code[..3], &code[3..]).replace(' ', "+")).await, IN, "as people type it");
    // Used once; the browser that used it is another one to the node now.
    assert_eq!(bob.enter(&code).await, WRONG);
    assert_eq!(sharing.audit("action=sign_in").await[0]["actor"], "visitor:b***@example.com");
    assert_eq!(sharing.audit("action=sign_in").await[0]["detail"]["from"]["address"], "127.0.0.1");
}

#[tokio::test]
async fn five_tries_one_after_the_other_or_at_once_and_no_sixth() {
    let sharing = Sharing::new().await;
    let id = sharing.recording().await;
    let (_, bob) = sharing.with_bob(&[&id]).await;
    let code = bob.code().await;
    for n in 1..=5 {
        assert_eq!(bob.enter(&other_than(&code, n)).await, WRONG);
    }
    assert_eq!(bob.enter(&code).await, WRONG, "the sixth try is none, right as it is");

    // All at once: of twenty with the right one last in line for five places, never more than five count.
    let code = bob.code().await;
    let tries = (1..=20).map(|n| {
        let wrong = other_than(&code, n);
        let bob = &bob;
        async move { bob.enter(&wrong).await }
    });
    assert!(futures::future::join_all(tries).await.iter().all(|status| *status == WRONG));
    assert_eq!(bob.enter(&code).await, WRONG);

    // The right one many times at once: one of them comes in.
    let code = bob.code().await;
    let cookie = bob.cookie.borrow().clone();
    let entries = (0..5).map(|_| {
        let twin = Recipient::new(&sharing, &bob.path);
        twin.cookie.borrow_mut().clone_from(&cookie);
        let code = code.clone();
        async move { twin.enter(&code).await }
    });
    let came = futures::future::join_all(entries).await;
    assert_eq!(came.iter().filter(|status| **status == IN).count(), 1, "{came:?}");
}

#[tokio::test]
async fn a_code_is_its_browsers_its_pages_and_over_after_ten_minutes_or_with_the_next() {
    let sharing = Sharing::new().await;
    let id = sharing.recording().await;
    let (_, bob) = sharing.with_bob(&[&id]).await;
    let (_, letter) = sharing
        .share(serde_json::json!({ "recordings": [id], "recipient": { "name": "Ann", "email": "ann@example.com" }, "reason": "r" }))
        .await;
    let ann = sharing.recipient(&letter);
    let code = bob.code().await;
    // Another browser at the same page, with no cookie and with one of its own; the same browser at another page.
    let eve = bob.elsewhere();
    assert_eq!(eve.enter(&code).await, WRONG);
    eve.page().await;
    assert_eq!(eve.enter(&code).await, WRONG);
    let stray = Recipient::new(&sharing, &ann.path);
    stray.cookie.borrow_mut().clone_from(&bob.cookie.borrow());
    assert_eq!(stray.enter(&code).await, WRONG);
    // A newer one takes its place.
    let newer = bob.code().await;
    if newer != code {
        assert_eq!(bob.enter(&code).await, WRONG);
    }
    assert_eq!(bob.enter(&newer).await, IN);
    // A web session of one page opens no other.
    stray.cookie.borrow_mut().clone_from(&bob.cookie.borrow());
    assert!(stray.page().await.contains("Request one-time code"));

    // Ten minutes on.
    let code = ann.code().await;
    sharing.sql("UPDATE share_codes SET made = made - 600000000000, until = until - 600000000000 WHERE used = 0").await;
    assert_eq!(ann.enter(&code).await, WRONG);
    // Forms that another site's page sends are none.
    let forged = sharing.node.form(&format!("{}/code", ann.path), "https://evil.example", &[("l", "en")]);
    assert_eq!(forged.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn codes_are_requested_a_few_times_and_no_more() {
    let sharing = Sharing::new().await;
    let id = sharing.recording().await;
    let (_, bob) = sharing.with_bob(&[&id]).await;
    let known = sharing.smtp.arrived().len();
    for _ in 0..6 {
        bob.code().await;
    }
    // From other browsers too: the answer is the same, and nothing is sent.
    for _ in 0..5 {
        let eve = bob.elsewhere();
        assert_eq!(eve.form("/code", &[("l", "en")]).await.status(), IN);
        assert_eq!(bob.form("/code", &[("l", "en")]).await.status(), IN);
    }
    // What was asked before this is through once this is.
    let (_, letter) = sharing
        .share(serde_json::json!({ "recordings": [id], "recipient": { "name": "Ann", "email": "ann@example.com" }, "reason": "r" }))
        .await;
    sharing.recipient(&letter).code().await;
    let to_bob = sharing.smtp.arrived()[known..].iter().filter(|letter| letter.to == "bob@example.com").count();
    assert_eq!(to_bob, 6);
    // An hour later some more.
    sharing.sql("UPDATE share_codes SET made = made - 3700000000000").await;
    let code = bob.code().await;
    assert_eq!(bob.enter(&code).await, IN);
}

/// The answer of a page that does not tell one link from another.
async fn seen(recipient: &Recipient<'_>) -> Vec<(u16, String, Vec<String>)> {
    let mut seen = Vec::new();
    for answer in [
        recipient.get("?l=en").await,
        recipient.form("/code", &[("l", "en")]).await,
        recipient.get("?l=en&asked=1").await,
        recipient.form("/enter", &[("l", "en"), ("code", "123456")]).await,
        recipient.get("/standing").await,
        recipient.form("/terms", &[("l", "en")]).await,
    ] {
        let status = answer.status().as_u16();
        let mut headers: Vec<String> = answer.headers().keys().map(ToString::to_string).filter(|name| name != "date").collect();
        headers.sort();
        let text = answer.text().await.unwrap().replace(&recipient.path, "/e/…");
        seen.push((status, text, headers));
    }
    seen
}

#[tokio::test]
async fn a_link_that_is_valid_over_or_never_was_looks_alike_and_answers_alike() {
    let sharing = Sharing::new().await;
    let id = sharing.recording().await;
    let (row, over) = sharing.with_bob(&[&id]).await;
    assert_eq!(sharing.node.post(&format!("/v1/shares/{}/cancel", row["id"].as_str().unwrap()), serde_json::json!({})).await.0, 200);
    let (_, valid) = sharing.with_bob(&[&id]).await;
    let never = Recipient::new(&sharing, &format!("/e/{}", "A".repeat(valid.path.len() - 3)));
    let first = seen(&valid).await;
    assert_eq!(first, seen(&over).await);
    assert_eq!(first, seen(&never).await);

    // By the clock: requests and wrong codes, in turns, so that what else the machine does meets both alike.
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..12 {
        for (place, who) in [(0, &valid), (1, &never)] {
            let began = Instant::now();
            who.form("/code", &[("l", "en")]).await;
            times[place].push(began.elapsed());
            let began = Instant::now();
            who.form("/enter", &[("l", "en"), ("code", "123456")]).await;
            times[2 + place].push(began.elapsed());
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let [mut asked, mut asked_never, mut entered, mut entered_never] = times;
    let (asked, asked_never) = (median(&mut asked), median(&mut asked_never));
    assert!(asked.abs_diff(asked_never) < Duration::from_millis(25), "{asked:?} {asked_never:?}");
    let (entered, entered_never) = (median(&mut entered), median(&mut entered_never));
    assert!(entered >= Duration::from_millis(300) && entered_never >= Duration::from_millis(300));
    assert!(entered.abs_diff(entered_never) < Duration::from_millis(25), "{entered:?} {entered_never:?}");
}
