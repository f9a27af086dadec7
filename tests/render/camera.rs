//! A camera: encoded fixtures, packetized by the rtc crate's payloaders (not by anything of ours).

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::path::PathBuf;

use bytes::Bytes;
use ferric::model::id::{ParticipantId, TrackId};
use ferric::model::media::{Codec, MediaKind, PayloadFormat, TrackSpec};
use ferric::render::timeline::{OutputTime, PlacedPacket};
use rtc::rtp::codec::h264::H264Payloader;
use rtc::rtp::codec::vp8::Vp8Payloader;
use rtc::rtp::packetizer::Payloader;

/// Payload bytes of a packet.
const MTU: usize = 1200;

/// One RTP packet as a picture track sends it.
#[derive(Clone, Debug)]
pub struct Sent {
    pub sequence: i64,
    pub timestamp: u32,
    pub at_ns: u64,
    pub marker: bool,
    pub payload: Bytes,
}

/// A camera's packets, 30 frames a second.
#[derive(Clone, Debug)]
pub struct Camera {
    pub track: TrackId,
    pub who: ParticipantId,
    pub kind: MediaKind,
    pub codec: Codec,
    pub packets: Vec<Sent>,
}

pub fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/room").join(name)
}

/// Frames of an IVF file, or access units of an Annex B file with two slices a picture.
pub fn coded_frames(name: &str) -> (Codec, Vec<Bytes>) {
    let file = std::fs::read(fixture(name)).unwrap();
    if file.starts_with(b"DKIF") { (Codec::Vp8, ivf(&file)) } else { (Codec::H264, access_units(&file)) }
}

fn ivf(file: &[u8]) -> Vec<Bytes> {
    let mut frames = Vec::new();
    let mut at = 32;
    while at + 12 <= file.len() {
        let size = u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        frames.push(Bytes::copy_from_slice(&file[at + 12..at + 12 + size]));
        at += 12 + size;
    }
    frames
}

fn access_units(file: &[u8]) -> Vec<Bytes> {
    let mut starts: Vec<usize> = (0..file.len() - 3).filter(|&i| file[i..i + 3] == [0, 0, 1]).map(|i| i + 3).collect();
    starts.push(file.len() + 3);
    let mut units: Vec<Vec<u8>> = vec![Vec::new()];
    let mut has_slice = false;
    for pair in starts.windows(2) {
        let nal = &file[pair[0]..(pair[1] - 3)];
        let nal = &nal[..nal.len() - nal.iter().rev().take_while(|b| **b == 0).count()];
        let slice = matches!(nal[0] & 0x1f, 1 | 5);
        let first = slice && nal[1] & 0x80 != 0;
        if has_slice && (!slice || first) {
            units.push(Vec::new());
            has_slice = false;
        }
        has_slice |= slice;
        let unit = units.last_mut().unwrap();
        unit.extend([0, 0, 0, 1]);
        unit.extend(nal);
    }
    units.into_iter().map(Bytes::from).collect()
}

impl Camera {
    /// A participant's camera that shows a fixture from `from_ms` on.
    pub fn new(track: u16, who: &str, name: &str, from_ms: u64) -> Self {
        let (codec, frames) = coded_frames(name);
        let mut vp8 = Vp8Payloader::default();
        vp8.enable_picture_id = true;
        let mut h264 = H264Payloader::default();
        let mut packets = Vec::new();
        for (n, frame) in frames.iter().enumerate() {
            let payloads = if codec == Codec::Vp8 { vp8.payload(MTU, frame) } else { h264.payload(MTU, frame) }.unwrap();
            let last = payloads.len() - 1;
            for (at, payload) in payloads.into_iter().enumerate() {
                packets.push(Sent {
                    sequence: packets.len() as i64,
                    timestamp: n as u32 * 3000,
                    at_ns: from_ms * 1_000_000 + n as u64 * 1_000_000_000 / 30,
                    marker: at == last,
                    payload,
                });
            }
        }
        let who = who.parse().unwrap();
        Self { track: TrackId(track), who, kind: MediaKind::Video, codec, packets }
    }

    /// The same as a shared screen.
    pub fn into_screen(mut self) -> Self {
        self.kind = MediaKind::Screen;
        self
    }

    /// Ends early.
    pub fn until(mut self, ms: u64) -> Self {
        self.packets.retain(|p| p.at_ns < ms * 1_000_000);
        self
    }

    pub fn spec(&self) -> TrackSpec {
        let format = PayloadFormat { pt: 96, codec: self.codec, clock_hz: 90_000, channels: 1, fmtp: String::new() };
        TrackSpec { participant: self.who.clone(), kind: self.kind, formats: vec![format], label: None, audio_level_ext: None }
    }

    pub fn placed<'a>(&self, sent: &'a Sent) -> PlacedPacket<'a> {
        PlacedPacket {
            track: self.track,
            sequence: sent.sequence,
            at: OutputTime(sent.at_ns),
            rtp_timestamp: sent.timestamp,
            ssrc: 1,
            marker: sent.marker,
            codec: self.codec,
            payload: &sent.payload,
        }
    }
}
