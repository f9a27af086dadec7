//! A real browser, headless Chromium, in whose one page everybody of every room has a camera of one colour and a microphone of one tone.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

pub struct Browser {
    child: Child,
    orders: mpsc::UnboundedSender<Value>,
    desk: Arc<Desk>,
    number: AtomicU64,
    _profile: tempfile::TempDir,
}

struct Desk {
    ordered: tokio::sync::Mutex<mpsc::UnboundedReceiver<Value>>,
    waiting: Mutex<HashMap<u64, oneshot::Sender<String>>>,
}

#[derive(Deserialize)]
struct Done {
    number: u64,
    error: String,
}

impl Browser {
    pub async fn start() -> Self {
        let (orders, ordered) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk { ordered: tokio::sync::Mutex::new(ordered), waiting: Mutex::default() });
        let next = |State(desk): State<Arc<Desk>>| async move { Json(desk.ordered.lock().await.recv().await.unwrap_or_default()) };
        let done = |State(desk): State<Arc<Desk>>, Json(done): Json<Done>| async move {
            let waiting = desk.waiting.lock().remove(&done.number);
            let _ = waiting.map(|waiting| waiting.send(done.error));
        };
        let page = get(|| async { Html(include_str!("browser.html")) });
        let app = Router::new().route("/", page).route("/order", get(next)).route("/done", post(done)).with_state(Arc::clone(&desk));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let page = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let profile = tempfile::tempdir().unwrap();
        let child = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--allow-loopback-in-peer-connection"])
            .args(["--autoplay-policy=no-user-gesture-required", "--disable-background-networking", "--disable-component-update"])
            .args(["--disable-sync", "--no-first-run"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(page)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium is installed");
        Self { child, orders, desk, number: AtomicU64::new(1), _profile: profile }
    }

    /// Somebody begins to publish; answers when their connection is up.
    pub async fn comes(&self, url: &str, token: &str, colour: [u8; 3], hz: f64) {
        let [r, g, b] = colour;
        self.order(json!({ "what": "comes", "url": url, "token": token, "colour": format!("rgb({r},{g},{b})"), "hz": hz })).await;
    }

    /// Somebody leaves as WHIP has it.
    pub async fn goes(&self, url: &str) {
        self.order(json!({ "what": "goes", "url": url })).await;
    }

    async fn order(&self, mut order: Value) {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        order["number"] = json!(number);
        let (tell, told) = oneshot::channel();
        self.desk.waiting.lock().insert(number, tell);
        self.orders.send(order.clone()).expect("the page listens");
        let error = tokio::time::timeout(Duration::from_mins(1), told).await;
        assert_eq!(error.expect("the browser answers within a minute").expect("the page is there"), "", "{}", order["what"]);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
