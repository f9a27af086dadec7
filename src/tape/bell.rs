//! When the writing thread writes: at its time, or as soon as it is rung for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// Rings where the writing thread is to write now. What has just been read from sockets is written at once: a killed process loses what came since the last
/// reading, not that and what had waited to be written. Clones share it; it does not keep the spool.
#[derive(Clone, Debug)]
pub struct WriteBell {
    writer: Thread,
    rung: Arc<AtomicBool>,
}

impl WriteBell {
    pub(super) fn of(writer: Thread, rung: Arc<AtomicBool>) -> Self {
        Self { writer, rung }
    }

    /// Wakes the writing thread; where it is writing, it writes once more after that.
    pub fn ring(&self) {
        self.rung.store(true, Ordering::Release);
        self.writer.unpark();
    }
}

/// A thread's rhythm.
#[derive(Debug)]
pub(super) struct Rhythm {
    every: Duration,
    due: Instant,
}

impl Rhythm {
    /// There is nothing to do at first: whoever sets a time means the first turn too.
    pub(super) fn every(every: Duration, now: Instant) -> Self {
        Self { every, due: now + every }
    }

    /// How long there is nothing to do. `None` where it is time; the next is counted from now, so that a turn that takes longer is followed by one at once.
    ///
    /// Whoever rings does so again and again: only where that is overdue the thread works of its own accord, lest everything be written twice.
    pub(super) fn rest(&mut self, now: Instant, rung: bool) -> Option<Duration> {
        if !rung && now < self.due {
            return Some(self.due - now);
        }
        self.due = now + if rung { self.every + self.every / 4 } else { self.every };
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_works_when_rung_for_and_of_its_own_accord_where_nobody_rings() {
        let (began, ms) = (Instant::now(), Duration::from_millis);
        let mut rhythm = Rhythm::every(ms(150), began);
        let mut worked = Vec::new();
        for at in 0..1200 {
            // Rung each 160 ms from 400 ms on, until somebody is stuck.
            let rung = (400..900).contains(&at) && (at - 400) % 160 == 0;
            if rhythm.rest(began + ms(at), rung).is_none() {
                worked.push(at);
            }
        }
        assert_eq!(worked, [150, 300, 400, 560, 720, 880, 1068]);
    }
}
