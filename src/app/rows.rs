//! The catalogue's rows of sessions and recordings, kept in step with what happens: changes are gathered and kept together.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::archive::{ArchiveError, AuditAction, Catalogue, NewAudit, Recording, RecordingState, RowChange, SessionRow, Source, patiently};
use crate::model::event::{Party, SessionOpened, TapeEvent};
use crate::model::gate::DiscardReason;
use crate::model::id::{OutputKey, ParticipantId, RecordingId, SessionId};
use crate::model::manifest::Manifest;
use crate::model::region::Region;
use crate::model::time::WallClock;
use crate::session::{Notice, SessionNotice};

/// Changes of one write at most: after a day without a catalogue many wait, and each write has to be answered in time.
const AT_ONCE: usize = 512;

/// Keeps the rows of sessions that are live or being rendered.
pub struct Rows {
    catalogue: Catalogue,
    open: Mutex<HashMap<SessionId, Open>>,
    changes: Mutex<Vec<RowChange>>,
    /// The catalogue takes no changes.
    away: AtomicBool,
}

struct Open {
    opened: SessionOpened,
    parties: Vec<Party>,
    recordings: Vec<Recording>,
}

/// What became of changes that were to be kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    /// The catalogue knows all of them that it takes at all. Otherwise what is left waits for the next time.
    pub is_through: bool,
    /// It will never take something of these sessions as it is.
    pub refused: HashSet<SessionId>,
}

/// Whether somebody deleted a recording while its session was live.
#[derive(Debug)]
pub enum Standing {
    /// It is there; its labels, if they could be read.
    There(Option<Vec<String>>),
    /// It is gone, and is not to be made anew.
    Deleted,
}

impl Rows {
    /// With nothing going on.
    #[must_use]
    pub fn new(catalogue: Catalogue) -> Self {
        Self { catalogue, open: Mutex::default(), changes: Mutex::default(), away: AtomicBool::new(false) }
    }

    /// Keeps in the catalogue what has changed since the last time, many changes by one write. While it is away everything stays here, for the next time.
    pub async fn keep(&self) -> Kept {
        let mut changes = std::mem::take(&mut *self.changes.lock());
        // Of a recording that changed twice the last row says all.
        let mut seen = HashSet::new();
        changes.reverse();
        changes.retain(|change| !matches!(change, RowChange::Recording(row) if !seen.insert(row.id.clone())));
        changes.reverse();
        let mut refused = HashSet::new();
        while !changes.is_empty() {
            let next = changes.len().min(AT_ONCE);
            match self.catalogue.keep(&changes[..next]).await {
                Ok(()) => {}
                Err(error) if error.is_passing() => return self.later(changes, refused, &error),
                Err(_) => {
                    if let Err((kept, error)) = self.keep_each(&changes[..next], &mut refused).await {
                        return self.later(changes.split_off(kept), refused, &error);
                    }
                }
            }
            changes.drain(..next);
        }
        if self.away.swap(false, Ordering::Relaxed) {
            tracing::info!("the catalogue takes changes again");
        }
        Kept { is_through: true, refused }
    }

    /// One that cannot be kept must not take the others with it. Where the catalogue goes away meanwhile: how many it is through with by then.
    async fn keep_each(&self, changes: &[RowChange], refused: &mut HashSet<SessionId>) -> Result<(), (usize, ArchiveError)> {
        for (n, change) in changes.iter().enumerate() {
            let Err(error) = self.catalogue.keep(std::slice::from_ref(change)).await else { continue };
            if error.is_passing() {
                return Err((n, error));
            }
            let session = change.session();
            match change {
                RowChange::SessionBegan(_) => tracing::error!(%session, %error, "a session's row could not be kept"),
                RowChange::SessionEnded(..) => tracing::error!(%session, %error, "a session's end could not be kept"),
                RowChange::Recording(row) => tracing::error!(recording = %row.id, %error, "a recording's row could not be kept"),
                RowChange::ChatErased { .. } => {
                    tracing::error!(%session, %error, "the lines of a participant who declined could not be taken out of the chat log");
                }
                RowChange::Audited(..) => tracing::error!(%session, %error, "an erasure could not be noted in the audit log"),
            }
            if !is_of_no_project(&error) {
                refused.insert(session.clone());
            }
        }
        Ok(())
    }

