//! A payload becoming samples. Everything ends up as one channel: a party has one place in the mix.

use ffmpeg_next as ffmpeg;

use crate::model::g711::{ALAW, ULAW};
use crate::model::media::Codec;
use crate::render::RenderError;

/// Decodes one track's payloads of one codec, in order.
pub enum Decoder {
    /// G.711 by table.
    Table(&'static [i16; 256]),
    /// By FFmpeg.
    Ffmpeg(Box<ffmpeg::decoder::Audio>),
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Table(_) => "Decoder::Table",
            Self::Ffmpeg(_) => "Decoder::Ffmpeg",
        })
    }
}

impl Decoder {
    /// For a codec of sound.
    ///
    /// # Errors
    /// Where FFmpeg has no decoder for it; telephone events and comfort noise are not decoded at all.
    pub fn new(codec: Codec) -> Result<Self, RenderError> {
        match codec {
            Codec::Pcmu => Ok(Self::Table(&ULAW)),
            Codec::Pcma => Ok(Self::Table(&ALAW)),
            Codec::Opus => {
                let named = ffmpeg::decoder::find_by_name("libopus").or_else(|| ffmpeg::decoder::find(ffmpeg::codec::Id::OPUS));
                let codec = named.ok_or_else(|| RenderError::Codec("FFmpeg has no Opus decoder".to_owned()))?;
                let opened = ffmpeg::codec::Context::new_with_codec(codec).decoder().audio();
                Ok(Self::Ffmpeg(Box::new(opened.map_err(|e| RenderError::Codec(format!("Opus decoder: {e}")))?)))
            }
            other => Err(RenderError::Codec(format!("{other:?} is not sound that can be decoded"))),
        }
    }

    /// Appends a payload's samples, mixed to one channel. A broken payload adds nothing and is `false`.
    pub fn decode(&mut self, payload: &[u8], into: &mut Vec<i16>) -> bool {
        match self {
            Self::Table(table) => into.extend(payload.iter().map(|&b| table[usize::from(b)])),
            Self::Ffmpeg(decoder) => {
                if payload.is_empty() || decoder.send_packet(&ffmpeg::Packet::copy(payload)).is_err() {
                    return false;
                }
                let mut frame = ffmpeg::frame::Audio::empty();
                while decoder.receive_frame(&mut frame).is_ok() {
                    append_mono(&frame, into);
                }
            }
        }
        true
    }
}

fn append_mono(frame: &ffmpeg::frame::Audio, into: &mut Vec<i16>) {
    use ffmpeg::format::Sample;
    use ffmpeg::format::sample::Type;
    let (channels, samples) = (usize::from(frame.channels()).max(1), frame.samples());
    let to_i16 = |x: f32| (x * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
    match frame.format() {
        Sample::I16(Type::Packed) => {
            let (whole, _) = frame.data(0).as_chunks::<2>();
            let all: Vec<i32> = whole.iter().take(samples * channels).map(|b| i32::from(i16::from_ne_bytes(*b))).collect();
            into.extend(all.chunks_exact(channels).map(|c| (c.iter().sum::<i32>() / channels as i32) as i16));
        }
        Sample::F32(Type::Packed) => {
            let (whole, _) = frame.data(0).as_chunks::<4>();
            let all: Vec<f32> = whole.iter().take(samples * channels).map(|b| f32::from_ne_bytes(*b)).collect();
            into.extend(all.chunks_exact(channels).map(|c| to_i16(c.iter().sum::<f32>() / channels as f32)));
        }
        Sample::F32(Type::Planar) => {
            let planes: Vec<&[f32]> = (0..channels).map(|c| frame.plane::<f32>(c)).collect();
            into.extend((0..samples).map(|i| to_i16(planes.iter().map(|p| p[i]).sum::<f32>() / channels as f32)));
        }
        _ => into.extend(std::iter::repeat_n(0i16, samples)),
    }
}
