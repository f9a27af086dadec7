//! What the composing process has been told and might have to be told again.
//!
//! It holds everything from the last IDR picture that came back on: the scenes from there, and of each track the frames
//! from the key frame which they build on. A process that takes over begins with that IDR picture.

use std::collections::{BTreeMap, VecDeque};

use super::protocol::{Scene, ToWorker, TrackFrame};

/// Frames a process dying may cost at most, bytes: a sender that makes no key frames must not fill the memory.
const MOST_BYTES: usize = 64 << 20;

#[derive(Debug)]
pub(super) struct Journal {
    messages: VecDeque<ToWorker>,
    /// From which frame on tracks may be needed from a tick on.
    marks: VecDeque<(u64, BTreeMap<u16, u64>)>,
    bytes: usize,
    most_bytes: usize,
}

impl Default for Journal {
    fn default() -> Self {
        Self { messages: VecDeque::new(), marks: VecDeque::new(), bytes: 0, most_bytes: MOST_BYTES }
    }
}

impl Journal {
    pub(super) fn frame(&mut self, frame: TrackFrame) {
        self.bytes += frame.data.len();
        self.messages.push_back(ToWorker::Frame(frame));
        if self.bytes > self.most_bytes {
            self.make_room();
        }
    }

    pub(super) fn scene(&mut self, scene: Scene) {
        self.messages.push_back(ToWorker::Compose(scene));
    }

    /// No scene from `tick` on shows a frame before these.
    pub(super) fn mark(&mut self, tick: u64, oldest: BTreeMap<u16, u64>) {
        self.marks.push_back((tick, oldest));
    }

    /// The IDR picture of `tick` and all before it came back.
    pub(super) fn came(&mut self, tick: u64) {
        let mut oldest = None;
        while self.marks.front().is_some_and(|(at, _)| *at <= tick) {
            oldest = self.marks.pop_front().map(|(_, oldest)| oldest);
        }
        let Some(oldest) = oldest else { return };
        let mut begin: BTreeMap<u16, u64> = BTreeMap::new();
        for frame in self.frames().filter(|f| f.keyframe) {
            if oldest.get(&frame.track).is_some_and(|number| frame.number <= *number) {
                begin.insert(frame.track, frame.number);
            }
        }
        self.retain(|message| match message {
            ToWorker::Frame(f) => begin.get(&f.track).is_none_or(|number| f.number >= *number),
            ToWorker::Compose(scene) => scene.tick >= tick,
            _ => true,
        });
    }

    /// Everything that a new process must be told, in order.
    pub(super) fn replay(&self) -> impl Iterator<Item = &ToWorker> {
        self.messages.iter()
    }

    fn frames(&self) -> impl Iterator<Item = &TrackFrame> {
        self.messages.iter().filter_map(|message| match message {
            ToWorker::Frame(frame) => Some(frame),
            _ => None,
        })
    }

    fn retain(&mut self, keep: impl Fn(&ToWorker) -> bool) {
        self.messages.retain(|message| keep(message));
        self.bytes = self.frames().map(|f| f.data.len()).sum();
    }

    /// Forgets the frames of the track that takes most: where a process dies then, that track is black until its next key frame.
    fn make_room(&mut self) {
        let mut sizes: BTreeMap<u16, usize> = BTreeMap::new();
        for frame in self.frames() {
            *sizes.entry(frame.track).or_default() += frame.data.len();
        }
        if let Some((&largest, _)) = sizes.iter().max_by_key(|(_, bytes)| **bytes) {
            self.retain(|message| !matches!(message, ToWorker::Frame(f) if f.track == largest));
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::model::media::Codec;

    fn frame(track: u16, number: u64, keyframe: bool) -> TrackFrame {
        TrackFrame { track, number, codec: Codec::Vp8, keyframe, data: Bytes::from_static(&[0; 100]) }
    }

    fn held(journal: &Journal) -> Vec<(u16, u64)> {
        journal.frames().map(|f| (f.track, f.number)).collect()
    }

    #[test]
    fn after_an_idr_only_what_follows_from_it_is_kept() {
        let mut journal = Journal::default();
        for number in 0..6 {
            journal.frame(frame(1, number, number % 3 == 0));
            journal.scene(Scene { tick: number, cells: Vec::new() });
        }
        journal.mark(4, BTreeMap::from([(1, 4)]));
        journal.came(4);
        assert_eq!(held(&journal), [(1, 3), (1, 4), (1, 5)]);
        assert_eq!(journal.replay().filter(|m| matches!(m, ToWorker::Compose(_))).count(), 2);
    }

    #[test]
    fn a_sender_without_key_frames_does_not_fill_the_memory() {
        let mut journal = Journal { most_bytes: 1000, ..Journal::default() };
        for number in 0..1000 {
            journal.frame(frame(1, number, number == 0));
            assert!(journal.bytes <= 1000);
        }
    }
}
