//! One session's tape becoming the files of its outputs.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::RenderError;
use super::files;
use super::pass::{Again, Foreknown, Pass};
use super::settings::RenderSettings;
use crate::model::consent::Ledger;
use crate::model::event::TapeEvent;
use crate::model::gate::DiscardReason;
use crate::model::id::{OutputKey, ParticipantId, RecordingId};
use crate::model::manifest::Manifest;
use crate::model::time::MediaTime;
use crate::tape::{Body, Record, Spot, TapeError, TapeReader};

/// Where records come from: a tape, or a test's own list.
pub trait Records: Send + fmt::Debug {
    /// The next record; `None` where there is none yet.
    ///
    /// # Errors
    /// Where the disk fails.
    fn next(&mut self) -> Result<Option<Record>, TapeError>;

    /// Where the record stands that `next` gave last; `None` where it cannot be read again.
    fn spot(&self) -> Option<Spot> {
        None
    }

    /// The record at a spot once more; `None` where it has been erased since.
    ///
    /// # Errors
    /// Where the disk fails, or it is not there any longer.
    fn again(&mut self, _spot: Spot) -> Result<Option<Record>, TapeError> {
        Ok(None)
    }

    /// Nothing will be asked for a while: no memory need be held.
    fn rest(&mut self) {}
}

impl Records for TapeReader {
    fn next(&mut self) -> Result<Option<Record>, TapeError> {
        Self::next(self)
    }

    fn spot(&self) -> Option<Spot> {
        Self::spot(self)
    }

    fn again(&mut self, spot: Spot) -> Result<Option<Record>, TapeError> {
        Self::again(self, spot)
    }

    fn rest(&mut self) {
        Self::rest(self);
    }
}

/// Begins to read from the first record again.
pub type Rewind = Box<dyn Fn() -> Result<Box<dyn Records>, TapeError> + Send>;

/// An output whose files are whole, checked (read back, decoded by Symphonia) and hashed.
#[derive(Clone, Debug)]
pub struct RenderedOutput {
    /// Its recording.
    pub recording: RecordingId,
    /// Which output.
    pub output: OutputKey,
    /// Not kept, and why: `dir` holds nothing then, but for a receipt that was replaced, which stands until its successor is stored.
    pub discarded: Option<DiscardReason>,
    /// Holds the files by their names of surface.md (`recording.mp4`, `hls/index.m3u8`, …), and below `.live` what is of no use any more.
    pub dir: PathBuf,
    /// What it is; also at `manifest.json` in `dir`.
    pub manifest: Option<Manifest>,
}

impl RenderedOutput {
    /// Takes away what only those needed who watched it grow.
    pub fn nobody_watches(&self) {
        let _ = fs::remove_dir_all(self.dir.join(files::LIVE));
    }
}

/// Follows one tape. Not `async`: drivers run it on a thread of their own.
pub struct SessionRender {
    rewind: Rewind,
    out: PathBuf,
    settings: RenderSettings,
    known: Foreknown,
    pass: Pass,
    /// Whose erasure was told and has not been found on the tape yet: what the tape says up to there is learnt before anything is rendered.
    awaited: BTreeSet<ParticipantId>,
}

impl fmt::Debug for SessionRender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRender").field("out", &self.out).field("pass", &self.pass).finish_non_exhaustive()
    }
}

impl SessionRender {
    /// Begins with a tape's folder; files go to `out/<recording>/`.
    ///
    /// # Errors
    /// Where the tape cannot be read or the folder not be made.
    pub fn open(tape: &Path, master_key: &Path, out: &Path, settings: RenderSettings) -> Result<Self, RenderError> {
        let (tape, master_key) = (tape.to_owned(), master_key.to_owned());
        Self::of(Box::new(move || Ok(Box::new(TapeReader::open(&tape, &master_key)?) as Box<dyn Records>)), out, settings)
    }

