//! How far pictures are shown from the time that belongs to them, by the clock that places the sound of their sender.

/// Pictures by the size of their offset, in steps of a millisecond.
#[derive(Clone, Debug)]
pub(super) struct Offsets {
    by_ms: Vec<u64>,
}

/// Larger offsets count as this one.
const LARGEST_MS: usize = 500;

impl Default for Offsets {
    fn default() -> Self {
        Self { by_ms: vec![0; LARGEST_MS + 1] }
    }
}

impl Offsets {
    pub(super) fn note(&mut self, offset_ns: u64) {
        let ms = usize::try_from(offset_ns.div_ceil(1_000_000)).unwrap_or(LARGEST_MS).min(LARGEST_MS);
        self.by_ms[ms] += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.by_ms.iter_mut().zip(&other.by_ms).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// The offset, rounded up to a millisecond, that 95 of 100 pictures do not exceed. `None` where there were none.
    pub(super) fn p95_ms(&self) -> Option<f64> {
        let wanted = (self.by_ms.iter().sum::<u64>() * 95).div_ceil(100);
        let mut seen = 0;
        let found = self.by_ms.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        found.filter(|_| wanted > 0).map(|ms| ms as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_of_a_hundred_may_be_worse() {
        let mut offsets = Offsets::default();
        assert_eq!(offsets.p95_ms(), None);
        (0..95).for_each(|_| offsets.note(11_400_000));
        (0..5).for_each(|_| offsets.note(90_000_000_000));
        assert_eq!(offsets.p95_ms(), Some(12.0));
        let mut all = Offsets::default();
        all.add(&offsets);
        all.note(90_000_000);
        assert_eq!(all.p95_ms(), Some(90.0));
    }
}
