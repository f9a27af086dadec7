//! The audit log: who did what to what, and when (archive.md B5). Append-only; each entry is chained by SHA-256 to the one before.
//!
//! The bytes that an entry's hash covers are its fields in this order, each written as its length in bytes in decimal, a colon, the bytes (UTF-8), and
//! a line feed: the word `ferric-audit-1`, `seq` (decimal), `at` (nanoseconds since the Unix epoch, decimal), `actor`, `action`, `subject`, `detail`
//! (the JSON text exactly as it is stored), `previous_hash`. Hashes are lower-case hex; the first entry's `previous_hash` is 64 zeros. Lengths in front
//! leave nothing to escape: two different entries never give the same bytes.
//!
//! The counter `audit` says how many entries there are, so that entries cut off the end are missed too. Whoever can write the database can still make a
//! new chain from the beginning; keep the head (`Chain::head`) elsewhere to notice that.

use serde::{Deserialize, Serialize};

use super::error::{ArchiveError, Result};
use crate::model::time::WallClock;

/// What the first entry is chained to.
pub const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Longest actor and subject, in characters.
const LONGEST: usize = 256;
/// From so many digits on, a text of nothing but digits and separators is taken for a telephone number.
const PHONE_DIGITS: usize = 6;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditAction {
    /// A recording was played.
    Play,
    /// A file of a recording was fetched to be kept.
    Download,
    /// A recording, or what belongs to one, was deleted.
    Delete,
    /// A link to a recording was made or sent.
    Share,
    /// A link or a running job was called back.
    Cancel,
    /// Somebody signed in, or tried to.
    SignIn,
    /// A setting, a project, an agent or a queue was made, changed or deleted.
    SettingChange,
    /// A command in a live session.
    Command,
    /// A party's media were destroyed.
    Erase,
    /// A legal hold was laid or released.
    Hold,
}

impl AuditAction {
    /// Every action, in the order in which they are shown.
    pub const ALL: [Self; 10] = [
        Self::Play,
        Self::Download,
        Self::Delete,
        Self::Share,
        Self::Cancel,
        Self::SignIn,
        Self::SettingChange,
        Self::Command,
        Self::Erase,
        Self::Hold,
    ];

    /// Its name on every surface.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Play => "play",
            Self::Download => "download",
            Self::Delete => "delete",
            Self::Share => "share",
            Self::Cancel => "cancel",
            Self::SignIn => "sign_in",
            Self::SettingChange => "setting_change",
            Self::Command => "command",
            Self::Erase => "erase",
            Self::Hold => "hold",
        }
    }
}

/// Something to be noted.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAudit {
    /// When.
    pub at: WallClock,
    /// Who: `key:<name>`, `participant:<id>`, `agent:<name>`, `user:<name>`, `visitor:<how they came>` or `system`.
    pub actor: String,
    /// What.
    pub action: AuditAction,
    /// To what: `recording:<id>`, `session:<id>`, `participant:<id>`, `project:<slug>`, `agent:<name>`, `queue:<name>`, `workspace`, `node` …
    pub subject: String,
    /// The rest. Of a setting change: `before` and `after` of what changed.
    pub detail: serde_json::Value,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// Its number: 1, 2, 3 … without a gap.
    pub seq: u64,
    /// When (RFC 3339).
    #[schema(value_type = String)]
    pub at: WallClock,
    /// Who.
    pub actor: String,
    /// What.
    pub action: AuditAction,
    /// To what.
    pub subject: String,
    /// The rest.
    pub detail: serde_json::Value,
    /// Hash of the entry before.
    pub previous_hash: String,
    /// SHA-256 of this one.
    pub hash: String,
}

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditFilter {
    /// At or after.
    pub from: Option<WallClock>,
    /// Before.
    pub to: Option<WallClock>,
    /// By this actor; `key:*` = by any whose text begins so.
    pub actor: Option<String>,
    /// Of this kind.
    pub action: Option<AuditAction>,
    /// To this subject; `recording:*` = to any whose text begins so.
    pub subject: Option<String>,
    /// Entries a page, 1 to 200; 50 if absent.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub after: Option<String>,
}

/// A page of entries, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct AuditPage {
    /// The entries.
    pub items: Vec<AuditEntry>,
    /// Where the next page begins, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What was found when the chain was followed from its first entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Entries that are whole and in their place.
    pub entries: u64,
    /// Hash of the last of them.
    pub head: String,
    /// The first place where the chain is broken, if it is.
    pub broken: Option<BrokenEntry>,
}

/// Where the chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq} {what}")]
pub struct BrokenEntry {
    /// Its number.
    pub seq: u64,
    /// How.
    pub what: &'static str,
}

