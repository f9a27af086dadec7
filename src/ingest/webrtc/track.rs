//! One track of a peer: duplicates out, the gate, the tape, and what it still wants of its sender.

use std::time::Instant;

use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::transport_feedbacks::transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers};
use rtc::rtp_transceiver::RTCRtpReceiverId;
use rtc::shared::marshal::{Marshal, MarshalSize};

use super::counters::PeerCounters;
use super::keyframes::{KeyframeWish, begins_keyframe};
use super::repair::{Novelty, Repair};
use crate::ingest::tap::Tap;
use crate::ingest::track_gate::{TrackGate, Verdict};
use crate::model::media::{MediaKind, PayloadFormat, TrackSpec};
use crate::tape::{SenderReport, Written};

/// An RTCP packet to be sent to a track's sender.
pub(super) type Feedback = Box<dyn rtc::rtcp::Packet>;

/// A track that was agreed on.
pub(super) struct Track {
    pub(super) mid: String,
    /// Known when its first packet came.
    pub(super) receiver: Option<RTCRtpReceiverId>,
    pub(super) ssrc: Option<u32>,
    kind: MediaKind,
    formats: Vec<PayloadFormat>,
    tap: Tap,
    gate: TrackGate,
    repair: Repair,
    wish: KeyframeWish,
    shut: bool,
    bytes: Vec<u8>,
}

impl Track {
    pub(super) fn new(spec: TrackSpec, tap: Tap) -> Self {
        Self {
            mid: spec.label.unwrap_or_default(),
            receiver: None,
            ssrc: None,
            kind: spec.kind,
            formats: spec.formats,
            tap,
            gate: TrackGate::new(),
            repair: Repair::new(),
            wish: KeyframeWish::default(),
            shut: false,
            bytes: Vec::new(),
        }
    }

    fn pictures(&self) -> bool {
        self.kind != MediaKind::Audio
    }

    /// A packet of it; true where it is the first to be kept after the gate was shut.
    pub(super) fn packet(&mut self, packet: &rtc::rtp::Packet, now: Instant, counters: &mut PeerCounters) -> bool {
        counters.received += 1;
        let header = &packet.header;
        if self.ssrc != Some(header.ssrc) {
            self.ssrc = Some(header.ssrc);
            self.repair = Repair::new();
        }
        match self.repair.packet(header.sequence_number, now) {
            Novelty::New => {}
            Novelty::Mended => counters.mended += 1,
            Novelty::Duplicate => {
                counters.duplicates += 1;
                return false;
            }
        }
        let (permit, arrival) = (&self.tap.permit, self.tap.clock.at(now));
        match self.gate.judge(header.ssrc, header.sequence_number, arrival, |at| permit.admits(at)) {
            Verdict::Pass => {}
            Verdict::Closed => {
                counters.gated += 1;
                self.repair.forget();
                self.shut = true;
                return false;
            }
            Verdict::Forbidden => {
                counters.forbidden += 1;
                return false;
            }
        }
        self.bytes.resize(packet.marshal_size(), 0);
        let Ok(len) = packet.marshal_to(&mut self.bytes) else {
            counters.malformed += 1;
            return false;
        };
        match self.tap.writer.rtp(permit, arrival, &self.bytes[..len]) {
            Written::Kept => counters.kept += 1,
            Written::Gated => counters.gated += 1,
            Written::Dropped => counters.dropped_by_tape += 1,
        }
        let codec = self.formats.iter().find(|f| f.pt == header.payload_type).map(|f| f.codec);
        if codec.is_some_and(|codec| begins_keyframe(codec, &packet.payload)) {
            counters.keyframes += 1;
            self.wish.began();
        }
        std::mem::take(&mut self.shut)
    }

    pub(super) fn sender_report(&mut self, report: SenderReport, now: Instant, counters: &mut PeerCounters) {
        if self.tap.writer.sender_report(self.tap.clock.at(now), report) == Written::Kept {
            counters.sender_reports += 1;
        }
    }

    pub(super) fn wish_keyframe(&mut self) {
        self.wish.wish();
    }

    /// What to tell the sender now.
    pub(super) fn feedback(&mut self, now: Instant, counters: &mut PeerCounters) -> Vec<Feedback> {
        let mut out: Vec<Feedback> = Vec::new();
        if !self.pictures() {
            // Sound is not retransmitted by browsers; its losses are concealed when it is rendered.
            self.repair.forget();
            return out;
        }
        // Not before the permit admits what arrives now: a quick sender's keyframe would come too early to be kept.
        self.wish.gate(self.tap.permit.admits(self.tap.clock.at(now)));
        let Some(media_ssrc) = self.ssrc else { return out };
        let mut ask = Vec::new();
        let given_up = self.repair.due(now, &mut ask);
        if given_up > 0 {
            counters.lost += given_up as u64;
            self.wish.wish();
        }
        if !ask.is_empty() {
            counters.nacks += ask.len() as u64;
            out.push(Box::new(TransportLayerNack { sender_ssrc: 1, media_ssrc, nacks: nack_pairs_from_sequence_numbers(&ask) }));
        }
        if self.wish.due(now) {
            counters.plis += 1;
            out.push(Box::new(PictureLossIndication { sender_ssrc: 1, media_ssrc }));
        }
        out
    }

    /// When `feedback` wants to be called next for a loss.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.repair.deadline()
    }
}
