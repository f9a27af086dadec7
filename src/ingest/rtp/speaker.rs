//! A leg's voice: a notice as RTP, from the leg's own port (RFC 4961) and with an SSRC, numbers and a clock of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::notice::{FRAME, Notice, Schedule};
use crate::ingest::stamped_socket::StampedSocket;
use crate::model::media::{Codec, PayloadFormat};

#[derive(Debug)]
pub(super) struct Speaker {
    notice: Arc<Notice>,
    /// Raised by the session while something is recorded.
    recording: Arc<AtomicBool>,
    schedule: Schedule,
    began: Instant,
    ssrc: u32,
    sequence: u16,
    first_timestamp: u32,
}

/// The payload type that the peer understands of what we can say: its first G.711.
pub(super) fn voice_of(formats: &[PayloadFormat]) -> Option<(u8, bool)> {
    formats.iter().find(|f| matches!(f.codec, Codec::Pcmu | Codec::Pcma)).map(|f| (f.pt, f.codec == Codec::Pcma))
}

impl Speaker {
    pub(super) fn new(notice: Arc<Notice>, recording: Arc<AtomicBool>, ssrc: u32, now: Instant) -> Self {
        Self {
            notice,
            recording,
            schedule: Schedule::default(),
            began: now,
            ssrc,
            sequence: rand::random(),
            first_timestamp: rand::random(),
        }
    }

    /// Sends what is due; how many packets went out.
    pub(super) fn speak(&mut self, now: Instant, socket: &StampedSocket, to: SocketAddr, (pt, alaw): (u8, bool)) -> u64 {
        let now_ms = u64::try_from(now.saturating_duration_since(self.began).as_millis()).unwrap_or(u64::MAX);
        let mut sent = 0;
        while let Some(due) = self.schedule.next(&self.notice, now_ms, self.recording.load(Ordering::Acquire)) {
            let mut packet = [0; 12 + FRAME];
            packet[0] = 0x80;
            packet[1] = pt | if due.marker { 0x80 } else { 0 };
            packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
            // 8 samples a millisecond; the clock wraps as RTP's does.
            let timestamp = self.first_timestamp.wrapping_add((due.at_ms as u32).wrapping_mul(8));
            packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
            packet[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
            packet[12..].copy_from_slice(&self.notice.payload(due.frame, alaw));
            self.sequence = self.sequence.wrapping_add(1);
            sent += u64::from(socket.send(&packet, to));
        }
        sent
    }
}
