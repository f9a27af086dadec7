//! Writes our side of a session: one m-line for each m-line of the peer's, in the same order (RFC 3264 §6). In recording sessions nothing is ever sent
//! (RFC 7866 §7.2). The same text is our offer where we have to make one.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use crate::model::media::{Codec, PayloadFormat};

use super::description::{Direction, SessionDescription};
use super::record::Indication;

/// An m-line that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedStream {
    /// Where its RTP is to be sent.
    pub rtp: SocketAddr,
    /// Where its RTCP is to be sent.
    pub rtcp: SocketAddr,
    /// The payload types that are taken.
    pub formats: Vec<PayloadFormat>,
    /// RTP and RTCP on one port.
    pub rtcp_mux: bool,
    /// The direction that was offered.
    pub offered: Direction,
    /// Something is sent there too: a notice of the recording.
    pub speaks: bool,
    /// What the other side is told of the recording; nothing in recording sessions, where the sender knows.
    pub record: Option<Indication>,
}

/// What the answer says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerHeader {
    /// `o=` session id: the same for the whole dialog.
    pub session_id: u64,
    /// `o=` version: one more with every changed answer.
    pub version: u64,
    /// The address that stands in `o=` and `c=`.
    pub address: IpAddr,
}

fn family(ip: IpAddr) -> &'static str {
    if ip.is_ipv4() { "IP4" } else { "IP6" }
}

/// A recorder receives where the other sends, and sends only where it has something to say and the other listens.
fn answered(offered: Direction, speaks: bool) -> Direction {
    match offered {
        Direction::SendRecv if speaks => Direction::SendRecv,
        Direction::RecvOnly if speaks => Direction::SendOnly,
        Direction::SendRecv | Direction::SendOnly => Direction::RecvOnly,
        Direction::RecvOnly | Direction::Inactive => Direction::Inactive,
    }
}

fn encoding_name(codec: Codec) -> Option<&'static str> {
    match codec {
        Codec::Pcmu => Some("PCMU"),
        Codec::Pcma => Some("PCMA"),
        Codec::Opus => Some("opus"),
        Codec::TelephoneEvent => Some("telephone-event"),
        Codec::ComfortNoise => Some("CN"),
        Codec::Vp8 | Codec::H264 => None,
    }
}

/// Writes an answer. `streams` has one entry for each m-line of the offer; `None` refuses it.
#[must_use]
pub fn write_answer(offer: &SessionDescription, streams: &[Option<AcceptedStream>], header: AnswerHeader) -> String {
    let AnswerHeader { session_id, version, address } = header;
    let mut out = String::with_capacity(512);
    let _ = write!(out, "v=0\r\no=ferric {session_id} {version} IN {} {address}\r\ns=-\r\n", family(address));
    let _ = write!(out, "c=IN {} {address}\r\nt=0 0\r\n", family(address));
    for (media, accepted) in offer.media.iter().zip(streams.iter().chain(std::iter::repeat(&None))) {
        let Some(stream) = accepted else {
            let formats = if media.formats.is_empty() { "0".to_owned() } else { media.formats.join(" ") };
            let _ = write!(out, "m={} 0 {} {formats}\r\n", media.kind, media.protocol);
            mirror(&mut out, media);
            continue;
        };
        let _ = write!(out, "m={} {} {}", media.kind, stream.rtp.port(), media.protocol);
        for format in &stream.formats {
            let _ = write!(out, " {}", format.pt);
        }
        out.push_str("\r\n");
        if stream.rtp.ip() != address {
            let _ = write!(out, "c=IN {} {}\r\n", family(stream.rtp.ip()), stream.rtp.ip());
        }
        for format in &stream.formats {
            let Some(name) = encoding_name(format.codec) else { continue };
            let _ = write!(out, "a=rtpmap:{} {name}/{}", format.pt, format.clock_hz);
            if format.channels > 1 {
                let _ = write!(out, "/{}", format.channels);
            }
            out.push_str("\r\n");
            if format.codec == Codec::TelephoneEvent {
                let events = if format.fmtp.is_empty() { "0-15" } else { format.fmtp.as_str() };
                let _ = write!(out, "a=fmtp:{} {events}\r\n", format.pt);
            }
        }
        if let Some(ptime) = media.value("ptime").filter(|p| p.parse::<u16>().is_ok()) {
            let _ = write!(out, "a=ptime:{ptime}\r\n");
        }
        let _ = write!(out, "a={}\r\n", answered(stream.offered, stream.speaks).as_str());
        if let Some(record) = stream.record {
            let _ = write!(out, "a=record:{}\r\n", record.as_str());
        }
        mirror(&mut out, media);
        if stream.rtcp_mux {
            out.push_str("a=rtcp-mux\r\n");
        } else if Some(stream.rtcp.port()) != stream.rtp.port().checked_add(1) {
            let _ = write!(out, "a=rtcp:{}\r\n", stream.rtcp.port());
        }
    }
    out
}

/// Some senders stop sending where their label does not come back.
fn mirror(out: &mut String, media: &super::description::MediaDescription) {
    for name in ["label", "mid"] {
        if let Some(value) = media.value(name) {
            let _ = write!(out, "a={name}:{value}\r\n");
        }
    }
}
