//! The pictures of one output: packets of all its picture tracks in, H.264 of the composed picture out.
//!
//! `SessionRender` drives one [`VideoRender`] an output. All times are on the output's own timeline, and calls come in its order:
//! what is told between two `advance` calls belongs to the time up to the second one's `until`. Packets are handed over only
//! while their sender's gate on this output is open.

mod director;
mod layout;
mod offsets;
mod stage;
mod track;

use std::path::Path;

use crate::model::event::Party;
use crate::model::gate::Gate;
use crate::model::id::{ParticipantId, TrackId};
use crate::model::manifest::FrameReport;
use crate::model::media::TrackSpec;
use crate::render::RenderError;
use crate::render::compose::protocol::{Configure, Scene};
use crate::render::compose::{ComposeError, Composed, Composer};
use crate::render::settings::RenderSettings;
use crate::render::thumbnails::Pictures;
use crate::render::timeline::{OutputTime, PlacedPacket};
use director::LOOK_AHEAD_NS;
use layout::Layout;
use stage::{Change, Stage};

/// Whether [`VideoRender`] can be used: `SessionRender` makes sound only until it is.
pub const READY: bool = true;

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
    /// What a player must know: of a short output it is known only now. `None` where there are no pictures at all.
    pub config: Option<VideoConfig>,
    /// How far pictures were shown from the time that belongs to them: 95 of 100 not farther than this.
    pub offset_p95_ms: Option<f64>,
    /// What became of the frames.
    pub frames: FrameReport,
    /// Files written into the output's folder, by their names below it (`poster.jpg`, `thumbnails.vtt`, sheets).
    pub files: Vec<String>,
}

/// Seconds from one keyframe to the next.
const KEYFRAME_EVERY_S: u32 = 2;

/// Composes and encodes the pictures of one output. Until the first picture track is told it does nothing, and starts no process.
#[derive(Debug)]
pub struct VideoRender {
    settings: RenderSettings,
    stage: Stage,
    composer: Option<Composer>,
    config: Option<VideoConfig>,
    pictures: Pictures,
    /// The first picture that has not been decided.
    next_tick: u64,
}

impl VideoRender {
    /// For an output whose files go to `dir`. Keyframes must come every 2 s of the output's timeline, on even seconds.
    ///
    /// # Errors
    /// Where composing cannot start.
    pub fn open(settings: &RenderSettings, dir: &Path) -> Result<Self, RenderError> {
        let (width, height) = settings.canvas;
        let fits = |n: u32| n >= 32 && n.is_multiple_of(2) && n <= 4096;
        if !fits(width) || !fits(height) || !(1..=60).contains(&settings.fps) {
            return Err(RenderError::Codec(format!("a canvas of {width}x{height} at {} fps cannot be made", settings.fps)));
        }
        let layout = Layout { width: width as u16, height: height as u16 };
        Ok(Self {
            settings: settings.clone(),
            stage: Stage::new(settings.layout, layout, settings.fps),
            composer: None,
            config: None,
            pictures: Pictures::new(dir, settings.canvas),
            next_tick: 0,
        })
    }

    /// Somebody is there, or is known better now.
    pub fn party(&mut self, _at: OutputTime, _party: &Party) {}

    /// Somebody left.
    pub fn left(&mut self, at: OutputTime, participant: &ParticipantId) {
        self.stage.change(at, Change::Left(participant.clone()));
    }

    /// A picture track began, or was agreed anew.
    pub fn track(&mut self, _at: OutputTime, track: TrackId, spec: &TrackSpec) {
        self.stage.track(track, spec);
    }

    /// A gate changed: while it is not open the participant's pictures must not be seen, not even a held one.
    pub fn gate(&mut self, at: OutputTime, participant: &ParticipantId, gate: Gate) {
        self.stage.change(at, Change::Gate(participant.clone(), gate == Gate::Open));
    }

    /// A track's sender muted it, or no longer does: a held picture must not stay.
    pub fn muted(&mut self, at: OutputTime, track: TrackId, muted: bool) {
        self.stage.change(at, Change::Muted(track, muted));
    }

    /// How loud somebody is, told every 100 ms while they can be heard: dB below full scale (0 loudest, −127 silence).
    pub fn level(&mut self, at: OutputTime, participant: &ParticipantId, dbfs: f32) {
        self.stage.level(at, participant, dbfs);
    }

