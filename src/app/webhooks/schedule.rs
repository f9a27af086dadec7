//! Which delivery of one webhook goes next, and when: pure, time and chance are arguments.
//!
//! Events of one session go one after the other in their order. One that the receiver will not take holds up its session for a while, then the others
//! pass it; it goes on being tried by itself, for a day. Sessions never wait for each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::id::{DeliveryId, SessionId};

/// How deliveries are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Under way at once, of one webhook.
    pub at_once: usize,
    /// Wait after a first failure, milliseconds; doubled with each further one.
    pub first_wait_ms: u64,
    /// The longest wait, milliseconds.
    pub longest_wait_ms: u64,
    /// One that failed holds up those behind it for this long, milliseconds.
    pub holds_up_ms: u64,
    /// Tried for this long, milliseconds; then dead.
    pub give_up_ms: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { at_once: 4, first_wait_ms: 1_000, longest_wait_ms: 3_600_000, holds_up_ms: 600_000, give_up_ms: 86_400_000 }
    }
}

/// A delivery as the schedule knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Which.
    pub id: DeliveryId,
    /// The number of its event: the order.
    pub seq: i64,
    /// It keeps the order of this session; without one it keeps none.
    pub session: Option<SessionId>,
    /// How often it failed.
    pub attempts: u32,
    /// When the time for giving up began to run, milliseconds.
    pub created_ms: u64,
    /// Not to be sent before, milliseconds.
    pub not_before_ms: u64,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send this one.
    Start(Job),
    /// Look again at this time, milliseconds.
    At(u64),
    /// Look again when something is told.
    Nothing,
}

/// What becomes of a failed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is tried again at this time, milliseconds.
    Again(u64),
    /// It was tried for long enough.
    Dead,
}

#[derive(Clone, Debug)]
struct Entry {
    job: Job,
    under_way: bool,
    failing_since_ms: Option<u64>,
}

/// What waits and what is under way, of one webhook.
#[derive(Debug)]
pub(super) struct Schedule {
    pace: Pace,
    entries: BTreeMap<i64, Entry>,
    under_way: usize,
}

