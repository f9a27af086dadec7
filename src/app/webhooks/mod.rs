//! Webhooks: events sent to platforms that do not listen themselves.
//!
//! `spread` reads the log of events and puts a delivery into the catalogue for every webhook that wants the event, together with the number up to which it
//! has read: after a crash it goes on from there, and the log has what was told by then. Each webhook has a `line` of its own, which reads its deliveries
//! from the catalogue and sends them at the pace of its `schedule`; so one that is slow or dead has nothing that others wait for. An attempt's outcome is
//! written down after it: a crash in between makes a delivery come twice, with the same id.

mod line;
mod resolver;
mod schedule;
mod sending;
mod signature;
mod spread;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::archive::{Catalogue, EventLog, now};
use crate::model::id::WebhookId;

pub use schedule::Pace;

/// How long a delivery that is over is shown.
const SHOWN: Duration = Duration::from_secs(30 * 86_400);
/// How often those that are no longer shown are removed.
const SWEEP: Duration = Duration::from_secs(3_600);

/// What webhooks work with.
#[derive(Clone)]
pub struct WebhookParts {
    /// Webhooks and deliveries.
    pub catalogue: Catalogue,
    /// What is told.
    pub log: EventLog,
    /// May deliver into private networks.
    pub allow_private: bool,
    /// How long a receiver may take to answer.
    pub timeout: Duration,
    /// How failures are tried again.
    pub pace: Pace,
    /// Ends everything.
    pub stop: CancellationToken,
}

/// Starts delivering. Whoever changes a webhook or puts a delivery in line again sends its id.
///
/// # Errors
/// Where the client for requests cannot be made.
pub fn start(parts: WebhookParts) -> anyhow::Result<mpsc::UnboundedSender<WebhookId>> {
    let (changed, changes) = mpsc::unbounded_channel();
    let client = sending::client(&parts)?;
    tokio::spawn(sweep(parts.catalogue.clone(), parts.stop.clone()));
    tokio::spawn(spread::run(parts, client, changes, changed.clone()));
    Ok(changed)
}

async fn sweep(catalogue: Catalogue, stop: CancellationToken) {
    let mut clock = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            _ = clock.tick() => {}
            () = stop.cancelled() => return,
        }
        let now = now();
        let before = crate::model::time::WallClock(now.0.saturating_sub(SHOWN.as_nanos() as i64));
        if let Err(error) = catalogue.forget_deliveries(before).await {
            tracing::error!(%error, "old deliveries could not be removed");
        }
    }
}