    /// What could not be kept now goes before what comes.
    fn later(&self, changes: Vec<RowChange>, refused: HashSet<SessionId>, error: &ArchiveError) -> Kept {
        if !self.away.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "the catalogue takes no changes; they wait, and tapes with them");
        }
        self.changes.lock().splice(0..0, changes);
        Kept { is_through: false, refused }
    }

    fn note(&self, change: RowChange) {
        self.changes.lock().push(change);
    }

    /// Follows a live session.
    pub fn follow(&self, notice: &SessionNotice) {
        let Notice::Tape(event) = &notice.what else { return };
        match &**event {
            TapeEvent::SessionOpened(opened) => self.opened(opened),
            TapeEvent::OutputStarted { output, recording } => {
                let row = self.change(&notice.session, |open| {
                    let row = started(&open.opened, &open.parties, output, recording, notice);
                    // Mostly there is one, and a row is a kilobyte.
                    open.recordings.reserve_exact(1);
                    open.recordings.push(row.clone());
                    Some(row)
                });
                self.put(row);
            }
            TapeEvent::Joined { party, .. } => self.joined(&notice.session, party),
            TapeEvent::OutputEnded { output, ended_by } => {
                let row = self.change(&notice.session, |open| {
                    let row = open.recordings.iter_mut().find(|row| row.output == *output)?;
                    // What has failed is not on its way again by having ended.
                    if row.state != RecordingState::Failed {
                        row.state = RecordingState::Processing;
                    }
                    row.ended_at = Some(notice.wall);
                    row.ended_by = Some(*ended_by);
                    Some(row.clone())
                });
                self.put(row);
            }
            // The row says so once its files are gone, except that of a replaced receipt: it stands until its successor is stored.
            TapeEvent::Discarded { output, reason } if *reason != DiscardReason::Replaced => {
                self.change(&notice.session, |open| {
                    open.recordings.iter_mut().find(|row| row.output == *output)?.discarded = Some(*reason);
                    None
                });
            }
            TapeEvent::SessionEnded => self.note(RowChange::SessionEnded(notice.session.clone(), notice.wall)),
            _ => {}
        }
    }

    /// Somebody is a party of what is being recorded from now on.
    fn joined(&self, session: &SessionId, party: &Party) {
        let mut open = self.open.lock();
        let Some(Open { opened, parties, recordings }) = open.get_mut(session) else { return };
        parties.retain(|known| known.id != party.id);
        parties.reserve_exact(1);
        parties.push(party.clone());
        let rows: Vec<Recording> = recordings
            .iter_mut()
            .filter(|row| row.state == RecordingState::Recording)
            .map(|row| {
                row.describe(&opened.metadata, &*parties);
                row.clone()
            })
            .collect();
        drop(open);
        rows.into_iter().for_each(|row| self.put(Some(row)));
    }

    /// A session whose tape was found at the start.
    pub fn opened(&self, opened: &SessionOpened) {
        let row = SessionRow {
            id: opened.session.clone(),
            project: opened.project.clone(),
            kind: opened.settings.kind,
            external_id: opened.external_id.clone(),
            metadata: opened.metadata.clone(),
            started_at: opened.started_at,
            ended_at: None,
        };
        self.open.lock().insert(opened.session.clone(), Open { opened: opened.clone(), parties: Vec::new(), recordings: Vec::new() });
        self.note(RowChange::SessionBegan(Box::new(row)));
    }

    /// An output is whole and on its way into the store.
    pub fn processing(&self, recording: &RecordingId) {
        self.edit(recording, |row| {
            row.state = RecordingState::Processing;
            row.progress = 90;
        });
    }

    /// Where a session's recordings lie: fixed when it began.
    pub fn region(&self, session: &SessionId) -> Option<Region> {
        self.open.lock().get(session)?.opened.settings.region
    }

    /// Recordings of a session so far.
    pub fn recordings(&self, session: &SessionId) -> Vec<(OutputKey, RecordingId)> {
        let open = self.open.lock();
        open.get(session).map(|open| open.recordings.iter().map(|r| (r.output.clone(), r.id.clone())).collect()).unwrap_or_default()
    }

    /// Whether a recording is still there, and the labels that somebody gave it since.
    pub async fn labels(catalogue: &Catalogue, recording: &RecordingId) -> Standing {
        match patiently("whether a recording is still there", || catalogue.recording(recording)).await {
            Ok(row) => Standing::There(Some(row.labels)),
            Err(ArchiveError::NotFound { .. }) => Standing::Deleted,
            Err(_) => Standing::There(None),
        }
    }

    /// The catalogue that the rows are kept in.
    pub fn catalogue(&self) -> Catalogue {
        self.catalogue.clone()
    }

    /// Somebody's media are being taken out of it.
    pub fn erasing(&self, recording: &RecordingId, labels: Option<Vec<String>>) {
        self.edit(recording, |row| {
            if row.state == RecordingState::Ready {
                row.state = RecordingState::Processing;
                row.progress = 0;
            }
            row.manifest = None;
            row.forget_people();
            if let Some(labels) = labels {
                row.labels = labels;
            }
        });
    }

    /// Notes in the audit log who had their media erased, and from which recordings.
    pub fn erased(&self, session: &SessionId, participant: &ParticipantId, recordings: &[RecordingId], at: WallClock) {
        let entry = NewAudit {
            at,
            actor: format!("participant:{participant}"),
            action: AuditAction::Erase,
            subject: format!("session:{session}"),
            detail: serde_json::json!({ "participant": participant, "recordings": recordings }),
        };
        self.note(RowChange::Audited(session.clone(), Box::new(entry)));
    }

    /// What somebody wrote goes from the chat log.
    pub fn erase_chat(&self, session: &SessionId, participant: &ParticipantId) {
        self.note(RowChange::ChatErased { session: session.clone(), participant: participant.clone() });
    }

    /// An output is stored and was read back.
    pub fn ready(&self, recording: &RecordingId, manifest: Manifest) {
        self.edit(recording, |row| {
            row.state = RecordingState::Ready;
            row.progress = 100;
            row.failure = None;
            row.started_at = manifest.started_at;
            row.ended_at = Some(manifest.ended_at);
            row.ended_by = Some(manifest.ended_by);
            row.duration_ms = Some(manifest.duration_ms);
            row.take_manifest(manifest);
        });
    }

    /// An output is not kept. Says whether that is news: neither the policy had decided so nor was this said before.
    pub fn discarded(&self, recording: &RecordingId, reason: DiscardReason) -> bool {
        let mut news = false;
        self.edit(recording, |row| {
            news = row.discarded.is_none();
            row.state = RecordingState::Discarded;
            row.progress = 100;
            row.discarded = Some(reason);
            row.manifest = None;
            row.forget_people();
        });
        news
    }

    /// An output could not be made.
    pub fn failed(&self, recording: &RecordingId, why: &str) {
        self.edit(recording, |row| {
            row.state = RecordingState::Failed;
            row.failure = Some(why.to_owned());
        });
    }

    /// No output of the session could be made: which they are.
    pub fn fail(&self, session: &SessionId, why: &str) -> Vec<RecordingId> {
        let unfinished: Vec<RecordingId> = self
            .open
            .lock()
            .get(session)
            .map(|open| {
                open.recordings
                    .iter()
                    .filter(|r| matches!(r.state, RecordingState::Recording | RecordingState::Processing))
                    .map(|r| r.id.clone())
                    .collect()
            })
            .unwrap_or_default();
        for recording in &unfinished {
            self.failed(recording, why);
        }
        unfinished
    }

    /// Everything of the session is stored: its recordings.
    pub fn forget(&self, session: &SessionId) -> Vec<RecordingId> {
        self.open.lock().remove(session).map(|open| open.recordings.into_iter().map(|r| r.id).collect()).unwrap_or_default()
    }

    fn change(&self, session: &SessionId, change: impl FnOnce(&mut Open) -> Option<Recording>) -> Option<Recording> {
        self.open.lock().get_mut(session).and_then(change)
    }

    fn edit(&self, recording: &RecordingId, change: impl FnOnce(&mut Recording)) {
        let row = {
            let mut open = self.open.lock();
            let row = open.values_mut().flat_map(|open| open.recordings.iter_mut()).find(|row| row.id == *recording);
            row.map(|row| {
                change(row);
                row.clone()
            })
        };
        self.put(row);
    }

    fn put(&self, row: Option<Recording>) {
        if let Some(row) = row {
            self.note(RowChange::Recording(Box::new(row)));
        }
    }
}

