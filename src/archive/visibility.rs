//! A recording's visibility: its link, who it reaches, and the people selected for it (archive.md B6, B7).

use std::collections::BTreeSet;

use super::audit::NewAudit;
use super::error::{ArchiveError, Result};
use super::keys;
use super::outbox::Letter;
use super::rights::Visibility;
use crate::model::email::{BadAddress, EmailAddress};
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

/// A temporary link on its way: what is kept, what is sent, what is noted, all of it or nothing.
#[derive(Clone, Debug)]
pub struct SentLink {
    /// What the letter carries; only its hash is kept.
    pub token: Secret,
    /// What it opens, for whom.
    pub link: TemporaryLink,
    /// The letter.
    pub letter: Letter,
    /// What the audit log says, with the time when it was made.
    pub entry: NewAudit,
}

/// A new link: 256 random bits as text. What is kept of it to find it again is [`keys::hash`].
///
/// # Errors
/// Where the system gives no random numbers.
pub fn new_link() -> Result<Secret> {
    keys::random_text().map(Secret::new)
}

/// Addresses as they are kept: in lower case, each once.
///
/// # Errors
/// Names the first that is no address, or that there are too many.
pub fn addresses<'a>(field: &str, texts: impl IntoIterator<Item = &'a str>) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for (n, text) in texts.into_iter().enumerate() {
        let address: EmailAddress =
            text.parse().map_err(|bad: BadAddress| ArchiveError::invalid(format!("{field}[{n}]"), bad.to_string()))?;
        found.insert(address.key());
    }
    if found.len() > MOST_SELECTED {
        return Err(ArchiveError::invalid(field, format!("at most {MOST_SELECTED} addresses")));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_once_whatever_its_case_and_what_is_none_is_named() {
        let refused = addresses("selected", ["a@b.example", "x"]).expect_err("refused").to_string();
        assert!(refused.starts_with("selected[1]: "), "{refused}");
        let kept = addresses("selected", [" Kari@Example.COM ", "kari@example.com"]).expect("kept");
        assert_eq!(kept, BTreeSet::from(["kari@example.com".to_owned()]));
    }
}
