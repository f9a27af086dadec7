//! Pairs of ports: RTP the even one, RTCP the odd one above it (RFC 3550 §11).

use std::ops::RangeInclusive;

/// The pairs of a range, given out in turn, so that a port rests as long as possible before somebody else's late packets could meet it.
#[derive(Debug)]
pub(super) struct PortPairs {
    first: u16,
    taken: Vec<bool>,
    next: usize,
}

impl PortPairs {
    /// `None` where the range holds no pair. `start` says where to begin (taken modulo the number of pairs).
    pub(super) fn of(range: &RangeInclusive<u16>, start: usize) -> Option<Self> {
        let first = u32::from(*range.start()).next_multiple_of(2);
        let pairs = (u32::from(*range.end()) + 1).checked_sub(first)? as usize / 2;
        let first = u16::try_from(first).ok()?;
        (pairs > 0 && first > 0).then(|| Self { first, taken: vec![false; pairs], next: start % pairs })
    }

    /// The even port of a pair that `open` could open, and what it made. A pair that it answers with `None` is in use by somebody else and passed over.
    ///
    /// # Errors
    /// What `open` says.
    pub(super) fn take<T, E>(&mut self, mut open: impl FnMut(u16) -> Result<Option<T>, E>) -> Result<Option<(u16, T)>, E> {
        for _ in 0..self.taken.len() {
            let at = self.next;
            self.next = (at + 1) % self.taken.len();
            if self.taken[at] {
                continue;
            }
            let port = self.first + 2 * at as u16;
            if let Some(opened) = open(port)? {
                self.taken[at] = true;
                return Ok(Some((port, opened)));
            }
        }
        Ok(None)
    }

    /// Gives a pair back by its even port.
    pub(super) fn give_back(&mut self, port: u16) {
        let at = usize::from(port.saturating_sub(self.first)) / 2;
        if let Some(taken) = self.taken.get_mut(at) {
            *taken = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(pairs: &mut PortPairs) -> Option<u16> {
        pairs.take(|_| Ok::<_, ()>(Some(()))).unwrap().map(|(port, ())| port)
    }

    #[test]
    fn every_pair_is_given_out_once_and_rests_after_use() {
        let mut pairs = PortPairs::of(&(10_001..=10_008), 0).unwrap();
        assert_eq!((take(&mut pairs), take(&mut pairs)), (Some(10_002), Some(10_004)));
        pairs.give_back(10_002);
        assert_eq!((take(&mut pairs), take(&mut pairs), take(&mut pairs)), (Some(10_006), Some(10_002), None));
    }

    #[test]
    fn a_pair_that_another_process_holds_is_passed_over() {
        let mut pairs = PortPairs::of(&(10_000..=10_003), 0).unwrap();
        let got = pairs.take(|port| Ok::<_, ()>((port != 10_000).then_some(()))).unwrap();
        assert_eq!(got, Some((10_002, ())));
    }

    #[test]
    fn a_range_needs_an_even_port_and_the_one_above() {
        assert!(PortPairs::of(&(10_001..=10_002), 0).is_none());
        assert!(PortPairs::of(&(65_534..=65_535), 9).is_some());
        assert!(PortPairs::of(&(65_535..=65_535), 0).is_none());
    }
}
