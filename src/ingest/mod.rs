//! Ingest: sockets, ICE/DTLS/SRTP, NACK and keyframe requests. Decrypted packets go out to the tape, nothing else.

mod arrival;
mod error;
mod reception;
mod rtcp;
mod rtp;
mod stamped_socket;
mod tap;
mod track_gate;
mod webrtc;

pub use error::IngestError;
pub use rtcp::{ReportBlock, RtcpError, RtcpItem, is_rtcp, read_compound, receiver_report};
pub use rtp::{LegId, Notice, RtpCounters, RtpIngest, RtpIngestConfig, RtpLegSpec};
pub use tap::{MediaClock, SharedTapFactory, Tap, TapFactory};
pub use track_gate::{TrackGate, Verdict};
pub use webrtc::{PeerCounters, WebrtcConfig, WebrtcIngest};
