//! A node in this process on free ports, and a client with its admin key.

use ferric::app::config::Config;
use ferric::app::node::Node;
use ferric::archive::{Recording, RecordingState, Source};
use ferric::model::gate::EndedBy;
use ferric::model::id::{OutputKey, RecordingId, SessionId};
use ferric::model::settings::Kind;
use ferric::model::time::WallClock;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

pub struct Started {
    pub node: Node,
    pub http: String,
    pub key: String,
    pub client: reqwest::Client,
    pub dir: tempfile::TempDir,
}

impl Started {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(set: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut config = Config::default();
        set(&mut config);
        config.data.dir = dir.path().to_owned();
        config.data.catalogue = crate::catalogues::url_in(dir.path());
        config.http.listen = "127.0.0.1:0".into();
        config.sip.listen = "127.0.0.1:0".into();
        // Rows of tests are of any age.
        config.retention.sweep_s = 0;
        let node = Box::pin(Node::start(config)).await.expect("starts");
        let key = std::fs::read_to_string(dir.path().join("admin.key")).expect("a key").trim().to_owned();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { http: format!("http://{}", node.http), node, key, client, dir }
    }

    /// A request without any authentication.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.http))
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(&self.key)
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.request(Method::GET, path).send().await.expect("answered");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    pub async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        json_of(self.request(method, path).json(&body).send().await.expect("answered")).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, body).await
    }

    /// The node's store, from outside.
    pub async fn store(&self) -> ferric::store::SharedStore {
        let place = format!("folder:{}", self.dir.path().join("store").display());
        ferric::store::open_with(&place, ferric::store::S3Options::default()).await.expect("opens")
    }

    /// A form as a browser sends it; the values need no escaping.
    pub fn form(&self, path: &str, origin: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let body = fields.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("&");
        self.bare(Method::POST, path).header("origin", origin).header("content-type", "application/x-www-form-urlencoded").body(body)
    }

    /// A room session with a host and a guest: its id and their invitations.
    pub async fn room(&self, project: Value) -> (String, Value, Value) {
        let slug = project["slug"].as_str().expect("a slug").to_owned();
        assert_eq!(self.post("/v1/projects", project).await.0, 201);
        let (status, opened) = self.post("/v1/sessions", serde_json::json!({ "project": slug, "kind": "room" })).await;
        assert_eq!(status, 201, "{opened}");
        let session = opened["id"].as_str().expect("an id").to_owned();
        let mut invited = Vec::new();
        for (role, name) in [("agent", "Paal"), ("customer", "Kari")] {
            let body = serde_json::json!({ "role": role, "name": name });
            let (status, invitation) = self.post(&format!("/v1/sessions/{session}/participants"), body).await;
            assert_eq!(status, 201, "{invitation}");
            invited.push(invitation);
        }
        let guest = invited.pop().expect("two");
        (session, invited.pop().expect("two"), guest)
    }
}

pub async fn json_of(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

pub fn recording(state: RecordingState) -> Recording {
    let (project, at) = ("default".parse().expect("a slug"), WallClock::from_unix_ms(1_767_225_600_000));
    Recording {
        state,
        progress: 100,
        ended_at: Some(WallClock::from_unix_ms(1_767_225_660_000)),
        duration_ms: Some(60_000),
        ended_by: Some(EndedBy::End),
        ..Recording::begun(RecordingId::random(), SessionId::random(), OutputKey::Main(1), project, Kind::Call, Source::Live, at)
    }
}
