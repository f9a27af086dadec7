//! What all tapes of a node may hold in memory together. A disk that is stuck fills one session's buffer after the other; the sum of them must not be what
//! kills the node, and with it the sessions that could still be saved.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Memory is asked for in such pieces, so that a packet costs nothing here.
const PIECE: usize = 16 << 10;

/// The sum. Shared by all tapes of a spool.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    used: AtomicUsize,
    refused: AtomicU64,
}

impl Budget {
    pub(super) fn of(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, used: AtomicUsize::new(0), refused: AtomicU64::new(0) })
    }

    /// Bytes that are held, in whole pieces.
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// How often a piece was refused, ever.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Whether a quarter of it is free.
    pub(super) fn has_room(&self) -> bool {
        self.used() <= self.limit / 4 * 3
    }

    fn take(&self, bytes: usize) -> bool {
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok();
        if !taken {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }
}

/// One holder's part of it; given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    pub(super) fn of(budget: &Arc<Budget>) -> Self {
        Self { budget: Arc::clone(budget), bytes: 0 }
    }

    /// Asks for as much as `bytes` need; false where there is not so much left.
    pub(super) fn cover(&mut self, bytes: usize) -> bool {
        if bytes <= self.bytes {
            return true;
        }
        let wanted = bytes.next_multiple_of(PIECE) - self.bytes;
        let taken = self.budget.take(wanted);
        if taken {
            self.bytes += wanted;
        }
        taken
    }

    /// As `cover`, for what must be kept whatever there is left.
    pub(super) fn cover_at_any_cost(&mut self, bytes: usize) {
        if bytes > self.bytes {
            let wanted = bytes.next_multiple_of(PIECE) - self.bytes;
            self.budget.used.fetch_add(wanted, Ordering::Relaxed);
            self.bytes += wanted;
        }
    }

    /// Gives back what `bytes` do not need, but for a piece: the next packets want it.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        let kept = bytes.next_multiple_of(PIECE) + PIECE;
        if kept < self.bytes {
            self.budget.used.fetch_sub(self.bytes - kept, Ordering::Relaxed);
            self.bytes = kept;
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_sum_stays_within_the_limit_and_all_of_it_comes_back(steps in proptest::collection::vec((0usize..4, 0usize..300_000, any::<bool>()), 1..200)) {
            let budget = Budget::of(1 << 20);
            let mut shares: Vec<Share> = (0..4).map(|_| Share::of(&budget)).collect();
            let mut held = [0usize; 4];
            for (who, bytes, grow) in steps {
                if grow {
                    if shares[who].cover(bytes) {
                        held[who] = held[who].max(bytes);
                    }
                } else {
                    held[who] = held[who].min(bytes);
                    shares[who].shrink_to(held[who]);
                }
                prop_assert!(held.iter().sum::<usize>() <= budget.used() && budget.used() <= 1 << 20);
            }
            drop(shares);
            prop_assert_eq!(budget.used(), 0);
        }
    }
}