/// The fields that a hash covers, as they are stored.
pub(super) struct Sealed<'a> {
    pub seq: i64,
    pub at: i64,
    pub actor: &'a str,
    pub action: &'a str,
    pub subject: &'a str,
    pub detail: &'a str,
    pub previous_hash: &'a str,
}

impl Sealed<'_> {
    /// See the module's docs.
    pub(super) fn hash(&self) -> String {
        let (seq, at) = (self.seq.to_string(), self.at.to_string());
        let mut bytes = Vec::with_capacity(256 + self.detail.len());
        for field in ["ferric-audit-1", &seq, &at, self.actor, self.action, self.subject, self.detail, self.previous_hash] {
            bytes.extend_from_slice(field.len().to_string().as_bytes());
            bytes.push(b':');
            bytes.extend_from_slice(field.as_bytes());
            bytes.push(b'\n');
        }
        hex::encode(ring::digest::digest(&ring::digest::SHA256, &bytes))
    }
}

/// Checks an actor and hides what is personal in it.
pub(super) fn actor(text: &str) -> Result<String> {
    let known = text == "system"
        || ["key:", "participant:", "agent:", "user:", "visitor:"].iter().any(|kind| text.len() > kind.len() && text.starts_with(kind));
    if !known {
        return Err(ArchiveError::invalid("actor", "must be `key:…`, `participant:…`, `agent:…`, `user:…`, `visitor:…` or `system`"));
    }
    checked("actor", text)
}

/// Checks a subject and hides what is personal in it.
pub(super) fn subject(text: &str) -> Result<String> {
    checked("subject", text)
}

fn checked(field: &'static str, text: &str) -> Result<String> {
    let length = text.chars().count();
    if length == 0 || length > LONGEST || text.chars().any(char::is_control) {
        return Err(ArchiveError::invalid(field, format!("must have 1 to {LONGEST} characters, none of them a control character")));
    }
    Ok(without_personal(text))
}

/// The text with an e-mail address or a telephone number behind its first colon hidden: entries outlive the people that they tell of.
pub(super) fn without_personal(text: &str) -> String {
    match text.split_once(':') {
        Some((kind, name)) => format!("{kind}:{}", masked(name)),
        None => masked(text),
    }
}

/// An address as the log may keep it: `a***@host` of an e-mail or SIP address, the last three digits of a number, anything else as it is.
#[must_use]
pub fn masked(text: &str) -> String {
    if let Some((user, host)) = text.rsplit_once('@') {
        let (scheme, user) = match user.split_once(':') {
            Some((scheme, rest)) => (format!("{scheme}:"), rest),
            None => (String::new(), user),
        };
        let first = user.chars().next().filter(|c| !c.is_ascii_digit() && *c != '+').map(String::from).unwrap_or_default();
        return format!("{scheme}{first}***@{host}");
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let bare = text.strip_prefix("tel:").or_else(|| text.strip_prefix("sip:")).unwrap_or(text);
    let number =
        digits >= PHONE_DIGITS && bare.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | '(' | ')' | ' ' | '*' | '#'));
    if number {
        let tail: String = text.chars().filter(char::is_ascii_digit).skip(digits - 3).collect();
        return format!("***{tail}");
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_on_every_surface() {
        for action in AuditAction::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
        }
    }

    #[test]
    fn numbers_and_addresses_are_hidden_and_ids_are_not() {
        for (text, kept) in [
            ("agent:anna", "agent:anna"),
            ("agent:+47 22 33 44 55", "agent:***455"),
            ("user:anna@example.com", "user:a***@example.com"),
            ("agent:sip:1001@pbx.example", "agent:sip:***@pbx.example"),
            ("agent:tel:+4722334455", "agent:***455"),
            ("queue:1001", "queue:1001"),
            ("recording:3f2a00000000000000000000000000aa", "recording:3f2a00000000000000000000000000aa"),
            ("system", "system"),
        ] {
            assert_eq!(without_personal(text), kept, "{text}");
        }
    }

    #[test]
    fn an_actor_is_one_of_the_kinds() {
        for good in ["key:admin", "participant:p1", "agent:anna", "user:u", "system"] {
            assert_eq!(actor(good).unwrap(), good);
        }
        for bad in ["", "admin", "key:", "key:a\nb", "System"] {
            assert!(actor(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_bytes_under_the_hash_are_the_documented_ones() {
        let entry = Sealed { seq: 1, at: 5, actor: "system", action: "play", subject: "recording:r", detail: "{}", previous_hash: NO_HASH };
        let bytes = format!("14:ferric-audit-1\n1:1\n1:5\n6:system\n4:play\n11:recording:r\n2:{{}}\n64:{NO_HASH}\n");
        assert_eq!(entry.hash(), hex::encode(ring::digest::digest(&ring::digest::SHA256, bytes.as_bytes())));
    }
}
