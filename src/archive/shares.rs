//! Recordings and chat logs shared with people outside (archive.md C1 to C11): rows, and what the log is asked for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::outbox::LetterState;
use crate::model::id::{LetterId, RecordingId, SessionId, ShareId, ShareItemId, SharePageId};
use crate::model::language::Language;
use crate::model::redact::Personal;
use crate::model::time::WallClock;

/// Recordings and chat logs of one share, at most.
pub const MOST_ITEMS: usize = 40;

/// Days that a share may be valid for, at most.
pub const MOST_DAYS: u32 = 365;

/// What is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shared {
    /// A recording.
    Recording(RecordingId),
    /// The chat log of a session.
    Chat,
}

/// A recording or a chat log of a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareItem {
    /// As the recipient's page calls it.
    pub id: ShareItemId,
    /// What it is.
    pub what: Shared,
    /// Its session.
    pub session: SessionId,
    /// It was deleted, or taken out since somebody declined.
    pub gone: bool,
    /// Its files lie in the external store.
    pub copied: bool,
}

/// What shares hold, for the log's filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShareKind {
    /// Recordings.
    Recordings,
    /// Chat logs.
    Chats,
    /// Both.
    Both,
}

/// Whether a share opens anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShareStatus {
    /// It does.
    Valid,
    /// Its days are over.
    Expired,
    /// Somebody called it back.
    Cancelled,
}

/// Whether the files of a share lie in the external store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShareFiles {
    /// They are being copied.
    Copying,
    /// They do.
    There,
    /// They are to be removed, or are.
    Gone,
}

/// How copying goes, while it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copying {
    /// How often it failed.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: Option<WallClock>,
    /// Why it failed.
    pub failure: Option<String>,
}

/// A share.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// Which.
    pub id: ShareId,
    /// The page that it stands on.
    pub page: SharePageId,
    /// When it was ordered.
    pub created: WallClock,
    /// By whom, as the audit log names actors.
    pub ordered_by: String,
    /// What it holds.
    pub kind: ShareKind,
    /// Whom it is for.
    pub name: Personal,
    /// Their address, as it was written.
    pub address: Personal,
    /// Why it was ordered.
    pub reason: String,
    /// Days after the first.
    pub days: u32,
    /// The last second of the last day.
    pub until: WallClock,
    /// The letter's language, and the page's first.
    pub language: Language,
    /// The page shows the number that was called.
    pub show_access_number: bool,
    /// The page shows the queue.
    pub show_queue_name: bool,
    /// The letter's subject.
    pub subject: Personal,
    /// The letter's text, with `{{link}}` where the link stands.
    pub body: Personal,
    /// The letter's sender, where it is not the node's.
    pub sender: Option<String>,
    /// The newest letter with its link.
    pub letter: LetterId,
    /// When it was called back.
    pub cancelled_at: Option<WallClock>,
    /// By whom.
    pub cancelled_by: Option<String>,
    /// Whether its files are there.
    pub files: ShareFiles,
    /// How copying them goes.
    pub copying: Copying,
    /// What it holds, in the order in which it was ordered.
    pub items: Vec<ShareItem>,
}

impl Share {
    /// Whether it opens anything now.
    #[must_use]
    pub fn status(&self, now: WallClock) -> ShareStatus {
        match self.cancelled_at {
            Some(_) => ShareStatus::Cancelled,
            None if now > self.until => ShareStatus::Expired,
            None => ShareStatus::Valid,
        }
    }

    /// Where its files lie in the external store.
    #[must_use]
    pub fn prefix(&self) -> String {
        prefix(&self.id)
    }

    /// Where an item's files lie.
    #[must_use]
    pub fn prefix_of(&self, item: &ShareItemId) -> String {
        format!("{}{item}/", self.prefix())
    }
}

/// Where a share's files lie in the external store.
#[must_use]
pub fn prefix(share: &ShareId) -> String {
    format!("shares/{share}/")
}

