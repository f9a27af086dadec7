//! What of an offered m-line Ferric takes.

use std::net::SocketAddr;

use crate::model::media::{Codec, MediaKind, PayloadFormat};

use super::description::{Direction, MediaDescription, SessionDescription};

/// One m-line that can be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamOffer {
    /// Sound or pictures.
    pub kind: MediaKind,
    /// The payload types that Ferric understands, in the order offered.
    pub formats: Vec<PayloadFormat>,
    /// Which way the sender wants it to flow.
    pub direction: Direction,
    /// SIPREC label.
    pub label: Option<String>,
    /// Where the sender says it sends from.
    pub remote_rtp: Option<SocketAddr>,
    /// Where its RTCP comes from.
    pub remote_rtcp: Option<SocketAddr>,
    /// RTP and RTCP on one port.
    pub rtcp_mux: bool,
}

/// Why an m-line is answered with port 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamRefused {
    /// The sender itself switched the line off.
    #[error("it is offered with port 0")]
    SwitchedOff,
    /// Not sound.
    #[error("only audio is recorded over SIP")]
    NotAudio,
    /// SAVP, UDPTL, TCP …
    #[error("its transport is not plain RTP (RTP/AVP)")]
    Transport,
    /// G.729, AMR …
    #[error("none of its codecs is PCMU, PCMA or Opus")]
    NoCodec,
}

/// A dynamic mapping, or one of the static ones of RFC 3551 §6.
fn payload_format(media: &MediaDescription, pt: u8) -> Option<PayloadFormat> {
    let mapped = media.rtpmap(pt);
    let fallback = match pt {
        0 => Some("PCMU/8000"),
        8 => Some("PCMA/8000"),
        13 => Some("CN/8000"),
        _ => None,
    };
    let mut parts = mapped.or(fallback)?.split('/');
    let name = parts.next()?.trim().to_ascii_lowercase();
    let clock_hz: u32 = parts.next()?.trim().parse().ok()?;
    let channels: u8 = parts.next().and_then(|n| n.trim().parse().ok()).unwrap_or(1);
    let codec = match (name.as_str(), clock_hz) {
        ("pcmu", 8000) => Codec::Pcmu,
        ("pcma", 8000) => Codec::Pcma,
        ("opus", 48_000) => Codec::Opus,
        ("telephone-event", _) => Codec::TelephoneEvent,
        ("cn", _) => Codec::ComfortNoise,
        _ => return None,
    };
    if codec != Codec::Opus && channels != 1 {
        return None;
    }
    Some(PayloadFormat { pt, codec, clock_hz, channels, fmtp: media.fmtp(pt).unwrap_or_default().to_owned() })
}

/// Judges one m-line of an offer.
pub fn read_stream(session: &SessionDescription, media: &MediaDescription) -> Result<StreamOffer, StreamRefused> {
    if media.port == 0 {
        return Err(StreamRefused::SwitchedOff);
    }
    if media.kind != "audio" {
        return Err(StreamRefused::NotAudio);
    }
    if !matches!(media.protocol.as_str(), "RTP/AVP" | "RTP/AVPF") {
        return Err(StreamRefused::Transport);
    }
    let mut formats: Vec<PayloadFormat> = Vec::new();
    for pt in media.formats.iter().filter_map(|f| f.parse::<u8>().ok()).filter(|pt| *pt < 128) {
        if formats.iter().all(|known| known.pt != pt) {
            formats.extend(payload_format(media, pt));
        }
    }
    if !formats.iter().any(|f| matches!(f.codec, Codec::Pcmu | Codec::Pcma | Codec::Opus)) {
        return Err(StreamRefused::NoCodec);
    }
    Ok(StreamOffer {
        kind: MediaKind::Audio,
        formats,
        direction: session.direction_of(media),
        label: media.label().map(str::to_owned),
        remote_rtp: session.rtp_address_of(media),
        remote_rtcp: session.rtcp_address_of(media),
        rtcp_mux: media.has("rtcp-mux"),
    })
}
