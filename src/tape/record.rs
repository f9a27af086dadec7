//! What stands on a tape, decrypted.

use bytes::Bytes;

use crate::model::event::TapeEvent;
use crate::model::id::TrackId;
use crate::model::time::MediaTime;

/// One record. Records of one track come in order of arrival; between tracks the order may be off by at most 400 ms.
#[derive(Clone, Debug)]
pub struct Record {
    /// When it arrived.
    pub at: MediaTime,
    /// What it is.
    pub body: Body,
}

/// What a record is.
#[derive(Clone, Debug)]
pub enum Body {
    /// A whole RTP packet, header and all, after decryption (RFC 3550 §5.1).
    Rtp {
        /// Its track.
        track: TrackId,
        /// The packet.
        packet: Bytes,
    },
    /// A sender report (RFC 3550 §6.4.1).
    SenderReport {
        /// Its track.
        track: TrackId,
        /// The report.
        report: SenderReport,
    },
    /// Anything else that happened.
    Event(TapeEvent),
}

/// What an RTCP sender report says of time (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderReport {
    /// Whose.
    pub ssrc: u32,
    /// NTP time stamp, 32.32 fixed point.
    pub ntp: u64,
    /// The same instant in RTP units.
    pub rtp: u32,
    /// Packets sent so far.
    pub packets: u32,
    /// Payload bytes sent so far.
    pub octets: u32,
}