fn started(opened: &SessionOpened, parties: &[Party], output: &OutputKey, recording: &RecordingId, notice: &SessionNotice) -> Recording {
    let (id, session, project) = (recording.clone(), opened.session.clone(), opened.project.clone());
    let begun = Recording::begun(id, session, output.clone(), project, opened.settings.kind, Source::Live, notice.wall);
    let mut row = Recording { external_id: opened.external_id.clone(), region: opened.settings.region, ..begun };
    row.describe(&opened.metadata, parties);
    row.describe_first(&opened.metadata);
    row
}

/// A project goes only where the catalogue knows of nothing in it; what comes later of such a one is nobody's.
fn is_of_no_project(error: &ArchiveError) -> bool {
    matches!(error, ArchiveError::Invalid { field, .. } if field == "project")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;
    use std::time::Instant;

    use super::*;
    use crate::archive::AuditFilter;
    use crate::archive::chats::{Chat, ChatLine};
    use crate::ingest::MediaClock;
    use crate::model::redact::Personal;
    use crate::model::settings::{Kind, QueueProperties, Settings};
    use crate::model::time::MediaTime;

    async fn catalogue_in(dir: &tempfile::TempDir) -> Catalogue {
        Catalogue::open(&format!("sqlite:{}", dir.path().join("c.db").display())).await.unwrap()
    }

    fn recording(project: &str, progress: u8) -> Recording {
        let (id, session, project) = (RecordingId::random(), SessionId::random(), project.parse().unwrap());
        Recording { progress, ..Recording::begun(id, session, OutputKey::Main(1), project, Kind::Call, Source::Live, WallClock(0)) }
    }

    #[tokio::test]
    async fn what_the_catalogue_will_never_take_is_said_and_takes_nothing_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let catalogue = catalogue_in(&dir).await;
        let rows = Rows::new(catalogue.clone());
        let [good, wrong, of_no_project] = [recording("default", 0), recording("default", 101), recording("gone", 0)];
        for row in [&wrong, &of_no_project, &good] {
            rows.put(Some(row.clone()));
        }
        assert_eq!(rows.keep().await, Kept { is_through: true, refused: [wrong.session.clone()].into() });
        assert!(catalogue.recording(&good.id).await.is_ok());
        assert_eq!(rows.keep().await, Kept { is_through: true, refused: HashSet::new() }, "once");
    }

    #[tokio::test]
    async fn a_decline_waits_for_the_catalogue_as_rows_do() {
        let dir = tempfile::tempdir().unwrap();
        let (session, who) = (SessionId::random(), "p1".parse::<ParticipantId>().unwrap());
        let away = Rows::new(catalogue_in(&dir).await);
        away.catalogue.close().await;
        away.erase_chat(&session, &who);
        away.erased(&session, &who, &[], WallClock(1));
        assert!(!away.keep().await.is_through);

        let back = Rows { catalogue: catalogue_in(&dir).await, ..away };
        let line = |participant: Option<&ParticipantId>| ChatLine {
            at: WallClock(0),
            from: Personal::new("someone"),
            text: Personal::new("hello"),
            participant: participant.cloned(),
            role: None,
            id: None,
        };
        let lines = vec![line(Some(&who)), line(None)];
        let (project, at) = ("default".parse().unwrap(), WallClock(0));
        let chat = Chat { session: session.clone(), project, started_at: at, put_at: at, lines };
        back.catalogue.put_chat(chat.clone()).await.unwrap();
        assert!(back.keep().await.is_through && back.keep().await.is_through);
        assert_eq!(back.catalogue.chat(&session).await.unwrap().lines, [line(None)]);
        assert_eq!(back.catalogue.put_chat(chat).await.unwrap().lines, [line(None)], "nor later");
        let noted = back.catalogue.audit_entries(&AuditFilter::default()).await.unwrap().items;
        assert_eq!(noted.iter().map(|entry| entry.subject.clone()).collect::<Vec<_>>(), [format!("session:{session}")]);
    }

    #[tokio::test]
    async fn that_an_output_is_not_kept_is_news_once_and_not_where_the_policy_said_so() {
        let dir = tempfile::tempdir().unwrap();
        let rows = Rows::new(catalogue_in(&dir).await);
        let opened = SessionOpened {
            session: SessionId::random(),
            project: "default".parse().unwrap(),
            started_at: WallClock(0),
            settings: Settings::resolve(Kind::Call, &[], QueueProperties::default()),
            external_id: None,
            metadata: std::collections::BTreeMap::default(),
        };
        let tell = |event: TapeEvent| {
            rows.follow(&SessionNotice {
                session: opened.session.clone(),
                project: opened.project.clone(),
                clock: MediaClock::starting(Instant::now()),
                at: MediaTime(0),
                wall: WallClock(0),
                what: Notice::Tape(Arc::new(event)),
            });
        };
        tell(TapeEvent::SessionOpened(Box::new(opened.clone())));
        let outputs = [1, 2, 3].map(|n| (OutputKey::Main(n), RecordingId::random()));
        for (output, recording) in &outputs {
            tell(TapeEvent::OutputStarted { output: output.clone(), recording: recording.clone() });
        }
        let [empty, short, replaced] = &outputs;
        tell(TapeEvent::Discarded { output: short.0.clone(), reason: DiscardReason::TooShort });
        tell(TapeEvent::Discarded { output: replaced.0.clone(), reason: DiscardReason::Replaced });
        assert!(rows.discarded(&empty.1, DiscardReason::TooShort), "nobody knew");
        assert!(!rows.discarded(&empty.1, DiscardReason::TooShort), "rendered anew, the same comes out");
        assert!(!rows.discarded(&short.1, DiscardReason::TooShort), "the policy said so");
        assert!(rows.discarded(&replaced.1, DiscardReason::Replaced), "only now that its successor is stored");
    }
}
