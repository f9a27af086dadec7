//! The node: everything started in its order, and stopped in the reverse one.

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::config::{self, Config};
use super::conveyor::Conveyor;
use super::directory::CatalogueDirectory;
use super::first_visibility;
use super::in_work::InWork;
use super::putting_away::PuttingAway;
use super::render_pool::{Growing, RenderPool};
use super::retention::OnThisNode;
use super::rows::Rows;
use super::tapes_left::{TapesLeft, done_mark};
use super::uploads::Uploads;
use super::ways::Ways;
use super::webhooks::{self, Pace, WebhookParts};
use super::{events, mail, metrics, notice, retention, sharing};
use crate::api::{ApiParts, ApiState, FilesInWork, Inbox, InboxLimits, Readiness};
use crate::archive::answers::AnswerKeys;
use crate::archive::deletion::{Deletions, Elsewhere};
use crate::archive::seal::Sealer;
use crate::archive::sweep::Sweeper;
use crate::archive::uploads::UploadBounds;
use crate::archive::{Catalogue, EventLog, keys};
use crate::ingest::{RtpIngest, RtpIngestConfig, WebrtcConfig, WebrtcIngest};
use crate::model::id::SessionId;
use crate::render::upload::UploadLimits;
use crate::render::{RenderSettings, compose};
use crate::session::{Registry, RegistryConfig, close_what_a_crash_left_open};
use crate::share::copying::Copier;
use crate::share::mail::Outbox;
use crate::signalling::sip::{SipOptions, SipServer};
use crate::signalling::whip::{self, WhipConfig};
use crate::tape::{Spool, SpoolConfig, SpoolLimits};

/// How often what is due in sessions is looked for.
const TICK: Duration = Duration::from_millis(20);
/// How long SIP peers are given to answer a BYE.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long closing the catalogue may take: a database that vanished gives no connection back.
const FAREWELL: Duration = Duration::from_secs(5);

/// A running node.
pub struct Node {
    /// Where pages, API and WHIP answer.
    pub http: SocketAddr,
    /// Where SIP answers, UDP and TCP.
    pub sip: SocketAddr,
    /// Live sessions.
    pub registry: Registry,
    /// The catalogue.
    pub catalogue: Catalogue,
    sip_server: SipServer,
    stop: CancellationToken,
    busy: watch::Receiver<usize>,
    web: tokio::task::JoinHandle<()>,
    events: EventLog,
    events_closing: CancellationToken,
    telling: std::thread::JoinHandle<()>,
}

fn address(key: &str, text: &str) -> Result<SocketAddr> {
    text.parse().with_context(|| format!("{key}: `{text}` is no address with a port, as 127.0.0.1:8080"))
}

fn ip_or(key: &str, text: &str, otherwise: IpAddr) -> Result<IpAddr> {
    if text.is_empty() { Ok(otherwise) } else { text.parse().with_context(|| format!("{key}: `{text}` is no IP address")) }
}

fn some_ip(key: &str, text: &str) -> Result<Option<IpAddr>> {
    if text.is_empty() { Ok(None) } else { Ok(Some(text.parse().with_context(|| format!("{key}: `{text}` is no IP address"))?)) }
}

