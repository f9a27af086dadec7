//! Ranges and conditions of a GET (RFC 9110 §13, §14): pure, so that every corner can be tried.

use axum::http::{HeaderMap, header};

/// What a `Range` header asks of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it: no range, another unit, or nothing that can be read as a range (RFC 9110 §14.2: ignored).
    Whole,
    /// Bytes from the first to the last, both included.
    Part {
        /// First byte.
        first: u64,
        /// Last byte.
        last: u64,
    },
    /// Outside the file: 416.
    Unsatisfiable,
    /// Several ranges: 416, since no player needs them and each costs a read.
    Several,
}

/// Reads a `Range` for a file of `size` bytes.
#[must_use]
pub fn wanted(range: Option<&str>, size: u64) -> Wanted {
    let Some(set) = range.and_then(|r| r.trim().strip_prefix("bytes=")) else { return Wanted::Whole };
    if set.contains(',') {
        return Wanted::Several;
    }
    let Some((first, last)) = set.trim().split_once('-') else { return Wanted::Whole };
    match (number(first), number(last)) {
        (Some(Some(first)), Some(last)) => {
            if last.is_some_and(|last| last < first) {
                return Wanted::Whole;
            }
            if first >= size {
                return Wanted::Unsatisfiable;
            }
            Wanted::Part { first, last: last.map_or(size - 1, |last| last.min(size - 1)) }
        }
        (Some(None), Some(Some(suffix))) => {
            if suffix == 0 || size == 0 {
                return Wanted::Unsatisfiable;
            }
            Wanted::Part { first: size.saturating_sub(suffix), last: size - 1 }
        }
        _ => Wanted::Whole,
    }
}

/// `None` = no number, `Some(None)` = nothing there. A number too large for 64 bits is the largest.
#[allow(clippy::option_option)]
fn number(text: &str) -> Option<Option<u64>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(None);
    }
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(Some(text.parse().unwrap_or(u64::MAX)))
}

/// Whether `If-None-Match` names this tag (weak comparison).
#[must_use]
pub fn not_modified(headers: &HeaderMap, etag: &str) -> bool {
    let bare = etag.trim_start_matches("W/");
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == bare)
}

/// Whether the `Range` counts: no `If-Range`, or one that names this very tag (strong comparison).
#[must_use]
pub fn range_counts(headers: &HeaderMap, etag: &str) -> bool {
    match headers.get(header::IF_RANGE) {
        None => true,
        Some(value) => !etag.starts_with("W/") && value.to_str().is_ok_and(|v| v.trim() == etag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_forms_of_a_range() {
        for (range, expected) in [
            ("bytes=0-0", Wanted::Part { first: 0, last: 0 }),
            ("bytes=10-", Wanted::Part { first: 10, last: 99 }),
            ("bytes=90-200", Wanted::Part { first: 90, last: 99 }),
            ("bytes=-10", Wanted::Part { first: 90, last: 99 }),
            ("bytes=-1000", Wanted::Part { first: 0, last: 99 }),
            ("bytes=100-", Wanted::Unsatisfiable),
            ("bytes=-0", Wanted::Unsatisfiable),
            ("bytes=99999999999999999999999-", Wanted::Unsatisfiable),
            ("bytes=0-1,5-6", Wanted::Several),
            ("bytes=5-1", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("items=0-1", Wanted::Whole),
        ] {
            assert_eq!(wanted(Some(range), 100), expected, "{range}");
        }
        assert_eq!(wanted(None, 100), Wanted::Whole);
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Unsatisfiable);
    }

    #[test]
    fn tags_compare_weakly_for_none_match_and_strongly_for_range() {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, header::HeaderValue::from_static("\"x\", W/\"abc\""));
        assert!(not_modified(&headers, "\"abc\""));
        assert!(!not_modified(&headers, "\"abd\""));
        headers.insert(header::IF_RANGE, header::HeaderValue::from_static("\"abc\""));
        assert!(range_counts(&headers, "\"abc\""));
        assert!(!range_counts(&headers, "\"old\""));
        assert!(!range_counts(&headers, "W/\"abc\""));
    }

    proptest! {
        #[test]
        fn a_part_always_lies_in_the_file(range in "bytes=[0-9]{0,6}-[0-9]{0,6}", size in 0u64..100_000) {
            if let Wanted::Part { first, last } = wanted(Some(&range), size) {
                prop_assert!(first <= last && last < size);
            }
        }

        #[test]
        fn nothing_that_is_sent_breaks_it(range in "\\PC{0,40}", size in any::<u64>()) {
            let _ = wanted(Some(&range), size);
            let _ = wanted(Some(&format!("bytes={range}")), size);
        }
    }
}
