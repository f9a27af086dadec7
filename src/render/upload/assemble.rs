//! Sound and pictures into the files of a recording: the same ones, by the same writers, as a live session's.

use std::path::{Path, PathBuf};

use super::sound::{PacketReader, Sound};
use super::{Trouble, UploadJob};
use crate::model::time::WallClock;
use crate::render::RenderError;
use crate::render::audio::{FRAME, PRIMING, bit_rate};
use crate::render::check::SoundCheck;
use crate::render::files;
use crate::render::hls::{Keyframe, Segment, Stream, iframe_playlist, media_playlist, multivariant_playlist};
use crate::render::mp4::{AudioTrack, Fragment, Mp4Writer, VideoSample, VideoTrack};
use crate::render::poster;
use crate::render::thumbnails::Pictures;
use crate::render::timeline::OutputTime;
use crate::render::video::{EncodedPicture, VideoConfig};
use crate::render::waveform;

/// The least length of an HLS segment.
const SEGMENT_90K: u64 = 6 * 90_000 - 900;

/// A recording being put together.
pub(super) struct Assembly {
    dir: PathBuf,
    started: WallClock,
    sound: Sound,
    packets: PacketReader,
    writer: Option<Mp4Writer>,
    check: SoundCheck,
    config: Option<VideoConfig>,
    thumbnails: Option<Pictures>,
    fragments: Vec<Fragment>,
    keyframes: Vec<Keyframe>,
    segments: Vec<Segment>,
    from_90k: u64,
    pictures: u64,
}

/// What is whole.
pub(super) struct Assembled {
    pub length_ns: u64,
    pub rate: u32,
    pub channels: u8,
    pub codecs: Vec<String>,
    pub resolution: Option<(u32, u32)>,
    pub pictures: u64,
}

impl Assembly {
    pub(super) fn new(job: &UploadJob, sound: Sound) -> Result<Self, RenderError> {
        let packets = sound.reader()?;
        let check = SoundCheck::new(sound.rate, sound.config);
        Ok(Self {
            dir: job.dir.clone(),
            started: job.sent_at,
            sound,
            packets,
            writer: None,
            check,
            config: None,
            thumbnails: None,
            fragments: Vec::new(),
            keyframes: Vec::new(),
            segments: Vec::new(),
            from_90k: 0,
            pictures: 0,
        })
    }

    /// Opens the file, once it is known what pictures there are.
    pub(super) fn begin(&mut self, config: Option<VideoConfig>) -> Result<(), RenderError> {
        let (rate, channels) = (self.sound.rate, self.sound.channels);
        let audio = AudioTrack { sample_hz: rate, channels, config: self.sound.config, bit_rate: bit_rate(rate, channels) as u32 };
        let video = config.as_ref().map(|c| VideoTrack { avcc: c.avcc.clone(), width: c.width, height: c.height });
        let writer = Mp4Writer::create(&self.dir.join(files::MP4), audio, video, self.started)?;
        files::write(&self.dir, files::INIT, &writer.init_segment()?)?;
        self.thumbnails = config.as_ref().map(|c| Pictures::new(&self.dir, (c.width, c.height)));
        self.config = config;
        self.writer = Some(writer);
        Ok(())
    }

    pub(super) fn has_pictures(&self) -> bool {
        self.config.is_some()
    }

    /// Pictures written.
    pub(super) fn pictures(&self) -> u64 {
        self.pictures
    }

    /// A keyframe and what hangs on it, until the next one, with the sound beside it.
    pub(super) fn group(&mut self, pictures: Vec<VideoSample>, until_90k: u64) -> Result<(), Trouble> {
        // A packet's sound is heard one frame before its place in decoding order, for the priming.
        let packets = ((until_90k * u64::from(self.sound.rate) / 90_000) as usize).div_ceil(FRAME) + 1;
        let sound = self.packets.until(packets)?;
        self.write(&sound, pictures, until_90k)?;
        if until_90k >= self.from_90k + SEGMENT_90K {
            self.close_segment(until_90k)?;
        }
        Ok(())
    }

