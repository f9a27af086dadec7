//! `ferric load calls`: many SIPREC calls, what the node needed for them, and what became of them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;

use super::measure::{Spell, Watched};
use super::own_node::Target;
use super::rtpengine::Rtpengine;
use super::siprec::{CallPlan, LegPlan, Pump, SipFlow, SiprecCall, SiprecClient, Sound};

/// `ferric load calls`
#[derive(Clone, Debug, Args)]
pub struct Calls {
    /// Calls at once.
    #[arg(long, default_value_t = 100)]
    pub calls: u32,
    /// Seconds that each lasts once all are up.
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// Calls placed a second.
    #[arg(long, default_value_t = 50)]
    pub rate: u32,
    /// Render after the calls only: what is measured until then is capture alone.
    #[arg(long)]
    pub capture_only: bool,
    /// Run the same legs through rtpengine with pcap, after the node.
    #[arg(long)]
    pub beside_rtpengine: bool,
    /// Sound of the first leg (WAV, or raw µ-law) [default: a tone].
    #[arg(long, value_name = "FILE")]
    pub customer: Option<PathBuf>,
    /// Sound of the second leg.
    #[arg(long, value_name = "FILE")]
    pub agent: Option<PathBuf>,
    /// Where the node keeps its data [default: a temporary folder, removed afterwards].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Calls that were placed.
    pub calls: u32,
    /// Calls that were refused, by reason.
    pub refused: BTreeMap<String, u32>,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// RTP packets on the tapes, as the manifests say.
    pub packets_recorded: u64,
    /// Recordings that became ready.
    pub ready: usize,
    /// Recordings that did not.
    pub missing: usize,
    /// Longest time from the end of a call to its recording being ready, milliseconds.
    pub ready_after_ms_max: u64,
    /// CPU seconds of the node a call-minute, while all calls were up.
    pub cpu_s_per_call_minute: f64,
    /// Resident memory with all calls up, bytes: mean of a reading a second.
    pub rss_bytes: u64,
    /// The highest of these readings, bytes.
    pub rss_highest_bytes: u64,
    /// Resident memory before the first call, bytes.
    pub rss_idle_bytes: u64,
    /// Memory a call, against none, bytes.
    pub rss_per_call_bytes: u64,
    /// The same legs through rtpengine with pcap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtpengine_cpu_s_per_call_minute: Option<f64>,
}

fn sound(file: Option<&PathBuf>, hz: u32) -> Result<Sound> {
    file.map_or_else(|| Ok(Sound::tone(hz, -12.0)), |path| Sound::from_file(path).with_context(|| path.display().to_string()))
}

fn per_call_minute(spell: &Spell, calls: u32) -> f64 {
    spell.cpu.as_secs_f64() / (f64::from(calls) * spell.elapsed.as_secs_f64() / 60.0)
}

/// Runs it.
///
/// # Errors
/// Where the node or a peer does not start.
pub async fn run(call: &Calls, progress: &ProgressBar) -> Result<Report> {
    let temporary = std::env::temp_dir().join(format!("ferric-load-{}", std::process::id()));
    let data = call.data.clone().unwrap_or_else(|| temporary.clone());
    std::fs::create_dir_all(&data).with_context(|| data.display().to_string())?;
    let environment = [("FERRIC_RENDER_LIVE", (!call.capture_only).to_string())];
    let result = measure(call, progress, &data, &environment).await;
    if call.data.is_none() {
        let _ = std::fs::remove_dir_all(&temporary);
    }
    let mut report = result?;
    if call.beside_rtpengine {
        progress.set_message("the same through rtpengine");
        report.rtpengine_cpu_s_per_call_minute = Some(beside(call).await?);
    }
    Ok(report)
}

