//! A track of the tape while it is rendered: its formats, its clock, what waits for its time.

use std::collections::VecDeque;

use bytes::Bytes;

use super::audio::{Packet, Voice};
use super::session_render::Records;
use super::timeline::{Header, Position, TrackClock};
use crate::model::event::GapCause;
use crate::model::media::{Codec, MediaKind, TrackSpec};
use crate::model::rtp::RtpPacket;
use crate::model::time::MediaTime;
use crate::tape::{Body, Record, Spot, TapeError};

/// A picture packet that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub position: Position,
    pub codec: Codec,
    pub packet: Bytes,
}

/// A time of hold or mute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Muted {
    pub from: MediaTime,
    pub to: Option<MediaTime>,
    pub cause: GapCause,
}

#[derive(Debug)]
pub(super) struct Track {
    pub spec: TrackSpec,
    pub clock: TrackClock,
    pub voice: Voice,
    pub pictures: VecDeque<Waiting>,
    pub picture_codecs: Vec<Codec>,
    pub muted: Vec<Muted>,
    pub dropped: u64,
    pub broken: u64,
}

impl Track {
    pub fn new(spec: TrackSpec) -> Self {
        Self {
            spec,
            clock: TrackClock::default(),
            voice: Voice::default(),
            pictures: VecDeque::new(),
            picture_codecs: Vec::new(),
            muted: Vec::new(),
            dropped: 0,
            broken: 0,
        }
    }

    pub fn is_sound(&self) -> bool {
        self.spec.kind == MediaKind::Audio
    }

    fn format(&self, pt: u8) -> Option<(Codec, u32)> {
        if let Some(format) = self.spec.formats.iter().find(|f| f.pt == pt) {
            // RFC 7587 §4.1: Opus time stamps count 48,000 a second, whatever else is said.
            return Some((format.codec, if format.codec == Codec::Opus { 48_000 } else { format.clock_hz }));
        }
        match pt {
            0 => Some((Codec::Pcmu, 8000)),
            8 => Some((Codec::Pcma, 8000)),
            13 => Some((Codec::ComfortNoise, 8000)),
            _ => None,
        }
    }

    /// Takes a packet of the tape, and where it stands there.
    pub fn packet(&mut self, at: MediaTime, bytes: &Bytes, spot: Option<Spot>) {
        let Ok(packet) = RtpPacket::parse(bytes) else {
            self.broken += 1;
            return;
        };
        let Some((codec, clock_hz)) = self.format(packet.payload_type) else {
            self.broken += 1;
            return;
        };
        let header = Header { sequence: packet.sequence, timestamp: packet.timestamp, ssrc: packet.ssrc, clock_hz };
        let event = codec == Codec::TelephoneEvent;
        let position = if event { self.clock.arrive_untimed(at.as_ns(), header) } else { self.clock.arrive(at.as_ns(), header) };
        let Some(position) = position else { return };
        if self.is_sound() {
            let payload = bytes.slice_ref(packet.payload);
            self.voice.push(Packet { position, codec, hz: clock_hz, payload, spot });
        } else if matches!(codec, Codec::Vp8 | Codec::H264) {
            if !self.picture_codecs.contains(&codec) {
                self.picture_codecs.push(codec);
            }
            let index = self.pictures.iter().rposition(|w| w.position.sequence <= position.sequence).map_or(0, |i| i + 1);
            self.pictures.insert(index, Waiting { position, codec, packet: bytes.clone() });
        }
    }

    /// Nothing is rendered for a while: sound that waits is put away.
    pub fn rest(&mut self) {
        self.voice.rest();
    }

    /// Brings back what `rest` put away.
    pub fn bring_back(&mut self, records: &mut dyn Records) -> Result<(), TapeError> {
        self.voice.bring_back(|spot| Ok(records.again(spot)?.and_then(|record| payload_of(&record))))
    }

    pub fn mute(&mut self, at: MediaTime, muted: bool, cause: GapCause) {
        if let Some(last) = self.muted.last_mut() {
            last.to.get_or_insert(at);
        }
        if muted {
            self.muted.push(Muted { from: at, to: None, cause });
        }
    }
}

fn payload_of(record: &Record) -> Option<Bytes> {
    let Body::Rtp { packet, .. } = &record.body else { return None };
    Some(packet.slice_ref(RtpPacket::parse(packet).ok()?.payload))
}
