//! Who is to be seen: the one who speaks, from just before their first word.

use std::collections::{BTreeMap, VecDeque};

use crate::model::id::ParticipantId;
use crate::render::timeline::OutputTime;

const MS: u64 = 1_000_000;
/// How far ahead of a picture it must be known who speaks.
pub(super) const LOOK_AHEAD_NS: u64 = 800 * MS;
/// A speaker is shown at least so long.
const HOLD_NS: u64 = 1_500 * MS;
/// Louder than this is speech.
const SPEECH_DBFS: f32 = -45.0;
/// A speaker's share of the look-ahead that makes a cut: a cough is shorter.
const ENOUGH_NS: u64 = 300 * MS;
/// The new speaker must be ahead of the one shown by so much: where both talk, the picture stays.
const AHEAD_NS: u64 = 200 * MS;
/// Between two levels of somebody who can be heard, at most.
const LEVEL_LASTS_NS: u64 = 150 * MS;

/// Decides picture by picture. Time only goes forward.
#[derive(Debug, Default)]
pub(super) struct Director {
    /// Stretches of speech, `[from, to)`.
    speech: BTreeMap<ParticipantId, VecDeque<(u64, u64)>>,
    shown: Option<(ParticipantId, u64)>,
}

impl Director {
    /// How loud somebody is at a time.
    pub(super) fn level(&mut self, at: OutputTime, who: &ParticipantId, dbfs: f32) {
        let spans = match self.speech.get_mut(who) {
            Some(spans) => spans,
            None => self.speech.entry(who.clone()).or_default(),
        };
        if let Some(last) = spans.back_mut()
            && last.1 > at.0
        {
            last.1 = at.0.max(last.0);
        }
        if dbfs < SPEECH_DBFS {
            return;
        }
        match spans.back_mut() {
            Some(last) if last.1 == at.0 => last.1 = at.0 + LEVEL_LASTS_NS,
            _ => spans.push_back((at.0, at.0 + LEVEL_LASTS_NS)),
        }
    }

    /// Who is shown at `now`, of those who can be (in the order of their coming).
    pub(super) fn choose(&mut self, now: OutputTime, can: &[ParticipantId]) -> Option<ParticipantId> {
        let now = now.0;
        for spans in self.speech.values_mut() {
            while spans.front().is_some_and(|(_, to)| *to <= now) {
                spans.pop_front();
            }
        }
        let talks = |who: &ParticipantId| self.speech.get(who).map_or(0, |spans| overlap(spans, now, now + LOOK_AHEAD_NS));
        let still = self.shown.clone().filter(|(who, _)| can.contains(who));
        // The first in order wins a tie: max_by_key takes the last, so the order is turned round.
        let loudest = can.iter().rev().max_by_key(|who| talks(who))?;
        let next = match still {
            None => (loudest.clone(), if talks(loudest) > 0 { now } else { now.saturating_sub(HOLD_NS) }),
            Some((who, since)) => {
                let held = now - since >= HOLD_NS || since == 0 && talks(&who) == 0;
                let cut = *loudest != who && talks(loudest) >= ENOUGH_NS && talks(loudest) >= talks(&who) + AHEAD_NS;
                if held && cut { (loudest.clone(), now) } else { (who, since) }
            }
        };
        self.shown = Some(next.clone());
        Some(next.0)
    }
}

fn overlap(spans: &VecDeque<(u64, u64)>, from: u64, to: u64) -> u64 {
    spans.iter().map(|(a, b)| (*b).min(to).saturating_sub((*a).max(from))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ParticipantId {
        text.parse().unwrap()
    }

    /// Who is shown at each 100 ms, where speech is given as `(who, from_ms, to_ms)`.
    fn play(speech: &[(&str, u64, u64)], until_ms: u64) -> String {
        let mut director = Director::default();
        for at in (0..until_ms + 2000).step_by(100) {
            for who in ["a", "b"] {
                let talks = speech.iter().any(|(s, from, to)| *s == who && (*from..*to).contains(&at));
                director.level(OutputTime(at * MS), &id(who), if talks { -20.0 } else { -70.0 });
            }
        }
        (0..until_ms).step_by(100).map(|at| director.choose(OutputTime(at * MS), &[id("a"), id("b")]).unwrap().to_string()).collect()
    }

    #[test]
    fn the_cut_comes_before_the_first_word() {
        let shown = play(&[("a", 0, 3000), ("b", 3500, 6000)], 6000);
        let cut = shown.find('b').unwrap() as u64 * 100;
        assert!((2900..3500).contains(&cut), "{shown}");
        assert!(shown[cut as usize / 100..].bytes().all(|c| c == b'b'), "{shown}");
    }

    #[test]
    fn whoever_speaks_first_is_there_from_the_start() {
        assert!(play(&[("b", 500, 3000)], 2000).bytes().all(|c| c == b'b'));
    }

    #[test]
    fn a_cough_and_talking_over_each_other_do_not_cut() {
        assert!(play(&[("a", 0, 6000), ("b", 2000, 2200), ("b", 3000, 6000)], 5000).bytes().all(|c| c == b'a'));
    }

    #[test]
    fn nobody_is_shown_for_less_than_the_hold() {
        let speech: Vec<_> = (0..20).map(|n| (if n % 2 == 0 { "a" } else { "b" }, n * 400, n * 400 + 400)).collect();
        let shown = play(&speech, 8000);
        let mut runs: Vec<usize> = Vec::new();
        for pair in shown.as_bytes().chunk_by(|x, y| x == y) {
            runs.push(pair.len());
        }
        assert!(runs[..runs.len() - 1].iter().all(|run| *run >= 15), "{shown}");
    }

    #[test]
    fn who_cannot_be_shown_gives_way_at_once() {
        let mut director = Director::default();
        assert_eq!(director.choose(OutputTime(0), &[id("a"), id("b")]), Some(id("a")));
        assert_eq!(director.choose(OutputTime(MS), &[id("b")]), Some(id("b")));
        assert_eq!(director.choose(OutputTime(2 * MS), &[]), None);
    }
}
