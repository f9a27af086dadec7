//! What a track carries: codecs as SDP names them.

use serde::{Deserialize, Serialize};

use super::id::ParticipantId;

/// Sound, a camera's picture, or a shared screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// A camera.
    Video,
    /// A shared screen.
    Screen,
}

/// The codecs that Ferric takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// G.711 µ-law (RFC 3551 §4.5.14).
    Pcmu,
    /// G.711 A-law (RFC 3551 §4.5.14).
    Pcma,
    /// Opus (RFC 7587).
    Opus,
    /// VP8 (RFC 7741).
    Vp8,
    /// H.264 (RFC 6184).
    H264,
    /// DTMF and tones (RFC 4733): kept on the tape as arrived, never audible.
    TelephoneEvent,
    /// Comfort noise (RFC 3389).
    ComfortNoise,
}

/// One payload type of a track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadFormat {
    /// RTP payload type.
    pub pt: u8,
    /// Codec.
    pub codec: Codec,
    /// RTP clock rate in Hz.
    pub clock_hz: u32,
    /// Channels of sound; 1 for pictures.
    pub channels: u8,
    /// SDP `fmtp` parameters as sent, empty if none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fmtp: String,
}

/// What a track is when it begins, or after a re-offer changed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackSpec {
    /// Whose it is.
    pub participant: ParticipantId,
    /// What it carries.
    pub kind: MediaKind,
    /// The payload types that were agreed on.
    pub formats: Vec<PayloadFormat>,
    /// The peer's name of it: a SIPREC label, a WebRTC mid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// One-byte header extension id of the audio level (RFC 6464), where agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_level_ext: Option<u8>,
}
