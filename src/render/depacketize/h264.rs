//! H.264 access units out of RTP packets (RFC 6184): single NAL units, STAP-A and FU-A, i.e. packetization modes 0 and 1.
//!
//! An access unit with a missing packet is dropped, and after it everything up to the next IDR picture. Parameter sets
//! are remembered and put before an IDR picture that comes without its own, so that any key frame starts a decoder.

use bytes::{BufMut, Bytes, BytesMut};

use super::frame::{CodedFrame, Continuity, Follows, FrameCounts, PicturePacket};
use crate::model::media::Codec;
use crate::render::timeline::OutputTime;

/// NAL unit types (ITU-T H.264 table 7-1; RFC 6184 table 1).
mod nal {
    pub const SLICE: u8 = 1;
    pub const PARTITION_C: u8 = 4;
    pub const IDR: u8 = 5;
    pub const SPS: u8 = 7;
    pub const PPS: u8 = 8;
    pub const LAST_SINGLE: u8 = 23;
    pub const STAP_A: u8 = 24;
    pub const FU_A: u8 = 28;
}

const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// An access unit being put together.
#[derive(Debug)]
struct Building {
    at: OutputTime,
    timestamp: u32,
    ssrc: u32,
    data: BytesMut,
    /// Where the NAL unit of the fragments now coming begins in `data`.
    fragment: Option<usize>,
    /// A first slice was seen, or something is wrong with it.
    slices: u32,
    idr: bool,
    own_sps: bool,
    broken: bool,
}

/// Puts access units together from the packets of one track in the order of their sequence numbers.
#[derive(Debug, Default)]
pub struct H264Depacketizer {
    continuity: Continuity,
    building: Option<Building>,
    /// Parameter sets as they came last, by what they are: `(type, id)`.
    sets: Vec<((u8, u32), Bytes)>,
    /// The sender puts parameter sets before its IDR pictures.
    in_band: bool,
    gap: bool,
    decodable: bool,
    counts: FrameCounts,
}

impl H264Depacketizer {
    /// Learns the parameter sets that SDP gave (`sprop-parameter-sets`, RFC 6184 §8.1), already out of their base64.
    pub fn parameter_sets(&mut self, sets: &[Vec<u8>]) {
        for set in sets {
            self.remember(set);
        }
    }

    /// Takes the next packet; a repeated or late one changes nothing. Answers the access units it completes (two at most).
    pub fn push(&mut self, packet: &PicturePacket<'_>) -> Vec<CodedFrame> {
        let mut done = Vec::new();
        match self.continuity.see(packet.ssrc, packet.sequence) {
            Follows::Old => return done,
            Follows::Next => {}
            Follows::Anew => {
                self.drop_building();
                self.decodable = false;
                self.gap = false;
            }
            Follows::Gap => {
                if let Some(building) = &mut self.building {
                    building.broken = true;
                }
                self.gap = true;
            }
        }
        if packet.payload.is_empty() {
            return done;
        }
        if self.building.as_ref().is_some_and(|b| b.timestamp != packet.timestamp) {
            done.extend(self.complete());
        }
        let mut building = self.building.take().unwrap_or_else(|| Building {
            at: packet.at,
            timestamp: packet.timestamp,
            ssrc: packet.ssrc,
            data: BytesMut::new(),
            fragment: None,
            slices: 0,
            idr: false,
            own_sps: false,
            broken: false,
        });
        if self.append(&mut building, packet.payload).is_none() {
            building.broken = true;
        }
        self.building = Some(building);
        if packet.marker {
            done.extend(self.complete());
        }
        done
    }

    /// No packet will come any more.
    pub fn finish(&mut self) -> Option<CodedFrame> {
        // Without its marker nobody knows whether the last access unit is whole.
        self.drop_building();
        None
    }

    /// What became of the access units so far.
    #[must_use]
    pub fn counts(&self) -> FrameCounts {
        self.counts
    }

    /// `None` where the packet cannot be part of this access unit.
    fn append(&mut self, building: &mut Building, payload: &[u8]) -> Option<()> {
        let kind = payload[0] & 0x1f;
        if building.fragment.is_some() && kind != nal::FU_A {
            return None;
        }
        match kind {
            1..=nal::LAST_SINGLE => self.append_nal(building, payload),
            nal::STAP_A => {
                let mut rest = &payload[1..];
                if rest.is_empty() {
                    return None;
                }
                while !rest.is_empty() {
                    let size = usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
                    let unit = rest.get(2..2 + size).filter(|unit| !unit.is_empty())?;
                    self.append_nal(building, unit)?;
                    rest = &rest[2 + size..];
                }
                Some(())
            }
            nal::FU_A => self.append_fragment(building, payload[0], *payload.get(1)?, payload.get(2..)?),
            _ => None,
        }
    }

