//! One output growing: its own timeline, gates, sound, pictures and files.

use std::fs;
use std::path::PathBuf;

use litemap::LiteMap;

use super::RenderError;
use super::audio::{AacEncoder, FRAME, PRIMING, bit_rate};
use super::check::SoundCheck;
use super::files;
use super::hls::{Keyframe, Pause, Segment};
use super::mp4::{AudioTrack, Fragment, Mp4Writer, VideoSample, VideoTrack};
use super::timeline::OutputTime;
use super::video::{EncodedPicture, VideoConfig, VideoRender};
use super::waveform::Peaks;
use crate::model::gate::{EndedBy, Gate};
use crate::model::id::{OutputKey, ParticipantId, RecordingId};
use crate::model::manifest::FrameReport;
use crate::model::time::{MediaTime, WallClock};

const SECOND_NS: u64 = 1_000_000_000;
/// Length of an HLS segment of sound, and of a burst of the encoder.
const SEGMENT_S: usize = 4;
/// Keyframes come every 2 s: three make a segment.
const GROUPS_A_SEGMENT: usize = 3;

/// A stretch of session time that is in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// First session sample.
    pub from: i64,
    /// The one after the last; `None` while it runs.
    pub to: Option<i64>,
    /// Output sample of its first one.
    pub at: i64,
}

/// A participant's gate over session time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GateSpan {
    pub from: MediaTime,
    pub to: Option<MediaTime>,
    pub gate: Gate,
}

/// What an output is and where it goes.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub recording: RecordingId,
    pub output: OutputKey,
    pub dir: PathBuf,
    pub started: MediaTime,
    pub started_wall: WallClock,
    pub session_wall: WallClock,
}

#[derive(Debug)]
pub(super) struct Output {
    pub id: Identity,
    pub rate: u32,
    pub channels: u8,
    pub pieces: Vec<Piece>,
    pub gates: LiteMap<ParticipantId, Vec<GateSpan>>,
    pub pauses: Vec<(MediaTime, Option<MediaTime>, i64)>,
    pub ended: Option<(MediaTime, EndedBy)>,
    pub length: i64,
    pub peaks: Peaks,
    pub segments: Vec<Segment>,
    pub frames: Option<FrameReport>,
    pub offset_p95_ms: Option<f64>,
    pub picture_files: Vec<String>,
    pub video: Option<VideoRender>,
    pub with_pictures: bool,
    encoder: AacEncoder,
    writer: Option<Mp4Writer>,
    check: SoundCheck,
    pictures: Vec<EncodedPicture>,
    fragments: Vec<Fragment>,
    keyframes: Vec<Keyframe>,
    groups: usize,
    segment_from_packet: usize,
    segment_from_90k: u64,
    pub picture_size: Option<(u32, u32, u32, String)>,
}

impl Output {
    pub fn open(id: Identity, rate: u32, channels: u8, with_pictures: bool) -> Result<Self, RenderError> {
        if id.dir.exists() {
            fs::remove_dir_all(&id.dir).map_err(RenderError::io(&id.dir))?;
        }
        fs::create_dir_all(id.dir.join("hls")).map_err(RenderError::io(&id.dir))?;
        let encoder = AacEncoder::new(rate, channels);
        let check = SoundCheck::new(rate, encoder.specific_config());
        let mut output = Self {
            id,
            rate,
            channels,
            pieces: Vec::new(),
            gates: LiteMap::new(),
            pauses: Vec::new(),
            ended: None,
            length: 0,
            peaks: Peaks::new(rate, channels),
            segments: Vec::new(),
            frames: None,
            offset_p95_ms: None,
            picture_files: Vec::new(),
            video: None,
            with_pictures,
            encoder,
            writer: None,
            check,
            pictures: Vec::new(),
            fragments: Vec::new(),
            keyframes: Vec::new(),
            groups: 0,
            segment_from_packet: 0,
            segment_from_90k: 0,
            picture_size: None,
        };
        if !with_pictures {
            output.writer = Some(output.begin(None)?);
        }
        Ok(output)
    }

    fn begin(&self, video: Option<VideoTrack>) -> Result<Mp4Writer, RenderError> {
        let audio = AudioTrack {
            sample_hz: self.rate,
            channels: self.channels,
            config: self.encoder.specific_config(),
            bit_rate: bit_rate(self.rate, self.channels) as u32,
        };
        let writer = Mp4Writer::create(&self.id.dir.join(files::MP4), audio, video, self.id.started_wall)?;
        files::write(&self.id.dir, files::INIT, &writer.init_segment()?)?;
        Ok(writer)
    }

