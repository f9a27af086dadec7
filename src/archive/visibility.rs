//! A recording's visibility: its link, who it reaches, and the people selected for it (archive.md B6, B7).

use std::collections::BTreeSet;

use super::error::{ArchiveError, Result};
use super::keys;
use super::rights::Visibility;
use crate::model::id::RecordingId;
use crate::model::redact::{Personal, Secret};
use crate::model::time::WallClock;
use crate::model::visibility::Reach;

/// People selected for one recording, at most.
pub const MOST_SELECTED: usize = 1_000;

/// Who may open a recording's link.
#[derive(Clone, Debug)]
pub struct Access {
    /// Whose it is.
    pub recording: RecordingId,
    /// How far it reaches.
    pub reach: Reach,
    /// The random part of its link.
    pub link: Secret,
    /// Selected addresses, in lower case; they count where the reach says so.
    pub selected: Vec<Personal>,
}

impl Access {
    /// As the decision takes it.
    #[must_use]
    pub fn visibility(&self) -> Visibility {
        match self.reach {
            Reach::AnyoneWithLink => Visibility::AnyoneWithLink,
            Reach::Members => Visibility::Members,
            Reach::MembersAndSelected => {
                Visibility::MembersAndSelected(self.selected.iter().map(|address| address.reveal().to_owned()).collect())
            }
        }
    }
}

/// A link that was sent to a selected address.
#[derive(Clone, Debug)]
pub struct TemporaryLink {
    /// What it opens.
    pub recording: RecordingId,
    /// For whom, in lower case.
    pub address: Personal,
    /// Until when.
    pub until: WallClock,
}

/// A new link: 256 random bits as text. What is kept of it to find it again is [`keys::hash`].
///
/// # Errors
/// Where the system gives no random numbers.
pub fn new_link() -> Result<Secret> {
    // An API key is told by its first letters; a link must not look like one.
    let key = keys::new_key()?;
    Ok(Secret::new(key.reveal().trim_start_matches("ferric_")))
}

/// Addresses as they are kept: in lower case, each once.
///
/// # Errors
/// Names the first that is no address, or that there are too many.
pub fn addresses<'a>(field: &str, texts: impl IntoIterator<Item = &'a str>) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for (n, text) in texts.into_iter().enumerate() {
        let address =
            address(text).ok_or_else(|| ArchiveError::invalid(format!("{field}[{n}]"), "is no e-mail address, as name@example.com"))?;
        found.insert(address);
    }
    if found.len() > MOST_SELECTED {
        return Err(ArchiveError::invalid(field, format!("at most {MOST_SELECTED} addresses")));
    }
    Ok(found)
}

/// An e-mail address as it is compared (no mailbox provider tells letters by their case); `None` for what is none.
#[must_use]
pub fn address(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (local, domain) = text.rsplit_once('@')?;
    let odd = |c: char| c.is_control() || c.is_whitespace() || "<>,;:\"()[]\\@".contains(c);
    let labels = || domain.split('.');
    let fits = text.len() <= 254
        && (1..=64).contains(&local.len())
        && !local.contains(odd)
        && local.split('.').all(|part| !part.is_empty())
        && domain.contains('.')
        && labels().all(|l| (1..=63).contains(&l.len()) && !l.starts_with('-') && !l.ends_with('-'))
        && domain.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'));
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_compared_without_its_case_and_what_is_none_is_named() {
        assert_eq!(address(" Kari@Example.COM ").as_deref(), Some("kari@example.com"));
        for bad in
            ["", "kari", "@example.com", "kari@", "kari@example", "a b@example.com", "a@b@c.com", "a@-x.com", "a..b@c.com", "a\n@c.com"]
        {
            assert_eq!(address(bad), None, "{bad:?}");
        }
        let refused = addresses("selected", ["a@b.example", "x"]).expect_err("refused").to_string();
        assert!(refused.starts_with("selected[1]: "), "{refused}");
        assert_eq!(addresses("selected", ["a@b.example", "A@B.example"]).map(|all| all.len()).ok(), Some(1));
    }

    proptest! {
        #[test]
        fn no_address_ends_a_line_or_begins_another(text in ".{0,20}@.{0,20}\\.[a-z]{2}") {
            if let Some(address) = address(&text) {
                prop_assert!(!address.chars().any(|c| c.is_control() || c.is_whitespace()));
            }
        }
    }
}
