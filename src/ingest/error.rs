//! What can go wrong on the way in.

use std::io;
use std::ops::RangeInclusive;

use crate::model::switchboard::Refusal;

/// Why ingest could not take or serve a stream.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Every pair of ports of the range is in use.
    #[error("no free pair of RTP ports in {}-{}", .range.start(), .range.end())]
    PortsExhausted {
        /// The configured range.
        range: RangeInclusive<u16>,
    },
    /// The range holds no even port with the odd one above it.
    #[error("the port range {}-{} holds no pair of an even and the following odd port", .range.start(), .range.end())]
    BadRange {
        /// The configured range.
        range: RangeInclusive<u16>,
    },
    /// The operating system said no.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// The stream is gone, or never was.
    #[error("there is no such stream")]
    NoSuchLeg,
    /// The peer connection is gone, or never was.
    #[error("there is no such peer connection")]
    NoSuchPeer,
    /// The offer is not SDP, or cannot be taken whole; says which part.
    #[error("the offer cannot be taken: {0}")]
    BadOffer(String),
    /// The tape would not open a track.
    #[error("the track cannot be recorded: {0}")]
    Tape(String),
    /// The WebRTC stack refused something that is not the offer's fault.
    #[error("WebRTC: {0}")]
    Webrtc(String),
}

impl IngestError {
    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }

    /// The same to signalling: whose fault it is, and whether to come again later.
    #[must_use]
    pub fn refusal(self) -> Refusal {
        match self {
            Self::BadOffer(why) => Refusal::BadOffer(why),
            Self::NoSuchLeg | Self::NoSuchPeer => Refusal::NoSuchParticipant,
            other => Refusal::Busy(other.to_string()),
        }
    }
}
