//! One stream: its sockets, whom it listens to, and what becomes of its packets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::counters::RtpCounters;
use super::notice::Notice;
use super::speaker::{Speaker, voice_of};
use crate::ingest::arrival::ClockReading;
use crate::ingest::reception::Reception;
use crate::ingest::rtcp::{self, RtcpItem};
use crate::ingest::stamped_socket::{Datagram, ReadBuffer, ReadManyBuffer, StampedSocket, read, read_many};
use crate::ingest::tap::Tap;
use crate::ingest::track_gate::{TrackGate, Verdict};
use crate::model::rtp::RtpPacket;
use crate::model::switchboard::RtpOffer;
use crate::model::time::MediaTime;
use crate::tape::Written;

/// How long the known source must have been silent before a stranger with another SSRC is taken for it.
const SILENT_NS: u64 = 200_000_000;
/// Between receiver reports (RFC 3550 §6.2 says at least 5 s).
const REPORT_EVERY: Duration = Duration::from_secs(5);
const DEFAULT_CLOCK_HZ: u32 = 8000;
/// Readings of a socket in one sweep: so many times twelve datagrams at most.
const ROUNDS: usize = 32;

#[derive(Debug)]
pub(super) struct Leg {
    pub(super) rtp: StampedSocket,
    pub(super) rtcp: StampedSocket,
    pub(super) port: u16,
    pub(super) offer: RtpOffer,
    pub(super) muted: bool,
    pub(super) counters: RtpCounters,
    tap: Tap,
    gate: TrackGate,
    reception: Option<Reception>,
    source: Option<SocketAddr>,
    rtcp_source: Option<(SocketAddr, Way)>,
    last_arrival: MediaTime,
    lost: [u32; 2],
    report_due: Instant,
    own_ssrc: u32,
    speaker: Option<Speaker>,
}

/// Which of a leg's two sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Rtp,
    Rtcp,
}

impl Leg {
    pub(super) fn new(tap: Tap, offer: RtpOffer, port: u16, sockets: (StampedSocket, StampedSocket), now: Instant) -> Self {
        let (rtp, rtcp) = sockets;
        Self {
            rtp,
            rtcp,
            port,
            offer,
            muted: false,
            counters: RtpCounters::default(),
            tap,
            gate: TrackGate::new(),
            reception: None,
            source: None,
            rtcp_source: None,
            last_arrival: MediaTime::ZERO,
            lost: [0; 2],
            report_due: now + REPORT_EVERY,
            own_ssrc: rand::random(),
            speaker: None,
        }
    }

    pub(super) fn track(&self) -> crate::model::id::TrackId {
        self.tap.track
    }

    /// A re-offer: the source may be another from now on.
    pub(super) fn offered_anew(&mut self, offer: RtpOffer) {
        self.offer = offer;
        self.source = None;
        self.rtcp_source = None;
    }

    /// Gives it a voice, where its peer understands one.
    pub(super) fn give_voice(&mut self, notice: &Arc<Notice>, recording: &Arc<AtomicBool>, now: Instant) {
        if self.speaker.is_none() && voice_of(&self.offer.formats).is_some() {
            self.speaker = Some(Speaker::new(Arc::clone(notice), Arc::clone(recording), self.own_ssrc, now));
        }
    }

    pub(super) fn has_voice(&self) -> bool {
        self.speaker.is_some() && voice_of(&self.offer.formats).is_some()
    }

    /// Says what is due: to where the peer's media comes from, else to where it said that it listens.
    pub(super) fn speak(&mut self, now: Instant) {
        let Some(speaker) = self.speaker.as_mut().filter(|_| self.offer.hears) else { return };
        let (Some(to), Some(voice)) = (self.source.or(self.offer.remote_rtp), voice_of(&self.offer.formats)) else { return };
        self.counters.notices_sent += speaker.speak(now, &self.rtp, to, voice);
    }

    /// Reads one datagram; false where there was none.
    pub(super) fn read(&mut self, way: Way, buffer: &mut ReadBuffer, clocks: &ClockReading) -> bool {
        let fd = if way == Way::Rtp { self.rtp.fd() } else { self.rtcp.fd() };
        // An error here is an ICMP answer to a report of ours, and says nothing of what arrives.
        let Ok(Some(datagram)) = read(&fd, buffer) else { return false };
        self.take(&datagram, way, clocks);
        true
    }

    /// Reads all RTP there is, within reason.
    pub(super) fn sweep(&mut self, buffer: &mut ReadManyBuffer, clocks: &ClockReading) {
        for _ in 0..ROUNDS {
            if !read_many(self.rtp.fd(), buffer, |datagram| self.take(datagram, Way::Rtp, clocks)) {
                return;
            }
        }
    }