    /// The last pictures; the rest of the sound comes with [`Self::finish`].
    pub(super) fn last_group(&mut self, pictures: Vec<VideoSample>) -> Result<(), Trouble> {
        if pictures.is_empty() {
            return Ok(());
        }
        let end_90k = self.end_90k().max(pictures.iter().map(|p| p.dts_90k + 1).max().unwrap_or(0));
        self.end_sound();
        let sound = self.packets.until(usize::MAX)?;
        self.write(&sound, pictures, end_90k)?;
        Ok(())
    }

    fn end_90k(&self) -> u64 {
        self.sound.length * 90_000 / u64::from(self.sound.rate)
    }

    fn end_sound(&mut self) {
        if let Some(writer) = &mut self.writer {
            writer.ends_at(self.sound.length);
        }
    }

    fn write(&mut self, sound: &[Vec<u8>], pictures: Vec<VideoSample>, until_90k: u64) -> Result<(), RenderError> {
        let Some(writer) = &mut self.writer else { return Err(RenderError::Codec("pictures without a configuration".to_owned())) };
        let fragment = writer.fragment(sound, &pictures, until_90k)?;
        if let (Some(bytes), Some(first)) = (fragment.keyframe_bytes, pictures.first()) {
            self.keyframes.push(Keyframe { at_ns: OutputTime::from_90k(first.pts_90k).0, offset: fragment.offset, bytes });
        }
        self.fragments.push(fragment);
        self.pictures += pictures.len() as u64;
        if let (Some(thumbnails), Some(config), Some(first)) = (&mut self.thumbnails, &self.config, pictures.into_iter().next()) {
            let VideoSample { dts_90k, pts_90k, keyframe, data } = first;
            thumbnails.keyframe(config, &EncodedPicture { pts_90k, dts_90k, keyframe, data })?;
        }
        Ok(())
    }

    fn close_segment(&mut self, until_90k: u64) -> Result<(), RenderError> {
        let (Some(first), Some(last), Some(writer)) = (self.fragments.first(), self.fragments.last(), &self.writer) else { return Ok(()) };
        self.check.fragments(&self.dir.join(files::MP4), &self.fragments, writer.packet_sizes())?;
        let (from, until) = (OutputTime::from_90k(self.from_90k), OutputTime::from_90k(until_90k));
        self.segments.push(Segment {
            from_ns: from.0,
            length_ns: until.0.saturating_sub(from.0),
            offset: first.offset,
            bytes: last.offset + last.bytes - first.offset,
            starts_at: self.started.plus_ns(from.0),
            keyframes: std::mem::take(&mut self.keyframes),
        });
        self.fragments.clear();
        self.from_90k = until_90k;
        Ok(())
    }

    /// Sound alone: fragments of a second, six of them a segment.
    pub(super) fn sound_alone(&mut self) -> Result<(), Trouble> {
        let a_second = (self.sound.rate as usize / FRAME).max(1);
        self.end_sound();
        while self.packets.left() > 0 {
            let packets = self.packets.until(self.packets.read() + a_second)?;
            self.write(&packets, Vec::new(), 0)?;
            let heard = ((self.packets.read() * FRAME).saturating_sub(PRIMING) as u64).min(self.sound.length);
            let until_90k = heard * 90_000 / u64::from(self.sound.rate);
            if until_90k >= self.from_90k + SEGMENT_90K {
                self.close_segment(until_90k)?;
            }
        }
        Ok(())
    }

