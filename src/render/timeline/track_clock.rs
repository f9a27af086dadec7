//! One track's RTP time becoming session time.
//!
//! A track is cut into stretches: a stretch is one SSRC with one clock rate that runs on without a break. Within a stretch the place of
//! a packet is `RTP time + offset`; the offset follows the lower envelope of arrival (or the participant's common clock, once
//! there are sender reports) by at most 5 ms a second, so that nothing ever jumps.

use std::collections::VecDeque;

use super::reports::Reports;
use super::sequence::{Seen, SequenceExtender, TimestampExtender};
use super::transit::{Transit, ticks_to_ns};

/// Offsets move in steps that are whole samples at 8, 16 and 48 kHz.
pub const OFFSET_GRID_NS: i64 = 125_000;
/// A silence of arrivals after which the sender may have stopped its clock (hold), or started another.
const BREAK_NS: i64 = 300_000_000;
/// A time stamp that is off by this much against arrival without a silence was set anew by the sender.
const JUMP_NS: i64 = 1_000_000_000;
/// A number that was there before with a time that is this far off is no repeat: the sender began anew.
const RESTART_NS: i64 = 5_000_000_000;
/// After a break: less than this off is jitter, more is a clock set anew.
const SAME_CLOCK_NS: i64 = 60_000_000;
/// How far a numbering may go on over a break.
const NEAR_SEQUENCE: i64 = 3_000;
/// Below this the offset is left alone.
const DEAD_BAND_NS: i64 = 2_000_000;
const SLEW_PER_SECOND_NS: i64 = 5_000_000;
/// Two tracks of one participant that are further apart have no common clock.
const COMMON_WITHIN_NS: i64 = 400_000_000;
/// As many stretches are known however old they are: late packets and new stretches look back at them.
const KEPT: usize = 4;
/// Everything of a stretch has been asked for when its newest packet came this long before what is decided now: media is fed 1.4 s ahead of
/// rendering, and a packet is placed at most [`COMMON_WITHIN_NS`] after its arrival.
const OVER_NS: i64 = 2_500_000_000;
/// However short they are, no more are known (70 kB): two sources that take turns packet by packet, 50 a second each, have 180 that are not over.
const MOST: usize = 192;

/// What an RTP header says of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Sequence number.
    pub sequence: u16,
    /// Time stamp.
    pub timestamp: u32,
    /// Source.
    pub ssrc: u32,
    /// Rate of the time stamps.
    pub clock_hz: u32,
}

/// A packet's place in its track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Counts on over everything; a hole is a loss or a new stretch.
    pub sequence: i64,
    /// Which stretch.
    pub stretch: u32,
    /// RTP time counted on within the stretch.
    pub ticks: i64,
}

#[derive(Debug)]
struct Stretch {
    id: u32,
    ssrc: u32,
    hz: u32,
    sequences: SequenceExtender,
    /// Added to this stretch's numbers so that they follow the earlier ones.
    sequence_base: i64,
    timestamps: TimestampExtender,
    seen: Seen,
    transit: Transit,
    reports: Reports,
    first_arrival_ns: i64,
    last_arrival_ns: i64,
    /// The same clock may have gone on from the stretch before: its offset there.
    follows: Option<u32>,
    offset_ns: Option<i64>,
    slewing: bool,
    first_floor: Option<(i64, i64)>,
}

impl Stretch {
    fn at(&self, ticks: i64) -> Option<i64> {
        Some(ticks_to_ns(ticks, self.hz) + self.offset_ns?)
    }

    fn floor(&self) -> Option<i64> {
        self.transit.floor(|ticks| ticks_to_ns(ticks, self.hz))
    }
}

/// The clock of one track.
#[derive(Debug, Default)]
pub struct TrackClock {
    stretches: VecDeque<Stretch>,
    next_stretch: u32,
    next_sequence: i64,
    closed: Counts,
    /// The participant's common clock: session time minus the sender's wall clock.
    common_ns: Option<i64>,
    early_reports: Vec<(u32, u32, u64)>,
    /// The gate was closed since the newest packet.
    reopened: bool,
}

/// What came and what did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets, repeats not counted.
    pub received: u64,
    /// Numbers that never came.
    pub lost: u64,
    /// Repeats.
    pub duplicates: u64,
}