impl Node {
    /// Starts everything; when this returns the node takes calls.
    ///
    /// # Errors
    /// One line that says which part could not start, and why.
    pub async fn start(config: Config) -> Result<Self> {
        // Two TLS providers are linked; whoever asks for the default must find one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = &config.data.dir;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data).with_context(|| format!("data.dir: {}", data.display()))?;

        let http_listen = address("http.listen", &config.http.listen)?;
        let sip_listen = address("sip.listen", &config.sip.listen)?;
        let listener = TcpListener::bind(http_listen).await.with_context(|| format!("http.listen: {http_listen}"))?;
        let http = listener.local_addr().context("http.listen")?;

        let master_key = data.join("master.key");
        let spool = Spool::open_with(
            SpoolConfig { dir: data.join("spool"), master_key: master_key.clone() },
            SpoolLimits { node_bytes: (config.tape.memory_mb as usize) << 20, ..SpoolLimits::default() },
        )
        .context("spool")?;
        let catalogue = Catalogue::open(&config.catalogue_url()).await.context("data.catalogue")?;
        let events = EventLog::open(catalogue.clone(), data).await.context("events")?;
        tokio::task::spawn_blocking(crate::archive::passwords::prepare);
        keys::ensure_admin_key(&catalogue, &data.join("admin.key")).await.context("admin.key")?;
        let ways = Ways::open(&config).await?;
        let external = sharing::open(&config, &catalogue).await?;
        let region = catalogue.workspace().await.context("data.catalogue")?.settings.region;
        if let Some(region) = region.filter(|region| !ways.regions.has(*region)) {
            anyhow::bail!("regions.{region}: the workspace's recordings are to lie there, and it names no store");
        }

        let rtp = RtpIngest::start(RtpIngestConfig {
            bind_ip: ip_or("rtp.bind", &config.rtp.bind, sip_listen.ip())?,
            ports: config.rtp.port_first..=config.rtp.port_last,
            advertised_ip: some_ip("sip.advertised", &config.sip.advertised)?,
            bell: Some(spool.bell()),
        })
        .context("rtp")?;
        let webrtc = WebrtcIngest::start(WebrtcConfig {
            bind_ips: vec![ip_or("webrtc.bind", &config.webrtc.bind, http.ip())?],
            ports: config.rtp.port_first..=config.rtp.port_last,
            public_ip: some_ip("webrtc.public_ip", &config.webrtc.public_ip)?,
        })
        .context("webrtc")?;
        let registry = Registry::new(RegistryConfig {
            spool: spool.clone(),
            directory: Arc::new(CatalogueDirectory(catalogue.clone())),
            rtp: rtp.clone(),
            webrtc,
            notice: notice::of(&config.sip).context("sip.notice_file")?,
            reconnect: Duration::from_secs(config.session.reconnect_s),
            idle_end: Duration::from_secs(config.session.idle_end_s),
        });

        let stop = CancellationToken::new();
        let growing = Growing::default();
        let out = data.join("render");
        let (news_sender, news) = mpsc::unbounded_channel();
        let settings = RenderSettings {
            audio: config.render.audio,
            layout: config.render.layout,
            encoder: config.render.encoder,
            ..RenderSettings::default()
        };
        let pool = Arc::new(RenderPool::start(
            config.render.threads,
            config.render.live,
            master_key.clone(),
            out.clone(),
            settings,
            growing,
            news_sender,
        ));
        let (event_sender, other_events) = mpsc::unbounded_channel();
        let work = InWork::new(out, ways.regions.clone(), tokio::runtime::Handle::current());
        let hearing = work.clone();
        registry.hears_at_once(move |notice| hearing.follow(notice));
        let sealer = Arc::new(Sealer::open(data).context("signing.key")?);
        let answers = AnswerKeys::open(data).context("answers.key")?;
        catalogue.forget_answers(crate::archive::now(), true).await.context("data.catalogue")?;
        let mut conveyor = Conveyor {
            spool: spool.clone(),
            rows: Rows::new(catalogue.clone()),
            ways: ways.clone(),
            external: external.clone(),
            pool,
            work: work.clone(),
            keep_tape: Duration::from_secs(u64::from(config.data.keep_tape_days) * 86_400),
            events: event_sender,
            told: events.clone(),
            master_key: master_key.clone(),
            sealer: sealer.clone(),
            left: Vec::new(),
            sessions: std::collections::HashMap::new(),
            kept: watch::Sender::new(0),
            to_tell: Vec::new(),
            to_leave: Vec::new(),
            putting_away: PuttingAway::default(),
        };
        take_up_tapes(&spool, &master_key, &mut conveyor, config.data.keep_tape_days).await?;
        let events_closing = CancellationToken::new();
        let telling = events::tell(events.clone(), registry.notices(), other_events, events_closing.clone())?;
        let (idle, busy) = watch::channel(0);
        let rows_kept = conveyor.kept.subscribe();
        let (wanted, asked) = mpsc::unbounded_channel();
        let tapes = Arc::new(TapesLeft { spool: spool.clone(), wanted });
        tokio::spawn(conveyor.run(registry.notices(), news, asked, stop.clone(), idle));
        tokio::spawn(tick(registry.clone(), stop.clone()));

        let (arrived, arrivals) = mpsc::unbounded_channel();
        let inbox = Inbox::open(&data.join("uploads/inbox"), inbox_limits(&config.uploads), arrived).context("uploads")?;
        let uploads = Uploads {
            catalogue: catalogue.clone(),
            ways: ways.clone(),
            sealer,
            events: events.clone(),
            inbox: inbox.clone(),
            out: data.join("uploads/made"),
            encoder: config.render.encoder,
            limits: upload_limits(&config.uploads),
            at_once: config.uploads.renderings,
            program: RenderSettings::default().worker,
        };
        tokio::spawn(uploads.run(arrivals, stop.clone()));

        let here = OnThisNode {
            catalogue: catalogue.clone(),
            ways: ways.clone(),
            work: work.clone(),
            spool: spool.clone(),
            registry: registry.clone(),
            inbox: inbox.clone(),
            made: data.join("uploads/made"),
        };
        let elsewhere: Vec<Arc<dyn Elsewhere>> = vec![Arc::new(here.clone()), Arc::new(external.clone())];
        let deletions = Deletions::new(catalogue.clone(), ways.regions.clone(), events.clone(), elsewhere);
        let sweeper = Sweeper::new(catalogue.clone(), deletions.clone());
        let every = Some(config.retention.sweep_s).filter(|seconds| *seconds > 0).map(Duration::from_secs);
        tokio::spawn(retention::run(sweeper.clone(), deletions.clone(), here, every, stop.clone()));

        first_visibility::start(catalogue.clone(), events.clone(), rows_kept, stop.clone()).context("visibility")?;
        let webhooks = webhooks::start(WebhookParts {
            catalogue: catalogue.clone(),
            log: events.clone(),
            allow_private: config.webhooks.allow_private,
            timeout: Duration::from_secs(config.webhooks.timeout_s.max(1)),
            pace: Pace::default(),
            stop: stop.clone(),
        })
        .context("webhooks")?;

        let outbox = Outbox::new(catalogue.clone(), mail::settings(&config.mail)?).context("mail")?;
        tokio::spawn(outbox.clone().run(stop.clone()));
        let told = events.clone();
        tokio::spawn(external.clone().run(move |share| sharing::tell_over(&told, share), stop.clone()));
        let copies = Arc::new(tokio::sync::Notify::new());
        let copier = Copier {
            external: external.clone(),
            catalogue: catalogue.clone(),
            regions: ways.regions.clone(),
            readable: {
                let work = work.clone();
                Arc::new(move |recording| work.reading(recording))
            },
            more: copies.clone(),
        };
        let (told, out) = (events.clone(), outbox.clone());
        tokio::spawn(copier.run(
            move |share| {
                out.look();
                sharing::tell_sent(&told, share);
            },
            stop.clone(),
        ));
        let code_key = sharing::code_key(&master_key).await?;

        let sip_server = SipServer::start(
            SipOptions { advertised: some_ip("sip.advertised", &config.sip.advertised)?, ..SipOptions::new(sip_listen) },
            Arc::new(registry.clone()),
        )
        .await
        .with_context(|| format!("sip.listen: {sip_listen}"))?;

        let public_url = (!config.http.public_url.is_empty()).then(|| config.http.public_url.clone());
        let api = crate::api::router(ApiState::new(ApiParts {
            registry: registry.clone(),
            switchboard: Arc::new(registry.clone()),
            tokens: Arc::new(registry.clone()),
            catalogue: catalogue.clone(),
            regions: ways.regions,
            answers,
            deletions,
            sweeper,
            growing: Arc::new(work),
            tapes,
            inbox,
            events: events.clone(),
            webhooks,
            webhooks_private: config.webhooks.allow_private,
            outbox,
            external,
            copies,
            code_key,
            readiness: readiness(catalogue.clone(), config.render.encoder, data),
            metrics: Arc::new(Mutex::new(metrics::registry(&registry, &rtp, &spool))),
            public_url: public_url.clone(),
            oidc: super::oidc::provider(&config.oidc)?,
            own_url: (!http.ip().is_unspecified()).then(|| format!("http://{http}")),
            stop: stop.clone(),
        }));
        let whip = whip::router(Arc::new(registry.clone()), Arc::new(registry.clone()), WhipConfig { public_url, ..WhipConfig::default() });
        let closing = stop.clone();
        let web = tokio::spawn(async move {
            let service = whip.merge(api).layer(axum::middleware::from_fn(crate::api::to_the_end));
            let service = service.into_make_service_with_connect_info::<SocketAddr>();
            let served = axum::serve(listener, service).with_graceful_shutdown(async move { closing.cancelled().await });
            if let Err(error) = served.await {
                tracing::error!(%error, "the web side stopped");
            }
        });
        let sip = sip_server.bound();
        Ok(Self { http, sip, registry, catalogue, sip_server, stop, busy, web, events, events_closing, telling })
    }

