//! A SIP peer's media: an RTP socket and an RTCP socket, and packets that can be told apart.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use ferric::ingest::{RtpIngest, RtpIngestConfig};
use ferric::model::media::{Codec, MediaKind, PayloadFormat};
use ferric::model::switchboard::{RtpAnswer, RtpOffer};
use ferric::tape::WriteBell;

pub const LOOPBACK: std::net::IpAddr = std::net::IpAddr::V4(Ipv4Addr::LOCALHOST);

/// An ingest on loopback. Tests run side by side: each takes what of the range is free.
pub fn ingest() -> RtpIngest {
    ingest_that_rings(None)
}

pub fn ingest_that_rings(bell: Option<WriteBell>) -> RtpIngest {
    RtpIngest::start(RtpIngestConfig { bind_ip: LOOPBACK, ports: 20_000..=29_999, advertised_ip: None, bell }).unwrap()
}

pub fn offer() -> RtpOffer {
    let pcmu = PayloadFormat { pt: 0, codec: Codec::Pcmu, clock_hz: 8000, channels: 1, fmtp: String::new() };
    RtpOffer {
        kind: MediaKind::Audio,
        formats: vec![pcmu],
        label: None,
        remote_rtp: None,
        remote_rtcp: None,
        rtcp_mux: false,
        local_ip: LOOPBACK,
        hears: false,
    }
}

pub fn rtp(ssrc: u32, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80, 0];
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(timestamp.to_be_bytes());
    bytes.extend(ssrc.to_be_bytes());
    bytes.extend(payload);
    bytes
}

pub fn sender_report(ssrc: u32, ntp: u64, timestamp: u32) -> Vec<u8> {
    let mut bytes = vec![0x80, 200, 0, 6];
    bytes.extend(ssrc.to_be_bytes());
    bytes.extend(ntp.to_be_bytes());
    bytes.extend(timestamp.to_be_bytes());
    bytes.extend([0, 0, 0, 1, 0, 0, 0, 160]);
    bytes
}

pub struct Sender {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    pub ssrc: u32,
    next: u16,
}

impl Sender {
    pub fn to(answer: &RtpAnswer, ssrc: u32, first: u16) -> Self {
        let socket = |to| {
            let socket = UdpSocket::bind((LOOPBACK, 0)).unwrap();
            socket.connect(to).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            socket
        };
        Self { rtp: socket(answer.rtp), rtcp: socket(answer.rtcp), ssrc, next: first }
    }

    /// The next packet, sent; 20 ms of G.711 that says which it is.
    pub fn send(&mut self) -> Vec<u8> {
        let n = self.next;
        self.next = n.wrapping_add(1);
        let mut payload = [n as u8; 160];
        payload[..4].copy_from_slice(&self.ssrc.to_be_bytes());
        payload[4..6].copy_from_slice(&n.to_be_bytes());
        let packet = rtp(self.ssrc, n, u32::from(n) * 160, &payload);
        self.rtp.send(&packet).unwrap();
        packet
    }

    pub fn skip(&mut self) -> Vec<u8> {
        let n = self.next;
        self.next = n.wrapping_add(1);
        rtp(self.ssrc, n, u32::from(n) * 160, &[7; 160])
    }
}
