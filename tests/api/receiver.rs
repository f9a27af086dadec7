//! A platform's end of a webhook: a real HTTP server that answers as it is told and keeps what it got.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use parking_lot::Mutex;
use serde_json::Value;

/// What the next requests are answered; when none is left: 200.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Status(u16),
    /// Not at all.
    Hang,
    /// Go elsewhere: to `/elsewhere` of the same server.
    Redirect,
}

#[derive(Clone, Debug)]
pub struct Got {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
    pub answered: u16,
}

impl Got {
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().expect("a text")
    }

    /// As docs/events.md tells receivers to check.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
        let signed = format!("{}.{}", self.header("ferric-webhook-timestamp"), self.body);
        self.header("ferric-webhook-signature")
            .split(',')
            .filter_map(|part| part.strip_prefix("v1="))
            .any(|signature| hex::decode(signature).is_ok_and(|signature| ring::hmac::verify(&key, signed.as_bytes(), &signature).is_ok()))
    }
}

#[derive(Default)]
struct Inner {
    answers: VecDeque<Answer>,
    always: Option<Answer>,
    got: Vec<Got>,
}

pub struct Receiver {
    pub address: std::net::SocketAddr,
    inner: Arc<Mutex<Inner>>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> Self {
        Self::on("127.0.0.1:0".parse().expect("an address")).await
    }

    pub async fn on(address: std::net::SocketAddr) -> Self {
        let inner = Arc::new(Mutex::new(Inner::default()));
        let listener = tokio::net::TcpListener::bind(address).await.expect("binds");
        let address = listener.local_addr().expect("bound");
        let router = axum::Router::new().fallback(take).with_state(inner.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
        Self { address, inner, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.inner.lock().answers.extend(answers);
    }

    pub fn always(&self, answer: Answer) {
        self.inner.lock().always = Some(answer);
    }

    pub fn got(&self) -> Vec<Got> {
        self.inner.lock().got.clone()
    }

    /// Waits until what was got is enough.
    pub async fn until(&self, what: &str, enough: impl Fn(&[Got]) -> bool) -> Vec<Got> {
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            let got = self.got();
            if enough(&got) {
                return got;
            }
            let seen: Vec<_> = got.iter().map(|g| (g.event()["event"].clone(), g.answered)).collect();
            assert!(Instant::now() < deadline, "{what} did not come: {seen:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(inner): State<Arc<Mutex<Inner>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> axum::response::Response {
    let answer = {
        let mut inner = inner.lock();
        let answer = inner.answers.pop_front().or(inner.always).unwrap_or(Answer::Status(200));
        let answered = match answer {
            Answer::Status(status) => status,
            Answer::Redirect => 302,
            Answer::Hang => 0,
        };
        let body = String::from_utf8(body.to_vec()).expect("UTF-8");
        inner.got.push(Got { path: uri.path().to_owned(), headers, body, answered });
        answer
    };
    match answer {
        Answer::Status(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        Answer::Redirect => (StatusCode::FOUND, [("location", "/elsewhere")]).into_response(),
        Answer::Hang => std::future::pending().await,
    }
}
