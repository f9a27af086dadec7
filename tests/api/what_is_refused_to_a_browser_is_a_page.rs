//! Every route of the pages, asked by somebody who looks with a browser: what is refused is a page with the reason in words. Scripts and programs get the
//! problem as it is.

use std::collections::BTreeSet;
use std::path::Path;

use ferric::archive::RecordingState;
use reqwest::{Method, Response};
use serde_json::json;

use crate::started::{Started, recording};

/// What Chromium sends as it opens a page or sends a form.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
const PASSWORD: &str = "correct horse battery";

/// Every path that the pages' routers name, with something in the place of what varies.
fn paths() -> BTreeSet<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api/pages")];
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("there").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).expect("text");
            for (at, route) in text.match_indices(".route(\"") {
                let path = text[at + route.len()..].split('"').next().expect("a path").to_owned();
                let path = path.replace("{slug}", "nowhere").replace("{name}", "nobody");
                let ids = path.split('/').map(|part| if part.starts_with('{') { "0f9e0000000000000000000000000000" } else { part });
                found.insert(ids.collect::<Vec<_>>().join("/"));
            }
        }
    }
    found
}

/// Somebody who signed in with a browser.
struct Looking<'n> {
    node: &'n Started,
    cookie: String,
    csrf: String,
}

impl<'n> Looking<'n> {
    async fn of(node: &'n Started, name: &str, role: &str) -> Self {
        assert_eq!(node.post("/v1/users", json!({ "name": name, "role": role, "password": PASSWORD })).await.0, 201);
        let answer = node.form("/sign-in", &node.http, &[("name", name), ("password", &PASSWORD.replace(' ', "+"))]).send().await;
        let answer = answer.expect("answered");
        let cookie = answer.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a pair").to_owned();
        let page = node.bare(Method::GET, "/upload").header("cookie", &cookie).header("accept", BROWSER).send().await.expect("answered");
        let page = page.text().await.expect("text");
        let csrf = page.split_once("data-csrf=\"").and_then(|(_, rest)| rest.split_once('"')).expect("a form token").0.to_owned();
        Self { node, cookie, csrf }
    }

    async fn get(&self, path: &str, accept: &str) -> Response {
        self.node.bare(Method::GET, path).header("cookie", &self.cookie).header("accept", accept).send().await.expect("answered")
    }

    async fn send(&self, path: &str, fields: &[(&str, &str)], accept: &str) -> Response {
        let request = self.node.form(path, &self.node.http, fields).header("cookie", &self.cookie);
        request.header("accept", accept).send().await.expect("answered")
    }

    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.send(path, &[&[("csrf", self.csrf.as_str())], fields].concat(), BROWSER).await
    }
}

/// A page that says in words that something did not work; its text.
async fn is_page(answer: Response, status: u16, what: &str) -> String {
    assert_eq!(answer.status().as_u16(), status, "{what}");
    reads(answer, what).await
}

async fn reads(answer: Response, what: &str) -> String {
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().expect("text").to_owned()).unwrap_or_default();
    assert!(kind.starts_with("text/html"), "{what}: {} {kind}", answer.status());
    assert!(answer.headers().contains_key("content-security-policy"), "{what}");
    let text = answer.text().await.expect("text");
    assert!(text.contains("<main") && text.contains("<h1") && !text.contains('⟨') && !text.contains("about:blank"), "{what}: {text}");
    text
}

fn is_json(answer: &Response) -> bool {
    answer.headers().get("content-type").is_some_and(|kind| kind == "application/problem+json")
}

