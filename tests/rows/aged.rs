//! Recordings of some age, as a node that has run for long has them: rows in its catalogue, files in its store.

use std::path::Path;

use ferric::archive::{Catalogue, Recording, RecordingState, now};
use ferric::model::id::RecordingId;
use ferric::model::time::WallClock;

use crate::catalogues::url_in;
use crate::started::recording;

const DAY_NS: i64 = 86_400_000_000_000;

pub fn days_ago(days: i64) -> WallClock {
    WallClock(now().0 - days * DAY_NS)
}

/// The catalogue of a node, opened beside it.
pub async fn catalogue_of(data: &Path) -> Catalogue {
    Catalogue::open(&url_in(data)).await.expect("opens")
}

/// A ready recording that began so many days ago.
pub fn aged(days: i64) -> Recording {
    let mut row = recording(RecordingState::Ready);
    row.started_at = days_ago(days);
    row.ended_at = Some(WallClock(row.started_at.0 + 60_000_000_000));
    row
}

/// Lays files into a node's folder store, as they lie there.
pub fn lay_files(data: &Path, id: &RecordingId) {
    let folder = data.join("store/recordings").join(id.as_str());
    std::fs::create_dir_all(folder.join("hls")).expect("a folder");
    for name in ["recording.mp4", "manifest.json", "hls/index.m3u8"] {
        std::fs::write(folder.join(name), format!("{name} of {id}")).expect("written");
    }
}

/// Whether a file of a recording lies in a node's folder store.
pub fn files_of(data: &Path, id: &str) -> bool {
    let folder = data.join("store/recordings").join(id);
    std::fs::read_dir(folder.join("hls"))
        .into_iter()
        .chain(std::fs::read_dir(folder))
        .flatten()
        .flatten()
        .any(|entry| entry.path().is_file())
}

/// Makes a recording that is there older.
pub async fn make_older(data: &Path, id: &str, days: i64) {
    let catalogue = catalogue_of(data).await;
    let mut row = catalogue.recording(&id.parse().expect("an id")).await.expect("there");
    row.started_at = WallClock(row.started_at.0 - days * DAY_NS);
    catalogue.put_recording(&row).await.expect("kept");
    catalogue.close().await;
}
