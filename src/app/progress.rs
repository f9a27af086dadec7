//! How far a session is on its way from its tape into the archive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::archive::EventRow;
use crate::ingest::MediaClock;
use crate::model::gate::DiscardReason;
use crate::model::id::{OutputKey, RecordingId};
use crate::render::RenderedOutput;

/// How far a session is on its way.
#[derive(Debug, Default)]
pub struct Progress {
    /// The tape is rendered to its end.
    pub(super) rendered: bool,
    /// Outputs on their way into the store.
    pub(super) storing: BTreeMap<RecordingId, (u64, JoinHandle<()>)>,
    /// Numbers them: what an earlier one says is nothing any more.
    pub(super) stores: u64,
    /// How many erasures there were: what was rendered before the last one is nothing any more.
    pub(super) erasures: u32,
    /// How many of them are not through yet.
    pub(super) erasing: u32,
    /// Rendered, and not to be stored yet: receipts that were replaced stand until their successor is stored, and nothing is stored before an erasure is
    /// through. Boxed as they come from the renderer.
    #[expect(clippy::vec_box, reason = "they arrive boxed and leave boxed; unboxing would move half a kilobyte twice")]
    pub(super) waiting: Vec<Box<RenderedOutput>>,
    /// Recordings whose files were gone before they were stored: what was rendered was discarded or made anew meanwhile, and that is on its way.
    pub(super) vanished: BTreeSet<RecordingId>,
    /// Outputs that are stored, or gone from the store.
    pub(super) settled: BTreeSet<OutputKey>,
    /// Deleted by somebody while the session was live.
    pub(super) deleted: BTreeSet<RecordingId>,
    /// Renderings that failed.
    pub(super) failures: u32,
    /// It failed too often while it lived, and is rendered once more when it is over.
    pub(super) gave_up: bool,
    /// It is rendered anew when there may be room.
    pub(super) waits_for_room: bool,
    /// Outputs that could not be stored while it lived; tried once more when it is over.
    #[expect(clippy::vec_box, reason = "as above")]
    pub(super) unstored: Vec<Box<RenderedOutput>>,
    /// Renderings that found no room.
    pub(super) waits: u32,
    pub(super) pictures: bool,
    /// Its tape is closed.
    pub(super) closed: bool,
    /// The catalogue will never take some of its rows as they are.
    pub(super) refused: bool,
    /// Its tape is being put away.
    pub(super) leaving: bool,
    pub(super) clock: Option<MediaClock>,
    /// What an earlier run told of it.
    pub(super) told: Vec<Arc<EventRow>>,
}

impl Progress {
    /// Whether an output may be stored, or taken out of the store, now.
    pub(super) fn may_go(&self, output: &RenderedOutput) -> bool {
        let is_replaced = output.discarded == Some(DiscardReason::Replaced);
        let succeeded = || self.settled.iter().any(|later| succeeds(later, &output.output));
        self.erasing == 0 && (!is_replaced || (!self.storing.contains_key(&output.recording) && succeeded()))
    }

    /// Whether it is over and somebody waits for its recordings.
    pub(super) fn is_finishing(&self) -> bool {
        self.closed && !self.leaving
    }

    /// Whether nothing is left to be done but putting away.
    pub(super) fn is_through(&self) -> bool {
        let nothing_waits = self.storing.is_empty() && self.waiting.is_empty() && self.unstored.is_empty() && self.vanished.is_empty();
        self.rendered && nothing_waits && self.erasing == 0 && !self.leaving
    }

    /// Whether it is known what became of a recording, or what is to become of it.
    pub(super) fn knows(&self, output: &OutputKey, recording: &RecordingId) -> bool {
        self.settled.contains(output)
            || self.storing.contains_key(recording)
            || self.waiting.iter().any(|waiting| waiting.recording == *recording)
            || self.vanished.contains(recording)
            || self.deleted.contains(recording)
    }
}

/// Whether one receipt is a later one of another's order.
fn succeeds(later: &OutputKey, earlier: &OutputKey) -> bool {
    match (later, earlier) {
        (OutputKey::Receipt { order, number }, OutputKey::Receipt { order: same, number: before }) => order == same && number > before,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(output: OutputKey, discarded: Option<DiscardReason>) -> Box<RenderedOutput> {
        Box::new(RenderedOutput { recording: RecordingId::random(), output, discarded, dir: "there".into(), manifest: None })
    }

    #[test]
    fn somebody_waits_from_the_end_until_it_is_put_away() {
        let mut progress = Progress::default();
        assert!(!progress.is_finishing(), "live");
        progress.closed = true;
        assert!(progress.is_finishing());
        progress.leaving = true;
        assert!(!progress.is_finishing());
    }

    #[tokio::test]
    async fn it_is_through_when_nothing_is_on_its_way() {
        let through = || Progress { rendered: true, closed: true, ..Progress::default() };
        assert!(through().is_through());
        assert!(!Progress { rendered: false, ..through() }.is_through());
        assert!(!Progress { erasing: 1, ..through() }.is_through());
        assert!(!Progress { leaving: true, ..through() }.is_through(), "twice");
        assert!(!Progress { waiting: vec![output(OutputKey::Main(1), None)], ..through() }.is_through());
        assert!(!Progress { vanished: [RecordingId::random()].into(), ..through() }.is_through());
        let stored = (RecordingId::random(), (1, tokio::spawn(async {})));
        assert!(!Progress { storing: [stored].into(), ..through() }.is_through());
    }

    #[test]
    fn a_receipt_that_was_replaced_stands_until_its_successor_is_stored() {
        let receipt = |order: u32, number| OutputKey::Receipt { order: order.to_string(), number };
        let (kept, replaced) = (output(receipt(1, 2), None), output(receipt(1, 1), Some(DiscardReason::Replaced)));
        let mut progress = Progress::default();
        assert!(progress.may_go(&kept) && !progress.may_go(&replaced));
        progress.settled.insert(receipt(2, 2));
        assert!(!progress.may_go(&replaced), "another order");
        progress.settled.insert(receipt(1, 2));
        assert!(progress.may_go(&replaced));
        progress.erasing = 1;
        assert!(!progress.may_go(&replaced) && !progress.may_go(&kept));
    }
}