    fn append_nal(&mut self, building: &mut Building, unit: &[u8]) -> Option<()> {
        building.data.put_slice(&START_CODE);
        building.data.put_slice(unit);
        self.note(building, unit)
    }

    /// RFC 6184 §5.8.
    fn append_fragment(&mut self, building: &mut Building, indicator: u8, header: u8, body: &[u8]) -> Option<()> {
        let (start, end) = (header & 0x80 != 0, header & 0x40 != 0);
        if start == building.fragment.is_some() || (start && end) {
            return None;
        }
        if start {
            building.data.put_slice(&START_CODE);
            building.fragment = Some(building.data.len());
            building.data.put_u8(indicator & 0xe0 | header & 0x1f);
        }
        building.data.put_slice(body);
        if end {
            let from = building.fragment.take()?;
            let unit = building.data.clone().freeze().slice(from..);
            return self.note(building, &unit);
        }
        Some(())
    }

    /// Learns from a whole NAL unit; `None` where it shows that the access unit lacks its beginning.
    fn note(&mut self, building: &mut Building, unit: &[u8]) -> Option<()> {
        match unit[0] & 0x1f {
            kind @ (nal::SLICE..=nal::PARTITION_C | nal::IDR) => {
                // `first_mb_in_slice` is the first ue(v) of a slice: a set first bit is zero (H.264 §7.3.3).
                if building.slices == 0 && unit.get(1)? & 0x80 == 0 {
                    return None;
                }
                building.slices += 1;
                building.idr |= kind == nal::IDR;
            }
            nal::SPS => {
                building.own_sps = true;
                self.in_band = true;
                self.remember(unit);
            }
            nal::PPS => self.remember(unit),
            _ => {}
        }
        Some(())
    }

    fn remember(&mut self, unit: &[u8]) {
        let Some(key) = parameter_set_key(unit) else { return };
        let set = Bytes::copy_from_slice(unit);
        match self.sets.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = set,
            None => self.sets.push((key, set)),
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
        if built.broken || built.fragment.is_some() {
            self.counts.broken += 1;
            self.decodable = false;
            return None;
        }
        if built.slices == 0 {
            // Parameter sets or SEI alone under a time stamp of their own: remembered, no picture.
            return None;
        }
        let after_gap = std::mem::take(&mut self.gap);
        // Packets lost just before an IDR picture may have been the parameter sets that belong to it.
        let sets_lost = after_gap && self.in_band && !built.own_sps;
        if after_gap {
            self.decodable = false;
        }
        let keyframe = built.idr && !sets_lost && (built.own_sps || self.has_sets());
        self.decodable |= keyframe;
        if !self.decodable {
            self.counts.undecodable += 1;
            return None;
        }
        let data = if keyframe && !built.own_sps { self.with_sets(&built.data) } else { built.data.freeze() };
        self.counts.whole += 1;
        Some(CodedFrame { at: built.at, timestamp: built.timestamp, ssrc: built.ssrc, keyframe, codec: Codec::H264, data })
    }

    fn has_sets(&self) -> bool {
        [nal::SPS, nal::PPS].iter().all(|kind| self.sets.iter().any(|((k, _), _)| k == kind))
    }

    fn with_sets(&self, picture: &[u8]) -> Bytes {
        let mut whole = BytesMut::with_capacity(picture.len() + 128);
        for kind in [nal::SPS, nal::PPS] {
            for (_, set) in self.sets.iter().filter(|((k, _), _)| *k == kind) {
                whole.put_slice(&START_CODE);
                whole.put_slice(set);
            }
        }
        whole.put_slice(picture);
        whole.freeze()
    }
}

/// What a parameter set is known by: its type and its id (H.264 §7.3.2.1, §7.3.2.2).
fn parameter_set_key(unit: &[u8]) -> Option<(u8, u32)> {
    let kind = unit.first()? & 0x1f;
    let skip = if kind == nal::SPS { 4 } else { 1 };
    Some((kind, exp_golomb(unit.get(skip..)?)?))
}