impl Schedule {
    /// With nothing to do.
    #[must_use]
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, entries: BTreeMap::new(), under_way: 0 }
    }

    /// Takes a delivery; one that is there already stays as it is.
    pub(super) fn push(&mut self, job: Job) {
        let failing_since_ms = (job.attempts > 0).then_some(job.created_ms);
        self.entries.entry(job.seq).or_insert(Entry { job, under_way: false, failing_since_ms });
    }

    /// Forgets what waits: it is going to be pushed anew. What is under way stays.
    pub(super) fn forget_waiting(&mut self) {
        self.entries.retain(|_, entry| entry.under_way);
    }

    /// How many there are.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The next one to send.
    pub(super) fn next(&mut self, now_ms: u64) -> Next {
        if self.under_way >= self.pace.at_once.max(1) {
            return Next::Nothing;
        }
        let mut soonest: Option<u64> = None;
        let mut held = BTreeSet::new();
        for entry in self.entries.values_mut() {
            let passed = entry.failing_since_ms.map(|since| since.saturating_add(self.pace.holds_up_ms));
            let stands_aside = passed.is_some_and(|at| at <= now_ms);
            if let Some(session) = entry.job.session.as_ref().filter(|_| !stands_aside) {
                if held.contains(session) {
                    continue;
                }
                held.insert(session.clone());
            }
            if entry.under_way {
                continue;
            }
            if entry.job.not_before_ms > now_ms {
                // Those behind it may go when it stands aside, which can be before its own time.
                let look = passed.filter(|_| !stands_aside).map_or(entry.job.not_before_ms, |at| at.min(entry.job.not_before_ms));
                soonest = Some(soonest.map_or(look, |s| s.min(look)));
                continue;
            }
            entry.under_way = true;
            self.under_way += 1;
            return Next::Start(entry.job.clone());
        }
        soonest.map_or(Next::Nothing, Next::At)
    }

    /// The receiver took it, or it is given up for another reason.
    pub(super) fn over(&mut self, job: &Job) {
        if self.entries.get(&job.seq).is_some_and(|entry| entry.under_way) {
            self.entries.remove(&job.seq);
            self.under_way -= 1;
        }
    }

    /// It failed: it waits, longer with each time, a random part of it (`chance`, 0 to 1), at least as long as the receiver asks; after its day it is dead.
    pub(super) fn failed(&mut self, job: &Job, now_ms: u64, chance: f64, asked_ms: Option<u64>) -> Verdict {
        let pace = self.pace;
        let end_ms = job.created_ms.saturating_add(pace.give_up_ms);
        if now_ms >= end_ms {
            self.over(job);
            return Verdict::Dead;
        }
        let doubled = pace.first_wait_ms.saturating_mul(1 << job.attempts.min(30)).min(pace.longest_wait_ms);
        let wait = doubled / 2 + ((doubled - doubled / 2) as f64 * chance.clamp(0.0, 1.0)) as u64;
        let wait = wait.max(asked_ms.unwrap_or(0).min(pace.longest_wait_ms));
        let again = now_ms.saturating_add(wait.max(1)).min(end_ms);
        if let Some(entry) = self.entries.get_mut(&job.seq).filter(|entry| entry.under_way) {
            entry.under_way = false;
            entry.failing_since_ms = entry.failing_since_ms.or(Some(now_ms));
            entry.job.attempts = entry.job.attempts.saturating_add(1);
            entry.job.not_before_ms = again;
            self.under_way -= 1;
        }
        Verdict::Again(again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn job(seq: i64, session: u32) -> Job {
        Job {
            id: format!("d{seq}").parse().unwrap(),
            seq,
            session: Some(format!("s{session}").parse().unwrap()),
            attempts: 0,
            created_ms: 0,
            not_before_ms: 0,
        }
    }

    fn started(next: Next) -> Job {
        match next {
            Next::Start(job) => job,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_session_waits_for_its_own_and_nobody_elses() {
        let mut s = Schedule::new(Pace::default());
        [job(1, 1), job(2, 1), job(3, 2)].into_iter().for_each(|j| s.push(j));
        let (first, other) = (started(s.next(0)), started(s.next(0)));
        assert_eq!((first.seq, other.seq), (1, 3));
        assert_eq!(s.next(0), Next::Nothing, "the second of a session waits for the first");
        s.over(&first);
        assert_eq!(started(s.next(0)).seq, 2);
    }

    #[test]
    fn waits_double_up_to_an_hour_and_end_after_a_day() {
        let mut s = Schedule::new(Pace::default());
        s.push(job(1, 1));
        let (mut now, mut waits) = (0, Vec::new());
        loop {
            let next = started(s.next(now));
            match s.failed(&next, now, 1.0, None) {
                Verdict::Again(at) => {
                    assert_eq!(s.next(now), Next::At(at.min(600_000).max(if now >= 600_000 { at } else { 0 })));
                    waits.push(at - now);
                    now = at;
                }
                Verdict::Dead => break,
            }
        }
        assert_eq!(waits[..4], [1_000, 2_000, 4_000, 8_000]);
        assert!(waits.iter().all(|wait| *wait <= 3_600_000));
        assert_eq!(now, 86_400_000, "the last attempt is made a day after the event");
        assert_eq!(s.len(), 0);
        assert!(waits.len() > 30);
    }

    #[test]
    fn a_receiver_is_given_the_time_that_it_asks_for() {
        let mut s = Schedule::new(Pace::default());
        s.push(job(1, 1));
        let first = started(s.next(0));
        assert_eq!(s.failed(&first, 0, 0.0, Some(120_000)), Verdict::Again(120_000));
        let again = started(s.next(120_000));
        assert_eq!(s.failed(&again, 120_000, 0.0, Some(u64::MAX)), Verdict::Again(120_000 + 3_600_000), "not for ever");
    }

    #[test]
    fn one_that_is_never_taken_lets_the_others_pass_after_a_while() {
        let mut s = Schedule::new(Pace::default());
        [job(1, 1), job(2, 1)].into_iter().for_each(|j| s.push(j));
        let mut now = 0;
        loop {
            match s.next(now) {
                Next::Start(j) if j.seq == 1 => {
                    s.failed(&j, now, 1.0, None);
                }
                Next::Start(j) => {
                    assert_eq!((j.seq, now), (2, 600_000));
                    break;
                }
                Next::At(at) => now = at,
                Next::Nothing => panic!("there is something to do"),
            }
        }
    }

    proptest! {
        /// Any mixture of new events, answers and time: never too many at once, a session's order kept but by what stands aside, nothing lost, nothing early.
        #[test]
        fn everything_is_taken_or_dead(
            steps in proptest::collection::vec((0u8..8, 0usize..50, 0u64..2_000_000), 1..400),
            at_once in 1usize..5,
        ) {
            let pace = Pace { at_once, ..Pace::default() };
            let mut s = Schedule::new(pace);
            let (mut now, mut seq) = (0u64, 0i64);
            let mut running: Vec<Job> = Vec::new();
            let mut open: BTreeMap<i64, (Job, Option<u64>)> = BTreeMap::new();
            let mut early: BTreeMap<i64, u64> = BTreeMap::new();
            for (what, which, by) in steps {
                match what {
                    0..=2 => {
                        seq += 1;
                        let new = Job { created_ms: now, not_before_ms: now, ..job(seq, which as u32 % 3) };
                        open.insert(seq, (new.clone(), None));
                        s.push(new);
                    }
                    3 if !running.is_empty() => {
                        let j = running.remove(which % running.len());
                        s.over(&j);
                        open.remove(&j.seq);
                    }
                    4 | 5 if !running.is_empty() => {
                        let j = running.remove(which % running.len());
                        match s.failed(&j, now, which as f64 / 50.0, (what == 5).then_some(by)) {
                            Verdict::Again(at) => {
                                prop_assert!(at > now && at <= now + pace.longest_wait_ms);
                                prop_assert!(at <= j.created_ms + pace.give_up_ms);
                                early.insert(j.seq, at);
                                let slot = open.get_mut(&j.seq).unwrap();
                                slot.1 = slot.1.or(Some(now));
                            }
                            Verdict::Dead => {
                                prop_assert!(now >= j.created_ms + pace.give_up_ms, "a day at least");
                                open.remove(&j.seq);
                            }
                        }
                    }
                    6 => now += by,
                    7 if which == 0 => {
                        // A restart of the line: what waits comes again as the catalogue has it.
                        s.forget_waiting();
                        let under_way: BTreeSet<i64> = running.iter().map(|j| j.seq).collect();
                        for (seq, (j, failing)) in &open {
                            if !under_way.contains(seq) {
                                let not_before_ms = early.get(seq).copied().unwrap_or(j.not_before_ms);
                                s.push(Job { attempts: u32::from(failing.is_some()), not_before_ms, ..j.clone() });
                            }
                        }
                        for (j, failing) in open.values_mut() {
                            if failing.is_some() { *failing = Some(j.created_ms); }
                        }
                    }
                    _ => {
                        if let Next::Start(j) = s.next(now) {
                            prop_assert!(early.get(&j.seq).is_none_or(|at| *at <= now), "before its time");
                            prop_assert!(running.iter().all(|r| r.seq != j.seq), "twice at once");
                            let aside = |failing: Option<u64>| failing.is_some_and(|since| since + pace.holds_up_ms <= now);
                            let me_aside = aside(open[&j.seq].1);
                            for (other, (o, failing)) in open.range(..j.seq) {
                                if o.session == j.session && !me_aside {
                                    prop_assert!(aside(*failing), "{} passed {other}", j.seq);
                                }
                            }
                            running.push(j);
                        }
                    }
                }
                prop_assert!(running.len() <= at_once);
                prop_assert_eq!(s.len(), open.len());
            }
            // From here on everything is taken: nothing may be left over.
            for _ in 0..10_000 {
                if open.is_empty() { break; }
                if let Some(j) = running.pop() {
                    s.over(&j);
                    open.remove(&j.seq);
                    continue;
                }
                match s.next(now) {
                    Next::Start(j) => running.push(j),
                    Next::At(at) => { prop_assert!(at > now); now = at; }
                    Next::Nothing => prop_assert!(false, "{} are stuck", open.len()),
                }
            }
            prop_assert!(open.is_empty());
        }
    }
}
