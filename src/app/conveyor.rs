//! From the tape to the archive: starts rendering when a session begins, stores what is whole, keeps the catalogue true,
//! and lets a tape go only when everything of it is stored and read back.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::erasure::{Erasure, look_up};
use super::events::was_told;
use super::in_work::InWork;
use super::progress::Progress;
use super::putting_away::PuttingAway;
use super::render_pool::{Job, RenderNews, RenderPool};
use super::rows::{Rows, Standing};
use super::storing::{MANIFEST, store_files};
use super::tapes_left::done_mark;
use super::ways::Ways;
use crate::archive::seal::Sealer;
use crate::archive::{EventLog, NewEvent, now};
use crate::ingest::MediaClock;
use crate::model::event::TapeEvent;
use crate::model::event_kind::EventKind;
use crate::model::gate::DiscardReason;
use crate::model::id::{ParticipantId, RecordingId, SessionId};
use crate::model::settings::Kind;
use crate::render::{RenderError, RenderedOutput};
use crate::session::{Notice, SessionNotice};
use crate::share::external::External;
use crate::tape::Spool;

/// How often a failed rendering is begun again before a person has to look.
const TRIES: u32 = 3;
/// The first wait before a rendering that found no room is begun again; doubled with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait for room.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// Between two tries to keep what a catalogue did not take.
const AWAY_WAIT: Duration = Duration::from_secs(1);

/// What has come is handled so much at once, and kept in the catalogue by one write.
const BATCH: usize = 512;

/// What the conveyor works with.
pub struct Conveyor {
    /// Tapes.
    pub spool: Spool,
    /// Rows of recordings.
    pub rows: Rows,
    /// The stores by region, and the way into each, which survives restarts.
    pub ways: Ways,
    /// Copies that are shared with people outside.
    pub external: External,
    /// Rendering threads.
    pub pool: Arc<RenderPool>,
    /// Where rendered files lie until they are stored, and who may read them.
    pub work: InWork,
    /// Tapes outlive their recordings by this much.
    pub keep_tape: Duration,
    /// What is told of recordings.
    pub events: mpsc::UnboundedSender<NewEvent>,
    /// What was told.
    pub told: EventLog,
    /// Opens tapes.
    pub master_key: PathBuf,
    /// Signs manifests.
    pub sealer: Arc<Sealer>,
    /// Erasures that an earlier run may not have brought to its end.
    pub left: Vec<Erasure>,
    /// What is under way.
    pub sessions: HashMap<SessionId, Progress>,
    /// How often rows were kept so far.
    pub kept: watch::Sender<u64>,
    /// Told once the catalogue says the same.
    pub to_tell: Vec<NewEvent>,
    /// Sessions whose tapes and folders of files go once the catalogue knows all of their recordings.
    pub to_leave: Vec<(SessionId, Vec<PathBuf>)>,
    /// Putting away waits for the disk, and nobody waits for it.
    pub putting_away: PuttingAway,
}

/// Where the conveyor hears of work that others do for it.
#[derive(Clone)]
struct Back {
    done: mpsc::UnboundedSender<Done>,
    away: mpsc::UnboundedSender<SessionId>,
    again: mpsc::UnboundedSender<SessionId>,
}

/// What came of work that was going on beside.
enum Done {
    /// An output was stored, or could not be; with the number in [`Progress::storing`].
    Stored(SessionId, u64, Result<(), String>, Box<RenderedOutput>),
    /// What became of recordings that somebody is being taken out of.
    LookedUp(SessionId, Vec<(RecordingId, Standing)>),
    /// No copy of a participant's media is left.
    Erased(Erasure),
}

