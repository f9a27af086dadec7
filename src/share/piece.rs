//! Pieces: how a recording is cut so that no request gets all of it, however short it is (archive.md C5). Pure.

/// A piece has at most so many bytes.
const MOST: u64 = 1 << 20;
/// A recording is cut into at least so many.
const AT_LEAST: u64 = 3;

/// The longest piece of a file of `size` bytes, in bytes.
#[must_use]
pub fn longest(size: u64) -> u64 {
    size.div_ceil(AT_LEAST).clamp(1, MOST)
}

/// The piece that a request for the bytes from `first` to `last` (both included) of a file of `size` bytes gets: from its first byte, as far as a piece goes.
#[must_use]
pub fn cut(first: u64, last: u64, size: u64) -> std::ops::Range<u64> {
    first..first.saturating_add(longest(size)).min(last.saturating_add(1)).min(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_piece_is_the_whole_and_all_pieces_are(size in 2u64..(1 << 24)) {
            let (mut at, mut pieces) = (0, 0);
            while at < size {
                let piece = cut(at, size - 1, size);
                prop_assert!(piece.start == at && piece.end > at && piece.end <= size);
                prop_assert!(piece.end - piece.start <= 1 << 20 && piece.end - piece.start < size);
                at = piece.end;
                pieces += 1;
            }
            prop_assert!(pieces >= 2);
        }

        #[test]
        fn a_piece_never_goes_beyond_what_was_asked(size in 1u64..1_000_000, first in 0u64..1_000_000, length in 1u64..1_000_000) {
            let first = first % size;
            let last = (first + length - 1).min(size - 1);
            let piece = cut(first, last, size);
            prop_assert!(piece.start == first && piece.end <= last + 1 && piece.end > first);
        }
    }
}