    /// The next packet of a track, of any order between tracks.
    ///
    /// # Errors
    /// Where composing failed for good. A broken packet is no error.
    pub fn packet(&mut self, packet: &PlacedPacket<'_>) -> Result<(), RenderError> {
        let frames = self.stage.packet(packet, self.next_tick);
        if frames.is_empty() {
            return Ok(());
        }
        let composer = self.composer()?;
        for frame in frames {
            composer.frame(frame);
        }
        Ok(())
    }

    /// Known from the first picture on, and the same to the end.
    pub fn config(&self) -> Option<&VideoConfig> {
        self.config.as_ref()
    }

    /// Everything before `until` is known: composes up to about a second before it, because who is shown depends on who will
    /// speak. Answers pictures as they become ready, in order, each once.
    ///
    /// # Errors
    /// Where composing failed for good.
    pub fn advance(&mut self, until: OutputTime) -> Result<Vec<EncodedPicture>, RenderError> {
        if !self.stage.has_tracks() {
            return Ok(Vec::new());
        }
        self.decide(until - LOOK_AHEAD_NS, None)?;
        let composed = self.composer()?.collect().map_err(failed)?;
        self.take(composed)
    }

    /// The output ends at `end`: the rest of the pictures (the last one lasts to `end`), poster and thumbnails.
    ///
    /// # Errors
    /// Where composing failed for good.
    pub fn finish(mut self, end: OutputTime) -> Result<VideoEnd, RenderError> {
        if !self.stage.has_tracks() || end.0 == 0 {
            return Ok(VideoEnd::default());
        }
        self.decide(end, Some(end))?;
        let composed = self.composer()?.finish().map_err(failed)?;
        let pictures = self.take(composed)?;
        let decoded = self.composer.as_ref().map_or(0, Composer::decoded);
        let frames = FrameReport { decoded, ..self.stage.frames() };
        Ok(VideoEnd { pictures, config: self.config, frames, offset_p95_ms: self.stage.offset_p95_ms(), files: self.pictures.finish(end)? })
    }

    fn composer(&mut self) -> Result<&mut Composer, RenderError> {
        if self.composer.is_none() {
            let (width, height) = self.settings.canvas;
            let configure = Configure {
                width: width as u16,
                height: height as u16,
                fps: self.settings.fps as u16,
                keyframe_every: self.keyframe_every() as u16,
                encoder: self.settings.encoder,
            };
            self.composer = Some(Composer::start(self.settings.worker.clone(), configure).map_err(failed)?);
        }
        self.composer.as_mut().ok_or_else(|| RenderError::Codec("no composing process".to_owned()))
    }

    fn keyframe_every(&self) -> u32 {
        self.settings.fps * KEYFRAME_EVERY_S
    }

    /// Decides what is seen at every tick before `until`.
    fn decide(&mut self, until: OutputTime, end: Option<OutputTime>) -> Result<(), RenderError> {
        let every = u64::from(self.keyframe_every());
        while self.stage.time_of(self.next_tick) < until {
            let tick = self.next_tick;
            let cells = self.stage.at(tick, end);
            let oldest = tick.is_multiple_of(every).then(|| self.stage.oldest());
            let composer = self.composer()?;
            if let Some(oldest) = oldest {
                composer.mark(tick, oldest);
            }
            composer.scene(Scene { tick, cells });
            self.next_tick += 1;
        }
        Ok(())
    }

    fn take(&mut self, composed: Vec<Composed>) -> Result<Vec<EncodedPicture>, RenderError> {
        if self.config.is_none()
            && let Some(avcc) = self.composer.as_ref().and_then(Composer::format)
        {
            let (width, height) = self.settings.canvas;
            self.config = Some(VideoConfig { avcc: avcc.to_vec(), width, height, fps: self.settings.fps });
        }
        let mut pictures = Vec::with_capacity(composed.len());
        for Composed { tick, keyframe, data } in composed {
            let pts_90k = tick * 90_000 / u64::from(self.settings.fps);
            let picture = EncodedPicture { pts_90k, dts_90k: pts_90k, keyframe, data: data.to_vec() };
            if let (true, Some(config)) = (keyframe, &self.config) {
                self.pictures.keyframe(config, &picture)?;
            }
            pictures.push(picture);
        }
        Ok(pictures)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(e: ComposeError) -> RenderError {
    RenderError::Codec(e.to_string())
}
