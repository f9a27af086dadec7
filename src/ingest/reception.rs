//! What has been received of one source: the numbers of a receiver report (RFC 3550, appendix A.3 and A.8).

use super::rtcp::ReportBlock;
use crate::model::time::MediaTime;
use crate::tape::SenderReport;

/// Reception of one SSRC since it appeared. Pure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reception {
    ssrc: u32,
    clock_hz: u32,
    first: u32,
    highest: u32,
    received: u32,
    reported_expected: u32,
    reported_received: u32,
    transit: u32,
    jitter_16: u32,
    last_sr: Option<(u32, MediaTime)>,
    last: MediaTime,
}

fn rtp_units(at: MediaTime, clock_hz: u32) -> u32 {
    (u128::from(at.as_ns()) * u128::from(clock_hz) / 1_000_000_000) as u32
}

impl Reception {
    /// From the first packet of a source.
    pub(crate) fn begin(ssrc: u32, sequence: u16, timestamp: u32, arrival: MediaTime, clock_hz: u32) -> Self {
        Self {
            ssrc,
            clock_hz,
            first: u32::from(sequence),
            highest: u32::from(sequence),
            received: 1,
            reported_expected: 0,
            reported_received: 0,
            transit: rtp_units(arrival, clock_hz).wrapping_sub(timestamp),
            jitter_16: 0,
            last_sr: None,
            last: arrival,
        }
    }

    pub(crate) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Nanoseconds since its last packet.
    pub(crate) fn silent_for(&self, now: MediaTime) -> u64 {
        now.since(self.last)
    }

    /// Another packet of it.
    pub(crate) fn packet(&mut self, sequence: u16, timestamp: u32, arrival: MediaTime) {
        self.received = self.received.wrapping_add(1);
        self.last = arrival;
        let ahead = sequence.wrapping_sub(self.highest as u16);
        if ahead < 0x8000 {
            self.highest = self.highest.wrapping_add(u32::from(ahead));
        }
        let transit = rtp_units(arrival, self.clock_hz).wrapping_sub(timestamp);
        let change = (transit.wrapping_sub(self.transit) as i32).unsigned_abs();
        self.transit = transit;
        // A jump of the sender's clock is no jitter.
        if change < self.clock_hz {
            self.jitter_16 = self.jitter_16.saturating_add(change).saturating_sub((self.jitter_16 + 8) >> 4);
        }
    }

    /// A sender report of it.
    pub(crate) fn sender_report(&mut self, report: &SenderReport, arrival: MediaTime) {
        self.last_sr = Some(((report.ntp >> 16) as u32, arrival));
    }

    /// The block of the next receiver report.
    pub(crate) fn report(&mut self, now: MediaTime) -> ReportBlock {
        let expected = self.highest.wrapping_sub(self.first).wrapping_add(1);
        let expected_now = expected.wrapping_sub(self.reported_expected);
        let received_now = self.received.wrapping_sub(self.reported_received);
        self.reported_expected = expected;
        self.reported_received = self.received;
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction_lost = (u64::from(lost_now) * 256).checked_div(u64::from(expected_now)).map_or(0, |f| f.min(255) as u8);
        let (last_sr, delay) = self.last_sr.map_or((0, 0), |(sr, at)| (sr, (u128::from(now.since(at)) * 65_536 / 1_000_000_000) as u32));
        ReportBlock {
            ssrc: self.ssrc,
            fraction_lost,
            cumulative_lost: expected.wrapping_sub(self.received) as i32,
            highest_sequence: self.highest,
            jitter: self.jitter_16 >> 4,
            last_sr,
            delay_since_last_sr: delay,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tenth_packet_lost_over_a_wrap_is_reported_as_a_tenth() {
        let ms = MediaTime::from_ms;
        let mut reception = Reception::begin(5, 65_500, 0, ms(0), 8000);
        for n in 1..100u32 {
            if n % 10 != 0 {
                reception.packet(65_500u16.wrapping_add(n as u16), n * 160, ms(u64::from(n) * 20));
            }
        }
        let report = reception.report(ms(2000));
        assert_eq!(report.cumulative_lost, 9);
        assert_eq!(report.highest_sequence, 65_500 + 99);
        assert_eq!(u32::from(report.fraction_lost), 9 * 256 / 100);
        assert_eq!(report.jitter, 0);
        assert_eq!(reception.report(ms(2001)).fraction_lost, 0);
    }

    #[test]
    fn jitter_settles_at_the_mean_change_of_transit() {
        let mut reception = Reception::begin(5, 0, 0, MediaTime::ZERO, 8000);
        for n in 1..500u32 {
            let late = if n % 2 == 0 { 5 } else { 0 };
            reception.packet(n as u16, n * 160, MediaTime::from_ms(u64::from(n) * 20 + late));
        }
        let jitter = reception.report(MediaTime::from_ms(10_000)).jitter;
        assert!((36..=44).contains(&jitter), "5 ms at 8 kHz are 40 units, not {jitter}");
    }

    #[test]
    fn the_delay_since_a_sender_report_is_told_in_65536ths() {
        let mut reception = Reception::begin(5, 0, 0, MediaTime::ZERO, 8000);
        let report = SenderReport { ssrc: 5, ntp: 0x1111_2222_3333_4444, rtp: 0, packets: 0, octets: 0 };
        reception.sender_report(&report, MediaTime::from_ms(1000));
        let block = reception.report(MediaTime::from_ms(1500));
        assert_eq!((block.last_sr, block.delay_since_last_sr), (0x2222_3333, 32_768));
    }
}
