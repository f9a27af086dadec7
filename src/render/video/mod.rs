//! The pictures of one output: packets of all its picture tracks in, H.264 of the composed picture out.
//!
//! `SessionRender` drives one [`VideoRender`] an output. All times are on the output's own timeline, and calls come in its order:
//! what is told between two `advance` calls belongs to the time up to the second one's `until`. Packets are handed over only
//! while their sender's gate on this output is open.

use std::path::Path;

use crate::model::event::Party;
use crate::model::gate::Gate;
use crate::model::id::{ParticipantId, TrackId};
use crate::model::manifest::FrameReport;
use crate::model::media::TrackSpec;
use crate::render::RenderError;
use crate::render::settings::RenderSettings;
use crate::render::timeline::{OutputTime, PlacedPacket};

/// Whether [`VideoRender`] can be used: `SessionRender` makes sound only until it is.
pub const READY: bool = false;

/// One picture of the composed stream, in decoding order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedPicture {
    /// When it is shown, 1/90000 s on the output's timeline.
    pub pts_90k: u64,
    /// When it is decoded, 1/90000 s; equal to `pts_90k` where the encoder makes no B-frames.
    pub dts_90k: u64,
    /// An IDR: everything after it decodes without anything before it.
    pub keyframe: bool,
    /// NAL units, each with a 4-byte length before it (AVCC), without parameter sets.
    pub data: Vec<u8>,
}

/// What a player must know before the first picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoConfig {
    /// `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 §5.3.3), the body of `avcC`.
    pub avcc: Vec<u8>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
}

/// What is left at the end.
#[derive(Clone, Debug, Default)]
pub struct VideoEnd {
    /// The last pictures.
    pub pictures: Vec<EncodedPicture>,
    /// What became of the frames.
    pub frames: FrameReport,
    /// Files written into the output's folder, by their names below it (`poster.jpg`, `thumbnails.vtt`, sheets).
    pub files: Vec<String>,
}

/// Composes and encodes the pictures of one output.
#[derive(Debug)]
pub struct VideoRender {}

impl VideoRender {
    /// For an output whose files go to `dir`. Keyframes must come every 2 s of the output's timeline, on even seconds.
    ///
    /// # Errors
    /// Where composing cannot start.
    pub fn open(_settings: &RenderSettings, _dir: &Path) -> Result<Self, RenderError> {
        Err(RenderError::Codec("pictures are not composed yet".to_owned()))
    }

    /// Somebody is there, or is known better now.
    pub fn party(&mut self, _at: OutputTime, _party: &Party) {}

    /// Somebody left.
    pub fn left(&mut self, _at: OutputTime, _participant: &ParticipantId) {}

    /// A picture track began, or was agreed anew.
    pub fn track(&mut self, _at: OutputTime, _track: TrackId, _spec: &TrackSpec) {}

    /// A gate changed: while it is not open the participant's pictures must not be seen, not even a held one.
    pub fn gate(&mut self, _at: OutputTime, _participant: &ParticipantId, _gate: Gate) {}

    /// A track's sender muted it, or no longer does: a held picture must not stay.
    pub fn muted(&mut self, _at: OutputTime, _track: TrackId, _muted: bool) {}

    /// How loud somebody is, told every 100 ms while they can be heard: dB below full scale (0 loudest, −127 silence).
    pub fn level(&mut self, _at: OutputTime, _participant: &ParticipantId, _dbfs: f32) {}

    /// The next packet of a track, of any order between tracks.
    ///
    /// # Errors
    /// Where composing failed for good. A broken packet is no error.
    pub fn packet(&mut self, _packet: &PlacedPacket<'_>) -> Result<(), RenderError> {
        Ok(())
    }

    /// Known from the first picture on, and the same to the end.
    pub fn config(&self) -> Option<&VideoConfig> {
        None
    }

    /// Everything before `until` is known: composes up to there. Answers pictures as they become ready, in order, each once.
    ///
    /// # Errors
    /// Where composing failed for good.
    pub fn advance(&mut self, _until: OutputTime) -> Result<Vec<EncodedPicture>, RenderError> {
        Ok(Vec::new())
    }

    /// The output ends at `end`: the rest of the pictures (the last one lasts to `end`), poster and thumbnails.
    ///
    /// # Errors
    /// Where composing failed for good.
    pub fn finish(self, _end: OutputTime) -> Result<VideoEnd, RenderError> {
        Ok(VideoEnd::default())
    }
}
