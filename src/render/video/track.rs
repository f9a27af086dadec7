//! One picture track of an output: its frames, and which of them is there at a tick.

use super::offsets::Offsets;
use std::collections::VecDeque;

use crate::model::id::ParticipantId;
use crate::model::media::{Codec, MediaKind};
use crate::render::depacketize::h264::H264Depacketizer;
use crate::render::depacketize::vp8::Vp8Depacketizer;
use crate::render::depacketize::{CodedFrame, FrameCounts, PicturePacket};
use crate::render::timeline::{OutputTime, PlacedPacket};

/// A camera that sends nothing for longer is off: no frozen face. A screen stands still for as long as it likes.
const CAMERA_HOLD_NS: u64 = 2_000_000_000;
/// How far from its time a frame may be shown for the sake of a tick of its own, in ticks: half of one by rounding, and
/// what jitter of the sender's clock needs.
const LATEST: f64 = 1.2;

/// A frame with its place among the ticks.
#[derive(Clone, Copy, Debug)]
struct Placed {
    number: u64,
    at: u64,
    tick: u64,
}

/// A picture track.
#[derive(Debug)]
pub(super) struct Track {
    pub owner: ParticipantId,
    pub kind: MediaKind,
    /// Order of coming, over all tracks.
    pub order: u64,
    vp8: Vp8Depacketizer,
    h264: H264Depacketizer,
    codec: Option<Codec>,
    frames: VecDeque<Placed>,
    last_tick: Option<u64>,
    next_number: u64,
    /// The frame at the tick that was looked at last.
    current: Option<Placed>,
    pub muted: bool,
    /// No frame from before this is shown any more …
    floor_ns: u64,
    /// … and this is the first one after it.
    floor: Option<u64>,
    /// Frames that had a tick of their own while they could be shown.
    pub composed: u64,
    /// How far from its own time each of them was shown.
    pub offsets: Offsets,
}

/// What a track shows at a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shows {
    pub number: u64,
    pub floor: u64,
}

impl Track {
    pub(super) fn new(owner: ParticipantId, kind: MediaKind, order: u64) -> Self {
        Self {
            owner,
            kind,
            order,
            vp8: Vp8Depacketizer::default(),
            h264: H264Depacketizer::default(),
            codec: None,
            frames: VecDeque::new(),
            last_tick: None,
            next_number: 0,
            current: None,
            muted: false,
            floor_ns: 0,
            floor: None,
            composed: 0,
            offsets: Offsets::default(),
        }
    }

    /// Takes a packet; answers whole frames and their numbers. `first_tick` is the first that can still be made.
    pub(super) fn packet(&mut self, packet: &PlacedPacket<'_>, fps: u32, first_tick: u64) -> Vec<(u64, CodedFrame)> {
        if self.codec.is_some_and(|codec| codec != packet.codec) {
            // The other codec begins with a key frame of its own; what was unfinished stays so.
            self.vp8.finish();
            self.h264.finish();
        }
        self.codec = Some(packet.codec);
        let part = PicturePacket {
            at: packet.at,
            sequence: packet.sequence,
            timestamp: packet.rtp_timestamp,
            ssrc: packet.ssrc,
            marker: packet.marker,
            payload: packet.payload,
        };
        let frames = match packet.codec {
            Codec::Vp8 => self.vp8.push(&part),
            Codec::H264 => self.h264.push(&part),
            _ => Vec::new(),
        };
        frames.into_iter().map(|frame| (self.place(frame.at, fps, first_tick), frame)).collect()
    }

    /// Parameter sets that signalling told (`sprop-parameter-sets`).
    pub(super) fn parameter_sets(&mut self, sets: &[Vec<u8>]) {
        self.h264.parameter_sets(sets);
    }

    /// No frame from before `at` is to be shown from now on.
    pub(super) fn not_before(&mut self, at: OutputTime) {
        if at.0 > self.floor_ns {
            self.floor_ns = at.0;
            self.floor = None;
        }
    }

    /// Gives a frame a tick of its own where one is near enough.
    fn place(&mut self, at: OutputTime, fps: u32, first_tick: u64) -> u64 {
        let exact = at.0 as f64 * f64::from(fps) / 1e9;
        let wanted = exact.round() as u64;
        let tick = match self.last_tick {
            Some(last) if wanted <= last && (last + 1) as f64 - exact <= LATEST => last + 1,
            Some(last) => wanted.max(last),
            None => wanted,
        };
        let tick = tick.max(first_tick);
        self.last_tick = Some(tick);
        let number = self.next_number;
        self.next_number += 1;
        self.frames.push_back(Placed { number, at: at.0, tick });
        number
    }

    /// Goes to a tick, whose time is `now`: which frame is there, if any may be seen. `open` is its owner's gate.
    pub(super) fn look(&mut self, tick: u64, now: OutputTime, open: bool) -> Option<Shows> {
        let mut own = false;
        while let Some(frame) = self.frames.front().copied().filter(|frame| frame.tick <= tick) {
            self.frames.pop_front();
            self.current = Some(frame);
            own = true;
            if self.floor.is_none() && frame.at >= self.floor_ns {
                self.floor = Some(frame.number);
            }
        }
        let current = self.current.filter(|frame| {
            let held = self.kind == MediaKind::Screen || now.0.saturating_sub(frame.at) <= CAMERA_HOLD_NS;
            open && !self.muted && frame.at >= self.floor_ns && held
        })?;
        if own {
            self.composed += 1;
            self.offsets.note(now.0.abs_diff(current.at));
        }
        Some(Shows { number: current.number, floor: self.floor.unwrap_or(current.number) })
    }

    /// The oldest frame that may still be asked for.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.current.or(self.frames.front().copied()).map(|frame| frame.number)
    }

    /// What became of its frames.
    pub(super) fn counts(&self) -> FrameCounts {
        let (a, b) = (self.vp8.counts(), self.h264.counts());
        FrameCounts { whole: a.whole + b.whole, broken: a.broken + b.broken, undecodable: a.undecodable + b.undecodable }
    }
}
