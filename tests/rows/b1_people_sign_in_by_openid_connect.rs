//! B1: signing in elsewhere, through a real OpenID Connect provider, in headless Chromium.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ferric::model::redact::Personal;
use serde_json::{Value, json};

use crate::people::user;
use crate::started::Started;

/// What a client's secret may hold has to come through.
const SECRET: &str = "a secret: +/%&=;~";

/// The provider, gone with the test.
struct Provider {
    child: Child,
    issuer: String,
    control: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn script(name: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rows").join(name));
    command
}

impl Provider {
    fn start() -> Self {
        let mut child = script("identity_provider.mjs").stdout(Stdio::piped()).spawn().expect("node runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let mut words = line.split_whitespace().map(str::to_owned);
        Self { issuer: words.next().expect("an issuer"), control: words.next().expect("an address"), child }
    }

    async fn tell(&self, node: &Started, what: &str, body: Value) {
        let answer = node.client.post(format!("{}{what}", self.control)).json(&body).send().await.expect("answered");
        assert!(answer.status().is_success(), "{what}");
    }
}

async fn node_of(provider: &Provider) -> Started {
    let node = Started::with(|config| {
        config.oidc.issuer.clone_from(&provider.issuer);
        config.oidc.client_id = "ferric".into();
        config.oidc.client_secret = Personal::new(SECRET);
        config.oidc.scopes = "openid profile email groups".into();
        config.oidc.admin_group = "rec-admins".into();
        config.oidc.agent_group = "rec-agents".into();
        config.oidc.reviewer_group = "rec-listeners".into();
    })
    .await;
    let client = json!({
        "client_id": "ferric",
        "client_secret": SECRET,
        "redirect_uris": [format!("{}/sign-in/oidc/back", node.http)],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
    });
    provider.tell(&node, "/client", client).await;
    let people = [
        json!({ "sub": "p-anna", "preferred_username": "anna.b", "name": "Anna Bø", "email": "anna@example.com", "email_verified": true, "groups": ["rec-agents"] }),
        json!({ "sub": "p-boss", "preferred_username": "boss", "email": "boss@example.com", "email_verified": true, "groups": ["rec-admins", "rec-listeners"] }),
        json!({ "sub": "p-stranger", "email": "stranger@example.com", "email_verified": true, "groups": ["staff"] }),
        json!({ "sub": "p-liar", "email": "rita@example.com", "email_verified": false, "groups": ["rec-admins"] }),
        json!({ "sub": "p-disabled", "email": "dora@example.com", "email_verified": true, "groups": ["rec-admins"] }),
    ];
    for person in people {
        provider.tell(&node, "/person", person).await;
    }
    for body in [
        json!({ "name": "anna", "role": "reviewer", "email": "Anna@example.com" }),
        json!({ "name": "boss", "role": "reviewer", "email": "boss@example.com" }),
    ] {
        assert_eq!(node.post("/v1/users", body).await.0, 201);
    }
    user(&node, json!({ "name": "rita", "role": "admin", "email": "rita@example.com" })).await;
    user(&node, json!({ "name": "dora", "role": "admin", "email": "dora@example.com", "disabled": true })).await;
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_protocol_in_a_browser_and_no_way_around_it() {
    let provider = Provider::start();
    let node = node_of(&provider).await;
    let mut browser = script("identity.mjs");
    browser.env("FERRIC_URL", &node.http).env("ISSUER", &provider.issuer).env("CONTROL", &provider.control);
    let said = tokio::task::spawn_blocking(move || browser.output()).await.expect("joined").expect("node runs");
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "{out}\n{err}");
    println!("{out}");
    // Nobody was made, and nobody's password or address was taken over.
    let users = node.get("/v1/users").await;
    let users: Vec<(&str, &str, bool)> = users["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|u| (u["name"].as_str().expect("text"), u["role"].as_str().expect("text"), u["has_identity"] == true))
        .collect();
    assert_eq!(users, [("anna", "agent", true), ("boss", "reviewer", true), ("dora", "admin", false), ("rita", "admin", false)]);
    // Each outcome is noted, without anything that opens anything or names anybody who is not let in.
    let audit = node.get("/v1/audit?action=sign_in&limit=200").await;
    let count = |actor: &str, failed: bool| {
        let is = |e: &&Value| e["actor"] == actor && e["detail"]["failed"] == failed && e["detail"]["with"] == "identity";
        audit["items"].as_array().expect("items").iter().filter(is).count()
    };
    assert_eq!((count("user:anna", false), count("user:boss", false)), (7, 2), "{audit}");
    assert_eq!(count("visitor:sign-in", true), 10, "{audit}");
    let all = node.get("/v1/audit?limit=200").await.to_string();
    for private in ["p-anna", "p-stranger", "stranger", "anna@example.com", "boss@example.com", SECRET, "eyJ"] {
        assert!(!all.contains(private), "{private}: {all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_people_are_let_in_where_that_is_set_and_are_no_agents_by_name() {
    let provider = Provider::start();
    let node = Started::with(|config| {
        config.oidc.issuer.clone_from(&provider.issuer);
        config.oidc.client_id = "ferric".into();
        config.oidc.unknown = "reviewer".into();
    })
    .await;
    // A public client: PKCE alone proves who redeems the code.
    let client = json!({
        "client_id": "ferric", "token_endpoint_auth_method": "none", "response_types": ["code"], "grant_types": ["authorization_code"],
        "redirect_uris": [format!("{}/sign-in/oidc/back", node.http)],
    });
    provider.tell(&node, "/client", client).await;
    assert_eq!(node.send(reqwest::Method::PUT, "/v1/agents/kari", json!({})).await.0, 200);
    for person in [
        json!({ "sub": "1", "preferred_username": "kari", "email": "kari@example.com", "email_verified": true }),
        json!({ "sub": "2", "preferred_username": "@", "name": "No\u{1} name" }),
    ] {
        provider.tell(&node, "/person", person).await;
    }
    for (sub, name) in [("1", "kari-2"), ("2", "user"), ("1", "kari-2")] {
        let mut way = Way::new(&node);
        let page = way.whole(sub).await;
        assert!(page.contains("You are signed in"), "{page}");
        let (status, me) = way.me().await;
        assert_eq!((status, &me["name"], &me["role"]), (200, &json!(name), &json!("reviewer")));
    }
    // Two tabs are sent there, and both come back.
    let mut way = Way::new(&node);
    let (one, other) = (way.leaves().await, way.leaves().await);
    for at in [one, other] {
        let page = way.onwards(at, "1").await;
        assert!(page.contains("You are signed in"), "{page}");
    }
    assert_eq!(node.get("/v1/users").await["items"].as_array().map(Vec::len), Some(2));
}

/// A browser without scripts, on its way through provider and node.
struct Way<'n> {
    node: &'n Started,
    cookies: std::collections::BTreeMap<String, String>,
}

impl<'n> Way<'n> {
    fn new(node: &'n Started) -> Self {
        Self { node, cookies: std::collections::BTreeMap::new() }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> reqwest::Response {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header("cookie", cookies.join("; ")).header("accept", "text/html").send().await.expect("answered");
        for set in answer.headers().get_all("set-cookie") {
            let pair = set.to_str().expect("text").split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// Where the node sends it.
    async fn leaves(&mut self) -> reqwest::Url {
        let answer = self.send(self.node.client.get(format!("{}/sign-in/oidc", self.node.http))).await;
        answer.headers()["location"].to_str().expect("text").parse().expect("an address")
    }

    async fn whole(&mut self, sub: &str) -> String {
        let at = self.leaves().await;
        self.onwards(at, sub).await
    }

    /// Follows what it is told, signs in as somebody at the provider, and answers the last page.
    async fn onwards(&mut self, mut at: reqwest::Url, sub: &str) -> String {
        let client = self.node.client.clone();
        for _ in 0..12 {
            let mut answer = self.send(client.get(at.clone())).await;
            if answer.status() == 200 && at.path().starts_with("/interaction/") {
                answer = self
                    .send(client.post(at.clone()).header("content-type", "application/x-www-form-urlencoded").body(format!("who={sub}")))
                    .await;
            }
            match answer.headers().get("location") {
                Some(there) => at = at.join(there.to_str().expect("text")).expect("an address"),
                None => return answer.text().await.expect("text"),
            }
        }
        panic!("it goes on and on");
    }

    async fn me(&mut self) -> (u16, Value) {
        let answer = self.send(self.node.bare(reqwest::Method::GET, "/v1/me")).await;
        crate::started::json_of(answer).await
    }
}