    fn begin_with(&mut self, config: VideoConfig) -> Result<Mp4Writer, RenderError> {
        let hex = config.avcc.get(1..4).map(hex::encode).unwrap_or_default();
        self.picture_size = Some((config.width, config.height, config.fps, format!("avc1.{hex}")));
        self.begin(Some(VideoTrack { avcc: config.avcc, width: config.width, height: config.height }))
    }

    /// Runs from this session sample on.
    pub fn resume(&mut self, sample: i64, at: MediaTime) {
        if self.is_running() || self.ended.is_some() {
            return;
        }
        self.pieces.push(Piece { from: sample, to: None, at: self.length });
        if let Some((_, to @ None, _)) = self.pauses.last_mut() {
            *to = Some(at);
        }
    }

    /// Stops at this session sample.
    pub fn cut(&mut self, sample: i64, at: MediaTime) {
        if self.is_running() {
            self.stop(sample);
            self.pauses.push((at, None, self.length));
        }
    }

    fn stop(&mut self, sample: i64) {
        if let Some(piece) = self.pieces.last_mut() {
            piece.to.get_or_insert(sample);
        }
    }

    pub fn end(&mut self, sample: i64, at: MediaTime, by: EndedBy) {
        self.stop(sample);
        if let Some((_, to @ None, _)) = self.pauses.last_mut() {
            *to = Some(at);
        }
        for (_, spans) in &mut self.gates {
            if let Some(last) = spans.last_mut() {
                last.to.get_or_insert(at);
            }
        }
        self.ended.get_or_insert((at, by));
    }

    pub fn is_running(&self) -> bool {
        self.pieces.last().is_some_and(|p| p.to.is_none())
    }

    pub fn gate(&mut self, participant: &ParticipantId, at: MediaTime, gate: Gate) {
        let spans = self.gates.entry(participant.clone()).or_default();
        if let Some(last) = spans.last_mut() {
            last.to.get_or_insert(at);
        }
        if gate != Gate::Closed {
            spans.push(GateSpan { from: at, to: None, gate });
        }
        let now = self.now();
        if let Some(video) = &mut self.video {
            video.gate(now, participant, gate);
        }
    }

    /// Whether no span of anybody is in it, open or masked.
    pub fn holds_nothing(&self) -> bool {
        self.gates.values().flatten().all(|span| span.to.is_some_and(|to| to <= span.from))
    }

    pub fn is_open(&self, participant: &ParticipantId) -> bool {
        self.gates.get(participant).and_then(|s| s.last()).is_some_and(|s| s.to.is_none() && s.gate == Gate::Open)
    }

    /// Whether a participant's media of that instant is in the output.
    pub fn is_open_at(&self, participant: &ParticipantId, at: MediaTime) -> bool {
        let Some(spans) = self.gates.get(participant) else { return false };
        spans.iter().rev().any(|s| s.gate == Gate::Open && s.from <= at && s.to.is_none_or(|to| at < to))
    }

    /// Where the output's timeline is now.
    pub fn now(&self) -> OutputTime {
        self.time_of(self.length)
    }

    pub fn time_of(&self, sample: i64) -> OutputTime {
        OutputTime((i128::from(sample.max(0)) * i128::from(SECOND_NS) / i128::from(self.rate)) as u64)
    }

    /// A session instant on the output's timeline, where it is in it.
    pub fn place(&self, at_ns: i64) -> Option<OutputTime> {
        let sample = |ns: i64| (i128::from(ns) * i128::from(self.rate)).div_euclid(i128::from(SECOND_NS)) as i64;
        let s = sample(at_ns);
        let piece = self.pieces.iter().rev().find(|p| p.from <= s && p.to.is_none_or(|to| s < to))?;
        let from_ns = (i128::from(piece.from) * i128::from(SECOND_NS) / i128::from(self.rate)) as i64;
        Some(OutputTime(self.time_of(piece.at).0 + (at_ns - from_ns).max(0) as u64))
    }

    /// A session instant on the output's timeline; one that was cut out is where the cut is.
    pub fn nearest(&self, at: MediaTime) -> OutputTime {
        let sample = (u128::from(at.as_ns()) * u128::from(self.rate) / u128::from(SECOND_NS)) as i64;
        let mut placed = 0;
        for piece in &self.pieces {
            if sample >= piece.from {
                placed = piece.at + (sample.min(piece.to.unwrap_or(i64::MAX)) - piece.from);
            }
        }
        self.time_of(placed.min(self.length))
    }

