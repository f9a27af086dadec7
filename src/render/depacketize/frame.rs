//! Whole coded pictures out of RTP packets: what VP8 and H.264 have in common.

use bytes::Bytes;

use crate::model::media::Codec;
use crate::render::timeline::OutputTime;

/// A packet of a picture track, as far as assembling frames needs it.
#[derive(Clone, Copy, Debug)]
pub struct PicturePacket<'a> {
    /// Where its frame belongs.
    pub at: OutputTime,
    /// Counts on over wraps of the 16-bit number: a hole is a loss.
    pub sequence: i64,
    /// RTP time stamp.
    pub timestamp: u32,
    /// Its stream.
    pub ssrc: u32,
    /// Marker bit.
    pub marker: bool,
    /// Payload without header and padding.
    pub payload: &'a [u8],
}

/// A coded picture that arrived whole and that a decoder which got all the ones before it can decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodedFrame {
    /// Where it belongs.
    pub at: OutputTime,
    /// RTP time stamp, 90 kHz.
    pub timestamp: u32,
    /// Its stream.
    pub ssrc: u32,
    /// Decodes without any other: VP8 key frame, or H.264 IDR with its parameter sets before it.
    pub keyframe: bool,
    /// VP8 or H.264.
    pub codec: Codec,
    /// A VP8 frame, or an H.264 access unit in Annex B form.
    pub data: Bytes,
}

/// What became of the frames of a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameCounts {
    /// Whole frames that were handed on.
    pub whole: u64,
    /// Frames of which packets are missing or damaged.
    pub broken: u64,
    /// Whole frames that were held back because one before them, which they build on, is missing.
    pub undecodable: u64,
}

/// Watches the numbers of one track's packets: tells whether a packet is the next one of its stream.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Continuity {
    last: Option<(u32, i64)>,
}

/// How a packet follows the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// The first one, or the first of another stream.
    Anew,
    /// The very next.
    Next,
    /// Some are missing between.
    Gap,
    /// It came before: a repeat, or out of order.
    Old,
}

impl Continuity {
    pub(super) fn see(&mut self, ssrc: u32, sequence: i64) -> Follows {
        let follows = match self.last {
            Some((stream, last)) if stream == ssrc => match sequence - last {
                1 => Follows::Next,
                ..=0 => return Follows::Old,
                _ => Follows::Gap,
            },
            _ => Follows::Anew,
        };
        self.last = Some((ssrc, sequence));
        follows
    }
}