    /// No new sessions; live ones are closed and rendered, for at most `drain`; then everything stops. What is not done by then is done at the next start.
    pub async fn shut_down(mut self, drain: Duration) {
        self.registry.drain();
        self.sip_server.drain();
        self.sip_server.shutdown(GOODBYE).await;
        self.registry.end_all().await;
        let rendered = tokio::time::timeout(drain, self.busy.wait_for(|busy| *busy == 0)).await;
        if rendered.is_err() {
            tracing::warn!("not everything was rendered in time; the tapes stay and are rendered at the next start");
        }
        self.stop.cancel();
        let _ = tokio::time::timeout(Duration::from_secs(2), self.web).await;
        self.events_closing.cancel();
        let _ = tokio::task::spawn_blocking(move || self.telling.join()).await;
        self.events.close().await;
        if tokio::time::timeout(FAREWELL, self.catalogue.close()).await.is_err() {
            tracing::warn!("the catalogue does not let go of its connections; the node stops all the same");
        }
    }
}

fn inbox_limits(config: &config::Uploads) -> InboxLimits {
    InboxLimits {
        file_bytes: config.max_mb << 20,
        bounds: UploadBounds { at_once: config.at_once, total_bytes: config.total_mb << 20 },
        unfinished: Duration::from_secs(u64::from(config.unfinished_h) * 3600),
    }
}

