//! Rows of numbers of which each differs little from the one before, in a few bytes a row: hundreds of calls each hold a hundred places on their tapes.

use crate::tape::Spot;

/// A place on a tape as numbers of a row.
pub(super) fn of_spot(spot: Spot) -> [i64; 3] {
    [i64::from(spot.chunk), spot.block_at as i64, i64::from(spot.record_at)]
}

/// The place that such numbers were.
pub(super) fn spot_of([chunk, block_at, record_at]: [i64; 3]) -> Spot {
    Spot { chunk: chunk as u32, block_at: block_at as u64, record_at: record_at as u32 }
}

/// Rows of `N` numbers, kept as differences (zigzag, LEB128).
#[derive(Debug)]
pub(super) struct PutAway<const N: usize> {
    bytes: Vec<u8>,
    last: [i64; N],
}

impl<const N: usize> Default for PutAway<N> {
    fn default() -> Self {
        Self { bytes: Vec::new(), last: [0; N] }
    }
}

impl<const N: usize> PutAway<N> {
    /// Takes one more row.
    pub fn push(&mut self, row: [i64; N]) {
        for (now, before) in row.iter().zip(self.last) {
            let change = now.wrapping_sub(before);
            let mut left = ((change << 1) ^ (change >> 63)) as u64;
            while left >= 0x80 {
                self.bytes.push(left as u8 | 0x80);
                left >>= 7;
            }
            self.bytes.push(left as u8);
        }
        self.last = row;
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// No more rows come: no more room is kept than they need.
    pub fn close(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// The rows in their order.
    pub fn rows(&self) -> impl Iterator<Item = [i64; N]> {
        let (mut left, mut last) = (self.bytes.iter(), [0i64; N]);
        std::iter::from_fn(move || {
            for number in &mut last {
                let (mut change, mut shift) = (0u64, 0);
                loop {
                    let byte = left.next()?;
                    change |= u64::from(byte & 0x7f) << shift;
                    shift += 7;
                    if byte & 0x80 == 0 {
                        break;
                    }
                }
                *number = number.wrapping_add((change >> 1) as i64 ^ -((change & 1) as i64));
            }
            Some(last)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn places_of_packets_take_a_few_bytes_each() {
        let mut away = PutAway::default();
        for n in 0..100i64 {
            away.push([40_000 + n, 3, 1_000_000 + 160 * n, 2, 190_000 + n / 8 * 1500, n % 8 * 187, 8000, 0]);
        }
        away.close();
        assert!(away.bytes.len() < 100 * 12, "{}", away.bytes.len());
    }

    proptest! {
        #[test]
        fn rows_come_back_as_they_were(rows in proptest::collection::vec(any::<[i64; 3]>(), 0..50)) {
            let mut away = PutAway::default();
            rows.iter().for_each(|row| away.push(*row));
            away.close();
            prop_assert_eq!(away.is_empty(), rows.is_empty());
            prop_assert_eq!(away.rows().collect::<Vec<_>>(), rows);
        }
    }
}
