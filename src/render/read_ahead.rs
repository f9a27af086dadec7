//! Records that were read and are not due yet, in order of arrival.
//!
//! A session is rendered in bursts of some seconds, and two seconds are read ahead: what hundreds of calls hold of those between two bursts is where their
//! packets stand on the tape, not the packets.

use std::collections::VecDeque;

use super::put_away::{PutAway, of_spot, spot_of};
use super::session_render::Records;
use crate::model::event::TapeEvent;
use crate::model::time::MediaTime;
use crate::tape::{Body, Record, Spot, TapeError};

/// A record and where it stands, if it can be read again from there.
pub(super) type Read = (Record, Option<Spot>);

#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    waiting: VecDeque<Read>,
    /// Packets of which only the place is held, while nothing is rendered.
    away: PutAway<3>,
}

impl ReadAhead {
    /// Takes the next record of the tape.
    pub fn push(&mut self, record: Record, spot: Option<Spot>) {
        let index = self.waiting.iter().rposition(|(earlier, _)| earlier.at <= record.at).map_or(0, |i| i + 1);
        self.waiting.insert(index, (record, spot));
    }

    /// The next one that arrived by then.
    pub fn pop(&mut self, known: MediaTime) -> Option<Read> {
        if self.waiting.front()?.0.at > known { None } else { self.waiting.pop_front() }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.away.is_empty()
    }

    /// Events that wait.
    pub fn events(&self) -> impl Iterator<Item = (MediaTime, &TapeEvent)> {
        self.waiting.iter().filter_map(|(record, _)| match &record.body {
            Body::Event(event) => Some((record.at, event)),
            Body::Rtp { .. } | Body::SenderReport { .. } => None,
        })
    }

    /// Nothing is rendered for a while: packets are put away.
    pub fn rest(&mut self) {
        let mut kept = VecDeque::new();
        for (record, spot) in std::mem::take(&mut self.waiting) {
            match (&record.body, spot) {
                (Body::Rtp { .. }, Some(spot)) => self.away.push(of_spot(spot)),
                _ => kept.push_back((record, spot)),
            }
        }
        kept.shrink_to_fit();
        self.away.close();
        self.waiting = kept;
    }

    /// Brings back what `rest` put away, to where it was.
    pub fn bring_back(&mut self, records: &mut dyn Records) -> Result<(), TapeError> {
        if self.away.is_empty() {
            return Ok(());
        }
        // Neighbours on the tape are read together.
        let mut away: Vec<Spot> = std::mem::take(&mut self.away).rows().map(spot_of).collect();
        away.sort_unstable();
        for spot in away {
            if let Some(record) = records.again(spot)? {
                self.waiting.push_back((record, Some(spot)));
            }
        }
        // In the order of arrival, and of equal ones in that of the tape, as they were: what has no spot is never put away beside what has one.
        self.waiting.make_contiguous().sort_by_key(|(record, spot)| (record.at, *spot));
        Ok(())
    }
}
