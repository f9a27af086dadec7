//! Threads that follow tapes: calls share a few, a room has one of its own, because it waits for a composing process.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use tokio::sync::mpsc::UnboundedSender;

use crate::ingest::MediaClock;
use crate::model::id::{RecordingId, SessionId};
use crate::render::{RenderError, RenderSettings, RenderedOutput, SessionRender};

/// How often a growing tape is looked at.
const LOOK: Duration = Duration::from_millis(1000);

/// What rendering tells.
#[derive(Debug)]
pub enum RenderNews {
    /// An output's files are whole.
    Output(SessionId, Box<RenderedOutput>),
    /// The session's tape is rendered to its end.
    Finished(SessionId),
    /// It went wrong; nothing is lost, the tape is there.
    Failed(SessionId, RenderError),
}

/// Where growing recordings lie.
pub type Growing = Arc<RwLock<HashMap<RecordingId, Grown>>>;

/// A recording that grows.
#[derive(Clone, Debug)]
pub struct Grown {
    /// Its session.
    pub session: SessionId,
    /// Its files.
    pub dir: PathBuf,
    /// How much of it is rendered.
    pub rendered_ms: u64,
}

/// A tape to be followed.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its session.
    pub session: SessionId,
    /// Its folder.
    pub tape: PathBuf,
    /// The session's clock; `None` for a tape that is whole already.
    pub clock: Option<MediaClock>,
    /// It has pictures.
    pub pictures: bool,
}

enum Order {
    Follow(Job),
    Finish(SessionId),
}

struct Shared {
    live: bool,
    master_key: PathBuf,
    out: PathBuf,
    settings: RenderSettings,
    growing: Growing,
    news: UnboundedSender<RenderNews>,
}

/// The threads.
pub struct RenderPool {
    shared: Arc<Shared>,
    threads: Vec<Sender<Order>>,
    own: RwLock<HashMap<SessionId, Sender<Order>>>,
}

impl RenderPool {
    /// Starts `threads` threads (one a core for 0); without `live` a tape is looked at once it is whole.
    #[must_use]
    pub fn start(
        threads: usize,
        live: bool,
        master_key: PathBuf,
        out: PathBuf,
        settings: RenderSettings,
        growing: Growing,
        news: UnboundedSender<RenderNews>,
    ) -> Self {
        let count = if threads == 0 { std::thread::available_parallelism().map_or(1, std::num::NonZero::get) } else { threads };
        let shared = Arc::new(Shared { live, master_key, out, settings, growing, news });
        let threads = (0..count).map(|_| spawn(shared.clone(), false)).collect();
        Self { shared, threads, own: RwLock::default() }
    }

    /// Follows a tape.
    pub fn follow(&self, job: Job) {
        if job.pictures {
            let thread = spawn(self.shared.clone(), true);
            self.own.write().insert(job.session.clone(), thread.clone());
            let _ = thread.send(Order::Follow(job));
        } else {
            let _ = self.thread_of(&job.session).send(Order::Follow(job));
        }
    }

    /// The session's tape is closed: render the rest.
    pub fn finish(&self, session: &SessionId) {
        let own = self.own.write().remove(session);
        let _ = own.as_ref().unwrap_or_else(|| self.thread_of(session)).send(Order::Finish(session.clone()));
    }

    fn thread_of(&self, session: &SessionId) -> &Sender<Order> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        session.hash(&mut hasher);
        &self.threads[(hasher.finish() % self.threads.len() as u64) as usize]
    }
}

fn spawn(shared: Arc<Shared>, one_job: bool) -> Sender<Order> {
    let (sender, orders) = channel();
    std::thread::Builder::new()
        .name("render".into())
        .spawn(move || Worker { shared, following: HashMap::new() }.run(&orders, one_job))
        .map_err(|error| tracing::error!(%error, "a rendering thread could not be started"))
        .ok();
    sender
}

struct Following {
    render: SessionRender,
    clock: Option<MediaClock>,
}

struct Worker {
    shared: Arc<Shared>,
    following: HashMap<SessionId, Following>,
}

impl Worker {
    fn run(mut self, orders: &Receiver<Order>, one_job: bool) {
        let mut next_look = Instant::now() + LOOK;
        loop {
            match orders.recv_timeout(next_look.saturating_duration_since(Instant::now())) {
                Ok(Order::Follow(job)) => self.begin(job),
                Ok(Order::Finish(session)) => {
                    self.finish(&session);
                    if one_job {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.look();
                    next_look = Instant::now() + LOOK;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn begin(&mut self, job: Job) {
        match SessionRender::open(&job.tape, &self.shared.master_key, &self.shared.out, self.shared.settings.clone()) {
            Ok(render) => {
                self.following.insert(job.session, Following { render, clock: job.clock });
            }
            Err(error) => self.tell(RenderNews::Failed(job.session, error)),
        }
    }

    fn look(&mut self) {
        if !self.shared.live {
            return;
        }
        let mut failed = Vec::new();
        for (session, following) in &mut self.following {
            let Some(clock) = following.clock else { continue };
            match following.render.advance(clock.now()) {
                Ok(outputs) => {
                    for output in outputs {
                        self.shared.growing.write().remove(&output.recording);
                        let _ = self.shared.news.send(RenderNews::Output(session.clone(), Box::new(output)));
                    }
                    let mut growing = self.shared.growing.write();
                    for (recording, _, rendered_ms, dir) in following.render.growing() {
                        growing.insert(recording, Grown { session: session.clone(), dir, rendered_ms });
                    }
                }
                Err(error) => failed.push((session.clone(), error)),
            }
        }
        for (session, error) in failed {
            self.forget(&session);
            self.tell(RenderNews::Failed(session, error));
        }
    }

    fn finish(&mut self, session: &SessionId) {
        let Some(following) = self.following.remove(session) else { return };
        match following.render.finish() {
            Ok(outputs) => {
                for output in outputs {
                    self.tell(RenderNews::Output(session.clone(), Box::new(output)));
                }
                self.tell(RenderNews::Finished(session.clone()));
            }
            Err(error) => self.tell(RenderNews::Failed(session.clone(), error)),
        }
        self.forget(session);
    }

    fn forget(&mut self, session: &SessionId) {
        self.following.remove(session);
        self.shared.growing.write().retain(|_, grown| grown.session != *session);
    }

    fn tell(&self, news: RenderNews) {
        // Nobody listens only while the node is going down; the tape is rendered again at the next start.
        let _ = self.shared.news.send(news);
    }
}
