//! A recording's first visibility: what the workspace says, once the recording is ready (archive.md B6, B7).

use std::sync::Arc;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::archive::visibility::address;
use crate::archive::{ArchiveError, Catalogue, EventLog, EventRow, ListFilter, NewEvent, Recording, RecordingState, Source};
use crate::model::event_kind::EventKind;
use crate::model::id::RecordingId;
use crate::model::time::WallClock;
use crate::model::visibility::Reach;

/// Where the session carries the address of the ticket's requester.
const REQUESTER: &str = "customer_email";
/// The newest recordings, looked at when the node starts: some may have become ready while nobody listened.
const LOOKED_AT: u32 = 200;

/// Gives every recording that becomes ready its first visibility, until told to stop.
///
/// # Errors
/// Where the log cannot be read.
pub fn start(catalogue: Catalogue, log: EventLog, stop: CancellationToken) -> Result<(), ArchiveError> {
    let mut reader = log.read(None, None)?;
    tokio::spawn(async move {
        if let Err(error) = take_up(&catalogue, &log).await {
            tracing::error!(%error, "recordings of an earlier run could not be given their visibility");
        }
        loop {
            let row = tokio::select! {
                row = reader.next() => row,
                () = stop.cancelled() => return,
            };
            match row {
                Ok(row) => follow(&catalogue, &log, &row).await,
                Err(error) => {
                    tracing::error!(%error, "events could not be read");
                    tokio::select! {
                        () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {}
                        () = stop.cancelled() => return,
                    }
                }
            }
        }
    });
    Ok(())
}

async fn take_up(catalogue: &Catalogue, log: &EventLog) -> Result<(), ArchiveError> {
    let ready = ListFilter { state: Some(RecordingState::Ready), limit: Some(LOOKED_AT), ..ListFilter::default() };
    for recording in catalogue.recordings(&ready).await?.items {
        settle(catalogue, log, &recording).await?;
    }
    Ok(())
}

async fn follow(catalogue: &Catalogue, log: &EventLog, row: &Arc<EventRow>) {
    if row.kind != EventKind::RecordingReady.as_str() {
        return;
    }
    let Some(id) = row.data["recording"].as_str().and_then(|id| id.parse::<RecordingId>().ok()) else { return };
    // The row is kept a moment after the event is told.
    for wait_ms in [0, 200, 1_000, 5_000] {
        tokio::time::sleep(std::time::Duration::from_millis(wait_ms)).await;
        match catalogue.recording(&id).await {
            Ok(recording) if recording.state == RecordingState::Ready => {
                if let Err(error) = settle(catalogue, log, &recording).await {
                    tracing::error!(recording = %id, %error, "a recording could not be given its visibility; it is for members only");
                }
                return;
            }
            Ok(_) | Err(_) => {}
        }
    }
}

async fn settle(catalogue: &Catalogue, log: &EventLog, recording: &Recording) -> Result<(), ArchiveError> {
    let settings = catalogue.workspace().await?.settings;
    // The more private one where nobody says, but for uploads: they are made to be seen by whoever gets their link.
    let reach = match recording.source {
        Source::Live => settings.visibility_live.unwrap_or(Reach::Members),
        Source::Upload => settings.visibility_upload.unwrap_or(Reach::AnyoneWithLink),
    };
    let requester = recording.manifest.as_ref().and_then(|m| m.metadata.get(REQUESTER)).and_then(|text| address(text.reveal()));
    let at = WallClock(i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX));
    let first = catalogue.settle_visibility(&recording.id, reach, requester.as_deref(), at).await?;
    if first && reach == Reach::MembersAndSelected && requester.is_none() {
        let data = json!({ "recording": recording.id });
        log.tell(NewEvent { at, session: Some(recording.session.clone()), kind: EventKind::RecordingVisibilityWanted, data });
    }
    Ok(())
}
