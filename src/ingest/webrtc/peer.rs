//! A peer connection without I/O: datagrams and time go in, datagrams come out, media goes to the tape.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc::peer_connection::RTCPeerConnection;
use rtc::peer_connection::event::{RTCPeerConnectionEvent, RTCTrackEvent};
use rtc::peer_connection::message::RTCMessage;
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::state::RTCPeerConnectionState;
use rtc::peer_connection::transport::{RTCDtlsTransportState, RTCIceCandidateInit};
use rtc::sansio::Protocol;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};

use super::counters::PeerCounters;
use super::engine::{self, Reports};
use super::offer;
use super::track::Track;
use crate::ingest::error::IngestError;
use crate::ingest::tap::Tap;
use crate::model::id::ParticipantId;
use crate::model::media::TrackSpec;
use crate::model::switchboard::RemoteCandidate;

/// Gates are looked at this often where no packet does.
const GATE_EVERY: Duration = Duration::from_millis(50);
/// A peer that has not connected by then never will.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);

/// How a peer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Connecting,
    Connected,
    Gone,
}

/// The machine of one peer.
pub(super) struct Peer {
    connection: RTCPeerConnection,
    reports: Reports,
    tracks: Vec<Track>,
    pub(super) counters: PeerCounters,
    condition: Condition,
    begun: Instant,
    now: Instant,
    gate_due: Instant,
}

/// A datagram to be sent: from which address of ours to which of theirs.
pub(super) struct Transmit {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) bytes: BytesMut,
}

fn refused(err: impl std::fmt::Display) -> IngestError {
    IngestError::BadOffer(err.to_string())
}

fn failed(err: impl std::fmt::Display) -> IngestError {
    IngestError::Webrtc(err.to_string())
}

impl Peer {
    /// Answers an offer. `addresses` are ours as peers see them. The tracks are to be opened and given back by [`Self::tracks`].
    pub(super) fn answer(
        participant: &ParticipantId,
        sdp: &str,
        addresses: &[SocketAddr],
        now: Instant,
    ) -> Result<(Self, String, Vec<TrackSpec>), IngestError> {
        let offer = RTCSessionDescription::offer(sdp.to_owned()).map_err(refused)?;
        let parsed = offer.unmarshal().map_err(refused)?;
        let taken = offer::read_offer(&parsed).map_err(IngestError::BadOffer)?;
        let (mut connection, reports) = engine::recorder(now).map_err(failed)?;
        connection.set_remote_description(now, offer).map_err(refused)?;
        for (n, address) in addresses.iter().enumerate() {
            let (ip, port, preference) = (address.ip(), address.port(), 65_535 - n as u32);
            let priority = (126 << 24) | (preference << 8) | 255;
            let candidate = format!("candidate:{} 1 udp {priority} {ip} {port} typ host", n + 1);
            connection.add_local_candidate(RTCIceCandidateInit { candidate, ..Default::default() }).map_err(failed)?;
        }
        connection.add_local_candidate(RTCIceCandidateInit::default()).map_err(failed)?;
        let answer = connection.create_answer(None).map_err(refused)?;
        connection.set_local_description(now, answer).map_err(refused)?;
        let answer = connection.local_description().ok_or_else(|| failed("no answer was made"))?;
        let specs = offer::agreed(participant, &taken, &parsed, &answer.unmarshal().map_err(failed)?).map_err(IngestError::BadOffer)?;
        let peer = Self {
            connection,
            reports,
            tracks: Vec::new(),
            counters: PeerCounters::default(),
            condition: Condition::Connecting,
            begun: now,
            now,
            gate_due: now,
        };
        Ok((peer, answer.sdp, specs))
    }

    /// The tracks, opened on the tape, in the order of the answer's specs.
    pub(super) fn tracks(&mut self, tracks: impl IntoIterator<Item = (TrackSpec, Tap)>) {
        self.tracks = tracks.into_iter().map(|(spec, tap)| Track::new(spec, tap)).collect();
    }

    /// Our clock never goes back, though arrival times of two sockets may.
    fn at(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }

    pub(super) fn trickle(&mut self, candidates: &[RemoteCandidate]) -> Result<(), IngestError> {
        for remote in candidates.iter().filter(|c| !c.candidate.is_empty()) {
            let init = RTCIceCandidateInit { candidate: remote.candidate.clone(), sdp_mid: remote.mid.clone(), ..Default::default() };
            self.connection.add_remote_candidate(init).map_err(refused)?;
        }
        Ok(())
    }

