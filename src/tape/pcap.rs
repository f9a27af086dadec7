//! A tape as pcapng, for Wireshark: RTP and sender reports as UDP over IPv4 with made-up addresses.
//!
//! Each `Track` event becomes a SIP INVITE whose SDP names the track's made-up port and payload types: from it Wireshark knows what is
//! RTP, and which codec, without being told. The addresses are those kept for documentation (RFC 5737).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use pcap_file::DataLink;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use serde::Serialize;

use super::error::TapeError;
use super::reader::TapeReader;
use super::record::{Body, SenderReport};
use crate::model::event::TapeEvent;
use crate::model::id::{ParticipantId, TrackId};
use crate::model::media::{Codec, MediaKind, TrackSpec};
use crate::model::time::{MediaTime, WallClock};

/// What was written.
#[derive(Debug, Default, Serialize)]
pub struct PcapReport {
    /// RTP packets.
    pub rtp: u64,
    /// Sender reports.
    pub rtcp: u64,
    /// Track descriptions.
    pub sdp: u64,
}

/// Nanoseconds, as the negative power of ten of the `if_tsresol` option.
const NANOSECONDS: u8 = 9;
const RECORDER: [u8; 4] = [198, 51, 100, 1];
const SIP_PORT: u16 = 5060;
const FIRST_PORT: u16 = 20_000;
const UDP_OVER_IP: usize = 20 + 8;

/// Writes a tape's packets as pcapng with wall-clock times.
///
/// # Errors
/// Where there is no tape, the key does not fit, the disk fails, or `out` does.
pub fn pcap(dir: &Path, master_key: &Path, out: impl Write) -> Result<PcapReport, TapeError> {
    let mut reader = TapeReader::open(dir, master_key)?;
    let mut capture = Capture::begin(out)?;
    let mut report = PcapReport::default();
    while let Some(record) = reader.next()? {
        if let Some(started_at) = reader.started_at_ns() {
            capture.started_at = WallClock(started_at);
        }
        match record.body {
            Body::Rtp { track, packet } => {
                let (from, port) = capture.address(track);
                capture.udp(record.at, (from, port), (RECORDER, port), &packet)?;
                report.rtp += 1;
            }
            Body::SenderReport { track, report: sent } => {
                let (from, port) = capture.address(track);
                capture.udp(record.at, (from, port + 1), (RECORDER, port + 1), &rtcp(&sent))?;
                report.rtcp += 1;
            }
            Body::Event(TapeEvent::Track { track, spec }) => {
                capture.track_begins(track, &spec);
                let (from, port) = capture.address(track);
                let invite = invite(track, &spec, port);
                capture.udp(record.at, (from, SIP_PORT), (RECORDER, SIP_PORT), invite.as_bytes())?;
                report.sdp += 1;
            }
            Body::Event(_) => {}
        }
    }
    capture.out.into_inner().flush().map_err(TapeError::Output)?;
    Ok(report)
}

struct Capture<W: Write> {
    out: PcapNgWriter<W>,
    started_at: WallClock,
    participants: Vec<ParticipantId>,
    tracks: BTreeMap<TrackId, usize>,
}

fn failed(error: pcap_file::PcapError) -> TapeError {
    match error {
        pcap_file::PcapError::IoError(e) => TapeError::Output(e),
        other => TapeError::Output(std::io::Error::other(other)),
    }
}

impl<W: Write> Capture<W> {
    fn begin(out: W) -> Result<Self, TapeError> {
        let mut out = PcapNgWriter::new(out).map_err(failed)?;
        let interface = InterfaceDescriptionBlock {
            linktype: DataLink::RAW,
            snaplen: 0,
            options: vec![
                InterfaceDescriptionOption::IfName(Cow::Borrowed("ferric tape")),
                InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
            ],
        };
        out.write_pcapng_block(interface).map_err(failed)?;
        Ok(Self { out, started_at: WallClock(0), participants: Vec::new(), tracks: BTreeMap::new() })
    }

    fn track_begins(&mut self, track: TrackId, spec: &TrackSpec) {
        let known = self.participants.iter().position(|p| *p == spec.participant);
        let index = known.unwrap_or_else(|| {
            self.participants.push(spec.participant.clone());
            self.participants.len() - 1
        });
        self.tracks.insert(track, index);
    }

    /// The made-up address and port of a track's sender.
    fn address(&self, track: TrackId) -> ([u8; 4], u16) {
        let host = self.tracks.get(&track).map_or(254, |index| 10 + (index % 200) as u8);
        ([192, 0, 2, host], FIRST_PORT + 2 * (track.0 % 20_000))
    }

