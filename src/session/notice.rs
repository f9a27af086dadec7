//! What a session tells those who follow it live.

use std::fmt;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{broadcast, mpsc};

use crate::ingest::MediaClock;
use crate::model::event::TapeEvent;
use crate::model::id::{ProjectSlug, SessionId};
use crate::model::time::{MediaTime, WallClock};

/// Something happened in a session.
#[derive(Clone, Debug)]
pub struct SessionNotice {
    /// Which session.
    pub session: SessionId,
    /// Its project.
    pub project: ProjectSlug,
    /// The session's clock.
    pub clock: MediaClock,
    /// Session time.
    pub at: MediaTime,
    /// Wall-clock time.
    pub wall: WallClock,
    /// What.
    pub what: Notice,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Notice {
    /// It stands on the tape.
    Tape(Arc<TapeEvent>),
    /// The tape is closed; nothing follows of this session.
    Closed,
}

/// Sessions touched that somebody who watches may be behind with; whoever is further behind looks at all of theirs anew.
const TOUCHED: usize = 1024;

/// Somebody who is called under a session's lock.
type AtOnce = Box<dyn Fn(&SessionNotice) + Send + Sync>;

/// Everybody who follows. A follower that is slow never loses a notice and never holds up a session. Whoever merely watches is told which
/// session to look at.
pub(super) struct Followers {
    at_once: RwLock<Vec<AtOnce>>,
    senders: Mutex<Vec<mpsc::UnboundedSender<SessionNotice>>>,
    touched: broadcast::Sender<SessionId>,
}

impl fmt::Debug for Followers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followers").field("senders", &self.senders).finish_non_exhaustive()
    }
}

impl Default for Followers {
    fn default() -> Self {
        Self { at_once: RwLock::default(), senders: Mutex::default(), touched: broadcast::channel(TOUCHED).0 }
    }
}

impl Followers {
    pub(super) fn follow(&self) -> mpsc::UnboundedReceiver<SessionNotice> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.senders.lock().push(sender);
        receiver
    }

    pub(super) fn hear_at_once(&self, hear: AtOnce) {
        self.at_once.write().push(hear);
    }

    pub(super) fn watch(&self) -> broadcast::Receiver<SessionId> {
        self.touched.subscribe()
    }

    pub(super) fn touch(&self, session: &SessionId) {
        let _ = self.touched.send(session.clone());
    }

    pub(super) fn tell(&self, notice: &SessionNotice) {
        self.at_once.read().iter().for_each(|hear| hear(notice));
        self.senders.lock().retain(|sender| sender.send(notice.clone()).is_ok());
        self.touch(&notice.session);
    }
}
