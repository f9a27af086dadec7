//! Deletion: one thing in one place, for whoever deletes (archive.md A4).
//!
//! 1. In one change of the catalogue the row goes with everything personal that belongs to it, an entry in the audit log says who deleted what, and a row
//!    of `deletions` stands instead: an id, its session and its region. From then on nobody finds the recording, and nothing makes it anew.
//!    With the last recording of a session, names in what was told of it go from wherever events lie, beginning with this change.
//! 2. Its copies go: what lies elsewhere ([`Elsewhere`]: renderings, tapes, files that were sent in, copies for outsiders), then the files in its store.
//! 3. `recording.deleted` is told, and the row of `deletions` says that it is done.
//!
//! A crash or a store that is away in between leaves a row that is not done: [`Deletions::finish`] goes on with it. There is no way back from step 1.
//! A recording that is being made, or on which a legal hold lies, stays.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, StreamExt as _};
use parking_lot::Mutex;
use serde_json::json;

use super::catalogue::Catalogue;
use super::error::Result;
use super::event_log::{EventLog, NewEvent};
use crate::model::event_kind::EventKind;
use crate::model::id::{RecordingId, SessionId};
use crate::model::region::Region;
use crate::model::time::WallClock;
use crate::store::Regions;

/// Recordings whose copies are taken away at once: calls that are live need the disk too.
const AT_ONCE: usize = 4;
/// Left ones that are finished at once.
const LEFT_AT_ONCE: u32 = 200;
/// Events of a session that are looked at to find whether a deletion was told.
const MOST_OF_A_SESSION: u32 = 1_000_000;

/// A recording whose row is gone and whose copies are to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Which.
    pub recording: RecordingId,
    /// Its session.
    pub session: SessionId,
    /// In whose store its files lie.
    pub region: Option<Region>,
}

/// Who asked for a deletion, and why.
#[derive(Clone, Debug)]
pub struct Asked {
    /// As the audit log names actors.
    pub by: String,
    /// `retention` or `request`.
    pub why: &'static str,
    /// When.
    pub at: WallClock,
}

/// Why a recording stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Kept {
    /// It is gone already, or never was.
    #[error("there is no such recording")]
    NotThere,
    /// It is being recorded.
    #[error("the recording is being made; end its session or stop it first")]
    Recording,
    /// It is being rendered or stored.
    #[error("the recording is being finished; try again in a moment")]
    Processing,
    /// A legal hold lies on it.
    #[error("a legal hold lies on this recording")]
    Held,
}

/// What became of recordings that somebody wanted deleted.
#[derive(Clone, Debug, Default)]
pub struct Deleted {
    /// No copy of these is left.
    pub done: Vec<RecordingId>,
    /// Nobody finds these any more; copies that could not be taken away yet go as soon as they can.
    pub left: Vec<RecordingId>,
    /// These stay.
    pub kept: Vec<(RecordingId, Kept)>,
}

/// Somewhere beside the stores where copies of recordings may lie.
#[async_trait]
pub trait Elsewhere: Send + Sync + 'static {
    /// Takes away every copy that lies there. Doing it again does no harm.
    ///
    /// # Errors
    /// What stood in the way, without anything personal; it is tried again later.
    async fn remove(&self, gone: &Gone) -> std::result::Result<(), String>;
}

/// What deletes recordings. Clones share it.
#[derive(Clone)]
pub struct Deletions(Arc<Parts>);

struct Parts {
    catalogue: Catalogue,
    regions: Regions,
    events: EventLog,
    elsewhere: Vec<Arc<dyn Elsewhere>>,
    /// Whose copies are being taken away by somebody just now.
    under_way: Mutex<HashSet<RecordingId>>,
}

impl Deletions {
    /// With the stores, and everything else that keeps copies.
    #[must_use]
    pub fn new(catalogue: Catalogue, regions: Regions, events: EventLog, elsewhere: Vec<Arc<dyn Elsewhere>>) -> Self {
        Self(Arc::new(Parts { catalogue, regions, events, elsewhere, under_way: Mutex::default() }))
    }

    /// Deletes recordings with everything that there is of them; answers once their copies are gone, or could not be reached.
    ///
    /// # Errors
    /// The catalogue; nothing was deleted then.
    pub async fn delete(&self, recordings: &[RecordingId], asked: &Asked) -> Result<Deleted> {
        let (gone, kept) = self.0.catalogue.begin_deletions(recordings, asked).await?;
        let all: Vec<RecordingId> = gone.iter().map(|gone| gone.recording.clone()).collect();
        let done = self.carry_out(gone, asked.at, false).await?;
        let left = all.into_iter().filter(|id| !done.contains(id)).collect();
        Ok(Deleted { done, left, kept })
    }

