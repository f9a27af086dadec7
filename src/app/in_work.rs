//! Recordings of sessions that are not over: where they lie, who was let into them, and whether they may be read.
//!
//! A decline is heard of here under its session's lock, before it is answered: readers are cut off, the rendered files go, and the copies in the store
//! begin to. Nothing of it waits for a renderer, a database or a queue.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::erasure::empty;
use crate::api::FilesInWork;
use crate::model::event::TapeEvent;
use crate::model::gate::Gate;
use crate::model::id::{OutputKey, ParticipantId, RecordingId, SessionId};
use crate::model::region::Region;
use crate::session::{Notice, SessionNotice};
use crate::store::Regions;

/// Where recordings of sessions lie that are not over, and which of them may not be read just now. Clones share it.
#[derive(Clone)]
pub struct InWork {
    out: PathBuf,
    regions: Regions,
    /// What need not be waited for goes on there.
    runtime: Handle,
    known: Arc<Mutex<HashMap<RecordingId, Known>>>,
    /// Where recordings of sessions lie that have a region.
    placed: Arc<Mutex<HashMap<SessionId, Region>>>,
}

struct Known {
    session: SessionId,
    output: OutputKey,
    /// Who was ever let in: only what holds somebody need be made anew without them.
    let_in: BTreeSet<ParticipantId>,
    /// Cancelled when what is being read of it may be read no more.
    reading: CancellationToken,
    /// Whose erasures are not through yet.
    withheld: BTreeSet<ParticipantId>,
    /// Its copies leaving the store.
    sweeps: Vec<JoinHandle<()>>,
}

impl InWork {
    /// With the folder in which recordings grow, and the stores in which they end.
    #[must_use]
    pub fn new(out: PathBuf, regions: Regions, runtime: Handle) -> Self {
        Self { out, regions, runtime, known: Arc::default(), placed: Arc::default() }
    }

    /// Where a recording grows.
    #[must_use]
    pub fn folder(&self, recording: &RecordingId) -> PathBuf {
        self.out.join(recording.as_str())
    }

    /// Follows a live session, before anything that happens in it is answered.
    pub fn follow(&self, notice: &SessionNotice) {
        let Notice::Tape(event) = &notice.what else { return };
        self.note(&notice.session, event);
        if let TapeEvent::Erased { participant } = &**event {
            self.withhold_all_of(&notice.session, participant);
        }
    }

    /// Notes which recordings a session has, and who is let into them.
    pub fn note(&self, session: &SessionId, event: &TapeEvent) {
        match event {
            TapeEvent::SessionOpened(opened) => {
                if let Some(region) = opened.settings.region {
                    self.placed.lock().insert(session.clone(), region);
                }
            }
            TapeEvent::OutputStarted { output, recording } => {
                let known = Known {
                    session: session.clone(),
                    output: output.clone(),
                    let_in: BTreeSet::new(),
                    reading: CancellationToken::new(),
                    withheld: BTreeSet::new(),
                    sweeps: Vec::new(),
                };
                self.known.lock().entry(recording.clone()).or_insert(known);
            }
            TapeEvent::Gate { output, participant, gate } if *gate != Gate::Closed => {
                let mut known = self.known.lock();
                for known in known.values_mut().filter(|known| known.session == *session && known.output == *output) {
                    known.let_in.insert(participant.clone());
                }
            }
            _ => {}
        }
    }

    /// Nothing of it can be erased any more: its session is over and stored.
    pub fn end(&self, recording: &RecordingId) {
        self.known.lock().remove(recording);
    }

    /// Nothing more of a session is to be placed.
    pub fn over(&self, session: &SessionId) {
        self.placed.lock().remove(session);
    }

