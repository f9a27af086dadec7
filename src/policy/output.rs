//! One recording being made: its gates, its timeline, and whether it holds anything.

use super::instant::{Instant, Length};
use crate::model::gate::{DiscardReason, EndedBy, Gate};
use crate::model::id::OutputKey;

/// A participant's place in an output.
#[derive(Clone, Copy, Debug)]
struct Lane {
    gate: Gate,
    since: Instant,
    /// Some span of theirs, open or masked, is longer than nothing and not erased.
    holds: bool,
}

impl Lane {
    const EMPTY: Self = Self { gate: Gate::Closed, since: Instant::ZERO, holds: false };
}

/// An output of the session, running or over.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) key: OutputKey,
    pub(super) ended: Option<EndedBy>,
    pub(super) discarded: Option<DiscardReason>,
    /// By the participant's number.
    lanes: Vec<Lane>,
    /// Timeline that lies behind the last cut.
    ran: Length,
    /// Since when the timeline runs; `None` while cut or over.
    running_since: Option<Instant>,
}

impl Output {
    pub(super) fn starting(key: OutputKey, now: Instant) -> Self {
        Self { key, ended: None, discarded: None, lanes: Vec::new(), ran: Length::ZERO, running_since: Some(now) }
    }

    pub(super) fn is_main(&self) -> bool {
        matches!(self.key, OutputKey::Main(_))
    }

    pub(super) fn is_running(&self) -> bool {
        self.ended.is_none()
    }

    pub(super) fn gate(&self, party: usize) -> Gate {
        self.lanes.get(party).map_or(Gate::Closed, |lane| lane.gate)
    }

    /// Whether anybody's gate lets anything into it, silence included.
    pub(super) fn lets_anybody_in(&self) -> bool {
        self.lanes.iter().any(|lane| lane.gate != Gate::Closed)
    }

    pub(super) fn set_gate(&mut self, party: usize, gate: Gate, now: Instant) {
        if self.lanes.len() <= party {
            self.lanes.resize(party + 1, Lane::EMPTY);
        }
        let lane = &mut self.lanes[party];
        lane.holds |= lane.gate != Gate::Closed && now > lane.since;
        lane.gate = gate;
        lane.since = now;
    }

    /// Forgets what it holds of a participant; their gate must be closed by then.
    pub(super) fn erase(&mut self, party: usize) {
        if let Some(lane) = self.lanes.get_mut(party) {
            lane.holds = false;
        }
    }

    /// Whether any span is left in it. True of what is complete only after `end`.
    pub(super) fn holds_something(&self) -> bool {
        self.lanes.iter().any(|lane| lane.holds)
    }

    pub(super) fn end(&mut self, by: EndedBy, now: Instant) {
        self.cut(now);
        for party in 0..self.lanes.len() {
            self.set_gate(party, Gate::Closed, now);
        }
        self.ended = Some(by);
    }

    pub(super) fn cut(&mut self, now: Instant) {
        if let Some(since) = self.running_since.take() {
            self.ran = self.ran.plus(now.since(since));
        }
    }

    pub(super) fn go_on(&mut self, now: Instant) {
        self.running_since = Some(now);
    }

    /// Length of its own timeline once over, or up to its last cut.
    pub(super) fn ran(&self) -> Length {
        self.ran
    }

    /// When its timeline will have run this long, if it runs.
    pub(super) fn reaches(&self, length: Length) -> Option<Instant> {
        self.running_since.map(|since| since.plus(length.minus(self.ran)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(t: u64) -> Instant {
        Instant::from_ms(t)
    }

    #[test]
    fn a_span_of_no_length_is_nothing_and_a_masked_one_is_something() {
        let mut output = Output::starting(OutputKey::Main(1), ms(0));
        output.set_gate(0, Gate::Open, ms(5));
        output.set_gate(0, Gate::Closed, ms(5));
        assert!(!output.holds_something());
        output.set_gate(1, Gate::Masked, ms(5));
        output.end(EndedBy::End, ms(6));
        assert!(output.holds_something());
        output.erase(1);
        assert!(!output.holds_something());
    }

    #[test]
    fn the_timeline_leaves_cuts_out_and_knows_when_it_will_be_long_enough() {
        let mut output = Output::starting(OutputKey::Main(1), ms(1_000));
        output.cut(ms(3_000));
        assert_eq!(output.reaches(Length::from_s(5)), None);
        output.go_on(ms(10_000));
        assert_eq!(output.reaches(Length::from_s(5)), Some(ms(13_000)));
        output.end(EndedBy::Stop, ms(11_000));
        assert_eq!(output.ran(), Length::from_s(3));
        assert!(!output.is_running());
    }
}