impl TrackClock {
    /// Takes a packet in order of arrival. `None` where it is a repeat.
    pub fn arrive(&mut self, arrival_ns: u64, header: Header) -> Option<Position> {
        let arrival = arrival_ns as i64;
        let index = self.stretch_for(arrival, header);
        let stretch = self.stretches.get_mut(index)?;
        let number = stretch.sequences.extend(header.sequence);
        if !stretch.seen.note(number) {
            return None;
        }
        let newest = stretch.sequences.highest() == Some(number);
        let ticks = if newest { stretch.timestamps.extend(header.timestamp) } else { stretch.timestamps.peek(header.timestamp) };
        stretch.transit.note(arrival_ns, ticks, stretch.hz);
        stretch.last_arrival_ns = stretch.last_arrival_ns.max(arrival);
        let sequence = stretch.sequence_base + number;
        self.next_sequence = self.next_sequence.max(sequence + 1);
        Some(Position { sequence, stretch: stretch.id, ticks })
    }

    /// The gate opens after it was closed: numbers that are missing before the next packet were kept out, not lost.
    pub fn reopened(&mut self) {
        self.reopened = true;
    }

    /// Takes a packet that shares the numbering but whose time stamp says nothing of now (an RFC 4733 event has the time of its start
    /// in all its packets).
    pub fn arrive_untimed(&mut self, arrival_ns: u64, header: Header) -> Option<Position> {
        let stretch = self.stretches.iter_mut().rev().find(|s| s.ssrc == header.ssrc)?;
        let number = stretch.sequences.extend(header.sequence);
        if !stretch.seen.note(number) {
            return None;
        }
        stretch.last_arrival_ns = stretch.last_arrival_ns.max(arrival_ns as i64);
        let sequence = stretch.sequence_base + number;
        self.next_sequence = self.next_sequence.max(sequence + 1);
        Some(Position { sequence, stretch: stretch.id, ticks: stretch.timestamps.peek(header.timestamp) })
    }

    fn stretch_for(&mut self, arrival: i64, header: Header) -> usize {
        let newest = self.stretches.len().wrapping_sub(1);
        let Some(last) = self.stretches.back() else { return self.begin(arrival, header, None) };
        if last.ssrc != header.ssrc || last.hz != header.clock_hz {
            // A late packet of the source before belongs there.
            let earlier = self.stretches.iter().rposition(|s| s.ssrc == header.ssrc && s.hz == header.clock_hz);
            if let Some(at) = earlier {
                let known = &self.stretches[at];
                let ahead = known.sequences.highest().map_or(0, |h| known.sequences.peek(header.sequence) - h);
                if ahead <= 0 && ahead > -NEAR_SEQUENCE && arrival - known.last_arrival_ns < 3 * JUMP_NS {
                    return at;
                }
            }
            return self.begin(arrival, header, None);
        }
        let number = last.sequences.peek(header.sequence);
        let ahead = last.sequences.highest().map_or(1, |h| number - h);
        let ticks = last.timestamps.peek(header.timestamp);
        let off = last.floor().map_or(0, |floor| arrival - ticks_to_ns(ticks, last.hz) - floor);
        // A late packet is not newer than the newest, or by no more than pictures are sent in another order than shown: one that is comes after a pause
        // in which the numbers went round (21 minutes at 50 a second).
        let newer = last.timestamps.peek_last().map_or(0, |newest| ticks_to_ns(ticks - newest, last.hz));
        if ahead <= 0 && ahead > -NEAR_SEQUENCE && off.abs() < RESTART_NS && newer < RESTART_NS {
            // Late or repeated: of the stretch that its number fell into.
            return (0..=newest)
                .rev()
                .find(|&i| {
                    let s = &self.stretches[i];
                    s.ssrc == header.ssrc
                        && s.hz == header.clock_hz
                        && s.sequence_base + s.sequences.peek(header.sequence) >= s.sequence_base + s.lowest()
                })
                .unwrap_or(newest);
        }
        let silent = arrival - last.last_arrival_ns >= BREAK_NS;
        if self.reopened || silent || off.abs() > JUMP_NS || !(0..=NEAR_SEQUENCE).contains(&ahead) {
            let follows = last.id;
            return self.begin(arrival, header, Some(follows));
        }
        newest
    }

