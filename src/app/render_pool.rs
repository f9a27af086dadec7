//! Threads that follow tapes: calls share a few, a room has one of its own, because it waits for a composing process. What has ended is finished by
//! further threads, several of them a core, because finishing waits for the disk: who hangs up waits neither for those who still talk nor for each other.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use crate::ingest::MediaClock;
use crate::model::id::{ParticipantId, RecordingId, SessionId};
use crate::model::time::MediaTime;
use crate::render::{RenderError, RenderSettings, RenderedOutput, SessionRender};
use crate::tape::Watermark;

/// How often a growing tape is looked at.
const LOOK: Duration = Duration::from_millis(1000);
/// How long after the end of an output in mid-session its last sound can be rendered: what the disorder of the tape takes.
const AFTER_END: Duration = Duration::from_millis(1110);
/// A tape that was not written for longer than this is read at the time of its last writing; less lies within what the renderer waits anyway.
const LATE: Duration = Duration::from_millis(400);
/// How long after an erasure it can be found on the tape: what a buffer waits before it is written.
const AFTER_ERASURE: Duration = Duration::from_millis(250);
/// Threads a core that finish what has ended.
const FINISHERS: usize = 4;

/// What rendering tells.
#[derive(Debug)]
pub enum RenderNews {
    /// An output's files are whole. The number says after how many erasures of the session it was rendered.
    Output(SessionId, Box<RenderedOutput>, u32),
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
    /// How far it is written.
    pub watermark: Watermark,
    /// It has pictures.
    pub pictures: bool,
    /// How many erasures there were before.
    pub erasures: u32,
}

enum Order {
    Follow(Job),
    /// An output ends, the session goes on.
    Ending(SessionId, MediaTime),
    Erase(SessionId, ParticipantId, oneshot::Sender<()>),
    Finish(SessionId),
}

type Finishing = (SessionId, Box<SessionRender>, u32);

struct Shared {
    live: bool,
    master_key: PathBuf,
    out: PathBuf,
    settings: RenderSettings,
    growing: Growing,
    news: UnboundedSender<RenderNews>,
}

impl Shared {
    fn tell(&self, news: RenderNews) {
        // Nobody listens only while the node is going down; the tape is rendered again at the next start.
        let _ = self.news.send(news);
    }

    fn forget(&self, session: &SessionId) {
        self.growing.write().retain(|_, grown| grown.session != *session);
    }

    fn finish(&self, (session, render, erasures): Finishing) {
        match render.finish() {
            Ok(outputs) => {
                for output in outputs {
                    self.tell(RenderNews::Output(session.clone(), Box::new(output), erasures));
                }
                self.tell(RenderNews::Finished(session.clone()));
            }
            Err(error) => self.tell(RenderNews::Failed(session.clone(), error)),
        }
        self.forget(&session);
    }
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
        let (ended, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..count * FINISHERS {
            let (shared, waiting) = (shared.clone(), waiting.clone());
            started("render-end", move || finish_what_ended(&shared, &waiting));
        }
        let threads = (0..count).map(|_| spawn(shared.clone(), Some(ended.clone()))).collect();
        Self { shared, threads, own: RwLock::default() }
    }

    /// Follows a tape.
    pub fn follow(&self, job: Job) {
        if job.pictures {
            let thread = spawn(self.shared.clone(), None);
            self.own.write().insert(job.session.clone(), thread.clone());
            let _ = thread.send(Order::Follow(job));
        } else {
            let _ = self.thread_of(&job.session).send(Order::Follow(job));
        }
    }

    /// An output ends at `at` and its session goes on: it is made whole as soon as can be.
    pub fn ending(&self, session: &SessionId, at: MediaTime) {
        let own = self.own.read();
        let _ = own.get(session).unwrap_or_else(|| self.thread_of(session)).send(Order::Ending(session.clone(), at));
    }

    /// The session's tape is closed: render the rest.
    pub fn finish(&self, session: &SessionId) {
        let own = self.own.write().remove(session);
        let _ = own.as_ref().unwrap_or_else(|| self.thread_of(session)).send(Order::Finish(session.clone()));
    }

    /// Somebody's media go: answered when no rendered file of before is left; not at all where nobody follows the session.
    pub fn erase(&self, session: &SessionId, participant: &ParticipantId) -> oneshot::Receiver<()> {
        let (sender, gone) = oneshot::channel();
        let own = self.own.read();
        let order = Order::Erase(session.clone(), participant.clone(), sender);
        let _ = own.get(session).unwrap_or_else(|| self.thread_of(session)).send(order);
        gone
    }

    fn thread_of(&self, session: &SessionId) -> &Sender<Order> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        session.hash(&mut hasher);
        &self.threads[(hasher.finish() % self.threads.len() as u64) as usize]
    }
}

fn started(name: &str, work: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().name(name.into()).spawn(work) {
        tracing::error!(%error, "a rendering thread could not be started");
    }
}

fn finish_what_ended(shared: &Shared, waiting: &Mutex<Receiver<Finishing>>) {
    loop {
        let next = waiting.lock().recv();
        match next {
            Ok(ended) => shared.finish(ended),
            Err(_) => return,
        }
    }
}