    /// Everything beside what the manifest says.
    pub(super) fn finish(mut self) -> Result<Assembled, Trouble> {
        let end_90k = self.end_90k();
        let length_ns = self.sound.length * 1_000_000_000 / u64::from(self.sound.rate);
        if !self.fragments.is_empty() {
            self.close_segment(end_90k.max(self.from_90k + 1))?;
        }
        let writer = self.writer.take().ok_or_else(|| RenderError::Codec("nothing was written".to_owned()))?;
        let mp4 = writer.finish(self.sound.length)?;
        crate::render::check::read_structure(&mp4)?;
        let mut codecs: Vec<String> =
            self.config.iter().map(|c| format!("avc1.{}", hex::encode(c.avcc.get(1..4).unwrap_or_default()))).collect();
        codecs.push("mp4a.40.2".to_owned());
        let resolution = self.config.as_ref().map(|c| (c.width, c.height));
        self.playlists(length_ns, &codecs)?;
        let names = match self.thumbnails.take() {
            Some(thumbnails) => thumbnails.finish(OutputTime(length_ns))?,
            None => Vec::new(),
        };
        let (rate, channels, is_there) = (self.sound.rate, self.sound.channels, self.sound.is_there);
        let peaks = self.sound.discard()?;
        let png = waveform::png(&peaks).map_err(|e| RenderError::Codec(format!("waveform: {e}")))?;
        if is_there {
            files::write(&self.dir, "peaks.json", peaks.json().as_bytes())?;
            files::write(&self.dir, "waveform.png", &png)?;
        }
        if !names.iter().any(|name| name == poster::NAME) {
            poster::of_sound(&self.dir, &peaks)?;
        }
        Ok(Assembled { length_ns, rate, channels, codecs, resolution, pictures: self.pictures })
    }

    fn playlists(&self, length_ns: u64, codecs: &[String]) -> Result<(), RenderError> {
        if length_ns <= files::HLS_FROM_NS {
            let hls = self.dir.join("hls");
            return std::fs::remove_dir_all(&hls).map_err(RenderError::io(&hls));
        }
        let rate = self.pictures as f64 * 1e9 / length_ns as f64;
        let stream = Stream {
            codecs: codecs.join(","),
            video_codec: self.config.as_ref().and(codecs.first()).cloned(),
            resolution: self.config.as_ref().map(|c| (c.width, c.height)),
            frame_rate: self.config.as_ref().map(|_| (rate * 1000.0).round() / 1000.0),
        };
        let write = |name: &str, text: String| files::write(&self.dir, name, text.as_bytes());
        write(files::MEDIA, media_playlist(&self.segments, &[], true))?;
        if self.config.is_some() {
            write(files::IFRAMES, iframe_playlist(&self.segments, true))?;
        }
        write(files::INDEX, multivariant_playlist(&stream, &self.segments))
    }
}

/// The finished file through FFmpeg once more, from its first packet to its last: every picture that was written has to decode.
pub(super) fn decodes(path: &Path, pictures: u64) -> Result<(), RenderError> {
    use ffmpeg_next as ffmpeg;
    let broken = |why: String| RenderError::check(path.display().to_string(), why);
    let mut input = ffmpeg::format::input(path).map_err(|e| broken(e.to_string()))?;
    let Some((index, parameters)) = input.streams().best(ffmpeg::media::Type::Video).map(|s| (s.index(), s.parameters())) else {
        return if pictures == 0 { Ok(()) } else { Err(broken("its pictures are not found".to_owned())) };
    };
    let mut context = ffmpeg::codec::Context::from_parameters(parameters).map_err(|e| broken(e.to_string()))?;
    context.set_threading(ffmpeg::codec::threading::Config { kind: ffmpeg::codec::threading::Type::Frame, count: 2, ..Default::default() });
    let mut decoder = context.decoder().video().map_err(|e| broken(e.to_string()))?;
    let (mut decoded, mut damaged) = (0u64, 0u64);
    let mut take = |decoder: &mut ffmpeg::decoder::Video| {
        let mut frame = ffmpeg::frame::Video::empty();
        while decoder.receive_frame(&mut frame).is_ok() {
            decoded += 1;
            damaged += u64::from(frame.is_corrupt());
        }
    };
    let mut packet = ffmpeg::Packet::empty();
    while packet.read(&mut input).is_ok() {
        if packet.stream() == index {
            decoder.send_packet(&packet).map_err(|e| broken(format!("a picture does not decode: {e}")))?;
            take(&mut decoder);
        }
    }
    decoder.send_eof().map_err(|e| broken(e.to_string()))?;
    take(&mut decoder);
    if decoded == pictures && damaged == 0 {
        Ok(())
    } else {
        Err(broken(format!("{decoded} of {pictures} pictures decode, {damaged} of them with damage")))
    }
}
