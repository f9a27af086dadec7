//! What of the frames sent is whole on the tape.

use std::collections::HashSet;

use bytes::Bytes;
use ferric::app::load::whip::SentFrame;
use ferric::model::rtp::RtpPacket;

/// Sequence numbers of an SSRC on a tape, and how many packets stand there twice.
pub fn sequences(packets: &[Bytes], ssrc: u32) -> (HashSet<u16>, usize) {
    let mut seen = HashSet::new();
    let mut twice = 0;
    for packet in packets.iter().map(|p| RtpPacket::parse(p).unwrap()).filter(|p| p.ssrc == ssrc) {
        twice += usize::from(!seen.insert(packet.sequence));
    }
    (seen, twice)
}

/// Which of the frames have all their packets.
pub fn whole<'a>(ledger: impl IntoIterator<Item = &'a SentFrame>, seen: &HashSet<u16>) -> (usize, usize) {
    let mut count = (0, 0);
    for frame in ledger {
        count.1 += 1;
        count.0 += usize::from((0..frame.packets).all(|n| seen.contains(&frame.first.wrapping_add(n))));
    }
    count
}
