//! One stream of a film on its way out.

use std::time::{Duration, Instant};

use rtc::peer_connection::RTCPeerConnection;
use rtc::rtp::codec::h264::H264Payloader;
use rtc::rtp::codec::opus::OpusPayloader;
use rtc::rtp::codec::vp8::Vp8Payloader;
use rtc::rtp::header::Header;
use rtc::rtp::packetizer::Payloader;

use super::Sent;
use super::connection::Place;
use super::fixture::{FilmTrack, Frame};
use crate::model::media::Codec;

const PAYLOAD_BYTES: usize = 1180;

/// A frame as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentFrame {
    /// Its stream.
    pub ssrc: u32,
    /// Its codec.
    pub codec: Codec,
    /// Its RTP time stamp.
    pub timestamp: u32,
    /// First sequence number.
    pub first: u16,
    /// Packets.
    pub packets: u16,
    /// Whether decoding can begin with it.
    pub keyframe: bool,
}

pub(super) struct Stream {
    place: Place,
    codec: Codec,
    frames: Vec<Frame>,
    length: Duration,
    payloader: Box<dyn Payloader>,
    /// Frames sent since the beginning, over all rounds.
    next: usize,
    sequence: u16,
    first_timestamp: u32,
}

impl Stream {
    pub(super) fn new(track: &FilmTrack, place: Place, length: Duration) -> Self {
        let payloader: Box<dyn Payloader> = match track.codec {
            Codec::H264 => Box::<H264Payloader>::default(),
            Codec::Vp8 => {
                let mut payloader = Vp8Payloader::default();
                payloader.enable_picture_id = true;
                Box::new(payloader)
            }
            _ => Box::<OpusPayloader>::default(),
        };
        let (sequence, first_timestamp) = (rand::random(), rand::random());
        Self { place, codec: track.codec, frames: track.frames.clone(), length, payloader, next: 0, sequence, first_timestamp }
    }

    /// When a frame is due, from the beginning of the first round.
    fn at(&self, number: usize) -> Option<Duration> {
        let frame = self.frames.get(number.checked_rem(self.frames.len())?)?;
        Some(self.length * (number / self.frames.len()) as u32 + frame.at)
    }

    pub(super) fn due(&self, begun: Instant) -> Option<Instant> {
        Some(begun + self.at(self.next)?)
    }

    pub(super) fn send_due(&mut self, connection: &mut RTCPeerConnection, begun: Instant, now: Instant, sent: &mut Sent, ledger: bool) {
        while let Some(at) = self.at(self.next).filter(|at| begun + *at <= now) {
            let frame = &self.frames[self.next % self.frames.len()];
            let units = (at.as_nanos() * u128::from(self.place.clock_hz) / 1_000_000_000) as u32;
            let timestamp = self.first_timestamp.wrapping_add(units);
            let (first, keyframe) = (self.sequence, frame.keyframe);
            self.next += 1;
            let Ok(payloads) = self.payloader.payload(PAYLOAD_BYTES, &frame.data) else { continue };
            let count = payloads.len();
            for (n, payload) in payloads.into_iter().enumerate() {
                let header = Header {
                    version: 2,
                    marker: self.codec != Codec::Opus && n + 1 == count,
                    payload_type: self.place.payload_type,
                    sequence_number: self.sequence,
                    timestamp,
                    ssrc: self.place.ssrc,
                    ..Default::default()
                };
                self.sequence = self.sequence.wrapping_add(1);
                let sender = rtc::rtp_transceiver::RTCRtpSenderId::from(self.place.transceiver);
                if let Some(mut sender) = connection.rtp_sender(sender)
                    && sender.write_rtp(now, rtc::rtp::Packet { header, payload }).is_ok()
                {
                    sent.packets += 1;
                }
            }
            if self.codec == Codec::Opus {
                sent.sound_frames += 1;
            } else {
                sent.picture_frames += 1;
            }
            if ledger {
                let packets = count as u16;
                sent.ledger.push(SentFrame { ssrc: self.place.ssrc, codec: self.codec, timestamp, first, packets, keyframe });
            }
        }
    }
}
