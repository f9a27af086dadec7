//! A node with a real SMTP server, recordings that can be shared, and somebody outside who walks through the recipient's page by HTTP.

use std::time::Duration;

use ferric::archive::RecordingState;
use ferric::archive::chats::{Chat, ChatLine};
use ferric::model::id::{RecordingId, SessionId};
use ferric::model::redact::Personal;
use ferric::model::time::WallClock;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::smtp::{Arrived, PASSWORD, Smtp, USER, Way};
use crate::started::{Started, recording};

pub struct Sharing {
    pub node: Started,
    pub smtp: Smtp,
}

pub fn now() -> WallClock {
    WallClock(i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap())
}

impl Sharing {
    pub async fn new() -> Self {
        let smtp = Smtp::start(Way::Starttls).await;
        let root = smtp.root().display().to_string();
        let port = smtp.port;
        let node = Started::with(|config| {
            config.mail.host = "localhost".into();
            config.mail.port = port;
            config.mail.user = USER.into();
            config.mail.password = Personal::new(PASSWORD);
            config.mail.from = "Ferric <no-reply@example.com>".into();
            config.mail.tls_root = root;
            config.mail.retry_s = 1;
            config.mail.timeout_s = 2;
        })
        .await;
        Self { node, smtp }
    }

    /// A ready recording whose `recording.mp4` has these bytes.
    pub async fn recording_of(&self, bytes: &[u8]) -> RecordingId {
        let mut row = recording(RecordingState::Ready);
        row.queue = Some("Complaints".into());
        row.access_number = Some(Personal::new("+4721492979"));
        row.caller_number = Some(Personal::new("+4798765432"));
        self.node.node.catalogue.put_recording(&row).await.unwrap();
        self.put(&row.id, "recording.mp4", bytes).await;
        row.id
    }

    pub async fn recording(&self) -> RecordingId {
        let bytes: Vec<u8> = (0..(1 << 20) + 4_321).map(|n| (n % 251) as u8).collect();
        self.recording_of(&bytes).await
    }

    pub async fn put(&self, id: &RecordingId, name: &str, bytes: &[u8]) {
        let file = self.node.dir.path().join("made");
        std::fs::write(&file, bytes).unwrap();
        let sha256 = hex::encode(ring::digest::digest(&ring::digest::SHA256, bytes));
        self.node.store().await.put_file(&format!("recordings/{id}/{name}"), &file, &sha256).await.unwrap();
        // The store may keep the file itself: what is put next is another one.
        std::fs::remove_file(file).unwrap();
    }

    /// A session with a chat log and no recording.
    pub async fn chat(&self) -> SessionId {
        let session = SessionId::random();
        let line = |at: i64, from: &str, text: &str| ChatLine {
            at: WallClock::from_unix_ms(1_767_225_600_000 + at),
            from: Personal::new(from),
            text: Personal::new(text),
            participant: None,
            role: None,
            id: None,
        };
        let lines = vec![line(0, "Kari", "Where is my <b>lamp</b>?"), line(9_000, "Paal", "On its way.")];
        let project = "default".parse().unwrap();
        let chat = Chat { session: session.clone(), project, started_at: lines[0].at, put_at: now(), lines };
        self.node.node.catalogue.put_chat(chat).await.unwrap();
        session
    }

    /// Shares; answers the row and the letter that arrived.
    pub async fn share(&self, body: Value) -> (Value, Arrived) {
        let known = self.smtp.arrived().len();
        let (status, row) = self.node.post("/v1/shares", body).await;
        assert_eq!(status, 201, "{row}");
        (row, self.smtp.after(known).await)
    }

    /// Shares recordings with Bob.
    pub async fn with_bob(&self, recordings: &[&RecordingId]) -> (Value, Recipient<'_>) {
        let (row, letter) = self.share(to_bob(recordings)).await;
        (row, self.recipient(&letter))
    }

