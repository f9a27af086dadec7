//! `ferric load streams`: many WHIP publishers, what the node needed for them, and how much of what they sent is on its tapes.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::{Value, json};

use super::measure::Watched;
use super::own_node::Target;
use super::whip::{Film, Publisher, publish};
use crate::model::redact::Secret;

/// `ferric load streams`
#[derive(Clone, Debug, Args)]
pub struct Streams {
    /// Publishers at once, each in a room of its own.
    #[arg(long, default_value_t = 10)]
    pub streams: u32,
    /// Seconds that each publishes once all are up.
    #[arg(long, default_value_t = 30)]
    pub seconds: u64,
    /// What they publish: VP8 or H.264 and Opus, over and over. Several files are sent side by side (pictures and sound).
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pub film: Vec<PathBuf>,
    /// Where the node keeps its data [default: a temporary folder, removed afterwards].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub struct StreamReport {
    /// Publishers that came up.
    pub streams: u32,
    /// Publishers that did not.
    pub refused: u32,
    /// RTP packets sent while all were up.
    pub packets_sent: u64,
    /// CPU seconds of the node a stream-minute, while all were up; rendering is switched off.
    pub cpu_s_per_stream_minute: f64,
    /// The same for each packet, microseconds.
    pub cpu_us_per_packet: f64,
    /// RTP packets sent from the first to the last.
    pub packets_sent_in_all: u64,
    /// RTP packets on the tapes, as the manifests say.
    pub packets_recorded: u64,
    /// Recordings that became ready.
    pub ready: u32,
    /// Resident memory with all up, bytes: mean of a reading a second.
    pub rss_bytes: u64,
    /// The highest of these readings, bytes.
    pub rss_highest_bytes: u64,
}

struct Api<'a> {
    target: &'a Target,
    client: reqwest::Client,
}

impl Api<'_> {
    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        let request = self.client.post(format!("{}{path}", self.target.http)).bearer_auth(self.target.key.reveal());
        let answer = request.header("content-type", "application/json").body(body.to_string()).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let request = self.client.get(format!("{}{path}", self.target.http)).bearer_auth(self.target.key.reveal());
        Ok(request.send().await?.error_for_status()?.json().await?)
    }
}

/// Runs it.
///
/// # Errors
/// Where the film cannot be read or the node does not start.
pub async fn run(wanted: &Streams, progress: &ProgressBar) -> Result<StreamReport> {
    let mut films = wanted.film.iter().map(|path| Film::read(path)).collect::<Result<Vec<_>>>()?.into_iter();
    let mut film = films.next().context("a film")?;
    for more in films {
        film.tracks.extend(more.tracks);
        film.length = film.length.min(more.length);
    }
    let temporary = std::env::temp_dir().join(format!("ferric-load-{}", std::process::id()));
    let data = wanted.data.clone().unwrap_or_else(|| temporary.clone());
    std::fs::create_dir_all(&data).with_context(|| data.display().to_string())?;
    let report = measure(wanted, Arc::new(film), progress, &data).await;
    if wanted.data.is_none() {
        let _ = std::fs::remove_dir_all(&temporary);
    }
    report
}

async fn come_up(api: &Api<'_>, film: &Arc<Film>) -> Result<(String, Publisher)> {
    let session = api.post("/v1/sessions", json!({ "project": "default", "kind": "room" })).await?;
    let id = session["id"].as_str().context("a session's id")?.to_owned();
    let host = api.post(&format!("/v1/sessions/{id}/participants"), json!({ "role": "agent" })).await?;
    let (participant, token) = (host["id"].as_str().context("a participant")?, host["token"].as_str().context("a token")?);
    let url = format!("{}/whip/{id}/{participant}", api.target.http);
    let publisher = publish(Arc::clone(film), IpAddr::V4(Ipv4Addr::LOCALHOST), &url, Secret::new(token), false).await?;
    api.post(&format!("/v1/sessions/{id}/commands"), json!({ "do": "start", "by": participant })).await?;
    Ok((id, publisher))
}

async fn measure(wanted: &Streams, film: Arc<Film>, progress: &ProgressBar, data: &Path) -> Result<StreamReport> {
    let target = Target::start(data, &[("FERRIC_RENDER_LIVE", "false".to_owned())])?;
    let node = Watched::process(target.pid);
    let api = Api { target: &target, client: reqwest::Client::new() };
    let mut report = StreamReport::default();
    let mut live = Vec::new();
    progress.set_length(u64::from(wanted.streams));
    progress.set_message("publishing");
    for _ in 0..wanted.streams {
        match come_up(&api, &film).await {
            Ok(up) => live.push(up),
            Err(error) => {
                report.refused += 1;
                tracing::warn!(%error, "a publisher did not come up");
            }
        }
        progress.inc(1);
    }
    report.streams = u32::try_from(live.len()).unwrap_or(u32::MAX);
    ensure!(!live.is_empty(), "no publisher came up");
    let patience = Instant::now() + Duration::from_secs(30);
    while live.iter().any(|(_, p)| !p.sent().connected) && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    progress.set_message("all are up");
    let sent = |live: &[(String, Publisher)]| live.iter().map(|(_, p)| p.sent().packets).sum::<u64>();
    let sent_before = sent(&live);
    let spell = node.over(wanted.seconds).await;
    report.packets_sent = sent(&live) - sent_before;
    let cpu = spell.cpu.as_secs_f64();
    report.cpu_s_per_stream_minute = cpu / (f64::from(report.streams) * spell.elapsed.as_secs_f64() / 60.0);
    report.cpu_us_per_packet = cpu * 1e6 / report.packets_sent.max(1) as f64;
    (report.rss_bytes, report.rss_highest_bytes) = (spell.rss_mean_bytes, spell.rss_highest_bytes);

    progress.set_message("hanging up");
    let mut sessions = Vec::new();
    for (session, publisher) in live {
        report.packets_sent_in_all += publisher.stop().await?.packets;
        api.post(&format!("/v1/sessions/{session}/end"), json!({})).await?;
        sessions.push(session);
    }
    progress.set_message("waiting for the recordings");
    for session in sessions {
        let patience = Instant::now() + Duration::from_secs(60 + wanted.seconds * 4);
        while Instant::now() < patience {
            let page = api.get(&format!("/v1/recordings?session={session}&state=ready")).await?;
            if let Some(id) = page["items"][0]["id"].as_str() {
                let manifest = api.get(&format!("/v1/recordings/{id}/files/manifest.json")).await?;
                let tracks = manifest["tracks"].as_array().into_iter().flatten();
                report.packets_recorded += tracks.filter_map(|t| t["received"].as_u64()).sum::<u64>();
                report.ready += 1;
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    Ok(report)
}

impl StreamReport {
    /// As people read it.
    pub fn print(&self) {
        println!("streams                   {} up, {} refused", self.streams, self.refused);
        println!("packets                   {} sent in all, {} recorded", self.packets_sent_in_all, self.packets_recorded);
        println!("recordings                {} ready", self.ready);
        println!(
            "CPU                       {:.4} s a stream-minute, {:.1} µs a packet",
            self.cpu_s_per_stream_minute, self.cpu_us_per_packet
        );
        println!("memory                    {:.1} MB, {:.1} MB at most", self.rss_bytes as f64 / 1e6, self.rss_highest_bytes as f64 / 1e6);
    }
}