    fn begin(&mut self, arrival: i64, header: Header, follows: Option<u32>) -> usize {
        let before = follows.and_then(|id| self.known(id));
        let (mut sequences, mut timestamps, mut reports) =
            (SequenceExtender::default(), TimestampExtender::default(), Reports::new(header.clock_hz));
        let mut sequence_base = self.next_sequence + 1 - i64::from(header.sequence);
        if let Some(before) = before {
            timestamps = before.timestamps;
            reports.clone_from(&before.reports);
            let number = before.sequences.peek(header.sequence);
            let ahead = before.sequences.highest().map_or(1, |h| number - h);
            if ahead > 0 && ahead <= NEAR_SEQUENCE {
                sequences = before.sequences;
                sequence_base = before.sequence_base;
                if !self.reopened {
                    self.closed.lost += (ahead - 1) as u64;
                }
            }
        }
        for (_, rtp, ntp) in self.early_reports.iter().filter(|(ssrc, ..)| *ssrc == header.ssrc) {
            let mut wraps = TimestampExtender::default();
            wraps.extend(header.timestamp);
            reports.note(wraps.peek(*rtp), *ntp);
        }
        self.early_reports.retain(|(ssrc, ..)| *ssrc != header.ssrc);
        self.reopened = false;
        let id = self.next_stretch;
        self.next_stretch += 1;
        if let Some(before) = self.stretches.back_mut() {
            before.transit.rest();
        }
        // Most tracks are one stretch from beginning to end.
        self.stretches.reserve_exact(1);
        self.stretches.push_back(Stretch {
            id,
            ssrc: header.ssrc,
            hz: header.clock_hz,
            sequences,
            sequence_base,
            timestamps,
            seen: Seen::default(),
            transit: Transit::default(),
            reports,
            first_arrival_ns: arrival,
            last_arrival_ns: arrival,
            follows,
            offset_ns: None,
            slewing: false,
            first_floor: None,
        });
        self.stretches.len() - 1
    }

    /// Takes a sender report.
    pub fn report(&mut self, ssrc: u32, rtp: u32, ntp: u64) {
        if ntp == 0 {
            return;
        }
        if let Some(stretch) = self.stretches.iter_mut().rev().find(|s| s.ssrc == ssrc) {
            let ticks = stretch.timestamps.peek(rtp);
            stretch.reports.note(ticks, ntp);
        } else if self.early_reports.len() < 8 {
            self.early_reports.push((ssrc, rtp, ntp));
        }
    }

    /// This track's own idea of `session time − sender's wall clock`, where it has sender reports.
    #[must_use]
    pub fn wall_offset_ns(&self) -> Option<i64> {
        let last = self.stretches.back()?;
        last.reports.ntp_ns(0)?;
        last.transit.floor(|ticks| last.reports.ntp_ns(ticks).unwrap_or(0))
    }

    /// The participant's common clock, the smallest of its tracks' own; `None` leaves the track to itself.
    pub fn set_common(&mut self, common_ns: Option<i64>) {
        self.common_ns = common_ns;
    }

    /// Whether a stretch's packets can be placed.
    #[must_use]
    pub fn placed(&self, position: Position) -> Option<i64> {
        self.known(position.stretch)?.at(position.ticks)
    }

    /// Whether a stretch is so long over that it is not known any more.
    #[must_use]
    pub fn is_gone(&self, stretch: u32) -> bool {
        self.stretches.front().is_some_and(|s| s.id > stretch)
    }

    /// The offset of a stretch: its RTP time plus this is session time.
    #[must_use]
    pub fn offset_ns(&self, stretch: u32) -> Option<i64> {
        self.known(stretch)?.offset_ns
    }