    /// Wall-clock time of an instant of the output's timeline.
    fn wall_of(&self, time: OutputTime) -> WallClock {
        let sample = (u128::from(time.0) * u128::from(self.rate)).div_ceil(u128::from(SECOND_NS)) as i64;
        let piece = self.pieces.iter().rev().find(|p| p.at <= sample).or(self.pieces.first());
        let session = piece.map_or(0, |p| p.from + sample - p.at);
        self.id.session_wall.plus_ns((session.max(0) as u128 * u128::from(SECOND_NS) / u128::from(self.rate)) as u64)
    }

    /// Pauses that were cut out.
    pub fn cut_pauses(&self) -> Vec<Pause> {
        let whole = self.pauses.iter().filter_map(|&(from, to, at)| Some((from, to?, at)));
        whole
            .map(|(from, to, at)| Pause {
                at_ns: self.time_of(at).as_ns(),
                from: self.id.session_wall.plus_ns(from.as_ns()),
                length_ns: to.since(from),
            })
            .collect()
    }

    /// Takes the next interleaved samples of the output's timeline.
    pub fn push(&mut self, samples: &[f32]) {
        self.length += (samples.len() / usize::from(self.channels)) as i64;
        self.peaks.push(samples);
        self.encoder.push(samples);
    }

    fn segment_packets(&self) -> usize {
        SEGMENT_S * self.rate as usize / FRAME
    }

    /// Session samples still wanted until the next burst can be written, if it runs on.
    pub fn wants(&self) -> i64 {
        let next = (self.encoder.packets() / self.segment_packets() + 1) * self.segment_packets();
        ((next + 1) * FRAME) as i64 - self.length
    }

    /// Nothing comes for a while: no more room is kept than what waits needs.
    pub fn rest(&mut self) {
        self.encoder.rest();
        self.peaks.rest();
        self.fragments.shrink_to_fit();
        self.segments.shrink_to_fit();
        if let Some(writer) = &mut self.writer {
            writer.rest();
        }
    }

    /// Encodes and writes what is whole.
    pub fn advance(&mut self) -> Result<(), RenderError> {
        if self.video.is_some() {
            return self.advance_with_pictures();
        }
        let burst = self.segment_packets();
        while self.encoder.ready() >= burst {
            let packets = self.encoder.encode(burst)?;
            self.write_sound(&packets)?;
            self.close_segment()?;
        }
        Ok(())
    }

    /// Fragments of at most a second.
    fn write_sound(&mut self, packets: &[Vec<u8>]) -> Result<(), RenderError> {
        let most = (self.rate as usize / FRAME).max(1);
        for part in packets.chunks(most) {
            self.write(part, &[], 0)?;
        }
        Ok(())
    }

