//! Tapes and rendered files that nobody needs any more go when nobody waits for the disk.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

/// Put away at once.
const AT_ONCE: usize = 4;
/// What is put away waits no longer than this for a quiet moment: where calls end all the time there is none.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// Puts away in turns. Clones share the turns.
#[derive(Clone, Debug)]
pub struct PuttingAway {
    turns: Arc<Semaphore>,
    finishing: watch::Sender<usize>,
    longest_wait: Duration,
}

impl Default for PuttingAway {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), finishing: watch::Sender::new(0), longest_wait: LONGEST_WAIT }
    }
}

impl PuttingAway {
    /// How many sessions are over whose recordings are not ready: files that are removed in between make new ones dear (ext4 looks for a place past
    /// every one that was removed in the last minutes).
    pub fn finishing(&self, sessions: usize) {
        self.finishing.send_if_modified(|known| std::mem::replace(known, sessions) != sessions);
    }

    /// Does the work in a quiet moment.
    ///
    /// # Errors
    /// What came of it.
    pub async fn later(&self, work: impl FnOnce() -> Result<(), String> + Send + 'static) -> Result<(), String> {
        let mut finishing = self.finishing.subscribe();
        // Quiet or not, after a while it is done.
        let _ = tokio::time::timeout(self.longest_wait, finishing.wait_for(|sessions| *sessions == 0)).await;
        let turn = self.turns.clone().acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|e| e.to_string())?
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn what_is_put_away_waits_until_the_last_recording_is_ready() {
        let putting_away = PuttingAway { longest_wait: Duration::MAX, ..PuttingAway::default() };
        putting_away.later(|| Ok(())).await.unwrap();

        putting_away.finishing(2);
        let mut waiting = pin!(putting_away.later(|| Err("a folder that stays".to_owned())));
        assert!(futures::poll!(&mut waiting).is_pending());
        putting_away.finishing(1);
        assert!(futures::poll!(&mut waiting).is_pending(), "one is not ready");
        putting_away.finishing(0);
        assert_eq!(waiting.await, Err("a folder that stays".to_owned()));
    }

    #[tokio::test]
    async fn where_calls_end_all_the_time_it_is_done_after_a_while() {
        let putting_away = PuttingAway { longest_wait: Duration::ZERO, ..PuttingAway::default() };
        putting_away.finishing(1);
        putting_away.later(|| Ok(())).await.unwrap();
    }
}
