//! What may be a key.

use super::StoreError;

/// Longest key and longest part of one, in bytes: what S3 and a file system take.
const LONGEST: usize = 1_000;
const LONGEST_PART: usize = 200;

/// A key is relative, of parts joined by `/`; no part is empty, begins with a dot (which shuts out `..` and a store's own side files) or holds
/// anything that a file system, a URL or a log could read as something else.
pub(super) fn check(key: &str) -> Result<(), StoreError> {
    let part_fits = |part: &str| {
        !part.is_empty() && part.len() <= LONGEST_PART && !part.starts_with('.') && part.chars().all(|c| !c.is_control() && c != '\\')
    };
    if key.len() <= LONGEST && key.split('/').all(part_fits) { Ok(()) } else { Err(StoreError::BadKey(key.to_owned())) }
}

/// A prefix of keys: a key, or one that ends in the middle of a part or at its end, or nothing.
pub(super) fn check_prefix(prefix: &str) -> Result<(), StoreError> {
    let whole = prefix.strip_suffix('/').unwrap_or(prefix);
    if whole.is_empty() && prefix.is_empty() { Ok(()) } else { check(whole).map_err(|_| StoreError::BadKey(prefix.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_stays_inside() {
        for good in ["a", "recordings/0a/hls/index.m3u8", "recordings/x/thumb 1.jpg", "a/b..c"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "a/",
            "a//b",
            "..",
            "a/../b",
            "./a",
            "a/.hidden",
            "a\\..\\b",
            "a\0b",
            "a\nb",
            &"x".repeat(201),
            &"a/".repeat(600),
        ] {
            assert!(matches!(check(bad), Err(StoreError::BadKey(_))), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_a_key_joins_to_a_path_below(key in "[a./\\\\~ -]{0,12}") {
            if check(&key).is_ok() {
                let joined = std::path::Path::new("/root/of").join(&key);
                prop_assert!(joined.starts_with("/root/of"));
                prop_assert!(joined.components().all(|c| matches!(c, std::path::Component::Normal(_) | std::path::Component::RootDir)));
            }
        }
    }
}
