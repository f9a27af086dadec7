//! The sound: decoded, put in its place on the recording's timeline, and made AAC; or, where it is AAC that fits, copied and decoded for its peaks only.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use ffmpeg_next as ffmpeg;

use super::Trouble;
use super::source::{SoundStream, Survey, each_packet, open};
use crate::render::RenderError;
use crate::render::audio::{AacEncoder, FRAME, PRIMING};
use crate::render::waveform::Peaks;

/// What is made has this rate.
const RATE: u32 = 48_000;
/// Sound that is farther than this from where it should be is put there; nearer, it follows what came before.
const OUT_OF_STEP: i64 = RATE as i64 / 40;
/// Frames that are encoded at once.
const BURST: usize = 256;

/// The sound of a recording, as packets in a file of their own.
pub(super) struct Sound {
    pub rate: u32,
    pub channels: u8,
    pub config: [u8; 2],
    pub sizes: Vec<u16>,
    /// Samples a channel that are to be heard.
    pub length: u64,
    pub peaks: Peaks,
    /// There was sound in the file.
    pub is_there: bool,
    path: PathBuf,
}

/// Packets being written.
struct Packets {
    path: PathBuf,
    file: BufWriter<File>,
    sizes: Vec<u16>,
}

impl Packets {
    fn create(path: PathBuf) -> Result<Self, RenderError> {
        let file = BufWriter::new(File::create(&path).map_err(RenderError::io(&path))?);
        Ok(Self { path, file, sizes: Vec::new() })
    }

    fn add(&mut self, packet: &[u8]) -> Result<(), RenderError> {
        let size = u16::try_from(packet.len()).map_err(|_| RenderError::Codec("a packet of sound is too large".to_owned()))?;
        self.file.write_all(packet).map_err(RenderError::io(&self.path))?;
        self.sizes.push(size);
        Ok(())
    }

    fn finish(mut self) -> Result<(PathBuf, Vec<u16>), RenderError> {
        self.file.flush().map_err(RenderError::io(&self.path))?;
        Ok((self.path, self.sizes))
    }
}

/// Reads packets back in order.
pub(super) struct PacketReader {
    path: PathBuf,
    file: BufReader<File>,
    sizes: Vec<u16>,
    next: usize,
}

impl PacketReader {
    /// The next packets, up to the one of number `until`.
    pub(super) fn until(&mut self, until: usize) -> Result<Vec<Vec<u8>>, RenderError> {
        let mut packets = Vec::new();
        while self.next < until.min(self.sizes.len()) {
            let mut packet = vec![0; usize::from(self.sizes[self.next])];
            self.file.read_exact(&mut packet).map_err(RenderError::io(&self.path))?;
            packets.push(packet);
            self.next += 1;
        }
        Ok(packets)
    }

    pub(super) fn left(&self) -> usize {
        self.sizes.len() - self.next
    }

    pub(super) fn read(&self) -> usize {
        self.next
    }
}

impl Sound {
    pub(super) fn reader(&self) -> Result<PacketReader, RenderError> {
        let file = BufReader::new(File::open(&self.path).map_err(RenderError::io(&self.path))?);
        Ok(PacketReader { path: self.path.clone(), file, sizes: self.sizes.clone(), next: 0 })
    }

    /// The packets are in the recording now.
    pub(super) fn discard(self) -> Result<Peaks, RenderError> {
        std::fs::remove_file(&self.path).map_err(RenderError::io(&self.path))?;
        Ok(self.peaks)
    }
}

/// Makes the sound of a file; of one that has none, silence for as long as it lasts.
///
/// # Errors
/// Where nothing of it decodes, and there are no pictures either.
pub(super) fn make(input: &Path, survey: &Survey, scratch: PathBuf, mut progress: impl FnMut(i64)) -> Result<Sound, Trouble> {
    let pictures_until = samples_of(survey.pictures_end_90k());
    let Some(stream) = &survey.sound else {
        let mut maker = Maker::new(Packets::create(scratch)?, 1);
        maker.fill_to(pictures_until)?;
        return Ok(maker.finish(false)?);
    };
    if let Some((rate, channels)) = stream.fits
        && let Some(sound) = copy(input, stream, rate, channels, scratch.clone(), &mut progress)?
    {
        return Ok(sound);
    }
    let mut decoder = Decoding::open(input, stream)?;
    let channels = if decoder.channels == 1 { 1 } else { 2 };
    let mut maker = Maker::new(Packets::create(scratch)?, channels);
    let (base, origin_90k) = (stream.base, survey.origin_90k);
    let mut resampler = Resampling::to(RATE, channels);
    let mut is_there = false;
    // Where the next sound goes if it says nothing else, in samples fed.
    let mut fed: i64 = 0;
    decoder.each_frame(|frame| {
        is_there = true;
        let length = (frame.samples() as i64 * i64::from(RATE)) / i64::from(frame.rate().max(1));
        let wanted = frame.timestamp().map_or(fed, |at| base.to(at, RATE) - samples_of(origin_90k));
        let mut samples = resampler.run(frame)?;
        if wanted > fed + OUT_OF_STEP {
            maker.fill_to(maker.length + wanted - fed)?;
            fed = wanted;
        } else if wanted < fed - OUT_OF_STEP {
            let late = usize::try_from(fed - wanted).unwrap_or(0) * usize::from(channels);
            samples.drain(..late.min(samples.len()));
            fed = (wanted + length).max(fed);
            maker.push(&samples)?;
            progress(maker.length * 90_000 / i64::from(RATE));
            return Ok(());
        }
        fed += length;
        maker.push(&samples)?;
        progress(maker.length * 90_000 / i64::from(RATE));
        Ok(())
    })?;
    maker.push(&resampler.flush()?)?;
    if !is_there && survey.pictures.is_none() {
        return Err(Trouble::refused("nothing of the sound in this file can be decoded"));
    }
    if maker.length < pictures_until {
        maker.fill_to(pictures_until)?;
    }
    Ok(maker.finish(is_there)?)
}

