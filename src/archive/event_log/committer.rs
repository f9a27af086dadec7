//! Brings what was told into the catalogue: whatever waits, in one transaction.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::{BLOCK, EventLog};
use crate::archive::rows::EventRow;

/// Rows of one transaction: enough to catch up with any rush, few enough that other writers get their turn.
const BATCH: usize = 500;
/// Wait after a failure.
const AGAIN: Duration = Duration::from_millis(500);

pub(super) async fn run(log: EventLog, mut told: mpsc::UnboundedReceiver<Arc<EventRow>>) {
    let mut batch = Vec::with_capacity(BATCH);
    while told.recv_many(&mut batch, BATCH).await > 0 {
        while let Err(error) = log.0.catalogue.keep_events(&batch).await {
            if error.is_of_stopping() {
                return;
            }
            tracing::error!(%error, events = batch.len(), "events could not be kept yet; tried again");
            tokio::time::sleep(AGAIN).await;
        }
        if let Some(last) = batch.last() {
            log.0.committed.send_replace(last.seq);
            log.trim(last.seq);
        }
        batch.clear();
        take_numbers_in_time(&log).await;
    }
}

async fn take_numbers_in_time(log: &EventLog) {
    loop {
        let left = {
            let line = log.0.line.lock();
            line.bound - line.next
        };
        if left > BLOCK / 2 {
            return;
        }
        match log.0.catalogue.take_event_numbers(BLOCK).await {
            Ok(bound) => {
                log.0.line.lock().bound = bound;
                log.0.more_numbers.notify_all();
                return;
            }
            Err(error) => tracing::error!(%error, "no numbers for events could be taken yet"),
        }
        if left > 0 {
            return;
        }
        tokio::time::sleep(AGAIN).await;
    }
}