    fn udp(&mut self, at: MediaTime, from: ([u8; 4], u16), to: ([u8; 4], u16), payload: &[u8]) -> Result<(), TapeError> {
        let Ok(length) = u16::try_from(payload.len() + UDP_OVER_IP) else { return Ok(()) };
        let mut data = Vec::with_capacity(payload.len() + UDP_OVER_IP);
        // RFC 791 §3.1: version 4, five words, do not fragment, 64 hops, UDP.
        data.extend_from_slice(&[0x45, 0]);
        data.extend_from_slice(&length.to_be_bytes());
        data.extend_from_slice(&[0, 0, 0x40, 0, 64, 17, 0, 0]);
        data.extend_from_slice(&from.0);
        data.extend_from_slice(&to.0);
        let checksum = header_checksum(&data);
        data[10..12].copy_from_slice(&checksum.to_be_bytes());
        // RFC 768: a checksum of zero says that there is none.
        data.extend_from_slice(&from.1.to_be_bytes());
        data.extend_from_slice(&to.1.to_be_bytes());
        data.extend_from_slice(&(length - 20).to_be_bytes());
        data.extend_from_slice(&[0, 0]);
        data.extend_from_slice(payload);
        let since_epoch = u64::try_from(self.started_at.plus_ns(at.as_ns()).0).unwrap_or_default();
        let block = EnhancedPacketBlock {
            interface_id: 0,
            timestamp: Duration::from_nanos(since_epoch),
            original_len: data.len() as u32,
            data: Cow::Owned(data),
            options: Vec::new(),
        };
        self.out.write_pcapng_block(block).map_err(failed)?;
        Ok(())
    }
}

/// RFC 1071.
fn header_checksum(header: &[u8]) -> u16 {
    let mut sum: u32 = header.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// A sender report without report blocks (RFC 3550 §6.4.1).
fn rtcp(report: &SenderReport) -> Vec<u8> {
    let mut out = vec![0x80, 200, 0, 6];
    out.extend_from_slice(&report.ssrc.to_be_bytes());
    out.extend_from_slice(&report.ntp.to_be_bytes());
    out.extend_from_slice(&report.rtp.to_be_bytes());
    out.extend_from_slice(&report.packets.to_be_bytes());
    out.extend_from_slice(&report.octets.to_be_bytes());
    out
}

/// A call that offers the track to the recorder's port. Says nothing of who the participant is but the session's own id of them.
fn invite(track: TrackId, spec: &TrackSpec, port: u16) -> String {
    let media = if spec.kind == MediaKind::Audio { "audio" } else { "video" };
    let types: String = spec.formats.iter().fold(String::new(), |mut text, f| {
        let _ = write!(text, " {}", f.pt);
        text
    });
    let recorder = RECORDER.map(|b| b.to_string()).join(".");
    // The SDP of a caller says where it wants to receive; Wireshark expects RTP there. The recorder's port is what is needed.
    let mut sdp = format!(
        "v=0\r\no=- {0} 1 IN IP4 {recorder}\r\ns=ferric tape\r\nc=IN IP4 {recorder}\r\nt=0 0\r\nm={media} {port} RTP/AVP{types}\r\n",
        track.0
    );
    for format in &spec.formats {
        let _ = write!(sdp, "a=rtpmap:{} {}/{}", format.pt, name(format.codec), format.clock_hz);
        if format.channels > 1 {
            let _ = write!(sdp, "/{}", format.channels);
        }
        sdp.push_str("\r\n");
        if !format.fmtp.is_empty() {
            let _ = write!(sdp, "a=fmtp:{} {}\r\n", format.pt, format.fmtp);
        }
    }
    format!(
        "INVITE sip:tape@{recorder} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK-{0}\r\nFrom: <sip:{1}@ferric.invalid>;tag={0}\r\n\
         To: <sip:tape@{recorder}>\r\nCall-ID: track-{0}@ferric.invalid\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n\
         Content-Type: application/sdp\r\nContent-Length: {2}\r\n\r\n{sdp}",
        track.0,
        spec.participant,
        sdp.len()
    )
}

/// Encoding names of SDP.
fn name(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcmu => "PCMU",
        Codec::Pcma => "PCMA",
        Codec::Opus => "opus",
        Codec::Vp8 => "VP8",
        Codec::H264 => "H264",
        Codec::TelephoneEvent => "telephone-event",
        Codec::ComfortNoise => "CN",
    }
}
