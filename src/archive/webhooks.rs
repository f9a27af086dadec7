//! Webhooks: where events are sent to, and what became of each.

mod address;

pub use address::{check_url, is_public, may_be_public};

use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;
use super::error::{ArchiveError, Result};
use super::event_log::EventLog;
use super::rows::EventRow;
use crate::model::event_kind::EventKind;
use crate::model::id::{DeliveryId, ProjectSlug, SessionId, WebhookId};
use crate::model::redact::Secret;
use crate::model::time::WallClock;

/// Webhooks of a workspace at most: each may have some deliveries under way at once.
pub const MOST_WEBHOOKS: usize = 100;
/// Shortest and longest secret, in characters: 24 of base64 are 144 bits.
const SECRET: std::ops::RangeInclusive<usize> = 24..=256;
/// Longest address.
const LONGEST_URL: usize = 2_048;
/// What generated secrets begin with, so that one that leaked is known for what it is.
const PREFIX: &str = "whsec_";

/// A webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where events go: `https://…` or `http://…`.
    pub url: String,
    /// Which kinds; empty = all.
    pub kinds: Vec<EventKind>,
    /// Of which projects; empty = of all.
    pub projects: Vec<ProjectSlug>,
    /// Switched on.
    pub active: bool,
    /// Signs deliveries.
    pub secret: Secret,
    /// The secret before it, while receivers may still check with that one.
    pub old_secret: Option<(Secret, WallClock)>,
    /// Made.
    pub created: WallClock,
    /// Every event up to this number that it wants is among its deliveries.
    pub told_upto: i64,
}

impl Webhook {
    /// Whether it wants an event of this kind and project.
    #[must_use]
    pub fn wants(&self, kind: &str, project: Option<&ProjectSlug>) -> bool {
        let kind_wanted = self.kinds.is_empty() || self.kinds.iter().any(|wanted| wanted.as_str() == kind);
        kind_wanted && (self.projects.is_empty() || project.is_some_and(|project| self.projects.contains(project)))
    }

    /// The secrets that a delivery at `now` is signed with, the newest first.
    #[must_use]
    pub fn secrets(&self, now: WallClock) -> Vec<&Secret> {
        let old = self.old_secret.as_ref().filter(|(_, until)| now < *until).map(|(secret, _)| secret);
        std::iter::once(&self.secret).chain(old).collect()
    }

    /// Checks what a person wrote.
    ///
    /// # Errors
    /// Naming the field.
    pub fn check(&self) -> Result<()> {
        let length = self.secret.reveal().chars().count();
        if !SECRET.contains(&length) || self.secret.reveal().chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(ArchiveError::invalid("secret", "has 24 to 256 characters, none of them a space"));
        }
        if self.url.len() > LONGEST_URL {
            return Err(ArchiveError::invalid("url", format!("has at most {LONGEST_URL} characters")));
        }
        Ok(())
    }
}

/// A new secret of 256 random bits.
///
/// # Errors
/// Where the system gives no random numbers.
pub fn new_secret() -> Result<Secret> {
    use base64::Engine;
    let mut bits = [0u8; 32];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bits)
        .map_err(|_| ArchiveError::invalid("secret", "the system gives no random numbers"))?;
    Ok(Secret::new(format!("{PREFIX}{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bits))))
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent, or sent again.
    Waiting,
    /// The receiver took it (an answer of 200 to 299).
    Delivered,
    /// Given up: a day of trying, or the receiver said 410.
    Dead,
}

/// One event on its way to one webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its id, the same through all attempts: receivers know by it what they have had.
    pub id: DeliveryId,
    /// To which webhook.
    pub webhook: WebhookId,
    /// The event's number; below 0 for a trial.
    pub seq: i64,
    /// Of which session.
    pub session: Option<SessionId>,
    /// The event's kind.
    pub kind: String,
    /// The body of a trial; other bodies are made of the event.
    pub body: Option<String>,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempts: u32,
    /// When the day of trying began.
    pub created: WallClock,
    /// Not to be sent before.
    pub next_at: WallClock,
    /// Sent last.
    pub last_at: Option<WallClock>,
    /// The receiver's last answer.
    pub status: Option<u16>,
    /// Why there was none, or none that could be taken.
    pub failure: Option<String>,
}

impl Delivery {
    /// An event that waits for its first attempt.
    #[must_use]
    pub fn of(webhook: &WebhookId, seq: i64, session: Option<SessionId>, kind: &str, now: WallClock) -> Self {
        Self {
            id: DeliveryId::random(),
            webhook: webhook.clone(),
            seq,
            session,
            kind: kind.to_owned(),
            body: None,
            state: DeliveryState::Waiting,
            attempts: 0,
            created: now,
            next_at: now,
            last_at: None,
            status: None,
            failure: None,
        }
    }
}

/// Events of a session among which its beginning is looked for.
pub(super) const FIRST_EVENTS: u32 = 16;

/// The project that an event names: the first of each session does.
#[must_use]
pub fn project_told(row: &EventRow) -> Option<ProjectSlug> {
    if row.kind != EventKind::SessionOpened.as_str() {
        return None;
    }
    row.data["project"].as_str()?.parse().ok()
}

/// The project of a session; `None` where nobody knows any. Events are told before the session's row is kept: until then its first event says it.
///
/// # Errors
/// Where the catalogue cannot say. That is not the same as a session without a project: what was told of it would be kept from whoever waits for it.
pub async fn project_of(catalogue: &Catalogue, log: &EventLog, session: &SessionId) -> Result<Option<ProjectSlug>> {
    match catalogue.session(session).await {
        Ok(row) => return Ok(Some(row.project)),
        Err(error) if error.is_passing() => return Err(error),
        Err(_) => {}
    }
    Ok(log.of_session(session, FIRST_EVENTS).await?.iter().find_map(|row| project_told(row)))
}

/// A page of deliveries, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryPage {
    /// The deliveries.
    pub items: Vec<Delivery>,
    /// Where the next page begins.
    pub next: Option<String>,
}