    fn take(&mut self, datagram: &Datagram<'_>, way: Way, clocks: &ClockReading) {
        if let Some(lost) = datagram.lost {
            let known = &mut self.lost[way as usize];
            self.counters.dropped_by_kernel += u64::from(lost.wrapping_sub(*known));
            *known = lost;
        }
        let arrived = self.tap.clock.at(clocks.arrival(datagram.stamp));
        let arrival = arrived.max(self.last_arrival);
        self.last_arrival = arrival;
        if !datagram.whole {
            self.counters.malformed += 1;
        } else if rtcp::is_rtcp(datagram.bytes) {
            self.control(datagram, way, arrived);
        } else {
            self.media(datagram, arrival);
        }
    }

    fn media(&mut self, datagram: &Datagram<'_>, arrival: MediaTime) {
        let Ok(packet) = RtpPacket::parse(datagram.bytes) else {
            self.counters.malformed += 1;
            return;
        };
        self.counters.received += 1;
        let (silent, known_ssrc) = match &self.reception {
            Some(reception) => (reception.silent_for(arrival) >= SILENT_NS, reception.ssrc() == packet.ssrc),
            None => (true, false),
        };
        if self.source != datagram.source {
            let offered = self.offer.remote_rtp.map(|a| a.ip());
            let expected = offered.is_some() && datagram.source.map(|a| a.ip()) == offered;
            if self.source.is_some() {
                if !(silent || known_ssrc || expected) {
                    self.counters.wrong_source += 1;
                    return;
                }
                self.counters.source_changes += 1;
            }
            self.source = datagram.source;
        }
        match &mut self.reception {
            Some(reception) if known_ssrc => reception.packet(packet.sequence, packet.timestamp, arrival),
            before => {
                if before.is_some() {
                    self.counters.ssrc_changes += 1;
                }
                let format = self.offer.formats.iter().find(|f| f.pt == packet.payload_type);
                let clock_hz = format.map_or(DEFAULT_CLOCK_HZ, |f| f.clock_hz.max(1));
                *before = Some(Reception::begin(packet.ssrc, packet.sequence, packet.timestamp, arrival, clock_hz));
            }
        }
        let (permit, muted) = (&self.tap.permit, self.muted);
        match self.gate.judge(packet.ssrc, packet.sequence, arrival, |at| !muted && permit.admits(at)) {
            Verdict::Closed if muted => self.counters.muted += 1,
            Verdict::Closed => self.counters.gated += 1,
            Verdict::Forbidden => self.counters.forbidden += 1,
            Verdict::Pass => match self.tap.writer.rtp(permit, arrival, datagram.bytes) {
                Written::Kept => self.counters.kept += 1,
                Written::Gated => self.counters.gated += 1,
                Written::Dropped => self.counters.dropped_by_tape += 1,
            },
        }
    }

    /// `arrived`: the peer reckons its round trip from this, so it is not put off to behind the RTP that was read before it; on the tape it is.
    fn control(&mut self, datagram: &Datagram<'_>, way: Way, arrived: MediaTime) {
        let on_tape = self.last_arrival;
        let ip = datagram.source.map(|a| a.ip());
        let from_peer = self.source.is_none_or(|known| Some(known.ip()) == ip);
        let Self { reception, counters, tap, rtcp_source, .. } = self;
        let mut from_known = from_peer;
        let read = rtcp::read_compound(datagram.bytes, |item| match item {
            RtcpItem::SenderReport(report) => {
                let current = reception.as_mut().filter(|r| r.ssrc() == report.ssrc);
                if current.is_none() && !from_peer {
                    counters.wrong_source += 1;
                    return;
                }
                from_known = true;
                if let Some(current) = current {
                    current.sender_report(&report, arrived);
                }
                match tap.writer.sender_report(on_tape, report) {
                    Written::Kept => counters.sender_reports += 1,
                    Written::Gated => {}
                    Written::Dropped => counters.dropped_by_tape += 1,
                }
            }
            RtcpItem::Bye { .. } => counters.byes += 1,
            RtcpItem::Other(_) => {}
        });
        if read.is_err() {
            counters.malformed += 1;
        } else if from_known && let Some(source) = datagram.source {
            *rtcp_source = Some((source, way));
        }
    }

    /// Sends a receiver report where one is due: to where the peer's own come from, else to where it said that they go.
    pub(super) fn report(&mut self, now: Instant) {
        if now < self.report_due {
            return;
        }
        self.report_due = now + REPORT_EVERY;
        let Some(reception) = &mut self.reception else { return };
        let offered = || self.offer.remote_rtcp.filter(|a| a.port() != 0 && !a.ip().is_unspecified());
        let muxed = || self.source.filter(|_| self.offer.rtcp_mux).map(|a| (a, Way::Rtp));
        let Some((to, way)) = self.rtcp_source.or_else(muxed).or_else(|| offered().map(|a| (a, Way::Rtcp))) else { return };
        let block = reception.report(self.tap.clock.at(now));
        let report = rtcp::receiver_report(self.own_ssrc, &block, *b"ferric00");
        let socket = if way == Way::Rtp { &self.rtp } else { &self.rtcp };
        if socket.send(&report, to) {
            self.counters.reports_sent += 1;
        }
    }
}
