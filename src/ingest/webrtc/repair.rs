//! Repair of losses by NACK (RFC 4585 §6.2.1), as a recorder wants it: it may wait seconds for a packet, so it asks patiently and never floods.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const WORDS: usize = 32;
/// Packets back that are remembered.
const WINDOW: u64 = 64 * WORDS as u64;
/// A gap wider than this is no loss to be mended by asking: the sender began anew, or a keyframe is cheaper.
const WIDEST_GAP: u64 = 512;
/// Reordering is waited for this long before the first request.
const PATIENCE: Duration = Duration::from_millis(8);
const FIRST_RETRY: Duration = Duration::from_millis(40);
const SLOWEST_RETRY: Duration = Duration::from_millis(250);
/// Senders forget after about a second.
const GIVE_UP: Duration = Duration::from_millis(1200);

/// What a packet is to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Novelty {
    /// Never seen.
    New,
    /// It had been lost and asked for, or came late.
    Mended,
    /// Seen before: a probe, or one retransmission too many.
    Duplicate,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    number: u64,
    since: Instant,
    asked: u32,
    next: Instant,
}

/// The losses of one SSRC. Pure.
#[derive(Debug)]
pub(super) struct Repair {
    newest: u64,
    seen: [u64; WORDS],
    missing: VecDeque<Missing>,
    behind: u8,
    begun: bool,
}

impl Repair {
    pub(super) fn new() -> Self {
        Self { newest: 0, seen: [0; WORDS], missing: VecDeque::new(), behind: 0, begun: false }
    }

    fn slot(number: u64) -> (usize, u64) {
        ((number / 64) as usize % WORDS, 1 << (number % 64))
    }

    fn mark(&mut self, number: u64) -> bool {
        let (word, bit) = Self::slot(number);
        let before = self.seen[word] & bit != 0;
        self.seen[word] |= bit;
        before
    }

    fn begin(&mut self, sequence: u16) -> Novelty {
        *self = Self { newest: (1 << 32) + u64::from(sequence), begun: true, ..Self::new() };
        self.mark(self.newest);
        Novelty::New
    }

    /// A packet of the stream arrived.
    pub(super) fn packet(&mut self, sequence: u16, now: Instant) -> Novelty {
        if !self.begun {
            return self.begin(sequence);
        }
        let ahead = i64::from(sequence.wrapping_sub(self.newest as u16) as i16);
        let number = self.newest.saturating_add_signed(ahead);
        if number > self.newest {
            if number - self.newest > WIDEST_GAP {
                return self.begin(sequence);
            }
            for lost in self.newest + 1..number {
                let (word, bit) = Self::slot(lost);
                self.seen[word] &= !bit;
                self.missing.push_back(Missing { number: lost, since: now, asked: 0, next: now + PATIENCE });
            }
            let (word, bit) = Self::slot(number);
            self.seen[word] &= !bit;
            self.newest = number;
            self.behind = 0;
            self.mark(number);
            return Novelty::New;
        }
        if self.newest - number >= WINDOW {
            // Too old to be known. Several of them mean that the sender began anew.
            self.behind += 1;
            return if self.behind > 2 { self.begin(sequence) } else { Novelty::Duplicate };
        }
        if self.mark(number) {
            return Novelty::Duplicate;
        }
        self.missing.retain(|m| m.number != number);
        Novelty::Mended
    }

    /// Forgets what is missing: nobody wants it (the gate is closed, or a keyframe made it useless).
    pub(super) fn forget(&mut self) {
        self.missing.clear();
    }

    /// Puts the sequence numbers to be asked for now into `ask`, and says how many were given up.
    pub(super) fn due(&mut self, now: Instant, ask: &mut Vec<u16>) -> usize {
        let before = self.missing.len();
        self.missing.retain(|m| now < m.since + GIVE_UP);
        let given_up = before - self.missing.len();
        for missing in self.missing.iter_mut().filter(|m| m.next <= now) {
            missing.asked += 1;
            missing.next = now + (FIRST_RETRY * missing.asked).min(SLOWEST_RETRY);
            ask.push(missing.number as u16);
        }
        given_up
    }

    /// When `due` wants to be called next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.missing.iter().map(|m| m.next.min(m.since + GIVE_UP)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn a_lost_packet_is_asked_for_a_few_times_then_given_up() {
        let mut repair = Repair::new();
        let start = Instant::now();
        repair.packet(10, start);
        repair.packet(12, start);
        let (mut asked, mut given_up, mut at) = (Vec::new(), 0, start);
        while let Some(next) = repair.deadline() {
            assert!(next >= at);
            at = next;
            given_up += repair.due(at, &mut asked);
        }
        assert_eq!(given_up, 1);
        assert!(asked.iter().all(|s| *s == 11));
        assert!((5..=9).contains(&asked.len()), "{} requests", asked.len());
        assert!(at - start <= GIVE_UP);
    }

    #[test]
    fn a_packet_that_came_late_is_not_asked_for() {
        let mut repair = Repair::new();
        let start = Instant::now();
        repair.packet(65_535, start);
        assert_eq!(repair.packet(1, start), Novelty::New);
        assert_eq!(repair.packet(0, start + Duration::from_millis(3)), Novelty::Mended);
        assert_eq!(repair.packet(0, start), Novelty::Duplicate);
        assert_eq!(repair.deadline(), None);
    }

    proptest! {
        #[test]
        fn every_packet_is_new_once(first in any::<u16>(), arrivals in proptest::collection::vec(0u16..400, 1..600)) {
            let mut repair = Repair::new();
            let now = Instant::now();
            let mut seen = HashSet::from([0]);
            repair.packet(first, now);
            for number in arrivals {
                let novelty = repair.packet(first.wrapping_add(number), now);
                prop_assert_eq!(novelty != Novelty::Duplicate, seen.insert(number));
            }
        }

        #[test]
        fn what_is_asked_for_is_what_is_missing(first in any::<u16>(), kept in proptest::collection::vec(any::<bool>(), 2..300)) {
            let mut repair = Repair::new();
            let now = Instant::now();
            let last = kept.len();
            let mut lost = Vec::new();
            repair.packet(first, now);
            for (n, keep) in kept.into_iter().enumerate() {
                let sequence = first.wrapping_add(1 + n as u16);
                if keep { repair.packet(sequence, now); } else { lost.push(sequence); }
            }
            repair.packet(first.wrapping_add(1 + last as u16), now);
            let mut ask = Vec::new();
            repair.due(now + PATIENCE, &mut ask);
            prop_assert_eq!(ask, lost);
        }
    }
}
