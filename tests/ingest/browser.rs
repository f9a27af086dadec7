//! A real browser as a peer: headless Chromium with its fake camera and microphone, publishing from a page of the test's own by WHIP.

use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::extract::State;
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use tokio::sync::mpsc;

/// What the browser says it has sent (W3C webrtc-stats, `outbound-rtp`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Outbound {
    pub kind: String,
    pub ssrc: u32,
    pub frames_sent: u64,
    pub frames_encoded: u64,
    pub key_frames_encoded: u64,
    pub packets_sent: u64,
    pub retransmitted_packets_sent: u64,
    pub pli_count: u64,
    pub mime_type: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Report {
    pub error: Option<String>,
    #[serde(default)]
    pub outbound: Vec<Outbound>,
}

pub struct Browser {
    child: Child,
    reports: mpsc::Receiver<Report>,
    _profile: tempfile::TempDir,
}

const PAGE: &str = r#"<!doctype html><title>publisher</title><script type="module">
const q = new URLSearchParams(location.search);
const say = body => fetch('/report', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});
const pause = ms => new Promise(done => setTimeout(done, ms));
try {
  const media = await navigator.mediaDevices.getUserMedia({audio: true, video: {width: 320, height: 240, frameRate: 30}});
  const pc = new RTCPeerConnection();
  for (const track of media.getTracks()) {
    const t = pc.addTransceiver(track, {direction: 'sendonly'});
    if (track.kind === 'video') {
      const all = RTCRtpSender.getCapabilities('video').codecs;
      t.setCodecPreferences(all.filter(c => c.mimeType === q.get('codec') || c.mimeType === 'video/rtx'));
    }
  }
  await pc.setLocalDescription();
  await new Promise(done => {
    const look = () => pc.iceGatheringState === 'complete' && done();
    pc.onicegatheringstatechange = look; look();
  });
  const made = await fetch(q.get('url'), {method: 'POST', body: pc.localDescription.sdp,
    headers: {'Authorization': 'Bearer ' + q.get('token'), 'Content-Type': 'application/sdp'}});
  if (made.status !== 201) throw new Error('WHIP answered ' + made.status + ' ' + await made.text());
  if (!made.headers.get('Location') || !made.headers.get('ETag')) throw new Error('Location or ETag is hidden from the page');
  const up = new Promise((done, fail) => pc.onconnectionstatechange = () => {
    if (pc.connectionState === 'connected') done();
    if (pc.connectionState === 'failed') fail(new Error('the connection failed'));
  });
  await pc.setRemoteDescription({type: 'answer', sdp: await made.text()});
  await up;
  const active = on => Promise.all(pc.getSenders().map(s => {
    const p = s.getParameters(); p.encodings[0].active = on; return s.setParameters(p);
  }));
  await pause(Number(q.get('ms')));
  await active(false);
  await pause(500);
  const stats = [...(await pc.getStats()).values()];
  const mime = id => (stats.find(s => s.id === id) || {}).mimeType || '';
  await say({outbound: stats.filter(s => s.type === 'outbound-rtp').map(s => ({...s, mimeType: mime(s.codecId)}))});
  await active(true);
  window.pc = pc;
} catch (e) { await say({error: String(e)}); }
</script>"#;

impl Browser {
    /// Publishes for `ms` of media, stops for long enough to be counted, reports, and goes on publishing until dropped.
    pub async fn publish(url: &str, token: &str, codec: &str, ms: u64) -> Self {
        let (tell, reports) = mpsc::channel(4);
        let report = |State(tell): State<mpsc::Sender<Report>>, Json(report): Json<Report>| async move {
            let _ = tell.send(report).await;
        };
        let app = Router::new().route("/", get(|| async { Html(PAGE) })).route("/report", post(report)).with_state(tell);
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let page = format!("http://{}/?url={url}&token={token}&codec={codec}&ms={ms}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let profile = tempfile::tempdir().unwrap();
        let child = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream"])
            .args(["--use-fake-device-for-media-stream=fps=30", "--allow-loopback-in-peer-connection"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(page)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium is installed");
        Self { child, reports, _profile: profile }
    }

    /// What it has sent, picture and sound.
    pub async fn report(&mut self) -> Vec<Outbound> {
        let report = tokio::time::timeout(Duration::from_mins(1), self.reports.recv()).await;
        let report = report.expect("the browser reports within a minute").unwrap();
        assert_eq!(report.error, None);
        report.outbound
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