    /// Rendering is at `now_ns` and has `step_ns` to the next call: decides where stretches begin that started to arrive before
    /// `decide_before_ns`, and lets offsets follow.
    pub fn step(&mut self, decide_before_ns: i64, step_ns: i64) {
        for index in 0..self.stretches.len() {
            let target = self.target(index);
            let undecided = self.stretches[index].offset_ns.is_none() && self.stretches[index].first_arrival_ns <= decide_before_ns;
            let before = self.stretches[index].follows.filter(|_| undecided).and_then(|id| self.known(id));
            let before = before.map(|b| (b.offset_ns, b.transit.clone()));
            let stretch = &mut self.stretches[index];
            let Some(target) = target else { continue };
            match stretch.offset_ns {
                None if undecided => {
                    let same = before.filter(|(offset, _)| offset.is_some_and(|o| (o - target).abs() <= SAME_CLOCK_NS));
                    if let Some((offset, transit)) = same {
                        stretch.transit.continue_from(&transit);
                        stretch.offset_ns = offset;
                    } else {
                        if stretch.follows.is_some() {
                            // The sender set its time stamps anew: what its reports said of the old ones does not hold.
                            stretch.reports = Reports::new(stretch.hz);
                        }
                        stretch.offset_ns = Some(to_grid(target));
                    }
                }
                None => {}
                Some(offset) => {
                    let off = to_grid(target) - offset;
                    stretch.slewing = if stretch.slewing { off != 0 } else { off.abs() >= DEAD_BAND_NS };
                    if stretch.slewing {
                        let most = (SLEW_PER_SECOND_NS * (step_ns / 1_000_000) / 1_000 / OFFSET_GRID_NS).max(1) * OFFSET_GRID_NS;
                        stretch.offset_ns = Some(offset + off.clamp(-most, most));
                    }
                }
            }
            if let (None, Some(floor)) = (stretch.first_floor, stretch.floor())
                && stretch.last_arrival_ns - stretch.first_arrival_ns > 5_000_000_000
            {
                stretch.first_floor = Some((stretch.last_arrival_ns, floor));
            }
        }
        self.forget(decide_before_ns - OVER_NS);
    }

    /// Forgets stretches that are over. One that is still to be heard is not, however many came after it: at three pictures a second each is one.
    fn forget(&mut self, over_before_ns: i64) {
        let before = self.stretches.len();
        while self.stretches.len() > KEPT {
            let Some(old) = self.stretches.pop_front_if(|s| s.last_arrival_ns < over_before_ns) else { break };
            self.closed.add(&old);
        }
        while self.stretches.len() > MOST {
            let Some(old) = self.stretches.pop_front() else { break };
            self.closed.add(&old);
        }
        if self.stretches.len() < before {
            self.stretches.shrink_to(2 * self.stretches.len());
        }
    }

    fn known(&self, id: u32) -> Option<&Stretch> {
        // They are numbered as they follow each other, and forgotten from the front.
        self.stretches.get(id.checked_sub(self.stretches.front()?.id)? as usize)
    }

    fn target(&self, index: usize) -> Option<i64> {
        let stretch = &self.stretches[index];
        let floor = stretch.floor()?;
        let common = self.common_ns.zip(stretch.reports.ntp_ns(0)).and_then(|(common, _)| {
            // Session time of the stretch's newest packet by the common clock, taken back to its RTP zero.
            let newest = stretch.timestamps.peek_last()?;
            Some(stretch.reports.ntp_ns(newest)? + common - ticks_to_ns(newest, stretch.hz))
        });
        Some(common.filter(|c| (c - floor).abs() <= COMMON_WITHIN_NS).unwrap_or(floor))
    }

    /// What the stretches take.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let stretches = self.stretches.iter().map(|s| s.transit.bytes() + s.reports.bytes());
        self.stretches.capacity() * size_of::<Stretch>() + stretches.sum::<usize>()
    }

    /// What came and what did not, so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = self.closed;
        for stretch in &self.stretches {
            counts.add(stretch);
        }
        counts
    }

    /// The sender's clock against ours, parts per million (positive: it runs fast).
    #[must_use]
    pub fn drift_ppm(&self) -> f64 {
        let Some(last) = self.stretches.back() else { return 0.0 };
        let measured = last.first_floor.zip(last.floor()).and_then(|((at, first), now)| {
            let elapsed = last.last_arrival_ns - at;
            (elapsed > 20_000_000_000).then(|| (first - now) as f64 / elapsed as f64 * 1e6)
        });
        let ppm = measured.or_else(|| last.reports.drift_ppm()).unwrap_or(0.0);
        (ppm * 10.0).round() / 10.0
    }
}

impl Counts {
    fn add(&mut self, stretch: &Stretch) {
        self.received += stretch.seen.unique();
        self.lost += stretch.seen.missing();
        self.duplicates += stretch.seen.repeats();
    }
}

impl Stretch {
    fn lowest(&self) -> i64 {
        self.seen.lowest().unwrap_or(i64::MAX)
    }
}

fn to_grid(ns: i64) -> i64 {
    (ns + OFFSET_GRID_NS / 2).div_euclid(OFFSET_GRID_NS) * OFFSET_GRID_NS
}
