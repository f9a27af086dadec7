//! Which file is sent next, and when: pure, time and chance are arguments.

use std::collections::HashMap;

use crate::model::id::RecordingId;

/// How the queue works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSettings {
    /// Files that are under way at once.
    pub at_once: usize,
    /// Wait after a first failure, milliseconds; doubled with each further one.
    pub first_wait_ms: u64,
    /// The longest wait, milliseconds.
    pub longest_wait_ms: u64,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self { at_once: 4, first_wait_ms: 1_000, longest_wait_ms: 300_000 }
    }
}

/// A file of a recording to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub recording: RecordingId,
    /// Which plan of the recording it is of.
    pub generation: u64,
    /// Which file of the plan.
    pub file: usize,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Send this file.
    Start(Job),
    /// Look again at this time, milliseconds.
    At(u64),
    /// Look again when something is told.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum File {
    Waiting,
    UnderWay,
    Stored,
}

#[derive(Debug)]
struct Plan {
    recording: RecordingId,
    generation: u64,
    /// Rank and state of each file.
    files: Vec<(u8, File)>,
    failures: u32,
    not_before_ms: u64,
}

/// All plans, in the order in which they came.
#[derive(Debug)]
pub(super) struct Schedule {
    settings: QueueSettings,
    plans: Vec<Plan>,
    /// Files under way of plans that are no more: they could overtake those of a newer plan of the recording, which waits for them.
    lingering: HashMap<RecordingId, usize>,
    under_way: usize,
    generation: u64,
}

/// When a file may go: media first, then playlists, then the playlist that names them, then the manifest. Whoever lists a recording by its manifest finds
/// all of it, and a player finds everything that a playlist names.
pub(super) fn rank(key: &str) -> u8 {
    let name = key.rsplit('/').next().unwrap_or(key);
    match name {
        "manifest.json" => 3,
        "index.m3u8" => 2,
        _ if name.rsplit_once('.').is_some_and(|(_, extension)| extension == "m3u8") => 1,
        _ => 0,
    }
}

impl Schedule {
    pub(super) fn new(settings: QueueSettings) -> Self {
        Self { settings, plans: Vec::new(), lingering: HashMap::new(), under_way: 0, generation: 0 }
    }