    fn write(&mut self, packets: &[Vec<u8>], pictures: &[VideoSample], until_90k: u64) -> Result<(), RenderError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let fragment = writer.fragment(packets, pictures, until_90k)?;
        if let (Some(bytes), Some(first)) = (fragment.keyframe_bytes, pictures.first()) {
            self.keyframes.push(Keyframe { at_ns: OutputTime::from_90k(first.pts_90k).0, offset: fragment.offset, bytes });
        }
        self.fragments.push(fragment);
        Ok(())
    }

    fn advance_with_pictures(&mut self) -> Result<(), RenderError> {
        let now = self.now();
        let Some(video) = &mut self.video else { return Ok(()) };
        let new = video.advance(now)?;
        self.take_pictures(new)?;
        // A group is whole when the next keyframe is there, and written when the sound has come that far.
        while let Some(next) = self.pictures.iter().skip(1).position(|p| p.keyframe).map(|i| i + 1) {
            let until_90k = self.pictures[next].dts_90k;
            let packets = self.packets_until(until_90k);
            if self.encoder.ready() + self.encoder.packets() < packets {
                break;
            }
            self.write_group(next, until_90k, packets)?;
        }
        Ok(())
    }

    fn packets_until(&self, until_90k: u64) -> usize {
        // A packet's sound is heard one frame before its place in decoding order, for the priming.
        ((until_90k * u64::from(self.rate) / 90_000) as usize).div_ceil(FRAME) + 1
    }

    fn write_group(&mut self, count: usize, until_90k: u64, packets: usize) -> Result<(), RenderError> {
        let sound = self.encoder.encode(packets.saturating_sub(self.encoder.packets()))?;
        let pictures: Vec<VideoSample> = self.pictures.drain(..count).map(sample_of).collect();
        self.write(&sound, &pictures, until_90k)?;
        self.groups += 1;
        if self.groups.is_multiple_of(GROUPS_A_SEGMENT) {
            self.segment_until_90k(until_90k)?;
        }
        Ok(())
    }

    fn take_pictures(&mut self, new: Vec<EncodedPicture>) -> Result<(), RenderError> {
        if new.is_empty() {
            return Ok(());
        }
        if self.writer.is_none() {
            let config = self.video.as_ref().and_then(VideoRender::config).cloned();
            let config = config.ok_or_else(|| RenderError::Codec("pictures without a configuration".to_owned()))?;
            self.writer = Some(self.begin_with(config)?);
        }
        self.pictures.extend(new);
        Ok(())
    }

    fn segment_until_90k(&mut self, until_90k: u64) -> Result<(), RenderError> {
        let (from, until) = (OutputTime::from_90k(self.segment_from_90k), OutputTime::from_90k(until_90k));
        self.segment_from_90k = until_90k;
        self.add_segment(from, until.0 - from.0)
    }

    fn close_segment(&mut self) -> Result<(), RenderError> {
        let packets = self.writer.as_ref().map_or(0, Mp4Writer::packets);
        // As they are heard: the init section's edit list leaves the encoder's priming out, and the last packet ends where the sound does.
        let heard = |packets: usize| (packets * FRAME).saturating_sub(PRIMING).min(self.length.max(0) as usize) as u64;
        let of = |packets: usize| heard(packets) * SECOND_NS / u64::from(self.rate);
        let (from, until) = (of(self.segment_from_packet), of(packets));
        self.segment_from_packet = packets;
        self.add_segment(OutputTime(from), until - from)
    }

    /// What has been written since the last segment is one: read back, decoded, and named in the live playlist.
    fn add_segment(&mut self, from: OutputTime, length_ns: u64) -> Result<(), RenderError> {
        let (Some(first), Some(last), Some(writer)) = (self.fragments.first(), self.fragments.last(), &self.writer) else { return Ok(()) };
        self.check.fragments(&self.id.dir.join(files::MP4), &self.fragments, writer.packet_sizes())?;
        self.segments.push(Segment {
            from_ns: from.0,
            length_ns,
            offset: first.offset,
            bytes: last.offset + last.bytes - first.offset,
            starts_at: self.wall_of(from),
            keyframes: std::mem::take(&mut self.keyframes),
        });
        self.fragments.clear();
        if self.ended.is_none() {
            files::playlists(self, false)?;
        }
        Ok(())
    }

    /// Writes the rest; afterwards the file is an ordinary MP4 whose sound has been decoded to the last packet.
    pub fn complete(&mut self) -> Result<(), RenderError> {
        let end = self.now();
        if let Some(video) = self.video.take() {
            let known = video.config().cloned();
            let last = video.finish(end)?;
            self.frames = Some(last.frames);
            self.offset_p95_ms = last.offset_p95_ms;
            self.picture_files = last.files;
            if self.writer.is_none() {
                let config = last.config.or(known);
                self.writer = Some(match config {
                    Some(config) => self.begin_with(config)?,
                    None => self.begin(None)?,
                });
            }
            self.pictures.extend(last.pictures);
            while let Some(next) = self.pictures.iter().skip(1).position(|p| p.keyframe).map(|i| i + 1) {
                let until_90k = self.pictures[next].dts_90k;
                let packets = self.packets_until(until_90k).min(self.encoder.ready() + self.encoder.packets());
                self.write_group(next, until_90k, packets)?;
            }
        }
        let encoder = std::mem::replace(&mut self.encoder, AacEncoder::new(self.rate, self.channels));
        let rest = encoder.finish()?;
        if let Some(writer) = &mut self.writer {
            writer.ends_at(self.length.max(0) as u64);
        }
        let pictures: Vec<VideoSample> = self.pictures.drain(..).map(sample_of).collect();
        if pictures.is_empty() {
            self.write_sound(&rest)?;
        } else {
            self.write(&rest, &pictures, end.as_90k())?;
        }
        if self.picture_size.is_some() {
            self.segment_until_90k(end.as_90k().max(self.segment_from_90k + 1))?;
        } else {
            self.close_segment()?;
        }
        let Some(writer) = self.writer.take() else { return Ok(()) };
        writer.finish(self.length as u64)?;
        Ok(())
    }

    /// Samples a channel that were decoded in the check, priming included.
    pub fn decoded_samples(&self) -> u64 {
        self.check.samples()
    }
}

fn sample_of(picture: EncodedPicture) -> VideoSample {
    VideoSample { dts_90k: picture.dts_90k, pts_90k: picture.pts_90k, keyframe: picture.keyframe, data: picture.data }
}
