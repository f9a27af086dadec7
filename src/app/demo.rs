//! `ferric demo`: a node on its embedded defaults, a real call and a real room session into it over the loopback, and where they play.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use indicatif::ProgressBar;
use std::io::IsTerminal as _;

use super::command_line::{NOT_WELL, NodeArguments, WRONG_USE, complain};
use super::load::siprec::{CallPlan, LegPlan, Pump, SipFlow, SiprecCall, SiprecClient, Sound};
use super::load::whip::{Film, publish};
use super::node::Node;
use super::serve;
use crate::archive::rights::Sight;
use crate::archive::{ListFilter, Recording, RecordingState};
use crate::model::command::Verb;
use crate::model::id::SessionId;
use crate::model::redact::Personal;
use crate::model::role::Role;
use crate::model::settings::Kind;
use crate::model::switchboard::{CommandRequest, JoinRequest, OpenSession, Switchboard};

const AGENT: &[u8] = include_bytes!("../../fixtures/speech/agent.ulaw");
const CUSTOMER: &[u8] = include_bytes!("../../fixtures/speech/customer.ulaw");
const HOST_PICTURES: &[u8] = include_bytes!("../../fixtures/room/host.ivf");
const HOST_SOUND: &[u8] = include_bytes!("../../fixtures/room/host.opus");

/// How long recordings may take to become ready before the demo says that something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// `ferric demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// The node.
    #[command(flatten)]
    pub node: NodeArguments,
    /// How long the call and the room session last.
    #[arg(long, value_name = "SECONDS", default_value_t = 24)]
    pub seconds: u64,
    /// Stop when the recordings are ready, instead of staying up.
    #[arg(long)]
    pub once: bool,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// Runs the demo.
#[must_use]
pub fn run(demo: Demo) -> ExitCode {
    let config = match serve::configured(&demo.node) {
        Ok(config) => config,
        Err(error) => return complain(WRONG_USE, error),
    };
    if let Err(error) = serve::log(&config.log) {
        return complain(WRONG_USE, error);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return complain(NOT_WELL, error),
    };
    runtime.block_on(async {
        let data = config.data.dir.clone();
        let node = match Node::start(config).await {
            Ok(node) => node,
            Err(error) => return complain(WRONG_USE, format_args!("{error:#}")),
        };
        let shown = show(&node, &demo, &data).await;
        if shown.is_ok() && !demo.once {
            serve::asked_to_stop().await;
        }
        node.shut_down(Duration::from_secs(30)).await;
        match shown {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(NOT_WELL, format_args!("{error:#}")),
        }
    })
}

async fn show(node: &Node, demo: &Demo, data: &Path) -> Result<()> {
    let length = Duration::from_secs(demo.seconds);
    let progress = if demo.json || !std::io::stderr().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    progress.enable_steady_tick(Duration::from_millis(120));
    progress.set_message(format!("a SIPREC call and a WHIP room session of {} s each", demo.seconds));
    if !demo.json {
        println!("The node is up: http://{} (console, API, WHIP), sip:{} (SIPREC).", node.http, node.sip);
        println!("Sending it a SIPREC call with two G.711 legs and a WHIP room session with pictures and sound, {} s each …", demo.seconds);
    }
    let (call, room) = tokio::try_join!(call(node.sip, length), room(node, length))?;
    progress.set_message("waiting for the recordings");
    let mut ready = Vec::new();
    for (what, session) in [("call", session_of_call(node, &call).await?), ("room", room)] {
        ready.push((what, wait_until_ready(node, &session).await.with_context(|| format!("the {what}'s recording"))?));
    }
    progress.finish_and_clear();
    for (what, recording) in &ready {
        let page = format!("http://{}/recordings/{}", node.http, recording.id);
        let file = format!("http://{}/v1/recordings/{}/files/recording.mp4", node.http, recording.id);
        let duration_ms = recording.duration_ms.unwrap_or_default();
        if demo.json {
            println!(
                "{}",
                serde_json::json!({ "what": what, "recording": recording.id, "page": page, "file": file, "duration_ms": duration_ms })
            );
        } else {
            println!("The {what} ({:.1} s) plays at {page}", duration_ms as f64 / 1000.0);
        }
    }
    if !demo.json {
        println!("Console: http://{}/   sign in with the key in {}", node.http, data.join("admin.key").display());
        if !demo.once {
            println!("The node stays up; Ctrl-C stops it.");
        }
    }
    Ok(())
}