#[tokio::test]
async fn every_route_of_the_pages_refuses_with_a_page() {
    let node = Started::new().await;
    let (rita, boss) = (Looking::of(&node, "rita", "reviewer").await, Looking::of(&node, "boss", "admin").await);
    let paths = paths();
    let mut refused = 0;
    for path in paths.iter().filter(|path| *path != "/sign-out") {
        for who in [Some(&rita), Some(&boss), None] {
            let nobody = Looking { node: &node, cookie: String::new(), csrf: String::new() };
            let who = who.unwrap_or(&nobody);
            // Forms without their token, and without what they ask for.
            for (verb, answer) in [
                ("GET", who.get(path, BROWSER).await),
                ("POST", who.send(path, &[], BROWSER).await),
                ("POST with its token", who.form(path, &[]).await),
            ] {
                let status = answer.status();
                assert_ne!(status, 500, "{verb} {path}");
                if status.is_client_error() || status.is_server_error() {
                    reads(answer, &format!("{verb} {path}")).await;
                    refused += 1;
                }
            }
        }
    }
    assert!(paths.len() > 70 && refused > 400, "{} paths, {refused} refusals", paths.len());
}

#[tokio::test]
async fn each_refusal_says_its_reason_in_words() {
    let node = Started::new().await;
    let (rita, boss) = (Looking::of(&node, "rita", "reviewer").await, Looking::of(&node, "boss", "admin").await);
    let nobody = Looking { node: &node, cookie: String::new(), csrf: String::new() };
    // 401: the form, which leads on; a form's answer leads back to its page.
    let page = is_page(nobody.get("/settings/people?saved=1", BROWSER).await, 401, "nobody").await;
    assert!(page.contains("value=\"/settings/people?saved=1\""), "{page}");
    let late = node.form("/settings/queues", &node.http, &[("csrf", "x")]).header("accept", BROWSER);
    let page =
        is_page(late.header("referer", format!("{}/settings/new-queue", node.http)).send().await.expect("answered"), 401, "late").await;
    assert!(page.contains("You were signed out in the meantime") && page.contains("value=\"/settings/new-queue\""), "{page}");
    // From another site it leads nowhere.
    let foreign = node.form("/settings/queues", "http://evil.example", &[("csrf", "x")]).header("accept", BROWSER);
    let page = is_page(foreign.header("referer", "http://evil.example/x").send().await.expect("answered"), 401, "foreign").await;
    assert!(page.contains("name=\"next\" value=\"/\""), "{page}");

    // 403, in the frame of whoever asked: they find on from there.
    for answer in [
        rita.get("/settings/people", BROWSER).await,
        rita.form("/settings/queues", &[("name", "x")]).await,
        rita.get("/external", BROWSER).await,
    ] {
        let page = is_page(answer, 403, "a member").await;
        assert!(page.contains("You may not do this.") && page.contains("href=\"/me\"") && page.contains("href=\"/archive\""), "{page}");
        assert!(!page.contains("href=\"/settings\""), "{page}");
    }
    assert!(is_page(rita.get("/settings/audit", BROWSER).await, 403, "audit").await.contains("this is for administrators"));
    let page = is_page(boss.send("/settings/queues", &[("csrf", "0")], BROWSER).await, 403, "csrf").await;
    assert!(page.contains("This form was not sent by a page of this node"), "{page}");
    let forged = node.form("/settings/queues", "http://evil.example", &[("csrf", &boss.csrf)]).header("cookie", &boss.cookie);
    is_page(forged.header("accept", BROWSER).send().await.expect("answered"), 403, "another site's form").await;

    // 404, 405, 400, 413.
    for path in [
        "/nothing",
        "/recordings/0f9e0000000000000000000000000000",
        "/recordings/x",
        "/settings/projects/nowhere",
        "/settings/people/users/nobody",
    ] {
        assert!(is_page(boss.get(path, BROWSER).await, 404, path).await.contains("There is nothing here."), "{path}");
    }
    for (path, answer) in [
        (
            "/recordings/0f9e0000000000000000000000000000/delete",
            boss.get("/recordings/0f9e0000000000000000000000000000/delete", BROWSER).await,
        ),
        ("/archive", boss.form("/archive", &[]).await),
    ] {
        assert!(is_page(answer, 405, path).await.contains("This address is not for looking at"), "{path}");
    }
    is_page(boss.get("/settings/webhooks?n=many", BROWSER).await, 400, "a query").await;
    let page = is_page(boss.form("/settings/queues", &[("name", &"x".repeat(70_000))]).await, 413, "large").await;
    assert!(page.contains("more than the node takes at once"), "{page}");

    // 409: what is so, and why.
    let row = recording(RecordingState::Ready);
    node.node.catalogue.put_recording(&row).await.expect("kept");
    let (status, hold) = node.post("/v1/holds", json!({ "name": "case", "reason": "a court", "recordings": [row.id] })).await;
    assert_eq!(status, 201, "{hold}");
    let page = is_page(boss.form(&format!("/recordings/{}/delete", row.id), &[]).await, 409, "held").await;
    assert!(page.contains("A legal hold lies on this recording."), "{page}");
    let live = recording(RecordingState::Recording);
    node.node.catalogue.put_recording(&live).await.expect("kept");
    let page = is_page(boss.form(&format!("/recordings/{}/delete", live.id), &[]).await, 409, "live").await;
    assert!(page.contains("This cannot be done as things are now.") && page.contains("The node says:"), "{page}");

    // 503: it says when to come again.
    let answer = nobody.send("/r/0f9e0000000000000000000000000000", &[("address", "a@example.com")], BROWSER).await;
    assert!(answer.headers().contains_key("retry-after"));
    assert!(is_page(answer, 503, "no letters").await.contains("cannot take this on just now"));

    // 429: of signing in, and of one's own password.
    let wrong = [("current", "wrong+horse+battery"), ("password", "another+horse"), ("again", "another+horse")];
    for n in 0..11 {
        let (signs_in, own) = (
            nobody.send("/sign-in", &[("name", "nobo"), ("password", "wrong+horse+battery")], BROWSER).await,
            rita.form("/me", &wrong).await,
        );
        for (answer, otherwise) in [(signs_in, 401), (own, 422)] {
            let later = answer.headers().contains_key("retry-after");
            let page = is_page(answer, if n < 10 { otherwise } else { 429 }, "tries").await;
            assert_eq!((later, page.contains("Wait a quarter of an hour")), (n == 10, n == 10), "{page}");
        }
    }

    // JSON stays for the API, whatever is accepted; and for scripts of the pages.
    for answer in
        [rita.get("/v1/users", BROWSER).await, rita.get("/settings/people", "application/json").await, rita.get("/parts/live", "*/*").await]
    {
        assert!(answer.status() == 403 && is_json(&answer));
        let problem: serde_json::Value = answer.json().await.expect("JSON");
        assert_eq!(problem["reason"], "not_permitted");
    }
    assert!(is_json(&nobody.get("/v1/me", BROWSER).await) && is_json(&nobody.get("/metrics", BROWSER).await));
}

