//! The permit: the only key to the tape.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::time::MediaTime;

const CLOSED: u64 = u64::MAX;

/// Leave to write one participant's media now. Only the policy makes and moves it; whoever writes to a tape must show it.
///
/// There is no way to make one outside `policy`:
///
/// ```compile_fail
/// let forged = ferric::policy::Permit { open_from_ns: Default::default() };
/// ```
#[derive(Clone, Debug)]
pub struct Permit {
    open_from_ns: Arc<AtomicU64>,
}

impl Permit {
    pub(super) fn closed() -> Self {
        Self { open_from_ns: Arc::new(AtomicU64::new(CLOSED)) }
    }

    pub(super) fn open_from(&self, from: MediaTime) {
        self.open_from_ns.store(from.as_ns(), Ordering::Release);
    }

    pub(super) fn close(&self) {
        self.open_from_ns.store(CLOSED, Ordering::Release);
    }

    /// Whether media that arrived at this instant may be written: the gate is open now and was so when it arrived.
    #[must_use]
    pub fn admits(&self, arrival: MediaTime) -> bool {
        arrival.as_ns() >= self.open_from_ns.load(Ordering::Acquire)
    }

    /// Whether anything may be written now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open_from_ns.load(Ordering::Acquire) != CLOSED
    }
}