/// The platform's own id that marks the demo's call, so that its session can be found among others.
async fn call(sip: SocketAddr, length: Duration) -> Result<String> {
    let pump = Pump::start()?;
    let client = SiprecClient::connect(sip, SipFlow::Udp).await?;
    let plan = CallPlan {
        legs: vec![
            LegPlan::pcmu("1", "Customer", "sip:customer@demo.example", Sound::from_ulaw(CUSTOMER.to_vec())?),
            LegPlan::pcmu("2", "Agent", "sip:agent@demo.example", Sound::from_ulaw(AGENT.to_vec())?),
        ],
        ..CallPlan::default()
    };
    let placed = SiprecCall::place(&client, &pump, plan).await.context("the SIPREC call")?;
    tokio::time::sleep(length).await;
    Ok(placed.hang_up(&pump).await.context("hanging up the SIPREC call")?.call_id)
}

async fn room(node: &Node, length: Duration) -> Result<SessionId> {
    let open = OpenSession { project: "default".parse()?, kind: Kind::Room, external_id: Some("demo-room".into()), metadata: [].into() };
    let session = node.registry.open(open).await?;
    let request = JoinRequest { role: Some(Role::Agent), name: Some(Personal::new("Host")), ..JoinRequest::default() };
    let host = node.registry.invite(&session, request).await?;
    let url = format!("http://{}/whip/{session}/{}", node.http, host.participant);
    let film = Arc::new(film()?);
    let publisher = publish(film, IpAddr::V4(Ipv4Addr::LOCALHOST), &url, host.token, false).await.context("publishing by WHIP")?;
    let command = |verb| CommandRequest::of(host.participant.clone(), verb);
    node.registry.command(&session, command(Verb::Start)).await.context("starting the room's recording")?;
    tokio::time::sleep(length).await;
    node.registry.command(&session, command(Verb::Stop)).await.context("stopping the room's recording")?;
    publisher.stop().await?;
    node.registry.end(&session).await?;
    Ok(session)
}

/// The host's film: pictures with motion and a voice.
fn film() -> Result<Film> {
    let folder = std::env::temp_dir().join(format!("ferric-demo-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let part = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        Film::read(&path)
    };
    let film = part("host.ivf", HOST_PICTURES).and_then(|pictures| Ok(pictures.with(part("host.opus", HOST_SOUND)?)));
    let _ = std::fs::remove_dir_all(&folder);
    film
}

async fn session_of_call(node: &Node, call_id: &str) -> Result<SessionId> {
    let page = node.catalogue.recordings(&ListFilter::default(), &Sight::everything()).await?;
    let newest_call = page.items.into_iter().find(|r| r.kind == Kind::Call && r.external_id.as_deref().is_none_or(|id| id == call_id));
    newest_call.map(|r| r.session).context("the node has no recording of the call")
}

async fn wait_until_ready(node: &Node, session: &SessionId) -> Result<Recording> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let page = node
            .catalogue
            .recordings(&ListFilter { session: Some(session.clone()), ..ListFilter::default() }, &Sight::everything())
            .await?;
        match page.items.into_iter().next() {
            Some(row) if row.state == RecordingState::Ready => return Ok(row),
            Some(row) if row.state == RecordingState::Failed => bail!("failed: {}", row.failure.unwrap_or_default()),
            Some(row) if row.state == RecordingState::Discarded => bail!("was not kept"),
            _ if Instant::now() > deadline => bail!("was not ready in time"),
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
