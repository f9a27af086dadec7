//! One sound track on its way from packets to the session's sample grid.

use std::collections::VecDeque;

use bytes::Bytes;

use super::conceal::{LONGEST_MS, conceal};
use super::decode::Decoder;
use super::resample::Resampler;
use crate::model::media::Codec;
use crate::render::put_away::{PutAway, of_spot, spot_of};
use crate::render::timeline::{Position, TrackClock, ticks_to_ns};
use crate::tape::Spot;

/// A packet that waits for its time.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Its place.
    pub position: Position,
    /// By its payload type.
    pub codec: Codec,
    /// Rate of its time stamps, and of its samples.
    pub hz: u32,
    /// Payload.
    pub payload: Bytes,
    /// Where its record stands on the tape, where that is known.
    pub spot: Option<Spot>,
}

#[derive(Debug)]
struct Chunk {
    stretch: u32,
    hz: u32,
    start: i64,
    samples: Vec<i16>,
}

/// A time in which media was there, session nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// First instant.
    pub from_ns: i64,
    /// The instant after the last.
    pub to_ns: i64,
    /// Sequence numbers were missing before it.
    pub lost_before: bool,
}

/// Below this a hole is no gap.
pub const GAP_NS: i64 = 300_000_000;
/// Packets are decoded this long before they are heard, for the resampler's sake.
const AHEAD_NS: i64 = 20_000_000;

/// Packets, samples and gaps of one sound track.
#[derive(Debug, Default)]
pub struct Voice {
    waiting: VecDeque<Packet>,
    /// What waits while nothing is rendered, without its payload: all of it, or nothing. Sequence, stretch and ticks; the spot; the rate; which of `codecs`.
    away: PutAway<8>,
    chunks: VecDeque<Chunk>,
    decoder: Option<(Codec, Decoder)>,
    offsets: Vec<(u32, i64)>,
    last: Option<(i64, bool)>,
    presence: Vec<Presence>,
    codecs: Vec<Codec>,
    undecodable: u64,
}

impl Voice {
    /// Takes a packet, of any order.
    pub fn push(&mut self, packet: Packet) {
        if !self.codecs.contains(&packet.codec) {
            self.codecs.push(packet.codec);
        }
        let at = self.waiting.iter().rposition(|p| p.position <= packet.position).map_or(0, |i| i + 1);
        self.waiting.insert(at, packet);
    }

    /// Codecs that came.
    #[must_use]
    pub fn codecs(&self) -> &[Codec] {
        &self.codecs
    }

    /// When there was media, in order.
    #[must_use]
    pub fn presence(&self) -> &[Presence] {
        &self.presence
    }

    /// Payloads that would not decode.
    #[must_use]
    pub fn undecodable(&self) -> u64 {
        self.undecodable
    }