impl Conveyor {
    /// Runs until both senders are gone and everything is stored, or until told to stop.
    pub async fn run(
        mut self,
        mut notices: mpsc::UnboundedReceiver<SessionNotice>,
        mut news: mpsc::UnboundedReceiver<RenderNews>,
        mut asked: mpsc::UnboundedReceiver<SessionId>,
        stop: CancellationToken,
        idle: watch::Sender<usize>,
    ) {
        let (done_sender, mut done_work) = mpsc::unbounded_channel::<Done>();
        let (away_sender, mut away) = mpsc::unbounded_channel::<SessionId>();
        let (again_sender, mut again) = mpsc::unbounded_channel::<SessionId>();
        let back = Back { done: done_sender, away: away_sender, again: again_sender };
        for erasure in std::mem::take(&mut self.left) {
            self.begin_erasure(erasure, &back);
        }
        let (mut heard, mut made, mut done, mut gone, mut waited) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut is_kept, mut next_try) = (self.keep().await, Instant::now() + AWAY_WAIT);
        loop {
            idle.send_replace(self.sessions.len());
            tokio::select! {
                count = notices.recv_many(&mut heard, BATCH), if !notices.is_closed() || !notices.is_empty() => if count == 0 { continue },
                count = news.recv_many(&mut made, BATCH), if !news.is_closed() || !news.is_empty() => if count == 0 { continue },
                _ = done_work.recv_many(&mut done, BATCH) => {}
                _ = away.recv_many(&mut gone, BATCH) => {}
                Some(session) = asked.recv() => self.make_again(&session, &back).await,
                _ = again.recv_many(&mut waited, BATCH) => {}
                () = tokio::time::sleep_until(next_try), if !is_kept => {}
                () = stop.cancelled() => return,
            }
            // What else has come by now goes into the same write.
            while heard.len() < BATCH
                && let Ok(notice) = notices.try_recv()
            {
                heard.push(notice);
            }
            while made.len() < BATCH
                && let Ok(told) = news.try_recv()
            {
                made.push(told);
            }
            heard.drain(..).for_each(|notice| self.on_notice(&notice, &back));
            made.drain(..).for_each(|told| self.on_news(told, &back));
            done.drain(..).for_each(|work| self.on_done(work, &back));
            gone.drain(..).for_each(|session| {
                self.sessions.remove(&session);
            });
            waited.drain(..).for_each(|session| self.there_may_be_room(&session));
            self.putting_away.finishing(self.sessions.values().filter(|progress| progress.is_finishing()).count());
            if !is_kept && Instant::now() < next_try {
                continue;
            }
            is_kept = self.keep().await;
            if !is_kept {
                next_try = Instant::now() + AWAY_WAIT;
                continue;
            }
            for event in std::mem::take(&mut self.to_tell) {
                if !event.session.as_ref().is_some_and(|session| self.is_refused(session)) {
                    let _ = self.events.send(event);
                }
            }
            for (session, folders) in std::mem::take(&mut self.to_leave) {
                if self.is_refused(&session) {
                    tracing::error!(%session, "the catalogue refused rows of it; the tape stays, and is tried again at the next start");
                    self.sessions.remove(&session);
                } else {
                    self.put_away(session, folders, &back);
                }
            }
        }
    }

    async fn keep(&mut self) -> bool {
        let kept = self.rows.keep().await;
        for session in &kept.refused {
            if let Some(progress) = self.sessions.get_mut(session) {
                progress.refused = true;
            }
        }
        if kept.is_through {
            self.kept.send_modify(|times| *times += 1);
        }
        kept.is_through
    }

    /// What the catalogue does not have is told to nobody, and its tape is all that is left of it.
    fn is_refused(&self, session: &SessionId) -> bool {
        self.sessions.get(session).is_some_and(|progress| progress.refused)
    }

    fn on_notice(&mut self, notice: &SessionNotice, back: &Back) {
        self.rows.follow(notice);
        match &notice.what {
            Notice::Tape(event) => match &**event {
                TapeEvent::SessionOpened(opened) => {
                    let pictures = opened.settings.kind == Kind::Room;
                    let clock = Some(notice.clock);
                    self.sessions.insert(notice.session.clone(), Progress { pictures, clock, ..Progress::default() });
                    self.follow(&notice.session, clock, pictures);
                }
                TapeEvent::OutputEnded { .. } => self.pool.ending(&notice.session, notice.at),
                TapeEvent::Erased { participant } => self.erase(&notice.session, participant, back),
                _ => {}
            },
            Notice::Closed => {
                let Some(progress) = self.sessions.get_mut(&notice.session) else { return };
                progress.closed = true;
                // What was missing while it lived may be there now: everything gets a last try.
                let unstored = std::mem::take(&mut progress.unstored);
                progress.waiting.extend(unstored);
                match (progress.waits_for_room, std::mem::take(&mut progress.gave_up)) {
                    // Rendered anew in a while, and to its end.
                    (true, _) => {}
                    (false, true) => {
                        progress.failures = TRIES - 1;
                        self.begin_again(&notice.session);
                    }
                    (false, false) => self.pool.finish(&notice.session),
                }
                self.send_off(&notice.session, back);
            }
        }
    }

    fn on_done(&mut self, work: Done, back: &Back) {
        match work {
            Done::Stored(session, number, result, output) => self.on_stored(&session, number, result, *output, back),
            Done::LookedUp(session, found) => {
                for (recording, standing) in found {
                    match (standing, self.sessions.get_mut(&session)) {
                        (Standing::There(labels), _) => self.rows.erasing(&recording, labels),
                        (Standing::Deleted, Some(progress)) => {
                            progress.deleted.insert(recording);
                        }
                        (Standing::Deleted, None) => {}
                    }
                }
            }
            Done::Erased(erasure) => self.on_erased(&erasure, back),
        }
    }

    /// A participant's media go from everything that was made of the session so far.
    fn erase(&mut self, session: &SessionId, participant: &ParticipantId, back: &Back) {
        // What they wrote goes as well, whether or not they were let into any recording.
        self.rows.erase_chat(session, participant);
        let recordings = self.withhold(session, participant);
        if recordings.is_empty() {
            return;
        }
        let (mut stopped, mut rendered_gone) = (Vec::new(), None);
        if let Some(progress) = self.sessions.get_mut(session) {
            progress.erasures += 1;
            progress.erasing += 1;
            // Whoever was rendering found its files gone.
            progress.failures = 0;
            progress.waiting.clear();
            progress.settled.clear();
            for (recording, (_, upload)) in std::mem::take(&mut progress.storing) {
                upload.abort();
                stopped.push((recording, upload));
            }
            rendered_gone = Some(self.pool.erase(session, participant));
        }
        let erasure = Erasure { session: session.clone(), participant: participant.clone(), recordings, stopped, rendered_gone };
        self.begin_erasure(erasure, back);
    }

    /// Nobody may read what somebody was let into, and its files go, where that was not done when they declined. Answers the recordings in their order.
    pub(super) fn withhold(&self, session: &SessionId, participant: &ParticipantId) -> Vec<RecordingId> {
        let held = self.work.withhold_all_of(session, participant);
        self.rows.recordings(session).into_iter().map(|(_, recording)| recording).filter(|recording| held.contains(recording)).collect()
    }

    fn begin_erasure(&self, mut erasure: Erasure, back: &Back) {
        let (store, uploads) = self.ways.of(self.rows.region(&erasure.session));
        let (store, uploads, work, done) = (store.clone(), uploads.clone(), self.work.clone(), back.done.clone());
        let (catalogue, external, mut kept) = (self.rows.catalogue(), self.external.clone(), self.kept.subscribe());
        let before = *kept.borrow();
        tokio::spawn(async move {
            let (session, recordings) = (erasure.session.clone(), erasure.recordings.clone());
            // Copies need not wait for the catalogue.
            let looked_up = async {
                // A recording that began a moment ago is not in it before the next time: nobody has deleted that.
                let _ = kept.wait_for(|times| *times > before).await;
                let _ = done.send(Done::LookedUp(session, look_up(&recordings, &catalogue).await));
            };
            tokio::join!(looked_up, erasure.carry_out(&store, &external, &uploads, &work));
            let _ = done.send(Done::Erased(erasure));
        });
    }

    fn on_erased(&mut self, erasure: &Erasure, back: &Back) {
        let session = &erasure.session;
        erasure.recordings.iter().for_each(|recording| self.work.release(recording, &erasure.participant));
        let mut is_news = false;
        for recording in &erasure.recordings {
            let data = json!({ "recording": recording, "participant": erasure.participant });
            is_news |= self.tell(session, EventKind::RecordingErased, data);
        }
        if is_news {
            self.rows.erased(session, &erasure.participant, &erasure.recordings, now());
        }
        let Some(progress) = self.sessions.get_mut(session) else { return };
        progress.erasing = progress.erasing.saturating_sub(1);
        self.send_off(session, back);
        self.let_go_if_done(session);
    }

    /// Somebody wants the recordings of a session tried again that could not be made.
    async fn make_again(&mut self, session: &SessionId, back: &Back) {
        if self.sessions.contains_key(session) {
            return;
        }
        // Nobody else is to wait for a catalogue that is away.
        if let Err(error) = self.rows.catalogue().deleted_of(session).await
            && error.is_passing()
        {
            tracing::error!(%session, %error, "recordings of a tape cannot be made now; the tape stays, and the next start makes them");
            return;
        }
        let dir = self.spool.folder(session);
        self.take_up(session, &dir).await;
        for erasure in std::mem::take(&mut self.left) {
            self.begin_erasure(erasure, back);
        }
    }

    pub(super) fn follow(&self, session: &SessionId, clock: Option<MediaClock>, pictures: bool) {
        let erasures = self.sessions.get(session).map_or(0, |progress| progress.erasures);
        let (tape, watermark) = (self.spool.folder(session), self.spool.watermark(session));
        self.pool.follow(Job { session: session.clone(), tape, clock, watermark, pictures, erasures });
    }

    fn on_news(&mut self, news: RenderNews, back: &Back) {
        match news {
            RenderNews::Output(session, output, erasures) => {
                let Some(progress) = self.sessions.get_mut(&session) else { return };
                // What is stored is rendered anew where something else of the session was to be.
                let is_stored = output.discarded.is_none() && progress.settled.contains(&output.output);
                if progress.erasures == erasures && !progress.deleted.contains(&output.recording) && !is_stored {
                    // What was rendered anew stands in the place of what waits.
                    progress.waiting.retain(|waiting| waiting.recording != output.recording);
                    progress.vanished.remove(&output.recording);
                    progress.waiting.push(output);
                    self.send_off(&session, back);
                }
            }
            RenderNews::Finished(session) => {
                if let Some(missing) = self.came_to_nothing(&session) {
                    return self.on_failed(&session, &RenderError::Nothing(missing), back);
                }
                if let Some(progress) = self.sessions.get_mut(&session) {
                    progress.rendered = true;
                }
                self.let_go_if_done(&session);
            }
            RenderNews::Failed(session, error) => self.on_failed(&session, &error, back),
        }
    }

    fn on_failed(&mut self, session: &SessionId, error: &RenderError, back: &Back) {
        let Some(progress) = self.sessions.get_mut(session) else { return };
        if error.wants_room() {
            let wait = (FIRST_WAIT * 2u32.saturating_pow(progress.waits)).min(LONGEST_WAIT);
            progress.waits += 1;
            progress.waits_for_room = true;
            tracing::error!(%session, %error, wait_s = wait.as_secs(), "no room for rendering: the tape stays, and is rendered again after a while");
            let (again, session) = (back.again.clone(), session.clone());
            tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                let _ = again.send(session);
            });
            return;
        }
        tracing::error!(%session, %error, "rendering failed; the tape stays");
        progress.failures += 1;
        if progress.failures < TRIES {
            self.begin_again(session);
        } else {
            for recording in self.rows.fail(session, &error.to_string()) {
                self.tell(session, EventKind::RecordingFailed, json!({ "recording": recording, "reason": error.to_string() }));
            }
            self.give_up(session);
        }
    }

    /// Nothing more is done for a session that is over; one that lives is rendered once more at its end.
    fn give_up(&mut self, session: &SessionId) {
        match self.sessions.get_mut(session) {
            Some(progress) if !progress.closed => progress.gave_up = true,
            _ => {
                self.sessions.remove(session);
            }
        }
    }

    /// A recording of which a rendering that is through said nothing: its tape must not go.
    fn came_to_nothing(&self, session: &SessionId) -> Option<RecordingId> {
        let progress = self.sessions.get(session)?;
        let unknown = self.rows.recordings(session).into_iter().find(|(output, recording)| !progress.knows(output, recording));
        unknown.map(|(_, recording)| recording)
    }

    fn there_may_be_room(&mut self, session: &SessionId) {
        let Some(progress) = self.sessions.get_mut(session) else { return };
        progress.waits_for_room = false;
        if !progress.rendered && !progress.leaving {
            self.begin_again(session);
        }
    }

    /// Renders a tape from its start once more.
    fn begin_again(&mut self, session: &SessionId) {
        let Some(progress) = self.sessions.get(session) else { return };
        let (clock, closed, pictures) = (progress.clock, progress.closed, progress.pictures);
        self.follow(session, clock.filter(|_| !closed), pictures);
        if closed {
            self.pool.finish(session);
        }
    }

    /// Stores what may be stored now, and takes out of the store what may go.
    fn send_off(&mut self, session: &SessionId, back: &Back) {
        while let Some(progress) = self.sessions.get_mut(session) {
            let Some(next) = progress.waiting.iter().position(|output| progress.may_go(output)) else { return };
            let output = progress.waiting.remove(next);
            self.store_output(session.clone(), output, back.done.clone());
        }
    }

    fn store_output(&mut self, session: SessionId, output: Box<RenderedOutput>, done: mpsc::UnboundedSender<Done>) {
        if output.discarded.is_none() {
            self.rows.processing(&output.recording);
            self.tell(&session, EventKind::RecordingProcessing, json!({ "recording": output.recording, "output": output.output }));
        }
        let (store, uploads) = self.ways.of(self.rows.region(&session));
        let (uploads, store, sealer) = (uploads.clone(), store.clone(), self.sealer.clone());
        let Some(progress) = self.sessions.get_mut(&session) else { return };
        progress.stores += 1;
        let (number, recording) = (progress.stores, output.recording.clone());
        // A later rendering of the same output (a receipt that is replaced) stands instead of an earlier one that is still on its way.
        let earlier = progress.storing.remove(&recording);
        let task = tokio::spawn(async move {
            if let Some((_, earlier)) = earlier {
                earlier.abort();
                let _ = earlier.await;
            }
            let result = store_files(&uploads, &store, &sealer, &output).await.map_err(|error| format!("{error:#}"));
            let _ = done.send(Done::Stored(session, number, result, output));
        });
        progress.storing.insert(recording, (number, task));
    }

    fn on_stored(&mut self, session: &SessionId, number: u64, result: Result<(), String>, output: RenderedOutput, back: &Back) {
        let recording = output.recording.clone();
        let Some(progress) = self.sessions.get_mut(session) else { return };
        if progress.storing.get(&recording).is_none_or(|(present, _)| *present != number) {
            return;
        }
        if let (Err(error), None, false) = (&result, output.discarded, output.dir.join(MANIFEST).exists()) {
            tracing::debug!(%session, error, "files were gone before they were stored: discarded, or made anew");
            progress.storing.remove(&recording);
            if !progress.deleted.contains(&recording) {
                progress.vanished.insert(recording);
            }
            return self.let_go_if_done(session);
        }
        let live = !progress.closed;
        if let Err(error) = result {
            tracing::error!(%session, %error, "storing failed; the tape stays");
            self.rows.failed(&recording, &error);
            self.tell(session, EventKind::RecordingFailed, json!({ "recording": recording, "reason": error }));
            match self.sessions.get_mut(session) {
                Some(progress) if live => {
                    progress.storing.remove(&recording);
                    progress.unstored.push(Box::new(output));
                }
                _ => {
                    self.sessions.remove(session);
                }
            }
            return;
        }
        match (output.discarded, output.manifest) {
            (Some(reason), _) => {
                let news = self.rows.discarded(&recording, reason);
                // Of what the policy finds at the session's end its own event tells; that nothing was left to render nobody knew before.
                let is_of_policy = !matches!(reason, DiscardReason::Replaced | DiscardReason::TooShort);
                if (news && !is_of_policy) || (live && reason == DiscardReason::Declined) {
                    let data = json!({ "output": output.output, "reason": reason, "recording": recording });
                    self.tell(session, EventKind::RecordingDiscarded, data);
                }
            }
            (None, Some(manifest)) => {
                let duration_ms = manifest.duration_ms;
                self.rows.ready(&recording, manifest);
                self.tell(
                    session,
                    EventKind::RecordingReady,
                    json!({ "recording": recording, "output": output.output, "duration_ms": duration_ms }),
                );
            }
            (None, None) => tracing::error!(%session, "an output came without a manifest"),
        }
        if let Some(progress) = self.sessions.get_mut(session) {
            progress.storing.remove(&recording);
            progress.settled.insert(output.output);
        }
        self.send_off(session, back);
        self.let_go_if_done(session);
    }

    /// Nothing is left to be done for a session but putting away, once the catalogue knows it.
    fn let_go_if_done(&mut self, session: &SessionId) {
        let Some(progress) = self.sessions.get_mut(session).filter(|progress| progress.is_through()) else { return };
        progress.leaving = true;
        let recordings = self.rows.forget(session);
        recordings.iter().for_each(|recording| self.work.end(recording));
        self.work.over(session);
        let folders = recordings.iter().map(|recording| self.work.folder(recording)).collect();
        self.to_leave.push((session.clone(), folders));
    }

    /// The tape and the local files go; the session counts as under way until they are gone, so that a node that stops leaves nothing to be done again.
    fn put_away(&self, session: SessionId, folders: Vec<PathBuf>, back: &Back) {
        let (spool, keep, putting_away, away) =
            (self.spool.clone(), !self.keep_tape.is_zero(), self.putting_away.clone(), back.away.clone());
        tokio::spawn(async move {
            let leaving = session.clone();
            let put_away = putting_away.later(move || {
                for folder in folders {
                    let _ = std::fs::remove_dir_all(folder);
                }
                if keep {
                    std::fs::write(done_mark(&spool.folder(&leaving)), b"").map_err(|e| e.to_string())
                } else {
                    spool.remove(&leaving).map_err(|e| e.to_string())
                }
            });
            if let Err(error) = put_away.await {
                tracing::warn!(%session, error, "a tape that is no longer needed could not be put away");
            }
            let _ = away.send(session);
        });
    }

    /// Tells an event, unless an earlier run has: whether it did.
    fn tell(&mut self, session: &SessionId, kind: EventKind, data: serde_json::Value) -> bool {
        if self.sessions.get(session).is_some_and(|progress| was_told(&progress.told, kind, &data)) {
            return false;
        }
        self.to_tell.push(NewEvent { at: now(), session: Some(session.clone()), kind, data });
        true
    }
}
