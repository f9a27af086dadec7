//! AAC-LC by FFmpeg's native encoder, in bursts.
//!
//! An open encoder holds over a megabyte, which hundreds of live calls cannot each afford. So a burst of frames (some seconds) is encoded by an
//! encoder that is opened for it and closed after it. AAC frames overlap by half: the new encoder is fed the two frames before the
//! burst as well and what it makes of them is thrown away, so that every packet is what an unbroken encoder would have made of
//! the same samples, but for the state of its rate control.

use ffmpeg_next as ffmpeg;

use super::palette::Palette;
use crate::render::RenderError;

/// Samples of a frame.
pub const FRAME: usize = 1024;
/// Samples that a decoder puts out before the first real one.
pub const PRIMING: usize = 1024;
/// Frames fed again at the start of a burst.
const WARM_UP: usize = 2;

/// Bits a second for a rate and number of channels: what speech needs to be transparent, no more.
#[must_use]
pub fn bit_rate(sample_hz: u32, channels: u8) -> usize {
    let one = match sample_hz {
        0..=8000 => 16_000,
        8001..=16_000 => 28_000,
        _ => 56_000,
    };
    one * usize::from(channels)
}

/// Encodes one output's sound.
#[derive(Debug)]
pub struct AacEncoder {
    sample_hz: u32,
    channels: u8,
    /// Interleaved samples from the frame `kept_from` on, while nothing is put away.
    pcm: Vec<i16>,
    /// The same while nothing comes, where they fit.
    away: Option<Palette>,
    kept_from: usize,
    /// Packets made so far.
    packets: usize,
}

impl AacEncoder {
    /// For a rate and one or two channels.
    #[must_use]
    pub fn new(sample_hz: u32, channels: u8) -> Self {
        Self { sample_hz, channels, pcm: Vec::new(), away: None, kept_from: 0, packets: 0 }
    }

    /// `AudioSpecificConfig` (ISO/IEC 14496-3 §1.6.2.1): AAC-LC.
    #[must_use]
    pub fn specific_config(&self) -> [u8; 2] {
        let index = frequency_index(self.sample_hz);
        [(2 << 3) | (index >> 1), (index << 7) | (self.channels << 3)]
    }

