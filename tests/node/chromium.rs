//! A real browser as a peer of the whole node: headless Chromium whose camera shows a numbered film with a flash each second and whose microphone
//! beeps each second. It publishes by WHIP from a page of the test's own, counts what it sends, and tells by its own clocks when it captured each.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use tokio::sync::{Mutex, mpsc};

/// Pixels of the camera's picture.
pub const WIDTH: usize = 320;
/// Pixels of the camera's picture.
pub const HEIGHT: usize = 180;
/// Frames a second of the camera.
pub const FPS: u32 = 30;
/// Seconds until camera and microphone begin again.
const FILM_S: u32 = 30;
/// Bits of a frame's number, as blocks along the upper edge.
const BITS: usize = 10;
const BLOCK: usize = 32;
/// Frames of a flash.
const FLASH: u32 = 3;

/// What the browser says of one order that it carried out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Report {
    pub error: Option<String>,
    pub codec: String,
    pub frames_sent: u64,
    /// When each picture was captured: its number and Unix milliseconds.
    pub pictures: Vec<(u32, f64)>,
    /// When each beep was captured: Unix milliseconds.
    pub beeps: Vec<f64>,
}

pub struct Chromium {
    child: Child,
    orders: mpsc::Sender<&'static str>,
    reports: mpsc::Receiver<Report>,
    _profile: tempfile::TempDir,
}

#[derive(Clone)]
struct Desk {
    orders: Arc<Mutex<mpsc::Receiver<&'static str>>>,
    reports: mpsc::Sender<Report>,
}

const PAGE: &str = include_str!("chromium.html");

impl Chromium {
    /// Publishes with `codec` (`video/VP8`, `video/H264`); answers when it is connected.
    pub async fn publish(url: &str, token: &str, codec: &str) -> Self {
        let (tell, reports) = mpsc::channel(4);
        let (orders, ordered) = mpsc::channel(4);
        let desk = Desk { orders: Arc::new(Mutex::new(ordered)), reports: tell };
        let report = |State(desk): State<Desk>, Json(report): Json<Report>| async move {
            let _ = desk.reports.send(report).await;
        };
        let order = |State(desk): State<Desk>| async move { desk.orders.lock().await.recv().await.unwrap_or("leave") };
        let app = Router::new()
            .route("/", get(|| async { Html(PAGE) }))
            .route("/report", post(report))
            .route("/order", get(order))
            .with_state(desk);
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let page = format!("http://{}/?url={url}&token={token}&codec={codec}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let profile = tempfile::tempdir().unwrap();
        let (camera, microphone) = film(profile.path());
        let child = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"])
            .arg(format!("--use-file-for-fake-video-capture={}", camera.display()))
            .arg(format!("--use-file-for-fake-audio-capture={}", microphone.display()))
            .args(["--allow-loopback-in-peer-connection", "--autoplay-policy=no-user-gesture-required"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"])
            .arg(format!("--user-data-dir={}", profile.path().join("profile").display()))
            .arg(page)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium is installed");
        let mut browser = Self { child, orders, reports, _profile: profile };
        browser.report().await;
        browser
    }

    /// `hush` (stops sending and counts), `speak` (goes on), `leave`.
    pub async fn order(&mut self, what: &'static str) -> Report {
        self.orders.send(what).await.expect("the page listens");
        self.report().await
    }

    async fn report(&mut self) -> Report {
        let report = tokio::time::timeout(Duration::from_mins(1), self.reports.recv()).await;
        let report = report.expect("the browser reports within a minute").expect("the page is there");
        assert_eq!(report.error, None);
        report
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The number of a frame and whether it flashes, from its brightness; `None` where it shows no film.
pub fn read_frame(gray: &[u8]) -> Option<(u32, bool)> {
    let mean = |x: usize, y: usize, side: usize| {
        let rows = (y..y + side).flat_map(|row| gray[row * WIDTH + x..row * WIDTH + x + side].iter());
        rows.map(|v| u32::from(*v)).sum::<u32>() / (side * side) as u32
    };
    let inner = |n: usize| mean(n * BLOCK + 10, 10, 12);
    let bits: u32 = (0..BITS).map(|n| u32::from(inner(n) > 128) << n).sum();
    // The strip below says the opposite: what does not is no picture of the film.
    let opposite: u32 = (0..BITS).map(|n| u32::from(mean(n * BLOCK + 10, BLOCK + 10, 12) > 128) << n).sum();
    (bits ^ opposite == (1 << BITS) - 1).then(|| (bits, mean(100, 100, 60) > 128))
}

/// A camera's film and a microphone's sound, made anew.
pub fn film(dir: &Path) -> (PathBuf, PathBuf) {
    let (camera, microphone) = (dir.join("camera.y4m"), dir.join("microphone.wav"));
    let mut file = std::io::BufWriter::new(std::fs::File::create(&camera).unwrap());
    writeln!(file, "YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420jpeg").unwrap();
    let mut frame = vec![128u8; WIDTH * HEIGHT * 3 / 2];
    for number in 0..FILM_S * FPS {
        let ground = if number % FPS < FLASH { 220 } else { 40 };
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let bit = number >> (x / BLOCK) & 1 == 1;
                frame[y * WIDTH + x] = match y / BLOCK {
                    0 if x < BITS * BLOCK => {
                        if bit {
                            230
                        } else {
                            20
                        }
                    }
                    1 if x < BITS * BLOCK => {
                        if bit {
                            20
                        } else {
                            230
                        }
                    }
                    _ => ground,
                };
            }
        }
        file.write_all(b"FRAME\n").unwrap();
        file.write_all(&frame).unwrap();
    }
    file.flush().unwrap();
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i"])
        .arg(format!("aevalsrc=0.5*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.1):s=48000:d={FILM_S}"))
        .args(["-ac", "1", "-c:a", "pcm_s16le"])
        .arg(&microphone)
        .status()
        .unwrap();
    assert!(made.success(), "ffmpeg makes the microphone's sound");
    (camera, microphone)
}