#[tokio::test]
async fn ones_own_page_is_for_people() {
    let node = Started::new().await;
    let page = node.request(Method::GET, "/me").header("accept", BROWSER).send().await.expect("answered");
    let page = is_page(page, 404, "a key").await;
    assert!(page.contains("Key admin") && !page.contains("href=\"/me\""), "a key has no page of its own: {page}");
    let rita = Looking::of(&node, "rita", "reviewer").await;
    let short = [("current", "correct+horse+battery"), ("password", "short"), ("again", "short")];
    let page = is_page(rita.form("/me", &short).await, 422, "short").await;
    assert!(page.contains("id=\"e-new\"") && page.contains("10 to 512 characters") && !page.contains("value=\"short\""), "{page}");
    // A password goes with its form token only.
    let right =
        [("csrf", "0"), ("current", "correct+horse+battery"), ("password", "another+horse+battery"), ("again", "another+horse+battery")];
    is_page(rita.send("/me", &right, BROWSER).await, 403, "forged").await;
    let changed = rita.form("/me", &right[1..]).await;
    assert_eq!((changed.status().as_u16(), &changed.headers()["location"]), (303, &"/me?saved=1".parse().expect("text")));
    let set = changed.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && !set.starts_with(&rita.cookie), "{set}");
    is_page(rita.get("/me", BROWSER).await, 401, "the old cookie").await;
}
