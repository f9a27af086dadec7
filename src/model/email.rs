//! E-mail addresses: what may be one, and when two are the same.

use std::fmt;

/// An address (RFC 5321 §4.1.2, without quoted local parts and address literals), as it was written.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

/// A text that is no address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no e-mail address, as name@example.com")]
pub struct BadAddress;

impl EmailAddress {
    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is compared by: no mailbox provider tells letters by their case.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }

    /// Enough of it to know it again, too little to write to: `k***@example.com`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or_default();
        format!("{}***@{domain}", local.chars().next().unwrap_or_default())
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "«address, {}»", self.0.len())
    }
}

fn local_fits(local: &str) -> bool {
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c) || (!c.is_ascii() && c.is_alphanumeric());
    (1..=64).contains(&local.len()) && local.split('.').all(|part| !part.is_empty() && part.chars().all(atom))
}

fn domain_fits(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || (!c.is_ascii() && c.is_alphanumeric()))
    };
    domain.len() <= 255 && domain.contains('.') && domain.split('.').all(label)
}

impl std::str::FromStr for EmailAddress {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(BadAddress)?;
        if text.len() <= 254 && local_fits(local) && domain_fits(domain) { Ok(Self(text.to_owned())) } else { Err(BadAddress) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_an_address() {
        for good in ["kari@example.com", "k.n+a'b@sub.example.co", " kari@example.com ", "kåre@blåbær.no"] {
            assert!(good.parse::<EmailAddress>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "kari",
            "@example.com",
            "kari@",
            "kari@example",
            "a b@example.com",
            "a@b@c.com",
            "a@-x.com",
            "a..b@c.com",
            "a@c..com",
            "a\n@c.com",
        ] {
            assert!(bad.parse::<EmailAddress>().is_err(), "{bad:?}");
        }
        let address: EmailAddress = "Kari@Example.com".parse().unwrap();
        assert_eq!((address.key().as_str(), address.masked().as_str()), ("kari@example.com", "K***@Example.com"));
        assert!(!format!("{address:?}").contains("ari"));
    }

    proptest! {
        #[test]
        fn an_address_never_holds_what_ends_a_line_or_begins_another(text in ".{0,40}@.{0,40}") {
            if let Ok(address) = text.parse::<EmailAddress>() {
                prop_assert!(!address.as_str().chars().any(|c| c.is_control() || c.is_whitespace() || "<>,;:\"()[]\\".contains(c)));
            }
        }
    }
}