/// Packets as they are. `None` where they do not decode to what they claim to be.
fn copy(
    input: &Path,
    stream: &SoundStream,
    rate: u32,
    channels: u8,
    scratch: PathBuf,
    progress: &mut impl FnMut(i64),
) -> Result<Option<Sound>, Trouble> {
    let mut packets = Packets::create(scratch)?;
    each_packet(&mut open(input)?, Some(stream.index), |packet| Ok(packets.add(packet.data().unwrap_or_default())?))?;
    let (path, sizes) = packets.finish()?;
    let mut decoder = Decoding::open(input, stream)?;
    let mut resampler = Resampling::to(rate, channels);
    let (mut peaks, mut length, mut as_claimed) = (Peaks::new(rate, channels), 0u64, true);
    decoder.each_frame(|frame| {
        as_claimed &= frame.rate() == rate && frame.channels() == u16::from(channels);
        let samples = resampler.run(frame)?;
        length += (samples.len() / usize::from(channels)) as u64;
        peaks.push(&samples);
        progress(i64::try_from(length * 90_000 / u64::from(rate)).unwrap_or(0));
        Ok(())
    })?;
    let most = (sizes.len() * FRAME).saturating_sub(PRIMING) as u64;
    let length = length.min(most);
    // The last packet may end early; a whole one that is not heard would be more than that.
    if !as_claimed || length == 0 || most - length > 2 * FRAME as u64 {
        return Ok(None);
    }
    peaks.finish();
    let config = AacEncoder::new(rate, channels).specific_config();
    Ok(Some(Sound { rate, channels, config, sizes, length, peaks, is_there: true, path }))
}

fn samples_of(at_90k: i64) -> i64 {
    at_90k * i64::from(RATE) / 90_000
}

/// Samples on their way into packets.
struct Maker {
    packets: Packets,
    encoder: AacEncoder,
    peaks: Peaks,
    channels: u8,
    length: i64,
}

impl Maker {
    fn new(packets: Packets, channels: u8) -> Self {
        Self { packets, encoder: AacEncoder::new(RATE, channels), peaks: Peaks::new(RATE, channels), channels, length: 0 }
    }

    fn push(&mut self, samples: &[f32]) -> Result<(), RenderError> {
        self.length += (samples.len() / usize::from(self.channels)) as i64;
        self.peaks.push(samples);
        self.encoder.push(samples);
        while self.encoder.ready() >= BURST {
            for packet in self.encoder.encode(BURST)? {
                self.packets.add(&packet)?;
            }
        }
        Ok(())
    }

    fn fill_to(&mut self, length: i64) -> Result<(), RenderError> {
        let silence = vec![0.0; RATE as usize * usize::from(self.channels)];
        while self.length < length {
            let samples = usize::try_from(length - self.length).unwrap_or(0).min(RATE as usize) * usize::from(self.channels);
            self.push(&silence[..samples])?;
        }
        Ok(())
    }

    fn finish(mut self, is_there: bool) -> Result<Sound, RenderError> {
        if self.length == 0 {
            self.fill_to(FRAME as i64)?;
        }
        let config = self.encoder.specific_config();
        for packet in self.encoder.finish()? {
            self.packets.add(&packet)?;
        }
        self.peaks.finish();
        let (path, sizes) = self.packets.finish()?;
        let length = self.length.unsigned_abs();
        Ok(Sound { rate: RATE, channels: self.channels, config, sizes, length, peaks: self.peaks, is_there, path })
    }
}