    pub(super) fn datagram(&mut self, bytes: &[u8], from: SocketAddr, to: SocketAddr, arrival: Instant) {
        let now = self.at(arrival);
        let transport = TransportContext { local_addr: to, peer_addr: from, transport_protocol: TransportProtocol::UDP, ecn: None };
        // What one datagram does wrong concerns it alone: the stack has logged it.
        let _ = self.connection.handle_read(TaggedBytesMut { now, transport, message: BytesMut::from(bytes) });
        self.deliver();
    }

    pub(super) fn timeout(&mut self, now: Instant) {
        let now = self.at(now);
        if self.connection.handle_timeout(now).is_err() {
            self.condition = Condition::Gone;
        }
        let never = self.condition == Condition::Connecting && now >= self.begun + CONNECT_WITHIN;
        if never || self.said_good_bye() {
            self.condition = Condition::Gone;
        }
        self.deliver();
        self.feedback();
    }

    /// A peer that closes says so by DTLS; the connection's own state does not show it, and ICE would take half a minute to.
    fn said_good_bye(&mut self) -> bool {
        let transport = self.connection.rtp_receiver(0.into());
        transport.is_some_and(|r| r.transport().is_some_and(|t| t.state() == RTCDtlsTransportState::Closed))
    }

    fn deliver(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            match event {
                RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) => match state {
                    RTCPeerConnectionState::Connected => self.condition = Condition::Connected,
                    RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed => self.condition = Condition::Gone,
                    _ => {}
                },
                RTCPeerConnectionEvent::OnTrack(RTCTrackEvent::OnOpen(open)) => {
                    let receivers = self.connection.get_transceivers().collect::<Vec<_>>();
                    let mid = receivers.into_iter().find_map(|id| {
                        let transceiver = self.connection.rtp_transceiver(id)?;
                        (transceiver.receiver() == Some(open.receiver_id)).then(|| transceiver.mid().clone()).flatten()
                    });
                    if let Some(track) = self.tracks.iter_mut().find(|t| Some(&t.mid) == mid.as_ref()) {
                        track.receiver = Some(open.receiver_id);
                        track.ssrc = Some(open.ssrc);
                    }
                }
                _ => {}
            }
        }
        while let Some(message) = self.connection.poll_read() {
            if let RTCMessage::RtpPacket(_, packet) = message.message
                && let Some(track) = self.tracks.iter_mut().find(|t| t.ssrc == Some(packet.header.ssrc))
                && track.packet(&packet, message.now, &mut self.counters)
            {
                self.gate_due = message.now;
            }
        }
        let reports = std::mem::take(&mut *self.reports.lock());
        for (at, report) in reports {
            if let Some(track) = self.tracks.iter_mut().find(|t| t.ssrc == Some(report.ssrc)) {
                track.sender_report(report, at, &mut self.counters);
            }
        }
    }

    fn feedback(&mut self) {
        let now = self.now;
        self.gate_due = now + GATE_EVERY;
        if self.condition != Condition::Connected {
            return;
        }
        for track in &mut self.tracks {
            let feedback = track.feedback(now, &mut self.counters);
            if !feedback.is_empty()
                && let Some(mut receiver) = track.receiver.and_then(|id| self.connection.rtp_receiver(id))
            {
                // Feedback that cannot be sent now is asked for again.
                let _ = receiver.write_rtcp(now, feedback);
            }
        }
    }

    pub(super) fn wish_keyframes(&mut self) {
        for track in &mut self.tracks {
            track.wish_keyframe();
        }
        self.feedback();
    }

    pub(super) fn close(&mut self) {
        // Closing says good-bye to the peer; where that fails there is nobody to say it to.
        let _ = self.connection.close();
        self.condition = Condition::Gone;
    }

    pub(super) fn condition(&self) -> Condition {
        self.condition
    }

    pub(super) fn transmit(&mut self) -> Option<Transmit> {
        let out = self.connection.poll_write()?;
        Some(Transmit { from: out.transport.local_addr, to: out.transport.peer_addr, bytes: out.message })
    }

    /// When `timeout` wants to be called next.
    pub(super) fn deadline(&mut self) -> Instant {
        let tracks = self.tracks.iter().filter_map(Track::deadline).min();
        [self.connection.poll_timeout(), tracks].into_iter().flatten().fold(self.gate_due, Instant::min)
    }
}