fn upload_limits(config: &config::Uploads) -> UploadLimits {
    UploadLimits {
        seconds: config.time_s,
        cpu_seconds: config.cpu_s,
        memory_bytes: config.memory_mb << 20,
        // What is made may be larger than what came: sound of few bits, pictures of one colour.
        file_bytes: (config.max_mb << 20).saturating_mul(4),
    }
}

/// Tapes that an earlier run left: what a crash cut off is ended, and all are rendered.
async fn take_up_tapes(spool: &Spool, master_key: &Path, conveyor: &mut Conveyor, keep_days: u32) -> Result<()> {
    let finding = spool.clone();
    let found = tokio::task::spawn_blocking(move || finding.recover()).await?.context("recovering tapes")?;
    for tape in found {
        let mark = done_mark(&tape.dir);
        if let Ok(done) = std::fs::metadata(&mark) {
            let age = done.modified().ok().and_then(|at| at.elapsed().ok()).unwrap_or_default();
            if age > Duration::from_secs(u64::from(keep_days) * 86_400) {
                spool.remove(&tape.session).context("removing a kept tape")?;
            }
            continue;
        }
        if tape.ended && all_deleted(conveyor, &tape.session).await {
            spool.remove(&tape.session).context("removing the tape of deleted recordings")?;
            continue;
        }
        tracing::info!(session = %tape.session, torn_bytes = tape.torn_bytes, damaged = tape.damaged, "a tape of an earlier run is taken up");
        if !tape.ended
            && let Err(error) = close_what_a_crash_left_open(spool, master_key, &tape)
        {
            tracing::error!(session = %tape.session, %error, "a tape of an earlier run cannot be ended; it stays as it is");
            continue;
        }
        conveyor.take_up(&tape.session, &tape.dir).await;
    }
    Ok(())
}

/// Whether every recording of a session was deleted: the node died before its tape went.
async fn all_deleted(conveyor: &Conveyor, session: &SessionId) -> bool {
    let catalogue = conveyor.rows.catalogue();
    let (left, deleted) = (catalogue.states_of(session).await, catalogue.deleted_of(session).await);
    left.is_ok_and(|left| left.is_empty()) && deleted.is_ok_and(|deleted| !deleted.is_empty())
}

async fn tick(registry: Registry, stop: CancellationToken) {
    let mut clock = tokio::time::interval(TICK);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut ticks: u32 = 0;
    loop {
        tokio::select! {
            _ = clock.tick() => {}
            () = stop.cancelled() => return,
        }
        registry.tick();
        ticks = ticks.wrapping_add(1);
        if ticks.is_multiple_of(50) {
            registry.end_the_empty().await;
        }
    }
}

struct CatalogueAnswers(Catalogue);

#[async_trait]
impl Readiness for CatalogueAnswers {
    fn name(&self) -> &'static str {
        "catalogue"
    }
    async fn holds(&self) -> Result<(), String> {
        self.0.workspace().await.map(|_| ()).map_err(|error| error.to_string())
    }
}

struct PluginsThere(Result<(), String>);

#[async_trait]
impl Readiness for PluginsThere {
    fn name(&self) -> &'static str {
        "composing"
    }
    async fn holds(&self) -> Result<(), String> {
        self.0.clone()
    }
}

struct DataWritable(PathBuf);

#[async_trait]
impl Readiness for DataWritable {
    fn name(&self) -> &'static str {
        "data"
    }
    async fn holds(&self) -> Result<(), String> {
        let probe = self.0.join(".writable");
        tokio::fs::write(&probe, b"ferric").await.map_err(|error| error.to_string())?;
        tokio::fs::remove_file(&probe).await.map_err(|error| error.to_string())
    }
}

fn readiness(catalogue: Catalogue, encoder: crate::render::VideoEncoder, data: &Path) -> Vec<Arc<dyn Readiness>> {
    let plugins = compose::check_plugins(encoder).map_err(|error| error.to_string());
    if let Err(error) = &plugins {
        tracing::error!(error, "rooms cannot be composed on this node; calls are not affected");
    }
    vec![Arc::new(CatalogueAnswers(catalogue)), Arc::new(PluginsThere(plugins)), Arc::new(DataWritable(data.to_owned()))]
}