    /// Goes on with what a crash or a store that was away left: how many of them are done now.
    ///
    /// # Errors
    /// The catalogue.
    pub async fn finish(&self, now: WallClock) -> Result<usize> {
        let mut done = 0;
        loop {
            let left = self.0.catalogue.deletions_left(LEFT_AT_ONCE).await?;
            let is_page = left.len() >= LEFT_AT_ONCE as usize;
            let finished = self.carry_out(left, now, true).await?.len();
            done += finished;
            if !is_page || finished == 0 {
                return Ok(done);
            }
        }
    }

    /// Takes names out of what was told of sessions that are over and of which nothing is kept.
    ///
    /// # Errors
    /// The catalogue.
    pub async fn forget_sessions(&self, sessions: &[SessionId]) -> Result<()> {
        if sessions.is_empty() {
            return Ok(());
        }
        self.0.events.forget_names(sessions).await?;
        self.0.catalogue.empty_the_log().await;
        Ok(())
    }

    async fn carry_out(&self, gone: Vec<Gone>, at: WallClock, anew: bool) -> Result<Vec<RecordingId>> {
        let mine: Vec<Gone> = {
            let mut under_way = self.0.under_way.lock();
            gone.into_iter().filter(|gone| under_way.insert(gone.recording.clone())).collect()
        };
        let _over = UnderWay { parts: &self.0, recordings: mine.iter().map(|gone| gone.recording.clone()).collect() };
        if !mine.is_empty() {
            self.forget_names(&mine).await?;
            self.0.catalogue.empty_the_log().await;
        }
        let removed: Vec<Option<Gone>> = stream::iter(mine).map(|gone| self.removed(gone)).buffer_unordered(AT_ONCE).collect().await;
        let removed: Vec<Gone> = removed.into_iter().flatten().collect();
        for gone in &removed {
            if !anew || !self.was_told(gone).await? {
                let data = json!({ "recording": gone.recording });
                self.0.events.tell(NewEvent { at, session: Some(gone.session.clone()), kind: EventKind::RecordingDeleted, data });
            }
        }
        let ids: Vec<RecordingId> = removed.into_iter().map(|gone| gone.recording).collect();
        self.0.catalogue.end_deletions(&ids, at).await?;
        Ok(ids)
    }

    /// Names in what was told of sessions that have no recording any more.
    async fn forget_names(&self, gone: &[Gone]) -> Result<()> {
        let mut over = Vec::new();
        for session in gone.iter().map(|gone| &gone.session).collect::<BTreeSet<_>>() {
            if self.0.catalogue.states_of(session).await?.is_empty() {
                over.push(session.clone());
            }
        }
        self.0.events.forget_names(&over).await
    }

    /// Whether an earlier run told of it, and died before it noted so.
    async fn was_told(&self, gone: &Gone) -> Result<bool> {
        let told = self.0.events.of_session(&gone.session, MOST_OF_A_SESSION).await?;
        let same = |row: &super::EventRow| {
            row.kind == EventKind::RecordingDeleted.as_str() && row.data["recording"].as_str() == Some(gone.recording.as_str())
        };
        Ok(told.iter().any(|row| same(row)))
    }

    async fn removed(&self, gone: Gone) -> Option<Gone> {
        match self.remove(&gone).await {
            Ok(()) => Some(gone),
            Err(error) => {
                tracing::warn!(recording = %gone.recording, error, "copies of a deleted recording could not be taken away; it is tried again");
                None
            }
        }
    }

    async fn remove(&self, gone: &Gone) -> std::result::Result<(), String> {
        for place in &self.0.elsewhere {
            place.remove(gone).await?;
        }
        let store = self.0.regions.of(gone.region);
        let keys = store.list(&format!("recordings/{}/", gone.recording)).await.map_err(|error| error.to_string())?;
        for key in keys {
            store.delete(&key).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

/// Frees what was under way, also where whoever did it was cut off.
struct UnderWay<'a> {
    parts: &'a Parts,
    recordings: Vec<RecordingId>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut under_way = self.parts.under_way.lock();
        for recording in &self.recordings {
            under_way.remove(recording);
        }
    }
}

impl Deleted {
    /// What became of the one recording that was asked for: whether no copy is left.
    ///
    /// # Errors
    /// Why it stays.
    pub fn of_one(&self) -> std::result::Result<bool, Kept> {
        match self.kept.first() {
            Some((_, why)) => Err(*why),
            None => Ok(self.left.is_empty()),
        }
    }
}