    /// Begins with records from anywhere.
    ///
    /// # Errors
    /// Where they cannot be read or the folder not be made.
    pub fn of(rewind: Rewind, out: &Path, settings: RenderSettings) -> Result<Self, RenderError> {
        // FFmpeg's encoder chatters at every closing.
        ffmpeg_next::util::log::set_level(ffmpeg_next::util::log::Level::Error);
        fs::create_dir_all(out).map_err(RenderError::io(out))?;
        let pass = Pass::new(rewind()?, out.to_owned(), settings.clone(), Foreknown::default());
        Ok(Self { rewind, out: out.to_owned(), settings, known: Foreknown::default(), pass, awaited: BTreeSet::new() })
    }

    /// Reads what the tape has grown by and renders up to a couple of seconds before `now`; sound is written in bursts of four seconds.
    /// Answers the outputs that became whole by it (they ended, or were rendered anew after an erasure).
    ///
    /// # Errors
    /// A failed rendering: the caller may begin again from the start.
    pub fn advance(&mut self, now: MediaTime) -> Result<Vec<RenderedOutput>, RenderError> {
        if !self.has_learnt()? {
            return Ok(Vec::new());
        }
        while let Some(again) = self.pass.advance(now)? {
            self.begin_again(again)?;
        }
        Ok(self.pass.take_done())
    }

    /// An output ends at that session time: a little more than a second later `advance` makes it whole, without waiting for the next burst. What is
    /// written is the same without it.
    pub fn ending(&mut self, at: MediaTime) {
        self.pass.ending(at);
    }

    /// The session is over and its tape closed: renders the rest.
    ///
    /// # Errors
    /// As `advance`.
    pub fn finish(mut self) -> Result<Vec<RenderedOutput>, RenderError> {
        self.has_learnt()?;
        while let Some(again) = self.pass.finish()? {
            self.begin_again(again)?;
        }
        Ok(self.pass.take_done())
    }

    /// Somebody was erased just now, and was in what is recorded: every rendered file is gone when this returns, and rendering begins anew without them.
    ///
    /// # Errors
    /// Where files cannot be removed or the tape not be read.
    pub fn erase(&mut self, participant: &ParticipantId) -> Result<(), RenderError> {
        self.awaited.insert(participant.clone());
        self.begin_again(Again::Without(participant.clone()))
    }

    /// Reads the tape for who was asked and answered what, up to the last erasure that is awaited, so that recordings that ended before say so.
    fn has_learnt(&mut self) -> Result<bool, RenderError> {
        if self.awaited.is_empty() {
            return Ok(true);
        }
        let (mut records, mut ledger, mut began) = ((self.rewind)()?, Ledger::default(), None);
        let mut missing = self.awaited.clone();
        while let Some(record) = records.next()? {
            let Body::Event(event) = &record.body else { continue };
            if let TapeEvent::SessionOpened(opened) = event {
                began = Some(opened.started_at);
            }
            if let Some(began) = began {
                ledger.note(record.at, began, event);
            }
            if let TapeEvent::Erased { participant } = event
                && missing.remove(participant)
                && missing.is_empty()
            {
                self.awaited.clear();
                self.known.consents = ledger;
                self.pass.know(&self.known);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Outputs that grow now: `(recording, output, milliseconds rendered, folder)`. Their `recording.mp4` and live playlist can be played.
    #[must_use]
    pub fn growing(&self) -> Vec<(RecordingId, OutputKey, u64, PathBuf)> {
        self.pass.growing()
    }

    /// Everything that was written may hold what must not be in it, or lack what must: it goes, and rendering begins anew.
    fn begin_again(&mut self, again: Again) -> Result<(), RenderError> {
        self.known.consents = self.pass.consents().clone();
        match again {
            Again::Without(participant) => {
                self.known.erased.insert(participant);
            }
            Again::WithPictures(later) => self.known.pictures.push(later),
        }
        let folders = self.pass.folders();
        // The old pass goes first: what it holds open, a composing process included, writes nothing any more.
        self.pass = Pass::new((self.rewind)()?, self.out.clone(), self.settings.clone(), self.known.clone());
        for dir in folders {
            if dir.exists() {
                fs::remove_dir_all(&dir).map_err(RenderError::io(&dir))?;
            }
        }
        Ok(())
    }
}
