//! A delivery as a line of the page.

use crate::api::pages::console::short;
use crate::api::pages::words::Words;
use crate::archive::webhooks::{Delivery, DeliveryState};

/// A delivery.
pub(super) struct Line {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) session: Option<String>,
    /// Put in line: RFC 3339, and short.
    pub(super) at: (String, String),
    /// How far it is: its name, and in words.
    pub(super) state: (&'static str, String),
    pub(super) attempts: String,
    /// The receiver's last answer, or why there was none.
    pub(super) answer: String,
    /// Its next attempt.
    pub(super) next: Option<(String, String)>,
}

impl Line {
    pub(super) fn of(w: Words, delivery: &Delivery) -> Self {
        let state = match delivery.state {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Dead => "dead",
        };
        let answer = match (delivery.status, &delivery.failure) {
            (_, Some(failure)) => failure.clone(),
            (Some(status), None) => status.to_string(),
            (None, None) => String::new(),
        };
        Self {
            id: delivery.id.to_string(),
            kind: delivery.kind.clone(),
            session: delivery.session.as_ref().map(ToString::to_string),
            at: (delivery.created.to_string(), short(delivery.created)),
            state: (state, w.of("hook-state", state)),
            attempts: w.tn("hook-attempts", "n", delivery.attempts as usize),
            answer,
            next: (delivery.state == DeliveryState::Waiting).then(|| (delivery.next_at.to_string(), short(delivery.next_at))),
        }
    }
}
