//! One session's tape becoming the files of its outputs.

use std::path::{Path, PathBuf};

use super::error::RenderError;
use super::settings::RenderSettings;
use crate::model::gate::DiscardReason;
use crate::model::id::{OutputKey, RecordingId};
use crate::model::manifest::Manifest;
use crate::model::time::MediaTime;

/// An output whose files are whole, checked (read back, decoded by Symphonia) and hashed.
#[derive(Clone, Debug)]
pub struct RenderedOutput {
    /// Its recording.
    pub recording: RecordingId,
    /// Which output.
    pub output: OutputKey,
    /// Not kept, and why: `dir` holds nothing then.
    pub discarded: Option<DiscardReason>,
    /// Holds the files by their names of surface.md (`recording.mp4`, `hls/index.m3u8`, …).
    pub dir: PathBuf,
    /// What it is; also at `manifest.json` in `dir`.
    pub manifest: Option<Manifest>,
}

/// Follows one tape. Not `async`: drivers run it on a thread of their own.
pub struct SessionRender {}

impl SessionRender {
    /// Begins with a tape's folder; files go to `out/<recording>/`.
    ///
    /// # Errors
    /// Where the tape cannot be read or the folder not be made.
    pub fn open(_tape: &Path, _master_key: &Path, _out: &Path, _settings: RenderSettings) -> Result<Self, RenderError> {
        todo!()
    }

    /// Reads what the tape has grown by and renders up to a couple of seconds before `now`.
    /// Answers the outputs that became whole by it (they ended, or were rendered anew after an erasure).
    ///
    /// # Errors
    /// A failed rendering: the caller may begin again from the start.
    pub fn advance(&mut self, _now: MediaTime) -> Result<Vec<RenderedOutput>, RenderError> {
        todo!()
    }

    /// The session is over and its tape closed: renders the rest.
    ///
    /// # Errors
    /// As `advance`.
    pub fn finish(self) -> Result<Vec<RenderedOutput>, RenderError> {
        todo!()
    }

    /// Outputs that grow now: `(recording, output, milliseconds rendered, folder)`. Their `recording.mp4` and live playlist can be played.
    #[must_use]
    pub fn growing(&self) -> Vec<(RecordingId, OutputKey, u64, PathBuf)> {
        todo!()
    }
}