    /// Cuts off every reader of a session's recordings that somebody was let into, lets no new one in until [`Self::release`], and takes their files away.
    /// Answers which they are. A second time nothing happens.
    pub fn withhold_all_of(&self, session: &SessionId, participant: &ParticipantId) -> BTreeSet<RecordingId> {
        let mut held = BTreeSet::new();
        let mut first = Vec::new();
        let mut all = self.known.lock();
        for (recording, known) in all.iter_mut().filter(|(_, known)| known.session == *session && known.let_in.contains(participant)) {
            held.insert(recording.clone());
            if known.withheld.insert(participant.clone()) {
                std::mem::take(&mut known.reading).cancel();
                first.push(recording.clone());
            }
        }
        drop(all);
        let region = self.placed.lock().get(session).copied();
        for recording in first {
            // Whoever is rendering into the folder fails, or is told next, and begins anew without them: the files that are whole go now.
            let folder = self.folder(&recording);
            if let Err(error) = std::fs::remove_dir_all(&folder)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%recording, %error, "rendered files that hold what was declined could not be removed at once; it is tried again");
            }
            let (store, swept) = (self.regions.of(region).clone(), recording.clone());
            let sweep = self.runtime.spawn(async move {
                if let Err(error) = empty(&store, &swept).await {
                    tracing::debug!(recording = %swept, %error, "the store is away");
                }
            });
            if let Some(known) = self.known.lock().get_mut(&recording) {
                known.sweeps.push(sweep);
            }
        }
        held
    }

    /// What is leaving the store of a recording: whoever stores it anew waits for that.
    pub fn sweeps(&self, recording: &RecordingId) -> Vec<JoinHandle<()>> {
        self.known.lock().get_mut(recording).map(|known| std::mem::take(&mut known.sweeps)).unwrap_or_default()
    }

    /// What was withheld for somebody is free of them.
    pub fn release(&self, recording: &RecordingId, participant: &ParticipantId) {
        if let Some(known) = self.known.lock().get_mut(recording) {
            known.withheld.remove(participant);
        }
    }
}

impl FilesInWork for InWork {
    fn dir(&self, recording: &RecordingId) -> Option<PathBuf> {
        let dir = self.folder(recording);
        dir.is_dir().then_some(dir)
    }

    fn reading(&self, recording: &RecordingId) -> Option<CancellationToken> {
        match self.known.lock().get(recording) {
            Some(known) if !known.withheld.is_empty() => None,
            Some(known) => Some(known.reading.clone()),
            None => Some(CancellationToken::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn readers_are_cut_and_kept_out_until_all_erasures_are_through() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = crate::store::open(&format!("folder:{}", folder.path().join("store").display())).await.expect("a folder is a store");
        let work = InWork::new(folder.path().join("render"), Regions::only(store), Handle::current());
        let (session, recording, other) = (SessionId::random(), RecordingId::random(), RecordingId::random());
        let (first, second) = (ParticipantId::random(), ParticipantId::random());
        work.note(&session, &TapeEvent::OutputStarted { output: OutputKey::Main(1), recording: recording.clone() });
        let receipt = OutputKey::Receipt { order: "O-1".into(), number: 1 };
        work.note(&session, &TapeEvent::OutputStarted { output: receipt, recording: other.clone() });
        for participant in [&first, &second] {
            let gate = TapeEvent::Gate { output: OutputKey::Main(1), participant: participant.clone(), gate: Gate::Open };
            work.note(&session, &gate);
        }
        let file = work.folder(&recording).join("hls/index.m3u8");
        let others = work.folder(&other).join("recording.mp4");
        for file in [&file, &others] {
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            std::fs::write(file, b"theirs").expect("written");
        }
        let before = work.reading(&recording).expect("may be read");

        assert_eq!(work.withhold_all_of(&session, &first), [recording.clone()].into());
        assert!(before.is_cancelled() && work.reading(&recording).is_none() && !work.folder(&recording).exists());
        assert!(others.exists() && work.reading(&other).is_some(), "they were never let into that one");
        assert_eq!(work.withhold_all_of(&session, &second).len(), 1);
        // Rendered anew meanwhile: a second hearing of the same decline takes nothing away.
        std::fs::create_dir_all(work.folder(&recording)).expect("made");
        assert_eq!(work.withhold_all_of(&session, &first).len(), 1);
        assert!(work.folder(&recording).exists());
        assert_eq!(work.sweeps(&recording).len(), 2);

        work.release(&recording, &first);
        assert!(work.reading(&recording).is_none(), "another erasure is not through");
        work.release(&recording, &second);
        assert!(!work.reading(&recording).expect("may be read").is_cancelled());
        work.end(&recording);
        assert!(work.reading(&recording).is_some() && work.withhold_all_of(&session, &first).is_empty());
    }
}
