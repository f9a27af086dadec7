//! Which packets of a track may pass: the permit by arrival, and by the stream's own order.
//!
//! A permit speaks of arrival. A packet of the forbidden time can still arrive after the gate has opened: reordered on the way, or sent again because a
//! NACK asked for it. So the gate also keeps, for each SSRC, a floor of sequence numbers at or below which nothing passes any more: the newest packet
//! seen while the permit was closed, and whatever precedes the first packet that arrived after it opened.

use crate::model::time::MediaTime;

/// How far behind the newest a sequence number may be before two in a row mean that the sender began anew (RFC 3550, appendix A.1, where it is 100).
const RESTART_DISTANCE: u64 = 3000;
/// Senders keep packets for retransmission for about a second; after this long nothing of the time before can turn up.
const LATE_NS: u64 = 2_000_000_000;
/// SSRCs remembered for each track.
const REMEMBERED: usize = 4;
/// Where extended sequence numbers begin, so that a packet before the first has a number too.
const BASE: u64 = 1 << 32;

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be written.
    Pass,
    /// The permit was closed when it arrived.
    Closed,
    /// The permit is open, but the packet belongs to a time when it was closed.
    Forbidden,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    ssrc: u32,
    newest: u64,
    floor: u64,
    opened: bool,
    restart_at: Option<u16>,
    used: MediaTime,
}

/// The gate of one track. Pure: what the permit says comes in as a function.
#[derive(Clone, Debug, Default)]
pub struct TrackGate {
    streams: Vec<Stream>,
    last_arrival: Option<MediaTime>,
}

impl TrackGate {
    /// A gate that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Judges a packet. `admits` is the permit: whether what arrived at an instant may be written now.
    pub fn judge(&mut self, ssrc: u32, sequence: u16, arrival: MediaTime, admits: impl Fn(MediaTime) -> bool) -> Verdict {
        // The permit does not tell that it closed and opened between two packets; that it no longer admits the last one does.
        if self.last_arrival.is_some_and(|last| !admits(last)) {
            for stream in &mut self.streams {
                stream.floor = stream.newest;
                stream.opened = false;
            }
        }
        self.last_arrival = self.last_arrival.max(Some(arrival));
        let open = admits(arrival);
        let Some(stream) = self.streams.iter_mut().find(|s| s.ssrc == ssrc) else {
            self.begin(ssrc, sequence, arrival, open, &admits);
            return if open { Verdict::Pass } else { Verdict::Closed };
        };
        stream.used = arrival;
        let mut number = extend(stream.newest, sequence);
        if number + RESTART_DISTANCE < stream.newest {
            if stream.restart_at == Some(sequence) {
                number = stream.newest + RESTART_DISTANCE;
                number += u64::from(sequence.wrapping_sub(number as u16));
                stream.opened = false;
            } else {
                stream.restart_at = Some(sequence.wrapping_add(1));
            }
        } else {
            stream.restart_at = None;
        }
        if !open {
            stream.newest = stream.newest.max(number);
            stream.floor = stream.newest;
            stream.opened = false;
            return Verdict::Closed;
        }
        if number <= stream.floor {
            return Verdict::Forbidden;
        }
        if !stream.opened {
            stream.floor = number - 1;
            stream.opened = true;
        }
        stream.newest = stream.newest.max(number);
        Verdict::Pass
    }

    fn begin(&mut self, ssrc: u32, sequence: u16, arrival: MediaTime, open: bool, admits: impl Fn(MediaTime) -> bool) {
        if self.streams.len() >= REMEMBERED {
            let oldest = self.streams.iter().enumerate().min_by_key(|(_, s)| s.used).map_or(0, |(i, _)| i);
            self.streams.swap_remove(oldest);
        }
        let number = BASE + u64::from(sequence);
        let floor = match (open, admits(arrival - LATE_NS)) {
            (false, _) => number,
            (true, false) => number - 1,
            (true, true) => 0,
        };
        self.streams.push(Stream { ssrc, newest: number, floor, opened: open, restart_at: None, used: arrival });
    }
}

