//! Asking a catalogue that may be away for a while: a database that is started anew, a full disk.

use std::time::Duration;

use super::error::ArchiveError;

/// The first wait before it is asked again; doubled with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// What was not answered by then is not answered any more: a host that vanished with a question says nothing for a quarter of an hour. Longer than SQLite
/// waits for whoever else is writing.
const LONGEST_ANSWER: Duration = Duration::from_mins(1);

/// An answer of the catalogue, or that it is away.
pub(super) async fn in_time<T>(asked: impl Future<Output = Result<T, ArchiveError>>) -> Result<T, ArchiveError> {
    within(LONGEST_ANSWER, asked).await
}

async fn within<T>(longest: Duration, asked: impl Future<Output = Result<T, ArchiveError>>) -> Result<T, ArchiveError> {
    tokio::time::timeout(longest, asked).await.unwrap_or(Err(ArchiveError::Database(sqlx::Error::PoolTimedOut)))
}

/// Asks until there is an answer. `what` cannot be done meanwhile, for the log.
///
/// # Errors
/// With what is not mended by asking again ([`ArchiveError::is_passing`]), and where the catalogue is closed because the node stops.
pub async fn patiently<T, Asked>(what: &str, mut ask: impl FnMut() -> Asked) -> Result<T, ArchiveError>
where
    Asked: Future<Output = Result<T, ArchiveError>>,
{
    let mut wait = FIRST_WAIT;
    loop {
        match in_time(ask()).await {
            Err(error) if error.is_passing() && !error.is_of_stopping() => {
                tracing::warn!(%error, what, "the catalogue does not answer; it is asked again");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn what_passes_is_waited_for_and_nothing_else() {
        let mut asked = 0;
        let answer = patiently("a test", || {
            asked += 1;
            let away = asked < 2;
            async move { if away { Err(ArchiveError::Database(sqlx::Error::PoolTimedOut)) } else { Ok(7) } }
        });
        assert_eq!(answer.await.unwrap(), 7);
        assert_eq!(asked, 2);
        for lasting in [ArchiveError::not_found("session", "s"), ArchiveError::Database(sqlx::Error::PoolClosed)] {
            let mut lasting = Some(lasting);
            let answer = patiently("a test", || std::future::ready(Err::<(), _>(lasting.take().expect("asked once"))));
            assert!(answer.await.is_err());
        }
    }

    #[tokio::test]
    async fn what_is_never_answered_may_be_asked_again() {
        let vanished = within(Duration::ZERO, std::future::pending::<Result<(), _>>()).await.unwrap_err();
        assert!(vanished.is_passing() && !vanished.is_of_stopping());
        assert_eq!(in_time(std::future::ready(Ok(7))).await.unwrap(), 7);
    }
}