    pub fn recipient(&self, letter: &Arrived) -> Recipient<'_> {
        Recipient::new(self, &link_in(letter, &self.node.http))
    }

    /// Files in the external store.
    pub fn external(&self) -> Vec<String> {
        let root = self.node.dir.path().join("external");
        let mut found = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() { folders.push(path) } else { found.push(path.strip_prefix(&root).unwrap().display().to_string()) }
            }
        }
        found.sort();
        found
    }

    /// Waits until it holds, for at most `within`.
    pub async fn until(&self, what: &str, within: Duration, holds: impl AsyncFn() -> bool) {
        let end = tokio::time::Instant::now() + within;
        while !holds().await {
            assert!(tokio::time::Instant::now() < end, "did not come true: {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The node's own database, from outside.
    pub async fn sql(&self, statement: &'static str) {
        sqlx::any::install_default_drivers();
        let url = crate::catalogues::url_in(self.node.dir.path());
        let pool = sqlx::any::AnyPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
        if url.starts_with("sqlite:") {
            sqlx::query("PRAGMA busy_timeout = 30000").execute(&pool).await.unwrap();
        }
        sqlx::query(statement).execute(&pool).await.unwrap();
        pool.close().await;
    }

    pub async fn audit(&self, query: &str) -> Vec<Value> {
        self.node.get(&format!("/v1/audit?{query}")).await["items"].as_array().cloned().unwrap()
    }
}

pub fn to_bob(recordings: &[&RecordingId]) -> Value {
    json!({ "recordings": recordings, "recipient": { "name": "Bob Smith", "email": "bob@example.com" }, "reason": "complaint 4711" })
}

/// The path of the link in a letter.
pub fn link_in(letter: &Arrived, http: &str) -> String {
    let text = letter.text();
    let at = text.find(&format!("{http}/e/")).unwrap_or_else(|| panic!("no link in {text}"));
    text[at + http.len()..].split_whitespace().next().unwrap().to_owned()
}

/// The code in a letter.
pub fn code_in(letter: &Arrived) -> String {
    let text = letter.text();
    let digits: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|part| part.len() == 6).collect();
    assert_eq!(digits.len(), 1, "{text}");
    digits[0].to_owned()
}

/// Somebody in a browser of their own.
pub struct Recipient<'s> {
    pub sharing: &'s Sharing,
    /// The path of the page.
    pub path: String,
    /// `name=value`.
    pub cookie: std::cell::RefCell<String>,
}

impl<'s> Recipient<'s> {
    pub fn new(sharing: &'s Sharing, path: &str) -> Self {
        Self { sharing, path: path.to_owned(), cookie: std::cell::RefCell::default() }
    }

    /// Another browser at the same page.
    pub fn elsewhere(&self) -> Self {
        Self::new(self.sharing, &self.path)
    }

    fn keep(&self, answer: &Response) {
        for set in answer.headers().get_all("set-cookie") {
            let set = set.to_str().unwrap();
            assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains(&format!("Path={}", self.path)), "{set}");
            *self.cookie.borrow_mut() = set.split(';').next().unwrap().to_owned();
        }
    }

    pub async fn get(&self, rest: &str) -> Response {
        let request = self.sharing.node.bare(Method::GET, &format!("{}{rest}", self.path)).header("cookie", self.cookie.borrow().clone());
        let answer = request.send().await.unwrap();
        self.keep(&answer);
        answer
    }

    pub async fn page(&self) -> String {
        let answer = self.get("").await;
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    }

    /// Sends a form; the values need no escaping.
    pub async fn form(&self, rest: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.sharing.node.form(&format!("{}{rest}", self.path), &self.sharing.node.http, fields);
        let cookie = self.cookie.borrow().clone();
        let answer = request.header("cookie", cookie).send().await.unwrap();
        self.keep(&answer);
        answer
    }

    /// Requests a code; answers it as it arrived.
    pub async fn code(&self) -> String {
        let known = self.sharing.smtp.arrived().len();
        if self.cookie.borrow().is_empty() {
            self.page().await;
        }
        assert_eq!(self.form("/code", &[("l", "en")]).await.status(), 303);
        code_in(&self.sharing.smtp.after(known).await)
    }

    pub async fn enter(&self, code: &str) -> u16 {
        self.form("/enter", &[("l", "en"), ("code", code)]).await.status().as_u16()
    }

    /// All the way to the list.
    pub async fn come_in(&self) -> String {
        let code = self.code().await;
        assert_eq!(self.enter(&code).await, 303);
        assert!(!self.page().await.contains("/media/"), "the terms stand before the list");
        assert_eq!(self.form("/terms", &[("l", "en")]).await.status(), 303);
        self.page().await
    }

    /// A piece of something at a path below the page's.
    pub async fn piece(&self, src: &str, range: &str) -> Response {
        let request = self.sharing.node.bare(Method::GET, src).header("cookie", self.cookie.borrow().clone());
        let request = if range.is_empty() { request } else { request.header("range", range) };
        request.send().await.unwrap()
    }
}

/// Addresses of players in a page, in their order.
pub fn players(page: &str) -> Vec<String> {
    let found = page.match_indices("src=\"/e/").map(|(at, _)| page[at + 5..].split('"').next().unwrap().to_owned());
    found.filter(|src| src.contains("/media/") && src.ends_with("recording.mp4")).collect()
}
