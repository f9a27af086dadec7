//! RTCP compound packets (RFC 3550 §6): what a recorder wants of them, and the receiver reports that it sends.

use crate::tape::SenderReport;

/// What stands in a compound packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtcpItem {
    /// A sender report (§6.4.1).
    SenderReport(SenderReport),
    /// A source says good-bye (§6.6).
    Bye {
        /// Which.
        ssrc: u32,
    },
    /// Anything else, by its packet type.
    Other(u8),
}

/// Bytes that are no compound RTCP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RTCP packet: it ends early or its version is not 2")]
pub struct RtcpError;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;

/// Whether a datagram on a port that carries both is RTCP (RFC 5761 §4: the second byte, 192 to 223).
#[must_use]
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

/// Reads a compound packet; `each` gets its items in order. Those before a damaged place count.
///
/// # Errors
/// Where a part ends early or is of another version.
pub fn read_compound(mut bytes: &[u8], mut each: impl FnMut(RtcpItem)) -> Result<(), RtcpError> {
    while !bytes.is_empty() {
        let head = bytes.get(..4).ok_or(RtcpError)?;
        if head[0] >> 6 != 2 {
            return Err(RtcpError);
        }
        let len = 4 * (usize::from(u16::from_be_bytes([head[2], head[3]])) + 1);
        let (part, rest) = bytes.split_at_checked(len).ok_or(RtcpError)?;
        bytes = rest;
        match head[1] {
            SENDER_REPORT => {
                let word = |at: usize| part.get(at..at + 4).and_then(|w| w.try_into().ok()).map(u32::from_be_bytes);
                let (Some(ssrc), Some(high), Some(low), Some(rtp), Some(packets), Some(octets)) =
                    (word(4), word(8), word(12), word(16), word(20), word(24))
                else {
                    return Err(RtcpError);
                };
                each(RtcpItem::SenderReport(SenderReport { ssrc, ntp: u64::from(high) << 32 | u64::from(low), rtp, packets, octets }));
            }
            BYE => {
                let count = usize::from(head[0] & 0x1f);
                for ssrc in part[4..].chunks_exact(4).take(count) {
                    each(RtcpItem::Bye { ssrc: u32::from_be_bytes([ssrc[0], ssrc[1], ssrc[2], ssrc[3]]) });
                }
            }
            other => each(RtcpItem::Other(other)),
        }
    }
    Ok(())
}

/// One report block (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source reported on.
    pub ssrc: u32,
    /// Loss since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the beginning, 24 bits, signed.
    pub cumulative_lost: i32,
    /// Extended highest sequence number.
    pub highest_sequence: u32,
    /// Interarrival jitter in RTP units.
    pub jitter: u32,
    /// The middle 32 bits of the last sender report's NTP time.
    pub last_sr: u32,
    /// Time since then in 1/65536 s.
    pub delay_since_last_sr: u32,
}

/// A receiver report with one block and the CNAME that every compound packet must have (RFC 3550 §6.1); 52 bytes.
#[must_use]
pub fn receiver_report(own_ssrc: u32, block: &ReportBlock, cname: [u8; 8]) -> [u8; 52] {
    let mut out = [0u8; 52];
    out[..4].copy_from_slice(&[0x81, RECEIVER_REPORT, 0, 7]);
    out[4..8].copy_from_slice(&own_ssrc.to_be_bytes());
    out[8..12].copy_from_slice(&block.ssrc.to_be_bytes());
    out[12..16].copy_from_slice(&block.cumulative_lost.clamp(-0x0080_0000, 0x007f_ffff).to_be_bytes());
    out[12] = block.fraction_lost;
    out[16..20].copy_from_slice(&block.highest_sequence.to_be_bytes());
    out[20..24].copy_from_slice(&block.jitter.to_be_bytes());
    out[24..28].copy_from_slice(&block.last_sr.to_be_bytes());
    out[28..32].copy_from_slice(&block.delay_since_last_sr.to_be_bytes());
    out[32..36].copy_from_slice(&[0x81, SOURCE_DESCRIPTION, 0, 4]);
    out[36..40].copy_from_slice(&own_ssrc.to_be_bytes());
    out[40..42].copy_from_slice(&[1, 8]);
    out[42..50].copy_from_slice(&cname);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn items(bytes: &[u8]) -> (Vec<RtcpItem>, Result<(), RtcpError>) {
        let mut all = Vec::new();
        let end = read_compound(bytes, |item| all.push(item));
        (all, end)
    }

    #[test]
    fn a_sender_report_a_description_and_a_bye_in_one_datagram() {
        let mut bytes = vec![0x80, 200, 0, 6];
        for word in [0xaabb_ccddu32, 0x1111_2222, 0x3333_4444, 160, 5, 800] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.extend([0x81, 202, 0, 1, 0, 0, 0, 1, 0x81, 203, 0, 1, 0xaa, 0xbb, 0xcc, 0xdd]);
        let report = SenderReport { ssrc: 0xaabb_ccdd, ntp: 0x1111_2222_3333_4444, rtp: 160, packets: 5, octets: 800 };
        let (all, end) = items(&bytes);
        assert_eq!(all, [RtcpItem::SenderReport(report), RtcpItem::Other(202), RtcpItem::Bye { ssrc: 0xaabb_ccdd }]);
        assert_eq!(end, Ok(()));
    }

    #[test]
    fn another_implementation_reads_our_receiver_report() {
        use rtc::shared::marshal::Unmarshal;
        let block = ReportBlock {
            ssrc: 7,
            fraction_lost: 12,
            cumulative_lost: 300,
            highest_sequence: 70_000,
            jitter: 9,
            last_sr: 0x0102_0304,
            delay_since_last_sr: 65_536,
        };
        let bytes = receiver_report(99, &block, *b"ferric01");
        let mut buf = bytes::Bytes::copy_from_slice(&bytes);
        let read = rtc::rtcp::receiver_report::ReceiverReport::unmarshal(&mut buf.split_to(32)).unwrap();
        assert_eq!((read.ssrc, read.reports.len()), (99, 1));
        let theirs = &read.reports[0];
        assert_eq!((theirs.ssrc, theirs.fraction_lost, theirs.total_lost), (7, 12, 300));
        assert_eq!((theirs.last_sequence_number, theirs.jitter, theirs.last_sender_report, theirs.delay), (70_000, 9, 0x0102_0304, 65_536));
        let described = rtc::rtcp::source_description::SourceDescription::unmarshal(&mut buf).unwrap();
        assert_eq!(described.chunks[0].items[0].text, "ferric01");
        assert!(is_rtcp(&bytes));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = items(&bytes);
        }

        #[test]
        fn no_length_makes_it_panic(kind in 199u8..210, words in 0u8..40, count in 0u8..32, body in proptest::collection::vec(any::<u8>(), 0..120)) {
            let mut bytes = vec![0x80 | count, kind, 0, words];
            bytes.extend(body);
            let _ = items(&bytes);
        }
    }
}