/// The share whose files lie below a prefix.
#[must_use]
pub fn share_of(prefix: &str) -> Option<ShareId> {
    prefix.strip_prefix("shares/")?.split('/').next()?.parse().ok()
}

/// What became of a share's letter.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Where it is.
    pub state: LetterState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was tried last.
    pub last_at: Option<WallClock>,
    /// When it is tried again, while it waits.
    pub next_at: Option<WallClock>,
    /// Why it did not go out then.
    pub failure: Option<String>,
}

/// A row of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareLogRow {
    /// The share.
    pub share: Share,
    /// Its letter; `None` where it is no longer known.
    pub delivery: Option<Delivery>,
}

/// Which shares; all of it has to hold.
#[derive(Clone, Debug, Default)]
pub struct ShareFilter {
    /// Ordered at or after.
    pub from: Option<WallClock>,
    /// Ordered before.
    pub to: Option<WallClock>,
    /// Those that hold recordings, or chats, or both.
    pub kind: Option<ShareKind>,
    /// The recipient's name has this in it.
    pub name: Option<String>,
    /// The recipient's address has this in it.
    pub address: Option<String>,
    /// Who ordered has this in it.
    pub ordered_by: Option<String>,
    /// What stands of them now.
    pub status: Option<ShareStatus>,
    /// Rows a page, 1 to 200; 50 if absent.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub after: Option<String>,
}

/// A page of the log, newest first.
#[derive(Clone, Debug)]
pub struct SharePage {
    /// Rows.
    pub items: Vec<ShareLogRow>,
    /// Key of the next page, if there is one.
    pub next: Option<String>,
}

/// How recipients' pages look and what letters begin with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShareSettings {
    /// Lines under the page, at most 3.
    pub footer: Vec<String>,
    /// Hours that a recipient may stay after a code, 1 to 24.
    pub session_hours: u32,
    /// Terms of use by language. English is always there: it stands in for what is missing.
    #[schema(value_type = BTreeMap<String, String>)]
    pub terms: BTreeMap<Language, String>,
    /// What a letter begins with: days, 1 to 365.
    pub days: u32,
    /// The subject; absent = the language's own words.
    pub subject: Option<String>,
    /// The text, with `{{link}}` in it; absent = the language's own words.
    pub body: Option<String>,
    /// The text that a letter to a colleague begins with, with `{{link}}` in it; absent = the node's own words.
    pub internal_body: Option<String>,
    /// The sender, as `no-reply@example.com` or `Example <no-reply@example.com>`; absent = that of the node's configuration.
    pub from: Option<String>,
    /// The language; one that has terms of use.
    pub language: Language,
    /// The page shows the number that was called.
    pub show_access_number: bool,
    /// The page shows the queue.
    pub show_queue_name: bool,
}

/// English terms of use, until somebody writes others.
const TERMS: &str = "The recordings and chat logs you have been given access to are meant for you. You may play and read them here for the time shown. \
     You are not allowed to copy, record, store, forward or share them in any way.";

impl Default for ShareSettings {
    fn default() -> Self {
        Self {
            footer: Vec::new(),
            session_hours: 2,
            terms: BTreeMap::from([(Language::En, TERMS.to_owned())]),
            days: 7,
            subject: None,
            body: None,
            internal_body: None,
            from: None,
            language: Language::En,
            show_access_number: false,
            show_queue_name: false,
        }
    }
}

/// A workspace's logo.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    /// The picture, a PNG.
    pub bytes: Vec<u8>,
}

impl Logo {
    /// What it is.
    pub const MEDIA_TYPE: &'static str = "image/png";
}

impl std::fmt::Debug for Logo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Logo({} bytes)", self.bytes.len())
    }
}

/// A recipient's web session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareSession {
    /// The hash of its cookie.
    pub hash: String,
    /// The page.
    pub page: SharePageId,
    /// When it is over.
    pub until: WallClock,
    /// When the terms of use were accepted.
    pub accepted: Option<WallClock>,
}
