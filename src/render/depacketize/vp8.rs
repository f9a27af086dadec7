//! VP8 frames out of RTP packets (RFC 7741).
//!
//! A frame with a missing packet is dropped, and after it everything up to the next key frame: a decoder would paint
//! those onto the wrong picture, and a held picture is better than a smeared one. Where picture ids show that what is
//! missing were no frames (padding, probes), decoding goes on.

use bytes::{Bytes, BytesMut};

use super::frame::{CodedFrame, Continuity, Follows, FrameCounts, PicturePacket};
use crate::model::media::Codec;
use crate::render::timeline::OutputTime;

/// The payload descriptor (RFC 7741 §4.2), as far as assembling needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Descriptor {
    /// Begins a partition.
    start: bool,
    /// Partition index.
    partition: u8,
    /// Picture id, and how many bits it has.
    picture_id: Option<(u16, u8)>,
}

fn split_descriptor(payload: &[u8]) -> Option<(Descriptor, &[u8])> {
    let (&first, mut rest) = payload.split_first()?;
    let mut picture_id = None;
    if first & 0x80 != 0 {
        let (&extended, after) = rest.split_first()?;
        rest = after;
        if extended & 0x80 != 0 {
            let (&high, after) = rest.split_first()?;
            rest = after;
            picture_id = Some((u16::from(high & 0x7f), 7));
            if high & 0x80 != 0 {
                let (&low, after) = rest.split_first()?;
                rest = after;
                picture_id = Some((u16::from(high & 0x7f) << 8 | u16::from(low), 15));
            }
        }
        if extended & 0x40 != 0 {
            rest = rest.get(1..)?;
        }
        if extended & 0x30 != 0 {
            rest = rest.get(1..)?;
        }
    }
    Some((Descriptor { start: first & 0x10 != 0, partition: first & 0x07, picture_id }, rest))
}

/// Whether a VP8 frame is a key frame; `None` where its header cannot be that of a frame (RFC 6386 §9.1).
fn frame_header(frame: &[u8]) -> Option<bool> {
    let tag = u32::from_le_bytes([*frame.first()?, *frame.get(1)?, *frame.get(2)?, 0]);
    let (key, first_partition) = (tag & 1 == 0, (tag >> 5) as usize);
    let head = if key { 10 } else { 3 };
    if first_partition == 0 || frame.len() < head + first_partition {
        return None;
    }
    if key {
        let sizes = u16::from_le_bytes([frame[6], frame[7]]) & 0x3fff != 0 && u16::from_le_bytes([frame[8], frame[9]]) & 0x3fff != 0;
        if frame[3..6] != [0x9d, 0x01, 0x2a] || !sizes {
            return None;
        }
    }
    Some(key)
}

/// A frame being put together.
#[derive(Debug)]
struct Building {
    at: OutputTime,
    timestamp: u32,
    ssrc: u32,
    picture_id: Option<(u16, u8)>,
    data: BytesMut,
    broken: bool,
}

/// Puts frames together from the packets of one track in the order of their sequence numbers.
#[derive(Debug, Default)]
pub struct Vp8Depacketizer {
    continuity: Continuity,
    building: Option<Building>,
    last_picture: Option<(u16, u8)>,
    /// Packets are missing since the last whole frame.
    gap: bool,
    /// Decoding can go on: a key frame was handed on and nothing it needs is missing since.
    decodable: bool,
    counts: FrameCounts,
}

impl Vp8Depacketizer {
    /// Takes the next packet; a repeated or late one changes nothing. Answers the frames it completes (two at most).
    pub fn push(&mut self, packet: &PicturePacket<'_>) -> Vec<CodedFrame> {
        let mut done = Vec::new();
        match self.continuity.see(packet.ssrc, packet.sequence) {
            Follows::Old => return done,
            Follows::Next => {}
            Follows::Anew => {
                self.drop_building();
                self.decodable = false;
                self.last_picture = None;
                self.gap = false;
            }
            Follows::Gap => {
                if let Some(building) = &mut self.building {
                    building.broken = true;
                }
                self.gap = true;
            }
        }
        let Some((descriptor, body)) = split_descriptor(packet.payload).filter(|(_, body)| !body.is_empty()) else {
            // Padding sent to probe the way has sequence numbers and no payload; a damaged descriptor spoils its frame.
            if !packet.payload.is_empty() {
                self.spoil();
            }
            return done;
        };
        if self.building.as_ref().is_some_and(|b| b.timestamp != packet.timestamp) {
            done.extend(self.complete());
        }
        let begins = descriptor.start && descriptor.partition == 0;
        match &mut self.building {
            Some(building) if begins => building.broken = true,
            Some(building) => building.data.extend_from_slice(body),
            None => {
                self.building = Some(Building {
                    at: packet.at,
                    timestamp: packet.timestamp,
                    ssrc: packet.ssrc,
                    picture_id: descriptor.picture_id,
                    data: BytesMut::from(body),
                    broken: !begins,
                });
            }
        }
        if packet.marker {
            done.extend(self.complete());
        }
        done
    }

    /// No packet will come any more.
    pub fn finish(&mut self) -> Option<CodedFrame> {
        // Without its marker nobody knows whether the last frame is whole.
        self.drop_building();
        None
    }

    /// What became of the frames so far.
    #[must_use]
    pub fn counts(&self) -> FrameCounts {
        self.counts
    }

    fn spoil(&mut self) {
        if let Some(building) = &mut self.building {
            building.broken = true;
        } else {
            self.gap = true;
        }
    }