/// A thread that follows tapes and hands on what has ended; without `ended` it follows one and finishes it itself.
fn spawn(shared: Arc<Shared>, ended: Option<Sender<Finishing>>) -> Sender<Order> {
    let (sender, orders) = channel();
    started("render", move || Worker { shared, ended, following: HashMap::new(), due: Vec::new(), dismissed: false }.run(&orders));
    sender
}

struct Following {
    /// Boxed, because the map of them has room for more than there are.
    render: Box<SessionRender>,
    clock: Option<MediaClock>,
    watermark: Watermark,
    erasures: u32,
}

impl Following {
    /// The time that the tape is read at: what a stuck disk has not taken yet may still come.
    fn now(&self) -> Option<MediaTime> {
        let clock = self.clock?;
        let late = self.watermark.written_at().filter(|at| at.elapsed() > LATE);
        Some(late.map_or_else(|| clock.now(), |at| clock.at(at)))
    }
}

struct Worker {
    shared: Arc<Shared>,
    ended: Option<Sender<Finishing>>,
    following: HashMap<SessionId, Following>,
    /// Sessions that are to be looked at before their turn.
    due: Vec<(Instant, SessionId)>,
    dismissed: bool,
}

impl Worker {
    fn run(mut self, orders: &Receiver<Order>) {
        let mut next_look = Instant::now() + LOOK;
        while !self.dismissed {
            let next = self.due.iter().map(|(at, _)| *at).chain([next_look]).min().unwrap_or(next_look);
            match orders.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(order) => self.obey(order),
                Err(RecvTimeoutError::Timeout) => {
                    self.look_at_what_is_due();
                    if next_look <= Instant::now() {
                        self.look(orders);
                        next_look = Instant::now() + LOOK;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Follow(job) => self.begin(job),
            Order::Ending(session, at) => self.note_end(session, at),
            Order::Erase(session, participant, gone) => self.erase(&session, &participant, gone),
            Order::Finish(session) => self.finish(session),
        }
    }

    fn note_end(&mut self, session: SessionId, at: MediaTime) {
        let Some(following) = self.following.get_mut(&session) else { return };
        if let (Some(clock), true) = (following.clock, self.shared.live) {
            following.render.ending(at);
            let passed = Duration::from_nanos(clock.now().since(at));
            self.due.push((Instant::now() + AFTER_END.saturating_sub(passed), session));
        }
    }

    fn look_at_what_is_due(&mut self) {
        let now = Instant::now();
        let (due, later) = std::mem::take(&mut self.due).into_iter().partition(|(at, _)| *at <= now);
        self.due = later;
        for (_, session) in due {
            self.look_at(&session);
        }
    }

    fn begin(&mut self, job: Job) {
        match SessionRender::open(&job.tape, &self.shared.master_key, &self.shared.out, self.shared.settings.clone()) {
            Ok(render) => {
                let Job { session, clock, watermark, erasures, .. } = job;
                self.following.insert(session, Following { render: Box::new(render), clock, watermark, erasures });
            }
            Err(error) => self.shared.tell(RenderNews::Failed(job.session, error)),
        }
    }

    fn look(&mut self, orders: &Receiver<Order>) {
        if !self.shared.live {
            return;
        }
        for session in self.following.keys().cloned().collect::<Vec<_>>() {
            // A look at hundreds of calls takes its time; whoever hangs up meanwhile does not wait for its end.
            while let Ok(order) = orders.try_recv() {
                self.obey(order);
            }
            self.look_at(&session);
        }
    }

    fn look_at(&mut self, session: &SessionId) {
        let Some(following) = self.following.get_mut(session) else { return };
        let Some(now) = following.now() else { return };
        match following.render.advance(now) {
            Ok(outputs) => {
                for output in outputs {
                    self.shared.growing.write().remove(&output.recording);
                    self.shared.tell(RenderNews::Output(session.clone(), Box::new(output), following.erasures));
                }
                let mut growing = self.shared.growing.write();
                for (recording, _, rendered_ms, dir) in following.render.growing() {
                    growing.insert(recording, Grown { session: session.clone(), dir, rendered_ms });
                }
            }
            Err(error) => {
                self.following.remove(session);
                self.shared.forget(session);
                self.shared.tell(RenderNews::Failed(session.clone(), error));
            }
        }
    }

    fn erase(&mut self, session: &SessionId, participant: &ParticipantId, gone: oneshot::Sender<()>) {
        let Some(following) = self.following.get_mut(session) else { return };
        following.erasures += 1;
        self.shared.forget(session);
        match following.render.erase(participant) {
            Ok(()) => {
                let _ = gone.send(());
                self.due.push((Instant::now() + AFTER_ERASURE, session.clone()));
            }
            Err(error) => {
                self.following.remove(session);
                self.shared.tell(RenderNews::Failed(session.clone(), error));
            }
        }
    }

    fn finish(&mut self, session: SessionId) {
        self.dismissed = self.ended.is_none();
        let Some(following) = self.following.remove(&session) else { return };
        let ended = (session, following.render, following.erasures);
        let kept = match &self.ended {
            Some(others) => others.send(ended).err().map(|returned| returned.0),
            None => Some(ended),
        };
        if let Some(ended) = kept {
            self.shared.finish(ended);
        }
    }
}
