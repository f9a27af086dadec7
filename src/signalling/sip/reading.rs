//! What a datagram comes to, whatever its bytes: the whole way from bytes to an intake, without a socket. Pure.

use std::time::Duration;

use rsipstack::sip::{Method, SipMessage};

use super::session_timer::{Limits, negotiate};
use super::{body, intake, stateless};

/// What a node would make of a datagram that is no part of a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// No SIP; `answered` where it is enough of a request to be told so.
    Unreadable {
        /// 400 or 501 is sent.
        answered: bool,
    },
    /// SIP, but nothing that begins a call.
    Other,
    /// An INVITE that is refused with this status.
    Refused(u16),
    /// An INVITE that begins a call with so many m-lines.
    Call(usize),
}

/// Reads a datagram as the server would read the first of a call (RFC 3261 §8.2, RFC 7866 §6, RFC 4028 §8).
#[must_use]
pub fn read_datagram(datagram: &[u8]) -> Reading {
    let Some(message) = body::read_message(datagram) else {
        return Reading::Unreadable { answered: stateless::refuse_unreadable(datagram).is_some() };
    };
    let SipMessage::Request(request) = message else { return Reading::Other };
    if request.method != Method::Invite {
        return Reading::Other;
    }
    let limits = Limits { proposed_s: 1800, shortest_s: 90 };
    match intake::read_invite(&request).and_then(|call| negotiate(&request.headers, limits, Duration::ZERO).map(|_| call)) {
        Ok(call) => Reading::Call(call.offer.streams.len()),
        Err(reply) => Reading::Refused(reply.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_is_a_call_and_rubbish_is_told_so() {
        let sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
        let head = "SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 7\r\nCSeq: 1 INVITE\r\n\
                    Content-Type: application/sdp\r\n";
        let with = |body: &str| format!("INVITE sip:default@node {head}Content-Length: {}\r\n\r\n{body}", body.len());
        assert_eq!(read_datagram(with(sdp).as_bytes()), Reading::Call(1));
        assert_eq!(read_datagram(with("nonsense").as_bytes()), Reading::Refused(400), "no SDP");
        assert_eq!(read_datagram(with("v=0\r\n").as_bytes()), Reading::Refused(488), "SDP without anything to record");
        assert_eq!(read_datagram(format!("FROB x {head}\r\n").as_bytes()), Reading::Unreadable { answered: true });
        assert_eq!(read_datagram(b"\x80\x00nothing"), Reading::Unreadable { answered: false });
    }
}