/// The ue(v) that bytes begin with (H.264 §9.1).
fn exp_golomb(bytes: &[u8]) -> Option<u32> {
    let bit = |at: usize| Some(u32::from(bytes.get(at / 8)? >> (7 - at % 8) & 1));
    let mut zeros = 0;
    while bit(zeros)? == 0 {
        zeros += 1;
        if zeros > 31 {
            return None;
        }
    }
    let mut value = 1u32;
    for at in zeros + 1..=2 * zeros {
        value = value << 1 | bit(at)?;
    }
    Some(value - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Sent = (i64, u32, bool, Vec<u8>);

    fn packet(sequence: i64, timestamp: u32, marker: bool, payload: &[u8]) -> Sent {
        (sequence, timestamp, marker, payload.to_vec())
    }

    fn push(depacketizer: &mut H264Depacketizer, (sequence, timestamp, marker, payload): &Sent) -> Vec<CodedFrame> {
        let (sequence, timestamp, marker) = (*sequence, *timestamp, *marker);
        depacketizer.push(&PicturePacket { at: OutputTime::ZERO, sequence, timestamp, ssrc: 7, marker, payload })
    }

    const SPS: [u8; 5] = [0x67, 0x42, 0, 0x1f, 0x80];
    const PPS: [u8; 3] = [0x68, 0x80, 1];
    const IDR: [u8; 5] = [0x65, 0x88, 1, 2, 3];
    const SLICE: [u8; 4] = [0x41, 0x9a, 1, 2];

    fn stap(units: &[&[u8]]) -> Vec<u8> {
        let mut payload = vec![0x78];
        for unit in units {
            payload.extend((unit.len() as u16).to_be_bytes());
            payload.extend(*unit);
        }
        payload
    }

    #[test]
    fn sets_in_a_stap_and_a_fragmented_idr_become_one_access_unit() {
        let mut d = H264Depacketizer::default();
        assert!(push(&mut d, &packet(1, 0, false, &stap(&[&SPS, &PPS]))).is_empty());
        assert!(push(&mut d, &packet(2, 0, false, &[0x7c, 0x85, 0x88, 1])).is_empty());
        let out = push(&mut d, &packet(3, 0, true, &[0x7c, 0x45, 2, 3]));
        let wanted: Vec<u8> = [&SPS[..], &PPS, &IDR].iter().flat_map(|unit| [&START_CODE[..], unit].concat()).collect();
        assert_eq!(&out[0].data[..], &wanted);
        assert!(out[0].keyframe);
    }

    #[test]
    fn an_idr_without_sets_gets_the_ones_that_sdp_gave() {
        let mut d = H264Depacketizer::default();
        d.parameter_sets(&[SPS.to_vec(), PPS.to_vec()]);
        let out = push(&mut d, &packet(1, 0, true, &IDR));
        assert!(out[0].keyframe);
        assert!(out[0].data.starts_with(&[0, 0, 0, 1, 0x67]));
        let mut bare = H264Depacketizer::default();
        assert!(push(&mut bare, &packet(1, 0, true, &IDR)).is_empty());
    }

    #[test]
    fn a_lost_fragment_costs_everything_up_to_the_next_idr() {
        let mut d = H264Depacketizer::default();
        assert_eq!(push(&mut d, &packet(1, 0, true, &stap(&[&SPS, &PPS, &IDR]))).len(), 1);
        push(&mut d, &packet(2, 3000, false, &[0x5c, 0x81, 0x9a]));
        assert!(push(&mut d, &packet(4, 3000, true, &[0x5c, 0x41, 2])).is_empty());
        assert!(push(&mut d, &packet(5, 6000, true, &SLICE)).is_empty());
        assert_eq!(push(&mut d, &packet(6, 9000, true, &stap(&[&SPS, &PPS, &IDR]))).len(), 1);
        assert_eq!(d.counts(), FrameCounts { whole: 2, broken: 1, undecodable: 1 });
    }

    #[test]
    fn an_idr_whose_sets_were_lost_with_the_gap_is_not_decoded_with_old_ones() {
        let mut d = H264Depacketizer::default();
        assert_eq!(push(&mut d, &packet(1, 0, true, &stap(&[&SPS, &PPS, &IDR]))).len(), 1);
        assert!(push(&mut d, &packet(3, 3000, true, &IDR)).is_empty());
    }

    #[test]
    fn ids_of_parameter_sets_are_read() {
        assert_eq!(parameter_set_key(&SPS), Some((7, 0)));
        assert_eq!(parameter_set_key(&[0x68, 0b0100_0000]), Some((8, 1)));
        assert_eq!(parameter_set_key(&[0x68, 0b0010_1000]), Some((8, 4)));
        assert_eq!(parameter_set_key(&[0x68, 0]), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_hand_on_a_frame_before_a_key_frame(
            packets in proptest::collection::vec((0i64..40, 0u32..4, proptest::bool::ANY, proptest::collection::vec(0u8.., 0..20)), 0..40)
        ) {
            let mut d = H264Depacketizer::default();
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