    /// Takes a plan: each file's key and whether it is stored already. Stands instead of an earlier plan of the recording. Answers its generation.
    pub(super) fn plan<'a>(&mut self, recording: &RecordingId, files: impl Iterator<Item = (&'a str, bool)>) -> u64 {
        self.generation += 1;
        self.forget(recording);
        let files = files.map(|(key, stored)| (rank(key), if stored { File::Stored } else { File::Waiting })).collect();
        let plan = Plan { recording: recording.clone(), generation: self.generation, files, failures: 0, not_before_ms: 0 };
        self.plans.push(plan);
        self.generation
    }

    /// Takes a plan out.
    pub(super) fn forget(&mut self, recording: &RecordingId) {
        let Some(at) = self.plans.iter().position(|p| p.recording == *recording) else { return };
        let under_way = self.plans.remove(at).files.iter().filter(|f| f.1 == File::UnderWay).count();
        if under_way > 0 {
            *self.lingering.entry(recording.clone()).or_default() += under_way;
        }
    }

    /// Whether files of a plan that is no more are under way.
    pub(super) fn lingers(&self, recording: &RecordingId) -> bool {
        self.lingering.contains_key(recording)
    }

    /// Whether every file of a recording's plan is stored.
    pub(super) fn is_complete(&self, recording: &RecordingId) -> bool {
        self.plans.iter().any(|p| p.recording == *recording && p.files.iter().all(|f| f.1 == File::Stored))
    }

    /// The next file to send. The oldest recording goes first; one that waits after a failure holds nobody up.
    pub(super) fn next(&mut self, now_ms: u64) -> Next {
        if self.under_way >= self.settings.at_once.max(1) {
            return Next::Nothing;
        }
        let mut soonest: Option<u64> = None;
        for plan in &mut self.plans {
            let rank = plan.files.iter().filter(|f| f.1 != File::Stored).map(|f| f.0).min();
            let ready = plan.files.iter().position(|f| f.1 == File::Waiting && Some(f.0) == rank);
            let Some(file) = ready.filter(|_| !self.lingering.contains_key(&plan.recording)) else { continue };
            if plan.not_before_ms > now_ms {
                soonest = Some(soonest.map_or(plan.not_before_ms, |s| s.min(plan.not_before_ms)));
                continue;
            }
            plan.files[file].1 = File::UnderWay;
            self.under_way += 1;
            return Next::Start(Job { recording: plan.recording.clone(), generation: plan.generation, file });
        }
        soonest.map_or(Next::Nothing, Next::At)
    }

    /// A file is stored and was read back. Answers whether it was of the present plan.
    pub(super) fn stored(&mut self, job: &Job) -> bool {
        let Some(plan) = self.ended(job) else { return false };
        plan.files[job.file].1 = File::Stored;
        plan.failures = 0;
        plan.not_before_ms = 0;
        true
    }

    /// A file could not be stored: its recording waits, longer with each failure, a random part of it (`chance`, 0 to 1) so that many do not come back
    /// at once. Answers how often it has failed in a row and how long it waits.
    pub(super) fn failed(&mut self, job: &Job, now_ms: u64, chance: f64) -> Option<(u32, u64)> {
        let settings = self.settings;
        let plan = self.ended(job)?;
        plan.files[job.file].1 = File::Waiting;
        // It began beside one that has failed already: one trouble of the store, one wait for all of them.
        if now_ms < plan.not_before_ms {
            return Some((plan.failures, plan.not_before_ms - now_ms));
        }
        let doubled = settings.first_wait_ms.saturating_mul(1 << plan.failures.min(30)).min(settings.longest_wait_ms);
        plan.failures = plan.failures.saturating_add(1);
        let wait = doubled / 2 + ((doubled - doubled / 2) as f64 * chance.clamp(0.0, 1.0)) as u64;
        plan.not_before_ms = plan.not_before_ms.max(now_ms.saturating_add(wait));
        Some((plan.failures, wait))
    }

    fn ended(&mut self, job: &Job) -> Option<&mut Plan> {
        self.under_way = self.under_way.saturating_sub(1);
        let present = self.plans.iter().position(|p| p.recording == job.recording && p.generation == job.generation);
        if present.is_none()
            && let Some(count) = self.lingering.get_mut(&job.recording)
        {
            *count -= 1;
            if *count == 0 {
                self.lingering.remove(&job.recording);
            }
        }
        present.map(|at| &mut self.plans[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEYS: [&str; 5] = ["r/manifest.json", "r/hls/index.m3u8", "r/recording.mp4", "r/hls/video.m3u8", "r/poster.jpg"];

    fn id(n: usize) -> RecordingId {
        format!("r{n}").parse().unwrap()
    }

    #[test]
    fn the_manifest_goes_last_and_the_playlists_before_it() {
        let mut s = Schedule::new(QueueSettings { at_once: 9, ..QueueSettings::default() });
        s.plan(&id(1), KEYS.iter().map(|k| (*k, false)));
        let mut order = Vec::new();
        loop {
            let mut batch = Vec::new();
            while let Next::Start(job) = s.next(0) {
                batch.push(job);
            }
            if batch.is_empty() {
                break;
            }
            order.push(batch.iter().map(|j| KEYS[j.file]).collect::<Vec<_>>());
            assert!(batch.iter().all(|j| s.stored(j)));
        }
        let expected: [&[&str]; 4] =
            [&["r/recording.mp4", "r/poster.jpg"], &["r/hls/video.m3u8"], &["r/hls/index.m3u8"], &["r/manifest.json"]];
        assert_eq!(order, expected);
        assert!(s.is_complete(&id(1)));
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut s = Schedule::new(QueueSettings { at_once: 1, first_wait_ms: 100, longest_wait_ms: 1_000 });
        s.plan(&id(1), [("a", false)].into_iter());
        let (mut now, mut waits) = (0, Vec::new());
        for _ in 0..40 {
            let Next::Start(job) = s.next(now) else { panic!("its time has come") };
            let (_, wait) = s.failed(&job, now, 1.0).unwrap();
            assert_eq!(s.next(now), Next::At(now + wait));
            now += wait;
            waits.push(wait);
        }
        assert_eq!(waits[..5], [100, 200, 400, 800, 1_000]);
        assert_eq!(waits[39], 1_000, "it never gives up");
        let Next::Start(job) = s.next(now) else { panic!() };
        assert_eq!(s.failed(&job, now, 0.0), Some((41, 500)), "half of it at least");
    }

    #[test]
    fn files_that_fail_together_are_one_failure() {
        let mut s = Schedule::new(QueueSettings { at_once: 4, first_wait_ms: 100, longest_wait_ms: 10_000 });
        s.plan(&id(1), [("a", false), ("b", false), ("c", false)].into_iter());
        let begin = |s: &mut Schedule, now| {
            std::iter::from_fn(|| if let Next::Start(job) = s.next(now) { Some(job) } else { None }).collect::<Vec<_>>()
        };
        let jobs = begin(&mut s, 0);
        assert!(jobs.len() > 1);
        assert_eq!(jobs.iter().map(|job| s.failed(job, 10, 1.0)).collect::<Vec<_>>(), vec![Some((1, 100)); jobs.len()]);
        let again = begin(&mut s, 110);
        assert_eq!(s.failed(&again[0], 110, 1.0), Some((2, 200)), "the next time it is another");
    }

    #[test]
    fn a_new_plan_waits_for_what_the_old_one_has_under_way() {
        let mut s = Schedule::new(QueueSettings::default());
        s.plan(&id(1), [("a", false)].into_iter());
        let Next::Start(old) = s.next(0) else { panic!() };
        s.plan(&id(1), [("a", false)].into_iter());
        assert_eq!(s.next(0), Next::Nothing, "the old bytes could arrive after the new ones");
        assert!(!s.stored(&old), "the old plan's success is not the new one's");
        let Next::Start(second) = s.next(0) else { panic!("its turn") };
        s.forget(&id(1));
        s.plan(&id(1), [("a", false)].into_iter());
        assert_eq!(s.next(0), Next::Nothing, "a forgotten plan's file can overtake too");
        assert_eq!(s.failed(&second, 0, 1.0), None);
        assert!(matches!(s.next(0), Next::Start(third) if third.generation > second.generation && second.generation > old.generation));
    }

    proptest! {
        /// Any mixture of successes, failures, time and new plans: never too many at once, no rank before its time, and in the end everything is stored.
        #[test]
        fn everything_is_stored_in_order(at_once in 1usize..5, steps in proptest::collection::vec((0u8..6, 0usize..100, 0u64..3_000), 0..200)) {
            let mut s = Schedule::new(QueueSettings { at_once, first_wait_ms: 10, longest_wait_ms: 1_000 });
            let (mut now, mut running, mut done) = (0u64, Vec::<Job>::new(), std::collections::BTreeMap::new());
            let mut step = |s: &mut Schedule, running: &mut Vec<Job>, now: &mut u64, what: u8, which: usize, by: u64| {
                match what {
                    0 => { done.insert(id(which % 4), [false; 5]); s.plan(&id(which % 4), KEYS.iter().map(|k| (*k, false))); }
                    1 | 2 if !running.is_empty() => {
                        let job = running.remove(which % running.len());
                        if s.stored(&job) { done.get_mut(&job.recording).unwrap()[job.file] = true; }
                    }
                    3 if !running.is_empty() => {
                        let job = running.remove(which % running.len());
                        let waited = s.failed(&job, *now, 0.5);
                        assert!(waited.is_none_or(|(_, wait)| (1..=1_000).contains(&wait)));
                    }
                    5 if by.is_multiple_of(7) => { done.remove(&id(which % 4)); s.forget(&id(which % 4)); }
                    4 => *now += by,
                    _ => {
                        if let Next::Start(job) = s.next(*now) {
                            let state: [bool; 5] = done[&job.recording];
                            assert!(!state[job.file]);
                            for (n, key) in KEYS.iter().enumerate() {
                                assert!(rank(key) >= rank(KEYS[job.file]) || state[n], "{key} before {}", KEYS[job.file]);
                            }
                            running.push(job);
                        }
                    }
                }
                assert!(running.len() <= at_once);
            };
            for (what, which, by) in steps {
                step(&mut s, &mut running, &mut now, what, which, by);
            }
            for round in 0..2_000u64 {
                let what = if round % 3 == 0 { 1 } else if round % 3 == 1 { 4 } else { 5 };
                step(&mut s, &mut running, &mut now, what, 0, 1_000);
            }
            prop_assert!(done.iter().all(|(recording, files)| files.iter().all(|f| *f) && s.is_complete(recording)));
        }
    }
}