async fn measure(call: &Calls, progress: &ProgressBar, data: &std::path::Path, environment: &[(&str, String)]) -> Result<Report> {
    let target = Target::start(data, environment)?;
    let node = Watched::process(target.pid);
    let pump = Pump::start()?;
    let client = SiprecClient::connect(target.sip, SipFlow::Udp).await?;
    let (customer, agent) = (sound(call.customer.as_ref(), 440)?, sound(call.agent.as_ref(), 620)?);
    let mut report = Report { rss_idle_bytes: node.usage().rss_bytes, ..Report::default() };

    let mut live = Vec::new();
    let mut pace = tokio::time::interval(Duration::from_secs_f64(1.0 / f64::from(call.rate.max(1))));
    progress.set_length(u64::from(call.calls));
    progress.set_message("placing calls");
    for number in 0..call.calls {
        pace.tick().await;
        match place(&client, &pump, number, &customer, &agent).await {
            Ok(placed) => live.push(placed),
            Err(error) => *report.refused.entry(error.to_string()).or_default() += 1,
        }
        progress.inc(1);
    }
    report.calls = u32::try_from(live.len()).unwrap_or(u32::MAX);

    progress.set_message("all calls are up");
    let spell = node.over(call.seconds).await;
    report.cpu_s_per_call_minute = per_call_minute(&spell, report.calls);
    (report.rss_bytes, report.rss_highest_bytes) = (spell.rss_mean_bytes, spell.rss_highest_bytes);
    report.rss_per_call_bytes = report.rss_bytes.saturating_sub(report.rss_idle_bytes) / u64::from(report.calls.max(1));

    progress.set_message("hanging up");
    let mut ended = Instant::now();
    for placed in live {
        let sent = placed.hang_up(&pump).await?;
        report.packets_sent += sent.packets.iter().sum::<u64>();
        ended = Instant::now();
    }
    progress.set_message("waiting for the recordings");
    wait_for_recordings(&target, &mut report, ended).await?;
    Ok(report)
}

async fn place(client: &Arc<SiprecClient>, pump: &Pump, number: u32, customer: &Sound, agent: &Sound) -> Result<SiprecCall> {
    let plan = CallPlan {
        legs: vec![
            LegPlan::pcmu("1", "Customer", &format!("sip:customer{number}@load.example"), customer.clone()),
            LegPlan::pcmu("2", "Agent", "sip:agent@load.example", agent.clone()),
        ],
        ..CallPlan::default()
    };
    Ok(SiprecCall::place(client, pump, plan).await?)
}

/// Follows the list of recordings until all are ready, or none has become so for half a minute.
async fn wait_for_recordings(target: &Target, report: &mut Report, ended: Instant) -> Result<()> {
    let client = reqwest::Client::new();
    let get = |path: String| {
        let request = client.get(format!("{}{path}", target.http)).bearer_auth(target.key.reveal());
        async move { anyhow::Ok(request.send().await?.error_for_status()?.json::<serde_json::Value>().await?) }
    };
    let mut ready: BTreeMap<String, u64> = BTreeMap::new();
    let mut last_progress = Instant::now();
    while ready.len() < report.calls as usize && last_progress.elapsed() < Duration::from_secs(30) {
        let mut after = String::new();
        loop {
            let page = get(format!("/v1/recordings?state=ready&limit=200{after}")).await?;
            for row in page["items"].as_array().into_iter().flatten() {
                let id = row["id"].as_str().unwrap_or_default().to_owned();
                if let Entry::Vacant(first_seen) = ready.entry(id) {
                    first_seen.insert(u64::try_from(ended.elapsed().as_millis()).unwrap_or(u64::MAX));
                    last_progress = Instant::now();
                }
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    report.ready = ready.len();
    report.missing = (report.calls as usize).saturating_sub(ready.len());
    report.ready_after_ms_max = ready.values().copied().max().unwrap_or(0);
    for id in ready.keys() {
        let manifest = get(format!("/v1/recordings/{id}/files/manifest.json")).await?;
        report.packets_recorded += manifest["tracks"].as_array().into_iter().flatten().filter_map(|t| t["received"].as_u64()).sum::<u64>();
    }
    Ok(())
}

async fn beside(call: &Calls) -> Result<f64> {
    let folder = std::env::temp_dir().join(format!("ferric-load-rtpengine-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let result = measure_rtpengine(call, &folder).await;
    let _ = std::fs::remove_dir_all(&folder);
    result
}

async fn measure_rtpengine(call: &Calls, folder: &std::path::Path) -> Result<f64> {
    let mut engine = Rtpengine::start(folder)?;
    let watched = Watched::process(engine.pid());
    let pumps = [Pump::start()?, Pump::start()?];
    let sounds = [sound(call.customer.as_ref(), 440)?, sound(call.agent.as_ref(), 620)?];
    let mut legs = Vec::new();
    for number in 0..call.calls {
        let to = engine.call(&format!("load-{number}"), pumps[0].rtp_port(), pumps[1].rtp_port())?;
        for (leg, pump) in pumps.iter().enumerate() {
            let rtcp = SocketAddr::new(to[leg].ip(), to[leg].port() + 1);
            legs.push(pump.add(number * 2 + leg as u32 + 1, u64::from(number), 0, to[leg], rtcp, sounds[leg].clone()));
        }
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let spell = watched.over(call.seconds).await;
    drop(legs);
    Ok(per_call_minute(&spell, call.calls))
}