    /// Takes interleaved samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.bring_back();
        // `f32::round` is a call where the processor has no instruction for it: a twentieth of all rendering.
        self.pcm.extend(samples.iter().map(|s| (s + 0.5f32.copysign(*s)) as i16));
    }

    /// Nothing comes for a while: no more room is kept than what waits needs.
    pub fn rest(&mut self) {
        if self.away.is_none() && !self.pcm.is_empty() {
            self.away = Palette::of(&self.pcm);
            if self.away.is_some() {
                self.pcm = Vec::new();
            }
        }
        self.pcm.shrink_to_fit();
    }

    fn bring_back(&mut self) {
        if let Some(away) = self.away.take() {
            self.pcm.extend(away.samples());
        }
    }

    fn samples(&self) -> usize {
        self.away.as_ref().map_or(self.pcm.len(), Palette::len)
    }

    /// Whole frames there are.
    fn frames(&self) -> usize {
        self.kept_from + self.samples() / (FRAME * usize::from(self.channels))
    }

    /// Packets made so far.
    #[must_use]
    pub fn packets(&self) -> usize {
        self.packets
    }

    /// Packets that could be made now: each wants the frame of its own and the one after.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.frames().saturating_sub(self.packets + 1)
    }

    /// The next `count` packets (see [`Self::ready`]).
    ///
    /// # Errors
    /// Where FFmpeg fails.
    pub fn encode(&mut self, count: usize) -> Result<Vec<Vec<u8>>, RenderError> {
        self.run(count.min(self.ready()), false)
    }

    /// The rest: what is missing to a frame is silence. `samples` a channel have been pushed in all; as many come out after [`PRIMING`].
    ///
    /// # Errors
    /// Where FFmpeg fails.
    pub fn finish(mut self) -> Result<Vec<Vec<u8>>, RenderError> {
        self.bring_back();
        let frame = FRAME * usize::from(self.channels);
        self.pcm.resize(self.pcm.len().next_multiple_of(frame), 0);
        let wanted = self.frames() + 1 - self.packets;
        if self.frames() == 0 {
            return Ok(Vec::new());
        }
        // Packet n is made once frame n + 1 is there; two frames of silence stand in for a flush, which would shorten the last.
        self.pcm.resize(self.pcm.len() + 2 * frame, 0);
        self.run(wanted, true)
    }

    fn run(&mut self, count: usize, last: bool) -> Result<Vec<Vec<u8>>, RenderError> {
        if count == 0 {
            return Ok(Vec::new());
        }
        self.bring_back();
        let broken = |e: ffmpeg::Error| RenderError::Codec(format!("AAC encoder: {e}"));
        let mut encoder = self.open()?;
        let layout = layout_of(self.channels);
        let (channels, frame) = (usize::from(self.channels), FRAME * usize::from(self.channels));
        let first = self.packets.saturating_sub(WARM_UP);
        let mut input = ffmpeg::frame::Audio::new(ffmpeg::format::Sample::F32(ffmpeg::format::sample::Type::Planar), FRAME, layout);
        input.set_rate(self.sample_hz);
        let mut packet = ffmpeg::Packet::empty();
        let mut made = Vec::with_capacity(count);
        let mut number = first;
        for at in first..=self.packets + count {
            let from = (at - self.kept_from) * frame;
            let samples =
                self.pcm.get(from..from + frame).ok_or_else(|| RenderError::Codec("AAC encoder: a frame is missing".to_owned()))?;
            // The encoder may still hold the frame's buffer: a new one is as cheap as asking.
            let mut next = ffmpeg::frame::Audio::new(input.format(), FRAME, layout);
            next.set_rate(self.sample_hz);
            next.set_pts(Some((at * FRAME) as i64));
            for channel in 0..channels {
                let plane = next.plane_mut::<f32>(channel);
                for (out, sample) in plane.iter_mut().zip(samples[channel..].iter().step_by(channels)) {
                    *out = f32::from(*sample) / 32_768.0;
                }
            }
            encoder.send_frame(&next).map_err(broken)?;
            while encoder.receive_packet(&mut packet).is_ok() {
                if (self.packets..self.packets + count).contains(&number) {
                    made.push(packet.data().unwrap_or_default().to_vec());
                }
                number += 1;
            }
        }
        if made.len() != count {
            return Err(RenderError::Codec(format!("AAC encoder: {} packets of {count}", made.len())));
        }
        self.packets += count;
        if !last {
            let keep_from = self.packets.saturating_sub(WARM_UP);
            self.pcm.drain(..(keep_from - self.kept_from) * frame);
            self.kept_from = keep_from;
        }
        Ok(made)
    }

    fn open(&self) -> Result<ffmpeg::encoder::Audio, RenderError> {
        let broken = |e: ffmpeg::Error| RenderError::Codec(format!("AAC encoder: {e}"));
        let codec = ffmpeg::encoder::find_by_name("aac").ok_or_else(|| RenderError::Codec("FFmpeg has no AAC encoder".to_owned()))?;
        let mut context = ffmpeg::codec::Context::new_with_codec(codec);
        context.set_flags(ffmpeg::codec::Flags::GLOBAL_HEADER | ffmpeg::codec::Flags::BITEXACT);
        context.set_time_base((1, self.sample_hz as i32));
        let mut audio = context.encoder().audio().map_err(broken)?;
        audio.set_rate(self.sample_hz as i32);
        audio.set_format(ffmpeg::format::Sample::F32(ffmpeg::format::sample::Type::Planar));
        audio.set_channel_layout(layout_of(self.channels));
        audio.set_bit_rate(bit_rate(self.sample_hz, self.channels));
        let mut options = ffmpeg::Dictionary::new();
        options.set("aac_coder", "fast");
        if self.sample_hz <= 8000 {
            // Left to itself it cuts a fifth of the bit rate: 3200 Hz, and a telephone goes to 3400.
            options.set("cutoff", "4000");
        }
        // Each channel for itself: joint stereo would let one party be heard in the other's channel.
        options.set("aac_ms", "0");
        options.set("aac_is", "0");
        options.set("aac_pns", "0");
        options.set("aac_tns", "0");
        audio.open_as_with(codec, options).map_err(broken)
    }
}

fn layout_of(channels: u8) -> ffmpeg::ChannelLayout {
    if channels == 1 { ffmpeg::ChannelLayout::MONO } else { ffmpeg::ChannelLayout::STEREO }
}

/// `samplingFrequencyIndex` (ISO/IEC 14496-3 table 1.18).
fn frequency_index(sample_hz: u32) -> u8 {
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000]
        .iter()
        .position(|&hz| hz == sample_hz)
        .unwrap_or(11) as u8
}