    /// Nothing waits and nothing is left to be heard.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.away.is_empty() && self.chunks.is_empty()
    }

    /// The samples `from..from + out.len()` of the session's grid of `rate`; `true` where there is any.
    /// `clock` has been stepped to the end of the block.
    pub fn render(&mut self, clock: &TrackClock, rate: u32, from: i64, out: &mut [f32]) -> bool {
        let until_ns = ticks_to_ns(from + out.len() as i64, rate);
        self.decode_until(clock, until_ns + AHEAD_NS);
        let mut any = false;
        let mut stretches: Vec<(u32, u32)> = Vec::new();
        for chunk in &self.chunks {
            if !stretches.contains(&(chunk.stretch, chunk.hz)) {
                stretches.push((chunk.stretch, chunk.hz));
            }
        }
        for (stretch, hz) in stretches {
            let Some(after) = clock.offset_ns(stretch) else { continue };
            let before = self.offsets.iter().find(|(s, _)| *s == stretch).map_or(after, |(_, o)| *o);
            self.offsets.retain(|(s, _)| *s != stretch);
            self.offsets.push((stretch, after));
            any |= self.read(stretch, hz, rate, (from, before), (from + out.len() as i64, after), out);
        }
        let forgotten = self.offsets.len().saturating_sub(4);
        self.offsets.drain(..forgotten);
        self.drop_before(clock, until_ns);
        any
    }

    fn read(&self, stretch: u32, hz: u32, rate: u32, start: (i64, i64), end: (i64, i64), out: &mut [f32]) -> bool {
        // Positions as whole samples and a fraction: exact, so that what needs no resampling is copied bit by bit.
        let exact = |(sample, offset): (i64, i64)| {
            let over = i128::from(rate) * 1_000_000_000;
            let at = (i128::from(sample) * 1_000_000_000 - i128::from(offset) * i128::from(rate)) * i128::from(hz);
            (at.div_euclid(over) as i64, at.rem_euclid(over) as f64 / over as f64)
        };
        let (first, fraction) = exact(start);
        let (last, last_fraction) = exact(end);
        let length = (last - first) as f64 + last_fraction - fraction;
        let step = length / out.len() as f64;
        let straight = hz == rate && fraction == 0.0 && last - first == out.len() as i64 && last_fraction == 0.0;
        let resampler = Resampler::of(hz, rate);
        let (lead, count) = if straight {
            (0, out.len())
        } else {
            (resampler.before(), (last - first) as usize + resampler.before() + resampler.after() + 1)
        };
        let mut window = vec![0f32; count];
        let mut any = false;
        for chunk in self.chunks.iter().filter(|c| c.stretch == stretch && c.hz == hz) {
            let at = chunk.start - (first - lead as i64);
            let skip = (-at).max(0) as usize;
            let to = at.max(0) as usize;
            if to >= window.len() || skip >= chunk.samples.len() {
                continue;
            }
            any = true;
            for (w, s) in window[to..].iter_mut().zip(&chunk.samples[skip..]) {
                *w = f32::from(*s);
            }
        }
        if !any {
            return false;
        }
        if straight {
            out.iter_mut().zip(&window).for_each(|(o, w)| *o += w);
        } else {
            let mut read = vec![0f32; out.len()];
            resampler.read(&window, fraction, step, &mut read);
            out.iter_mut().zip(&read).for_each(|(o, r)| *o += r);
        }
        true
    }

    fn decode_until(&mut self, clock: &TrackClock, until_ns: i64) {
        while let Some(packet) = self.waiting.front() {
            let Some(at) = clock.placed(packet.position) else {
                if clock.is_gone(packet.position.stretch) {
                    self.waiting.pop_front();
                    continue;
                }
                return;
            };
            if at >= until_ns {
                return;
            }
            let Some(packet) = self.waiting.pop_front() else { return };
            self.decode(&packet, at);
        }
    }

    fn decode(&mut self, packet: &Packet, at: i64) {
        // RFC 4733 events and RFC 3389 noise are time without sound.
        let silent = matches!(packet.codec, Codec::TelephoneEvent | Codec::ComfortNoise);
        let mut samples = Vec::new();
        if !silent {
            if self.decoder.as_ref().is_none_or(|(codec, _)| *codec != packet.codec) {
                self.decoder = Decoder::new(packet.codec).ok().map(|d| (packet.codec, d));
            }
            let decoded = self.decoder.as_mut().is_some_and(|(_, d)| d.decode(&packet.payload, &mut samples));
            if !decoded {
                self.undecodable += 1;
            }
        }
        let length = match packet.codec {
            // RFC 4733 §2.3.5: how long the event has lasted, in the last 16 bits of its four bytes.
            Codec::TelephoneEvent => packet.payload.get(2..4).map_or(0, |d| i64::from(u16::from_be_bytes([d[0], d[1]]))),
            Codec::ComfortNoise => i64::from(packet.hz / 50),
            _ => samples.len() as i64,
        };
        let length = ticks_to_ns(length, packet.hz);
        let pausing = packet.codec == Codec::ComfortNoise || (packet.codec == Codec::Opus && packet.payload.len() <= 2);
        self.note_presence(at, length, packet.position.sequence, pausing);
        if !samples.is_empty() {
            let hole = self.hole_after(packet, &samples);
            self.chunks.push_back(Chunk { stretch: packet.position.stretch, hz: packet.hz, start: packet.position.ticks, samples });
            self.chunks.extend(hole);
        }
    }

    /// What stands in for lost packets up to the next one that is there, where they are few.
    fn hole_after(&self, packet: &Packet, samples: &[i16]) -> Option<Chunk> {
        let next = self.waiting.front()?;
        let same = next.codec == packet.codec && next.hz == packet.hz && next.position.stretch == packet.position.stretch;
        let start = packet.position.ticks + samples.len() as i64;
        let missing = next.position.ticks - start;
        let short = (1..=i64::from(packet.hz * LONGEST_MS / 1000)).contains(&missing);
        // Without a number missing it is the sender's own silence.
        if !same || !short || next.position.sequence <= packet.position.sequence + 1 {
            return None;
        }
        let samples = conceal(samples, packet.hz, missing as usize);
        Some(Chunk { stretch: packet.position.stretch, hz: packet.hz, start, samples })
    }

    fn note_presence(&mut self, at: i64, length: i64, sequence: i64, pausing: bool) {
        let follows = self.last.is_some_and(|(last, _)| last + 1 == sequence);
        let paused = self.last.is_some_and(|(_, p)| p);
        self.last = Some((sequence, pausing));
        match self.presence.last_mut() {
            Some(last) if at <= last.to_ns + GAP_NS || (follows && paused) => last.to_ns = last.to_ns.max(at + length),
            _ => self.presence.push(Presence { from_ns: at, to_ns: at + length, lost_before: !follows && !self.presence.is_empty() }),
        }
    }

    fn drop_before(&mut self, clock: &TrackClock, until_ns: i64) {
        let behind = |chunk: &Chunk| {
            clock
                .offset_ns(chunk.stretch)
                .is_none_or(|offset| ticks_to_ns(chunk.start + chunk.samples.len() as i64, chunk.hz) + offset < until_ns - AHEAD_NS)
        };
        while self.chunks.front().is_some_and(behind) {
            self.chunks.pop_front();
        }
    }

    /// Nothing is rendered for a while: no more room is kept than what waits needs, and of what stands on the tape only where.
    pub fn rest(&mut self) {
        self.chunks.shrink_to_fit();
        if self.away.is_empty() && self.waiting.iter().all(|packet| packet.spot.is_some()) {
            for Packet { position, codec, hz, spot, .. } in self.waiting.drain(..) {
                let (Some(spot), Some(codec)) = (spot, self.codecs.iter().position(|known| *known == codec)) else { continue };
                let [chunk, block_at, record_at] = of_spot(spot);
                let Position { sequence, stretch, ticks } = position;
                self.away.push([sequence, i64::from(stretch), ticks, chunk, block_at, record_at, i64::from(hz), codec as i64]);
            }
        }
        self.away.close();
        self.waiting.shrink_to_fit();
    }

    /// Takes payloads again from where they stand; a packet that is not there any more is left out.
    ///
    /// # Errors
    /// What reading it gave.
    pub fn bring_back<E>(&mut self, mut read: impl FnMut(Spot) -> Result<Option<Bytes>, E>) -> Result<(), E> {
        for [sequence, stretch, ticks, chunk, block_at, record_at, hz, codec] in std::mem::take(&mut self.away).rows() {
            let (spot, position) = (spot_of([chunk, block_at, record_at]), Position { sequence, stretch: stretch as u32, ticks });
            let Some(&codec) = self.codecs.get(codec as usize) else { continue };
            if let Some(payload) = read(spot)? {
                self.waiting.push_back(Packet { position, codec, hz: hz as u32, payload, spot: Some(spot) });
            }
        }
        Ok(())
    }
}
