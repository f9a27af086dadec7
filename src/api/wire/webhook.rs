//! Webhooks and deliveries as the API shows them.

use serde::Serialize;

use crate::archive::webhooks::{Delivery, DeliveryState, Webhook};
use crate::model::event_kind::EventKind;
use crate::model::id::{DeliveryId, ProjectSlug, SessionId, WebhookId};
use crate::model::redact::Secret;
use crate::model::time::WallClock;

/// A webhook.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookJson {
    /// Its id.
    #[schema(value_type = String)]
    pub id: WebhookId,
    /// Where events go.
    pub url: String,
    /// Which kinds; empty = all.
    #[schema(value_type = Vec<String>)]
    pub kinds: Vec<EventKind>,
    /// Of which projects; empty = of all.
    #[schema(value_type = Vec<String>)]
    pub projects: Vec<ProjectSlug>,
    /// Switched on.
    pub active: bool,
    /// Made (RFC 3339).
    #[schema(value_type = String)]
    pub created_at: WallClock,
    /// Until when deliveries carry a signature by the secret before this one too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub old_secret_until: Option<WallClock>,
    /// Signs deliveries: shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl From<&Webhook> for WebhookJson {
    fn from(hook: &Webhook) -> Self {
        Self {
            id: hook.id.clone(),
            url: hook.url.clone(),
            kinds: hook.kinds.clone(),
            projects: hook.projects.clone(),
            active: hook.active,
            created_at: hook.created,
            old_secret_until: hook.old_secret.as_ref().map(|(_, until)| *until),
            secret: None,
        }
    }
}

impl WebhookJson {
    /// With its secret, for its owner to keep.
    #[must_use]
    pub fn with_secret(mut self, secret: &Secret) -> Self {
        self.secret = Some(secret.reveal().to_owned());
        self
    }
}

/// All webhooks.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookListJson {
    /// Oldest first.
    pub items: Vec<WebhookJson>,
}

/// One event on its way to one webhook.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeliveryJson {
    /// Its id: `Ferric-Webhook-Id`.
    #[schema(value_type = String)]
    pub id: DeliveryId,
    /// The event's number; absent of a trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// The event's kind.
    pub event: String,
    /// Of which session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub session: Option<SessionId>,
    /// `waiting`, `delivered` or `dead`.
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempts: u32,
    /// Put in line (RFC 3339).
    #[schema(value_type = String)]
    pub created_at: WallClock,
    /// The next attempt, of one that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub next_at: Option<WallClock>,
    /// The last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub last_at: Option<WallClock>,
    /// The receiver's last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl From<Delivery> for DeliveryJson {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            seq: (delivery.seq >= 0).then_some(delivery.seq),
            event: delivery.kind,
            session: delivery.session,
            state: delivery.state,
            attempts: delivery.attempts,
            created_at: delivery.created,
            next_at: (delivery.state == DeliveryState::Waiting).then_some(delivery.next_at),
            last_at: delivery.last_at,
            status: delivery.status,
            failure: delivery.failure,
        }
    }
}

/// A page of deliveries.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeliveryPageJson {
    /// Newest first.
    pub items: Vec<DeliveryJson>,
    /// Where the next page begins, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
