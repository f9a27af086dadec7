//! Letters: written into the outbox (a row of the catalogue each), sent by SMTP one by one, tried again until they are out or given up.
//!
//! Whoever writes a letter waits for no server. What became of it is in its row. A letter may arrive twice after a crash between the server's answer
//! and the row, and never gets lost.

mod pace;
mod sending;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use pace::Pace;
pub use sending::MailError;

use crate::archive::outbox::{Letter, LetterState};
use crate::archive::{ArchiveError, Catalogue};
use crate::model::email::EmailAddress;
use crate::model::id::LetterId;
use crate::model::redact::Personal;
use crate::model::time::WallClock;

/// How a way to an SMTP server is kept from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS after STARTTLS (RFC 3207), or nothing is sent.
    #[default]
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// In clear: only to a server on this machine.
    None,
}

/// The way to an SMTP server.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// Its name; empty = there is none.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way is kept from others.
    pub security: Security,
    /// Who signs in; empty = nobody.
    pub user: String,
    /// With this.
    pub password: Personal,
    /// The sender, where a letter names none.
    pub from: String,
    /// PEM of the authority that the server's certificate is signed by; absent = the system's.
    pub tls_root: Option<Vec<u8>>,
    /// How long the server may take for each answer.
    pub timeout: Duration,
    /// How letters are tried again.
    pub pace: Pace,
}

/// A letter to be written.
#[derive(Clone, Debug)]
pub struct NewLetter {
    /// To whom.
    pub to: EmailAddress,
    /// Their name.
    pub to_name: Option<Personal>,
    /// The sender's address; absent = the node's.
    pub from: Option<String>,
    /// The subject.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// What it belongs to, as `share:<id>`: what became of it can be asked by that.
    pub about: Option<String>,
    /// Somebody waits for it: it goes before others.
    pub urgent: bool,
    /// Of no use any more after this; absent = given up as the settings say.
    pub useful_for: Option<Duration>,
}

/// Whether a text reads as a sender, as `no-reply@example.com` or `Example <no-reply@example.com>`.
#[must_use]
pub fn is_sender(text: &str) -> bool {
    !text.chars().any(char::is_control) && sending::mailbox(text).is_ok()
}

/// Takes letters. Clones share it.
#[derive(Clone, Debug)]
pub struct Outbox {
    catalogue: Catalogue,
    settings: Arc<MailSettings>,
    more: Arc<Notify>,
}

impl Outbox {
    /// An outbox and the way out of it: letters go once [`Outbox::run`] runs.
    ///
    /// # Errors
    /// Where the settings cannot be: the sender's address does not read, a certificate is none.
    pub fn new(catalogue: Catalogue, settings: MailSettings) -> Result<Self, MailError> {
        if !settings.host.is_empty() {
            sending::mailbox(&settings.from)?;
            sending::transport(&settings)?;
        }
        Ok(Self { catalogue, settings: Arc::new(settings), more: Arc::default() })
    }

    /// Whether letters can go out at all.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !self.settings.host.is_empty()
    }

    /// The sender, where a letter names none.
    #[must_use]
    pub fn sender(&self) -> &str {
        &self.settings.from
    }

    /// The row of a letter that is written now: for whoever keeps it together with something else, and calls [`Outbox::look`] then.
    #[must_use]
    pub fn row(&self, new: NewLetter, now: WallClock) -> Letter {
        let useful_ns = new.useful_for.map_or(self.settings.pace.give_up_ns, |d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX));
        Letter {
            id: LetterId::random(),
            recipient: Personal::new(new.to.as_str()),
            recipient_name: new.to_name,
            sender: new.from,
            subject: Personal::new(new.subject),
            body: Personal::new(new.body),
            about: new.about,
            urgent: new.urgent,
            state: LetterState::Waiting,
            attempts: 0,
            created: now,
            next_at: now,
            give_up_at: now.plus_ns(useful_ns),
            last_at: None,
            failure: None,
        }
    }

    /// Writes a letter; it goes out as soon as the server takes it.
    ///
    /// # Errors
    /// Where the catalogue does not take it: nothing is sent then.
    pub async fn post(&self, new: NewLetter, now: WallClock) -> Result<LetterId, ArchiveError> {
        let letter = self.row(new, now);
        self.catalogue.put_letter(&letter).await?;
        self.look();
        Ok(letter.id)
    }

    /// There is a letter.
    pub fn look(&self) {
        self.more.notify_one();
    }

    /// Sends what waits until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        if self.is_there() {
            sending::run(self.catalogue, self.settings, self.more, stop).await;
        }
    }
}
