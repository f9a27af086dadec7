//! Brings what was told into the catalogue: whatever waits, in one transaction.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::{BLOCK, EventLog};
use crate::archive::ArchiveError;
use crate::archive::patience::in_time;
use crate::archive::rows::EventRow;

/// Rows of one transaction: enough to catch up with any rush, few enough that other writers get their turn.
const BATCH: usize = 500;
/// Wait after a failure.
const AGAIN: Duration = Duration::from_millis(500);

/// Says once that the catalogue is away, and once that it is back: it is asked twice a second meanwhile.
#[derive(Default)]
struct Away(bool);

impl Away {
    fn failed(&mut self, error: &ArchiveError, what: &str) {
        if std::mem::replace(&mut self.0, true) {
            tracing::debug!(%error, what, "the catalogue still gives nothing for events");
        } else {
            tracing::error!(%error, what, "the catalogue does nothing for events; they wait, and it is tried again");
        }
    }

    fn is_over(&mut self) {
        if std::mem::take(&mut self.0) {
            tracing::info!("the catalogue takes events again");
        }
    }
}

pub(super) async fn run(log: EventLog, mut told: mpsc::UnboundedReceiver<Arc<EventRow>>) {
    let (mut batch, mut away) = (Vec::with_capacity(BATCH), Away::default());
    while told.recv_many(&mut batch, BATCH).await > 0 {
        while let Err(error) = in_time(log.0.catalogue.keep_events(&batch)).await {
            if error.is_of_stopping() {
                return;
            }
            away.failed(&error, "keeping them");
            tokio::time::sleep(AGAIN).await;
        }
        away.is_over();
        if let Some(last) = batch.last() {
            log.0.committed.send_replace(last.seq);
            log.trim(last.seq);
        }
        batch.clear();
        take_numbers_in_time(&log, &mut away).await;
    }
}

async fn take_numbers_in_time(log: &EventLog, away: &mut Away) {
    loop {
        let left = {
            let line = log.0.line.lock();
            line.bound - line.next
        };
        if left > BLOCK / 2 {
            return;
        }
        match in_time(log.0.catalogue.take_event_numbers(BLOCK)).await {
            Ok(bound) => {
                away.is_over();
                log.0.line.lock().bound = bound;
                log.0.more_numbers.notify_all();
                return;
            }
            Err(error) if error.is_of_stopping() => return,
            Err(error) => away.failed(&error, "giving numbers"),
        }
        if left > 0 {
            return;
        }
        tokio::time::sleep(AGAIN).await;
    }
}
