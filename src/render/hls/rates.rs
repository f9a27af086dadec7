//! The bit rates that a multivariant playlist names.

use super::playlist::{SECOND_NS, target};

/// The peak and the average segment bit rate of a playlist of parts of so many bytes and nanoseconds (RFC 8216 §4.1): the peak is that of any parts in
/// a row that together last half to one and a half times the target duration.
pub(super) fn bit_rates(parts: &[(u64, u64)]) -> (u64, u64) {
    let rate = |bytes: u64, ns: u64| (u128::from(bytes) * 8 * u128::from(SECOND_NS) / u128::from(ns.max(1))) as u64;
    let target_ns = target(parts.iter().map(|p| p.1)) * SECOND_NS;
    let sum = |(bytes, ns): (u64, u64), part: &(u64, u64)| (bytes + part.0, ns + part.1);
    let (bytes, ns) = parts.iter().fold((0, 0), sum);
    let average = rate(bytes, ns);
    let mut peak = average;
    for first in 0..parts.len() {
        let mut row = (0, 0);
        for part in &parts[first..] {
            row = sum(row, part);
            if row.1 * 2 > target_ns * 3 {
                break;
            }
            if row.1 * 2 >= target_ns {
                peak = peak.max(rate(row.0, row.1));
            }
        }
    }
    (peak, average)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_that_of_rows_of_about_the_target() {
        let s = SECOND_NS;
        // (bytes, length), and the peak's bytes and seconds.
        let cases = [
            // The last is too short to be a peak of its own, and is one together with the one before.
            (vec![(6_000, 6 * s), (6_600, 6 * s), (5_000, 2 * s)], (11_600, 8)),
            (vec![(6_000, 6 * s), (6_600, 6 * s), (5_000, 3 * s)], (5_000, 3)),
            // Shorter than half a second: nothing is a peak but all of it.
            (vec![(500, s / 4)], (2_000, 1)),
            (vec![], (0, 1)),
        ];
        for (parts, (bytes, seconds)) in cases {
            assert_eq!(bit_rates(&parts).0, bytes * 8 / seconds, "{parts:?}");
        }
    }
}
