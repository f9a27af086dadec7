//! A picture packet with its place.

use super::output_time::OutputTime;
use crate::model::id::TrackId;
use crate::model::media::Codec;

/// One RTP packet of a picture track, in the sender's order, without repeats, on the clock that sound uses too.
#[derive(Clone, Copy, Debug)]
pub struct PlacedPacket<'a> {
    /// Its track.
    pub track: TrackId,
    /// Counts on over wraps of the 16-bit number and over a new SSRC (which leaves a hole of at least one): a hole is a loss.
    pub sequence: i64,
    /// When its picture is to be seen. All packets of a frame have the same.
    pub at: OutputTime,
    /// RTP time stamp as sent; with `ssrc` it tells one frame from the next.
    pub rtp_timestamp: u32,
    /// Whose numbering.
    pub ssrc: u32,
    /// End of a frame, for most codecs.
    pub marker: bool,
    /// By its payload type as agreed last.
    pub codec: Codec,
    /// Payload without header and padding.
    pub payload: &'a [u8],
}
