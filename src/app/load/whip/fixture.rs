//! A film to be published: VP8 or H.264 and Opus, taken out of a file without re-encoding.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use ffmpeg_next as ffmpeg;

use crate::model::media::Codec;

/// One frame of a stream: an access unit, or an Opus packet.
#[derive(Clone, Debug)]
pub struct Frame {
    /// When it is due, from the film's beginning.
    pub at: Duration,
    /// Whether decoding can begin with it.
    pub keyframe: bool,
    /// The frame: H.264 with start codes (Annex B), the others as they are.
    pub data: Bytes,
}

/// One stream of a film.
#[derive(Clone, Debug)]
pub struct FilmTrack {
    /// `Vp8`, `H264` or `Opus`.
    pub codec: Codec,
    /// Its frames in order.
    pub frames: Vec<Frame>,
}

/// A film in memory.
#[derive(Clone, Debug)]
pub struct Film {
    /// Its streams: at most one of sound and one of pictures.
    pub tracks: Vec<FilmTrack>,
    /// How long it is; after that it begins anew.
    pub length: Duration,
}

impl Film {
    /// Reads a film (WebM; for H.264 an MPEG transport stream, or another file whose keyframes carry their parameter sets).
    ///
    /// # Errors
    /// Where the file cannot be read, holds neither VP8, H.264 nor Opus, or cannot be sent as it is.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        ffmpeg::init()?;
        let mut input = ffmpeg::format::input(path).with_context(|| path.display().to_string())?;
        let mut tracks = Vec::new();
        for stream in input.streams() {
            let parameters = stream.parameters();
            let codec = match parameters.id() {
                ffmpeg::codec::Id::VP8 => Codec::Vp8,
                ffmpeg::codec::Id::H264 => Codec::H264,
                ffmpeg::codec::Id::OPUS => Codec::Opus,
                _ => continue,
            };
            tracks.push((stream.index(), FilmTrack { codec, frames: Vec::new() }));
        }
        ensure!(!tracks.is_empty(), "{} holds neither VP8, H.264 nor Opus", path.display());
        let mut length = Duration::ZERO;
        for (stream, packet) in input.packets() {
            let Some((_, track)) = tracks.iter_mut().find(|(index, _)| *index == stream.index()) else { continue };
            let base = stream.time_base();
            let time = |units: i64| {
                let seconds = units.max(0) as f64 * f64::from(base.numerator()) / f64::from(base.denominator());
                Duration::from_secs_f64(seconds)
            };
            let at = time(packet.pts().or(packet.dts()).context("a frame without time")?);
            let data = packet.data().unwrap_or_default();
            let keyframe = packet.is_key();
            let data = if track.codec == Codec::H264 { annex_b(data)? } else { data.to_vec() };
            let frame_length = if packet.duration() > 0 { time(packet.duration()) } else { Duration::from_millis(33) };
            length = length.max(at + frame_length);
            track.frames.push(Frame { at, keyframe, data: data.into() });
        }
        let tracks: Vec<_> = tracks.into_iter().map(|(_, track)| track).collect();
        for track in &tracks {
            if track.codec == Codec::H264 {
                let sets =
                    track.frames.iter().filter(|f| f.keyframe).all(|f| f.data.windows(4).any(|w| w[..3] == [0, 0, 1] && w[3] & 0x1f == 7));
                ensure!(sets, "{}: H.264 keyframes without their parameter sets cannot be sent", path.display());
            }
            ensure!(track.frames.first().is_some_and(|f| f.keyframe), "{}: a stream does not begin with a keyframe", path.display());
            ensure!(track.frames.is_sorted_by_key(|f| f.at), "{}: frames that are out of order (B-frames) cannot be sent", path.display());
        }
        Ok(Self { tracks, length })
    }

    /// With another's streams beside its own; it lasts as long as the shorter one.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.tracks.extend(other.tracks);
        self.length = self.length.min(other.length);
        self
    }

    /// Without its sound, or without its pictures.
    #[must_use]
    pub fn only(&self, wanted: impl Fn(Codec) -> bool) -> Self {
        Self { tracks: self.tracks.iter().filter(|t| wanted(t.codec)).cloned().collect(), length: self.length }
    }
}

/// Four-byte lengths (ISO/IEC 14496-15) to start codes.
fn annex_b(data: &[u8]) -> anyhow::Result<Vec<u8>> {
    if data.starts_with(&[0, 0, 0, 1]) || data.starts_with(&[0, 0, 1]) {
        return Ok(data.to_vec());
    }
    let mut out = Vec::with_capacity(data.len() + 64);
    let mut rest = data;
    while let Some((head, after)) = rest.split_at_checked(4) {
        let len = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let (unit, after) = after.split_at_checked(len).context("a cut H.264 frame")?;
        out.extend([0, 0, 0, 1]);
        out.extend(unit);
        rest = after;
    }
    Ok(out)
}