    fn drop_building(&mut self) {
        if self.building.take().is_some() {
            self.counts.broken += 1;
            self.decodable = false;
        }
    }

    fn complete(&mut self) -> Option<CodedFrame> {
        let built = self.building.take()?;
        let header = if built.broken { None } else { frame_header(&built.data) };
        let Some(keyframe) = header else {
            self.counts.broken += 1;
            self.decodable = false;
            return None;
        };
        if self.gap && !follows(self.last_picture, built.picture_id) {
            self.decodable = false;
        }
        self.gap = false;
        self.last_picture = built.picture_id;
        self.decodable |= keyframe;
        if !self.decodable {
            self.counts.undecodable += 1;
            return None;
        }
        self.counts.whole += 1;
        let data: Bytes = built.data.freeze();
        Some(CodedFrame { at: built.at, timestamp: built.timestamp, ssrc: built.ssrc, keyframe, codec: Codec::Vp8, data })
    }
}

/// Whether picture ids say that no frame lies between two.
fn follows(before: Option<(u16, u8)>, after: Option<(u16, u8)>) -> bool {
    match (before, after) {
        (Some((before, bits)), Some((after, same))) if bits == same => after == (before + 1) & ((1 << bits) - 1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Sent = (i64, u32, bool, Vec<u8>);

    fn packet(sequence: i64, timestamp: u32, marker: bool, payload: &[u8]) -> Sent {
        (sequence, timestamp, marker, payload.to_vec())
    }

    fn push(depacketizer: &mut Vp8Depacketizer, (sequence, timestamp, marker, payload): &Sent) -> Vec<CodedFrame> {
        let (sequence, timestamp, marker) = (*sequence, *timestamp, *marker);
        depacketizer.push(&PicturePacket { at: OutputTime::ZERO, sequence, timestamp, ssrc: 7, marker, payload })
    }

    const KEY: [u8; 12] = [0x20, 0, 0, 0x9d, 0x01, 0x2a, 16, 0, 16, 0, 1, 2];
    const DELTA: [u8; 6] = [0x21, 0, 0, 9, 8, 7];

    fn with_descriptor(descriptor: &[u8], body: &[u8]) -> Vec<u8> {
        [descriptor, body].concat()
    }

    #[test]
    fn a_frame_in_two_packets_comes_out_whole() {
        let mut d = Vp8Depacketizer::default();
        assert!(push(&mut d, &packet(-1, 9, false, &with_descriptor(&[0x10], &KEY[..5]))).is_empty());
        let out = push(&mut d, &packet(0, 9, true, &with_descriptor(&[0x00], &KEY[5..])));
        assert_eq!(out.len(), 1);
        assert!(out[0].keyframe);
        assert_eq!(&out[0].data[..], &KEY);
    }

    #[test]
    fn after_a_missing_frame_nothing_is_shown_until_the_next_key_frame() {
        let mut d = Vp8Depacketizer::default();
        assert_eq!(push(&mut d, &packet(0, 0, true, &with_descriptor(&[0x10], &KEY))).len(), 1);
        assert_eq!(push(&mut d, &packet(1, 1, true, &with_descriptor(&[0x10], &DELTA))).len(), 1);
        assert!(push(&mut d, &packet(3, 3, true, &with_descriptor(&[0x10], &DELTA))).is_empty());
        assert!(push(&mut d, &packet(4, 4, true, &with_descriptor(&[0x10], &DELTA))).is_empty());
        assert_eq!(push(&mut d, &packet(5, 5, true, &with_descriptor(&[0x10], &KEY))).len(), 1);
        assert_eq!(d.counts(), FrameCounts { whole: 3, broken: 0, undecodable: 2 });
    }

    #[test]
    fn missing_padding_does_not_stop_the_picture_where_picture_ids_go_on() {
        let mut d = Vp8Depacketizer::default();
        assert_eq!(push(&mut d, &packet(0, 0, true, &with_descriptor(&[0x90, 0x80, 0xff, 0xff], &KEY))).len(), 1);
        assert_eq!(push(&mut d, &packet(4, 1, true, &with_descriptor(&[0x90, 0x80, 0x80, 0x00], &DELTA))).len(), 1);
        assert!(push(&mut d, &packet(9, 2, true, &with_descriptor(&[0x90, 0x80, 0x80, 0x02], &DELTA))).is_empty());
    }

    #[test]
    fn every_field_of_the_descriptor_is_passed_over() {
        // X=1, S=1; I, L, T and K set; a 15-bit picture id (RFC 7741 figure 1).
        let (descriptor, rest) = split_descriptor(&[0x90, 0xf0, 0x81, 0x02, 0x33, 0x44, 0xaa]).unwrap();
        assert_eq!(descriptor, Descriptor { start: true, partition: 0, picture_id: Some((0x102, 15)) });
        assert_eq!(rest, &[0xaa]);
        assert!(split_descriptor(&[0x90, 0xf0, 0x81, 0x02]).is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_hand_on_a_frame_before_a_key_frame(
            packets in proptest::collection::vec((0i64..40, 0u32..4, proptest::bool::ANY, proptest::collection::vec(0u8.., 0..20)), 0..40)
        ) {
            let mut d = Vp8Depacketizer::default();
            let mut started = false;
            for (sequence, timestamp, marker, payload) in packets {
                for frame in push(&mut d, &packet(sequence, timestamp, marker, &payload)) {
                    started |= frame.keyframe;
                    proptest::prop_assert!(started);
                }
            }
        }
    }
}