/// The extended sequence number nearest to `newest` (RFC 3550, appendix A.1).
fn extend(newest: u64, sequence: u16) -> u64 {
    let ahead = sequence.wrapping_sub(newest as u16) as i16;
    newest.saturating_add_signed(i64::from(ahead))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn from(open_from_ms: Option<u64>) -> impl Fn(MediaTime) -> bool {
        move |t| open_from_ms.is_some_and(|from| t >= MediaTime::from_ms(from))
    }

    #[test]
    fn what_was_lost_while_closed_does_not_pass_when_it_is_sent_again() {
        let mut gate = TrackGate::new();
        let ms = MediaTime::from_ms;
        assert_eq!(gate.judge(1, 10, ms(5000), from(None)), Verdict::Closed);
        // 11 and 12 were sent while closed and lost; 13 shows the gap, they come again.
        assert_eq!(gate.judge(1, 13, ms(5060), from(Some(5050))), Verdict::Pass);
        assert_eq!(gate.judge(1, 11, ms(5080), from(Some(5050))), Verdict::Forbidden);
        assert_eq!(gate.judge(1, 12, ms(5081), from(Some(5050))), Verdict::Forbidden);
        assert_eq!(gate.judge(1, 14, ms(5082), from(Some(5050))), Verdict::Pass);
        assert_eq!(gate.judge(1, 10, ms(5083), from(Some(5050))), Verdict::Forbidden);
    }

    #[test]
    fn a_pause_between_two_packets_is_noticed() {
        let mut gate = TrackGate::new();
        let ms = MediaTime::from_ms;
        assert_eq!(gate.judge(1, 10, ms(5000), from(Some(0))), Verdict::Pass);
        assert_eq!(gate.judge(1, 12, ms(5030), from(Some(5025))), Verdict::Pass);
        assert_eq!(gate.judge(1, 11, ms(5031), from(Some(5025))), Verdict::Forbidden);
    }

    #[test]
    fn a_sender_that_begins_anew_with_the_same_ssrc_is_heard_again() {
        let mut gate = TrackGate::new();
        let ms = MediaTime::from_ms;
        assert_eq!(gate.judge(1, 20_000, ms(100), from(None)), Verdict::Closed);
        assert_eq!(gate.judge(1, 5, ms(200), from(Some(150))), Verdict::Forbidden);
        assert_eq!(gate.judge(1, 6, ms(220), from(Some(150))), Verdict::Pass);
        assert_eq!(gate.judge(1, 7, ms(240), from(Some(150))), Verdict::Pass);
        assert_eq!(gate.judge(1, 5, ms(250), from(Some(150))), Verdict::Forbidden);
    }

    #[test]
    fn reordering_in_the_middle_of_an_open_stream_passes() {
        let mut gate = TrackGate::new();
        let ms = MediaTime::from_ms;
        for (at, seq) in [(9000, 65_534), (9001, 0), (9002, 65_535), (9003, 2), (9004, 1)] {
            assert_eq!(gate.judge(1, seq, ms(at), from(Some(0))), Verdict::Pass, "{seq}");
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Arrive { stream: u8, back: u8 },
        Open,
        Close,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            12 => (0u8..2, prop_oneof![8 => Just(0u8), 2 => 1u8..20]).prop_map(|(stream, back)| Step::Arrive { stream, back }),
            1 => Just(Step::Open),
            1 => Just(Step::Close),
        ];
        proptest::collection::vec(step, 1..300)
    }

    proptest! {
        // The reference remembers everything; the gate a few numbers.
        #[test]
        fn nothing_of_the_forbidden_time_passes_and_nothing_else_is_lost(steps in steps(), first in any::<u16>()) {
            let mut gate = TrackGate::new();
            let (mut open_from, mut now) = (None, 10_000u64);
            let mut sent: HashMap<u8, i64> = HashMap::new();
            let mut seen_closed: HashMap<u8, i64> = HashMap::new();
            let mut first_open: HashMap<u8, i64> = HashMap::new();
            for step in steps {
                now += 5;
                match step {
                    Step::Open => if open_from.is_none() { open_from = Some(now); },
                    Step::Close => {
                        open_from = None;
                        first_open.clear();
                        for (stream, newest) in &sent { seen_closed.insert(*stream, *newest); }
                    }
                    Step::Arrive { stream, back } => {
                        let newest = sent.get(&stream).copied().unwrap_or(-1);
                        let number = if back == 0 { newest + 1 } else { (newest - i64::from(back)).max(0) };
                        sent.insert(stream, newest.max(number));
                        let sequence = first.wrapping_add(number as u16);
                        let verdict = gate.judge(u32::from(stream), sequence, MediaTime::from_ms(now), from(open_from));
                        if open_from.is_none() {
                            prop_assert_eq!(verdict, Verdict::Closed);
                            let seen = seen_closed.entry(stream).or_insert(number);
                            *seen = (*seen).max(number);
                        } else {
                            let forbidden = seen_closed.get(&stream).is_some_and(|newest| number <= *newest);
                            let before = first_open.get(&stream).is_some_and(|first| number < *first);
                            if forbidden || before {
                                prop_assert_eq!(verdict, Verdict::Forbidden);
                            } else {
                                prop_assert_eq!(verdict, Verdict::Pass);
                                first_open.entry(stream).or_insert(number);
                            }
                        }
                    }
                }
            }
        }

        #[test]
        fn in_order_everything_that_arrives_while_open_passes(first in any::<u16>(), flips in proptest::collection::vec(1u64..40, 0..10)) {
            let mut gate = TrackGate::new();
            let (mut open, mut left) = (true, flips.into_iter());
            let mut next = left.next();
            let mut open_from = Some(0);
            for n in 0..400u64 {
                let now = n * 20;
                if next == Some(0) {
                    open = !open;
                    open_from = open.then_some(now);
                    next = left.next();
                }
                next = next.map(|n| n.saturating_sub(1));
                let verdict = gate.judge(7, first.wrapping_add(n as u16), MediaTime::from_ms(now), from(open_from));
                prop_assert_eq!(verdict, if open { Verdict::Pass } else { Verdict::Closed });
            }
        }
    }
}