/// A decoder at work.
struct Decoding {
    input: ffmpeg::format::context::Input,
    decoder: ffmpeg::decoder::Audio,
    stream: usize,
    channels: u16,
}

impl Decoding {
    fn open(path: &Path, stream: &SoundStream) -> Result<Self, Trouble> {
        let input = open(path)?;
        let unknown = |e: ffmpeg::Error| Trouble::refused(format!("the sound in this file cannot be decoded ({e})"));
        let found = input.stream(stream.index).ok_or_else(|| Trouble::refused("the file changes while it is read"))?;
        let mut decoder = ffmpeg::codec::Context::from_parameters(found.parameters()).map_err(unknown)?.decoder();
        decoder.set_packet_time_base(found.time_base());
        let decoder = decoder.audio().map_err(unknown)?;
        let channels = decoder.channels();
        Ok(Self { input, decoder, stream: stream.index, channels })
    }

    fn each_frame(&mut self, mut with: impl FnMut(&mut ffmpeg::frame::Audio) -> Result<(), Trouble>) -> Result<(), Trouble> {
        let decoder = &mut self.decoder;
        let mut take = |decoder: &mut ffmpeg::decoder::Audio| -> Result<(), Trouble> {
            let mut frame = ffmpeg::frame::Audio::empty();
            while decoder.receive_frame(&mut frame).is_ok() {
                if frame.samples() > 0 && frame.rate() > 0 && frame.channels() > 0 {
                    with(&mut frame)?;
                }
            }
            Ok(())
        };
        each_packet(&mut self.input, Some(self.stream), |packet| {
            // What is damaged is passed over: its place stays silent.
            let _ = decoder.send_packet(&packet);
            take(decoder)
        })?;
        let _ = self.decoder.send_eof();
        take(&mut self.decoder)
    }
}

/// Frames of any kind into interleaved samples of 16-bit size.
struct Resampling {
    rate: u32,
    layout: ffmpeg::ChannelLayout,
    context: Option<ffmpeg::software::resampling::Context>,
}

impl Resampling {
    fn to(rate: u32, channels: u8) -> Self {
        let layout = if channels == 1 { ffmpeg::ChannelLayout::MONO } else { ffmpeg::ChannelLayout::STEREO };
        Self { rate, layout, context: None }
    }

    fn run(&mut self, frame: &mut ffmpeg::frame::Audio) -> Result<Vec<f32>, Trouble> {
        if frame.channel_layout().is_empty() || frame.channel_layout().channels() != i32::from(frame.channels()) {
            frame.set_channel_layout(ffmpeg::ChannelLayout::default(i32::from(frame.channels())));
        }
        let fits = |context: &ffmpeg::software::resampling::Context| {
            let known = context.input();
            known.format == frame.format() && known.rate == frame.rate() && known.channel_layout == frame.channel_layout()
        };
        let mut samples = Vec::new();
        if !self.context.as_ref().is_some_and(fits) {
            samples = self.flush()?;
            let float = ffmpeg::format::Sample::F32(ffmpeg::format::sample::Type::Packed);
            let context = ffmpeg::software::resampling::Context::get(
                frame.format(),
                frame.channel_layout(),
                frame.rate(),
                float,
                self.layout,
                self.rate,
            );
            self.context = Some(context.map_err(broken)?);
        }
        if let Some(context) = &mut self.context {
            let mut out = ffmpeg::frame::Audio::empty();
            context.run(frame, &mut out).map_err(broken)?;
            append(&out, &mut samples);
        }
        Ok(samples)
    }

    /// What it still holds.
    fn flush(&mut self) -> Result<Vec<f32>, Trouble> {
        let mut samples = Vec::new();
        let Some(mut context) = self.context.take() else { return Ok(samples) };
        while context.delay().is_some_and(|delay| delay.output > 0) {
            let float = ffmpeg::format::Sample::F32(ffmpeg::format::sample::Type::Packed);
            let mut out = ffmpeg::frame::Audio::new(float, 4096, self.layout);
            out.set_rate(self.rate);
            context.flush(&mut out).map_err(broken)?;
            if out.samples() == 0 {
                break;
            }
            append(&out, &mut samples);
        }
        Ok(samples)
    }
}

fn broken(e: ffmpeg::Error) -> Trouble {
    Trouble::Render(RenderError::Codec(format!("resampling: {e}")))
}

fn append(frame: &ffmpeg::frame::Audio, into: &mut Vec<f32>) {
    let bytes = frame.samples() * usize::from(frame.channels()) * 4;
    let samples = frame.data(0).get(..bytes).unwrap_or_default().chunks_exact(4);
    into.extend(
        samples.filter_map(|b| Some(f32::from_ne_bytes(b.try_into().ok()?))).map(|s| if s.is_finite() { s * 32_768.0 } else { 0.0 }),
    );
}
