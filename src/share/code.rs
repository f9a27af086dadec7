//! One-time codes (archive.md C4): what one is, how long it is good for, how often it may be tried and asked for. Pure; time and chance come as arguments.
//!
//! What is kept of a code is a keyed hash: whoever reads the catalogue without the node's key learns none of a million codes. A code is the asking
//! browser's alone; whoever has the link and another browser can only ask for a code of their own, which goes to the same address.

use ring::hmac;

use crate::model::redact::Secret;
use crate::model::time::WallClock;

/// How long a code is good for, nanoseconds.
pub const LIFE_NS: u64 = 10 * MINUTE_NS;
/// Minutes that it is good for, for people.
pub const LIFE_MINUTES: u64 = 10;
/// How often one may be entered.
pub const TRIES: u32 = 5;

const MINUTE_NS: u64 = 60 * 1_000_000_000;
const HOUR_NS: u64 = 60 * MINUTE_NS;
const DIGITS: usize = 6;

/// Codes of one page that nobody used, in an hour and in a day: 100 guesses a day, of a million codes.
const UNUSED_AN_HOUR: u32 = 6;
const UNUSED_A_DAY: u32 = 20;
/// Codes of one page in an hour, used or not: letters to one mailbox.
const OF_A_PAGE_AN_HOUR: u32 = 30;
/// Codes of all pages in an hour.
const OF_ALL_AN_HOUR: u32 = 2_000;

/// How many codes there may be since when.
#[must_use]
pub fn bounds(now: WallClock) -> crate::archive::CodeBounds {
    let ago = |ns: u64| WallClock(now.0.saturating_sub_unsigned(ns));
    crate::archive::CodeBounds {
        unused: (ago(HOUR_NS), UNUSED_AN_HOUR),
        unused_long: (ago(24 * HOUR_NS), UNUSED_A_DAY),
        of_page: (ago(HOUR_NS), OF_A_PAGE_AN_HOUR),
        of_all: (ago(HOUR_NS), OF_ALL_AN_HOUR),
    }
}

/// A code from 64 random bits. Each of a million is as likely as any other, but for one part in ten to the thirteenth.
#[must_use]
pub fn of_bits(bits: u64) -> Secret {
    Secret::new(format!("{:06}", bits % 1_000_000))
}

/// What somebody typed as a code: six digits, whatever stands between them.
#[must_use]
pub fn typed(text: &str) -> Option<Secret> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(DIGITS + 1).collect();
    (digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit())).then(|| Secret::new(digits))
}

/// The node's key for codes.
#[derive(Clone)]
pub struct CodeKey(hmac::Key);

impl std::fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeKey")
    }
}

impl CodeKey {
    /// Made of a secret of the node that stands in no catalogue.
    #[must_use]
    pub fn of(node_secret: &[u8]) -> Self {
        let own = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, node_secret), b"ferric one-time codes 1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, own.as_ref()))
    }

    /// What is kept of a code; `row` is what it is kept in, so that equal codes look different.
    #[must_use]
    pub fn hash(&self, row: &str, code: &Secret) -> String {
        hex::encode(hmac::sign(&self.0, &message(row, code)).as_ref())
    }

    /// Whether this is the code, in time that does not depend on where they differ.
    #[must_use]
    pub fn fits(&self, row: &str, code: &Secret, kept: &str) -> bool {
        hex::decode(kept).is_ok_and(|kept| hmac::verify(&self.0, &message(row, code), &kept).is_ok())
    }
}

fn message(row: &str, code: &Secret) -> Vec<u8> {
    format!("{row}:{}", code.reveal()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_people_type_is_read_as_they_mean_it() {
        for good in ["123456", " 123456 ", "123 456", "123-456", "1 2 3 4 5 6\n"] {
            assert_eq!(typed(good).expect(good).reveal(), "123456");
        }
        for bad in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "123.456", "+12345"] {
            assert!(typed(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn guesses_are_few() {
        let bounds = bounds(WallClock(10 * 86_400 * 1_000_000_000));
        let a_day = f64::from(bounds.unused_long.1 * TRIES) / 1e6;
        assert!(a_day <= 1e-4, "{a_day} of all codes can be tried in a day");
    }

    proptest! {
        #[test]
        fn a_code_has_six_digits_and_fits_its_own_row_alone(bits: u64, other: u64, secret in prop::collection::vec(any::<u8>(), 32)) {
            let (code, wrong) = (of_bits(bits), of_bits(other));
            prop_assert_eq!(code.reveal().len(), 6);
            prop_assert!(typed(code.reveal()).is_some());
            let key = CodeKey::of(&secret);
            let kept = key.hash("a", &code);
            prop_assert!(key.fits("a", &code, &kept));
            prop_assert!(!key.fits("b", &code, &kept));
            prop_assert_eq!(key.fits("a", &wrong, &kept), code.reveal() == wrong.reveal());
            prop_assert!(!CodeKey::of(b"another").fits("a", &code, &kept));
            prop_assert!(!kept.contains(code.reveal()) || code.reveal().len() < kept.len());
        }
    }
}
