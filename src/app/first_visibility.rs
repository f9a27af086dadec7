//! A recording's first visibility: what the workspace says, once the recording is ready (archive.md B6, B7).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::archive::rights::Sight;
use crate::archive::{
    ArchiveError, Catalogue, EventLog, EventRow, ListFilter, NewEvent, Recording, RecordingState, Source, now, patiently,
};
use crate::model::email::EmailAddress;
use crate::model::event_kind::EventKind;
use crate::model::id::RecordingId;
use crate::model::visibility::Reach;

/// Wait after a failure of the catalogue.
const AGAIN: Duration = Duration::from_secs(1);
/// Wait for a recording that is told to be ready and is not, or could not be seen to.
const LATER: Duration = Duration::from_secs(2);
/// The newest recordings, looked at when the node starts: some may have become ready while nobody listened.
const LOOKED_AT: u32 = 200;

/// Gives every recording that becomes ready its first visibility, until told to stop. `kept` counts how often rows were kept: that a recording is ready is
/// told a moment before its row says so.
///
/// # Errors
/// Where the log cannot be read.
pub fn start(catalogue: Catalogue, log: EventLog, mut kept: watch::Receiver<u64>, stop: CancellationToken) -> Result<(), ArchiveError> {
    let mut reader = log.read(None, None)?;
    tokio::spawn(async move {
        let taken_up = tokio::select! {
            taken_up = patiently("the visibility of recordings of an earlier run", || take_up(&catalogue, &log)) => taken_up,
            () = stop.cancelled() => return,
        };
        if let Err(error) = taken_up {
            tracing::error!(%error, "recordings of an earlier run could not be given their visibility");
        }
        let mut waiting = BTreeSet::new();
        loop {
            tokio::select! {
                row = reader.next() => match row {
                    Ok(row) => waiting.extend(ready_in(&row)),
                    Err(error) => {
                        tracing::error!(%error, "events could not be read; tried again");
                        tokio::time::sleep(AGAIN).await;
                    }
                },
                Ok(()) = kept.changed(), if !waiting.is_empty() => {}
                // On a quiet node nothing else may be kept for a long time.
                () = tokio::time::sleep(LATER), if !waiting.is_empty() => {}
                () = stop.cancelled() => return,
            }
            for id in std::mem::take(&mut waiting) {
                match try_one(&catalogue, &log, &id).await {
                    Ok(true) => {}
                    Ok(false) => drop(waiting.insert(id)),
                    Err(error) => {
                        tracing::error!(recording = %id, %error, "a recording could not be given its visibility; it is for members only, and tried again");
                        waiting.insert(id);
                    }
                }
            }
        }
    });
    Ok(())
}

async fn take_up(catalogue: &Catalogue, log: &EventLog) -> Result<(), ArchiveError> {
    let ready = ListFilter { state: Some(RecordingState::Ready), limit: Some(LOOKED_AT), ..ListFilter::default() };
    for recording in catalogue.recordings(&ready, &Sight::everything()).await?.items {
        settle(catalogue, log, &recording).await?;
    }
    Ok(())
}

fn ready_in(row: &EventRow) -> Option<RecordingId> {
    (row.kind == EventKind::RecordingReady.as_str()).then(|| row.data["recording"].as_str()?.parse().ok())?
}

/// Whether nothing is left to be done about a recording.
async fn try_one(catalogue: &Catalogue, log: &EventLog, id: &RecordingId) -> Result<bool, ArchiveError> {
    match catalogue.recording(id).await {
        Ok(recording) if recording.state == RecordingState::Ready => settle(catalogue, log, &recording).await.map(|()| true),
        // One that failed is told to be ready anew where it is made after all.
        Ok(recording) => Ok(matches!(recording.state, RecordingState::Discarded | RecordingState::Failed)),
        Err(ArchiveError::NotFound { .. }) => Ok(true),
        Err(other) => Err(other),
    }
}

async fn settle(catalogue: &Catalogue, log: &EventLog, recording: &Recording) -> Result<(), ArchiveError> {
    let settings = catalogue.workspace().await?.settings;
    // The more private one where nobody says, but for uploads: they are made to be seen by whoever gets their link.
    let reach = match recording.source {
        Source::Live => settings.visibility_live.unwrap_or(Reach::Members),
        Source::Upload => settings.visibility_upload.unwrap_or(Reach::AnyoneWithLink),
    };
    let requester = recording.customer_email.as_ref();
    let requester = requester.and_then(|text| text.reveal().parse::<EmailAddress>().ok()).map(|address| address.key());
    let at = now();
    let nobody = catalogue.settle_visibility(recording, reach, requester.as_deref(), at).await?;
    if nobody && reach == Reach::MembersAndSelected {
        let data = json!({ "recording": recording.id });
        log.tell(NewEvent { at, session: Some(recording.session.clone()), kind: EventKind::RecordingVisibilityWanted, data });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::archive::RowChange;
    use crate::model::id::{OutputKey, SessionId};
    use crate::model::settings::Kind;

    #[tokio::test]
    async fn what_waits_is_tried_again_where_nothing_else_happens() {
        let dir = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(&format!("sqlite:{}", dir.path().join("c.db").display())).await.unwrap();
        let log = EventLog::open(catalogue.clone(), dir.path()).await.unwrap();
        let recording = |id: &str, state| {
            let row = Recording::begun(
                id.parse().unwrap(),
                SessionId::random(),
                OutputKey::Main(1),
                "default".parse().unwrap(),
                Kind::Call,
                Source::Upload,
                now(),
            );
            Recording { state, ..row }
        };
        let keep = async |row: &Recording| catalogue.keep(&[RowChange::Recording(Box::new(row.clone()))]).await.unwrap();
        // The two are looked at in the order of their ids.
        let mut late = recording("aaaaaaaaaaaaaaaaaaaaaaaaaa", RecordingState::Processing);
        let ready = recording("bbbbbbbbbbbbbbbbbbbbbbbbbb", RecordingState::Ready);
        keep(&late).await;
        let (_kept, listening) = watch::channel(0);
        let stop = CancellationToken::new();
        start(catalogue.clone(), log.clone(), listening, stop.clone()).unwrap();
        keep(&ready).await;
        for row in [&late, &ready] {
            let data = json!({ "recording": row.id });
            log.tell(NewEvent { at: now(), session: Some(row.session.clone()), kind: EventKind::RecordingReady, data });
        }
        let is_settled = async |row: &Recording| {
            let settled = async {
                while catalogue.access(&row.id).await.unwrap().is_none() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(20), settled).await.is_ok()
        };
        assert!(is_settled(&ready).await);
        assert!(catalogue.access(&late.id).await.unwrap().is_none(), "it was looked at before");
        late.state = RecordingState::Ready;
        keep(&late).await;
        assert!(is_settled(&late).await, "and again, though nothing is told and no session's rows are kept");
        stop.cancel();
    }
}
