//! What the HTTP surface works with: handles of the other rooms, given by the composition root.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::auth::{BrowserSessions, Grants, Oidc, Plays, Tries};
use super::inbox::Inbox;
use crate::archive::answers::AnswerKeys;
use crate::archive::deletion::Deletions;
use crate::archive::sweep::Sweeper;
use crate::archive::{Catalogue, EventLog};
use crate::model::id::{RecordingId, SessionId, WebhookId};
use crate::model::switchboard::{ParticipantTokens, Switchboard};
use crate::session::Registry;
use crate::share::code::CodeKey;
use crate::share::external::External;
use crate::share::mail::Outbox;
use crate::share::visits::Visits;
use crate::store::Regions;

/// Where the files of a recording lie while they are being made, and whether they may be read.
pub trait FilesInWork: Send + Sync + 'static {
    /// The render folder of a recording that is not in the store yet; holds `recording.mp4`, `hls/index.m3u8` … by their names.
    fn dir(&self, recording: &RecordingId) -> Option<PathBuf>;
    /// Is cancelled when what is being read of the recording, here or from the store, may be read no more; `None` while nothing of it may be read,
    /// because somebody's media are being taken out of it. Asked for before anything is opened.
    fn reading(&self, recording: &RecordingId) -> Option<CancellationToken>;
}

/// Tapes of sessions whose recordings could not be made.
pub trait Tapes: Send + Sync + 'static {
    /// Begins to make a session's recordings again from its tape. Whether there still is one.
    fn make_again(&self, session: &SessionId) -> bool;
}

/// One thing that must hold before the node takes calls.
#[async_trait]
pub trait Readiness: Send + Sync + 'static {
    /// Its name, shown to everybody who asks `/readyz`.
    fn name(&self) -> &'static str;
    /// Whether it holds now; the reason goes to the log only.
    async fn holds(&self) -> Result<(), String>;
}

/// What the composition root hands over.
pub struct ApiParts {
    /// Live sessions as they are seen.
    pub registry: Registry,
    /// The same registry as signalling calls it.
    pub switchboard: Arc<dyn Switchboard>,
    /// The same registry as the keeper of participants' tokens.
    pub tokens: Arc<dyn ParticipantTokens>,
    /// Configuration, recordings, events.
    pub catalogue: Catalogue,
    /// Files of finished recordings, under `recordings/<id>/<name>` in the store of their region.
    pub regions: Regions,
    /// Encrypts answers that are kept to be given again.
    pub answers: AnswerKeys,
    /// The one way in which recordings are deleted.
    pub deletions: Deletions,
    /// Deletes what is due.
    pub sweeper: Sweeper,
    /// Files of growing ones.
    pub growing: Arc<dyn FilesInWork>,
    /// Tapes that recordings can be made of once more.
    pub tapes: Arc<dyn Tapes>,
    /// Files that are sent in.
    pub inbox: Inbox,
    /// Everything that outsiders may hear.
    pub events: EventLog,
    /// Told the id of every webhook that was changed, or that has deliveries to be made again.
    pub webhooks: mpsc::UnboundedSender<WebhookId>,
    /// Webhooks may lead into private networks.
    pub webhooks_private: bool,
    /// Where letters go.
    pub outbox: Outbox,
    /// What is shared with people outside.
    pub external: External,
    /// Told when something is to be copied for people outside.
    pub copies: Arc<Notify>,
    /// The key of one-time codes.
    pub code_key: CodeKey,
    /// What `/readyz` asks.
    pub readiness: Vec<Arc<dyn Readiness>>,
    /// What `/metrics` prints.
    pub metrics: Arc<Mutex<prometheus_client::registry::Registry>>,
    /// The address that people reach the node by (`https://rec.example`), where it differs from what their requests say.
    pub public_url: Option<String>,
    /// The address that the node itself listens at, where that is one: what letters lead to where nobody says `public_url`.
    pub own_url: Option<String>,
    /// The identity provider that people can sign in through.
    pub oidc: Option<Arc<Oidc>>,
    /// Cancelled at shutdown: event streams end, so that connections can close.
    pub stop: CancellationToken,
}

/// The state of every handler. Clones share it.
#[derive(Clone)]
pub struct ApiState(Arc<Inner>);

/// See [`ApiState`].
pub struct Inner {
    /// As handed over.
    pub parts: ApiParts,
    /// Signed-in browsers.
    pub browsers: BrowserSessions,
    /// Desks and watchers.
    pub grants: Grants,
    /// People who came by a recording's link.
    pub visits: Visits,
    /// Temporary links that are looked up and written at once.
    letters_to_write: Arc<Semaphore>,
    /// Who plays what now.
    pub plays: Plays,
    /// Who tried to sign in.
    pub tries: Tries,
}

/// Who asks for temporary links waits for nothing; so many of them are looked after at once.
const MOST_TO_WRITE: usize = 1_000;

impl ApiState {
    /// From its parts, nobody signed in.
    #[must_use]
    pub fn new(parts: ApiParts) -> Self {
        Self(Arc::new(Inner {
            parts,
            browsers: BrowserSessions::default(),
            grants: Grants::default(),
            visits: Visits::default(),
            plays: Plays::default(),
            tries: Tries::default(),
            letters_to_write: Arc::new(Semaphore::new(MOST_TO_WRITE)),
        }))
    }

    /// Signed-in browsers.
    #[must_use]
    pub fn browsers(&self) -> &BrowserSessions {
        &self.0.browsers
    }

    /// People who came by a recording's link.
    #[must_use]
    pub fn visits(&self) -> &Visits {
        &self.0.visits
    }

    /// A permit for each temporary link that may be looked up and written now.
    #[must_use]
    pub fn letters_to_write(&self) -> Arc<Semaphore> {
        self.0.letters_to_write.clone()
    }

    /// Who plays what now.
    #[must_use]
    pub fn plays(&self) -> &Plays {
        &self.0.plays
    }

    /// Who tried to sign in.
    #[must_use]
    pub fn tries(&self) -> &Tries {
        &self.0.tries
    }

    /// Tokens of desks and watchers.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        &self.0.grants
    }
}

impl std::ops::Deref for ApiState {
    type Target = ApiParts;
    fn deref(&self) -> &ApiParts {
        &self.0.parts
    }
}
