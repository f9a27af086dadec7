//! What is on the canvas at every tick: a pure machine. Changes come with their times; ticks are asked for in order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use base64::Engine as _;

use super::director::Director;
use super::layout::Layout;
use super::offsets::Offsets;
use super::track::{Shows, Track};
use crate::model::id::{ParticipantId, TrackId};
use crate::model::manifest::FrameReport;
use crate::model::media::{Codec, MediaKind, TrackSpec};
use crate::render::compose::protocol::{Cell, Rect, TrackFrame};
use crate::render::settings::VideoLayout;
use crate::render::timeline::{OutputTime, PlacedPacket};

/// Something that decides who may be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Whether a participant's gate is open.
    Gate(ParticipantId, bool),
    /// Whether a track's sender muted it.
    Muted(TrackId, bool),
    /// Somebody left.
    Left(ParticipantId),
}

impl Change {
    /// Whose pictures it takes away.
    fn hides(&self) -> Option<Hidden> {
        match self {
            Self::Gate(who, false) | Self::Left(who) => Some(Hidden::Party(who.clone())),
            Self::Muted(track, true) => Some(Hidden::Track(*track)),
            _ => None,
        }
    }

    /// Whose pictures it brings back.
    fn shows(&self) -> Option<Hidden> {
        match self {
            Self::Gate(who, true) => Some(Hidden::Party(who.clone())),
            Self::Muted(track, false) => Some(Hidden::Track(*track)),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hidden {
    Party(ParticipantId),
    Track(TrackId),
}

/// A participant's gate.
#[derive(Clone, Copy, Debug, Default)]
struct GateState {
    open: bool,
    closed_at: Option<OutputTime>,
}

#[derive(Debug)]
pub(super) struct Stage {
    view: VideoLayout,
    layout: Layout,
    fps: u32,
    tracks: BTreeMap<TrackId, Track>,
    gates: BTreeMap<ParticipantId, GateState>,
    pending: VecDeque<(OutputTime, Change)>,
    director: Director,
}

impl Stage {
    pub(super) fn new(view: VideoLayout, layout: Layout, fps: u32) -> Self {
        Self { view, layout, fps, tracks: BTreeMap::new(), gates: BTreeMap::new(), pending: VecDeque::new(), director: Director::default() }
    }

    /// When a tick is.
    pub(super) fn time_of(&self, tick: u64) -> OutputTime {
        OutputTime((u128::from(tick) * 1_000_000_000 / u128::from(self.fps.max(1))) as u64)
    }

    pub(super) fn has_tracks(&self) -> bool {
        !self.tracks.is_empty()
    }

    pub(super) fn track(&mut self, id: TrackId, spec: &TrackSpec) {
        if spec.kind == MediaKind::Audio || !spec.formats.iter().any(|f| matches!(f.codec, Codec::Vp8 | Codec::H264)) {
            return;
        }
        let order = self.tracks.len() as u64;
        let track = self.tracks.entry(id).or_insert_with(|| Track::new(spec.participant.clone(), spec.kind, order));
        track.kind = spec.kind;
        for format in &spec.formats {
            track.parameter_sets(&sprop_parameter_sets(&format.fmtp));
        }
    }

    pub(super) fn change(&mut self, at: OutputTime, change: Change) {
        let place = self.pending.partition_point(|(other, _)| *other <= at);
        self.pending.insert(place, (at, change));
    }

    pub(super) fn level(&mut self, at: OutputTime, who: &ParticipantId, dbfs: f32) {
        self.director.level(at, who, dbfs);
    }

    pub(super) fn packet(&mut self, packet: &PlacedPacket<'_>, first_tick: u64) -> Vec<TrackFrame> {
        let Some(track) = self.tracks.get_mut(&packet.track) else { return Vec::new() };
        let frames = track.packet(packet, self.fps, first_tick);
        frames
            .into_iter()
            .map(|(number, frame)| TrackFrame {
                track: packet.track.0,
                number,
                codec: frame.codec,
                keyframe: frame.keyframe,
                data: frame.data,
            })
            .collect()
    }

    /// What stands where at a tick. A picture stands until the next tick, so whoever must not be seen in any part of that
    /// time is not seen in it at all. The output may end before.
    pub(super) fn at(&mut self, tick: u64, end: Option<OutputTime>) -> Vec<Cell> {
        let now = self.time_of(tick);
        while self.pending.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((at, change)) = self.pending.pop_front() {
                self.apply(at, change);
            }
        }
        let until = end.map_or(self.time_of(tick + 1), |end| end.min(self.time_of(tick + 1)));
        let mut hidden: BTreeMap<Hidden, OutputTime> = BTreeMap::new();
        for (at, change) in self.pending.iter().take_while(|(at, _)| *at < until) {
            if let Some(whose) = change.hides() {
                hidden.entry(whose).or_insert(*at);
            } else if let Some(whose) = change.shows() {
                // Closed and opened at one instant: a pause that was cut out.
                hidden.retain(|other, since| *other != whose || since != at);
            }
        }
        let mut there = Vec::new();
        for (id, track) in &mut self.tracks {
            let open = self.gates.get(&track.owner).is_some_and(|gate| gate.open)
                && !hidden.contains_key(&Hidden::Party(track.owner.clone()))
                && !hidden.contains_key(&Hidden::Track(*id));
            if let Some(shows) = track.look(tick, now, open) {
                there.push(There { id: *id, owner: track.owner.clone(), kind: track.kind, order: track.order, shows });
            }
        }
        there.sort_by_key(|t| t.order);
        self.arrange(now, &there)
    }

    fn apply(&mut self, at: OutputTime, change: Change) {
        match change {
            Change::Gate(who, open) => {
                let gate = self.gates.entry(who.clone()).or_default();
                if open && !gate.open && gate.closed_at != Some(at) {
                    self.tracks.values_mut().filter(|t| t.owner == who).for_each(|t| t.not_before(at));
                }
                if gate.open && !open {
                    gate.closed_at = Some(at);
                }
                gate.open = open;
            }
            Change::Muted(track, muted) => {
                if let Some(track) = self.tracks.get_mut(&track) {
                    track.muted = muted;
                    track.not_before(at);
                }
            }
            Change::Left(who) => self.tracks.values_mut().filter(|t| t.owner == who).for_each(|t| t.not_before(at)),
        }
    }

    fn arrange(&mut self, now: OutputTime, there: &[There]) -> Vec<Cell> {
        let cameras: Vec<&There> = there.iter().filter(|t| t.kind == MediaKind::Video).collect();
        let screen = there.iter().rfind(|t| t.kind == MediaKind::Screen);
        match self.view {
            VideoLayout::ActiveSpeaker => {
                let mut seen = BTreeSet::new();
                let can: Vec<ParticipantId> = cameras.iter().map(|t| t.owner.clone()).filter(|who| seen.insert(who.clone())).collect();
                let speaker = self.director.choose(now, &can);
                let speaker = speaker.and_then(|who| cameras.iter().rev().find(|t| t.owner == who));
                match (screen, speaker) {
                    (Some(screen), Some(speaker)) => {
                        let (place, tile) = self.layout.screen_and_tile();
                        vec![screen.cell(place), speaker.cell(tile)]
                    }
                    (Some(only), None) => vec![only.cell(self.layout.whole())],
                    (None, Some(only)) => vec![only.cell(self.layout.whole())],
                    (None, None) => Vec::new(),
                }
            }
            VideoLayout::Grid => there.iter().zip(self.layout.grid(there.len())).map(|(t, place)| t.cell(place)).collect(),
            VideoLayout::Single => there.iter().filter(|t| t.order == 0).map(|t| t.cell(self.layout.whole())).collect(),
        }
    }

    /// Of each track the oldest frame that a later tick may show.
    pub(super) fn oldest(&self) -> BTreeMap<u16, u64> {
        self.tracks.iter().filter_map(|(id, track)| Some((id.0, track.oldest()?))).collect()
    }

    /// How far pictures were shown from the time that belongs to them: 95 of 100 not farther than this.
    pub(super) fn offset_p95_ms(&self) -> Option<f64> {
        let mut all = Offsets::default();
        self.tracks.values().for_each(|track| all.add(&track.offsets));
        all.p95_ms()
    }

    /// What became of the frames, but for decoding.
    pub(super) fn frames(&self) -> FrameReport {
        let mut report = FrameReport { received: 0, decoded: 0, composed: 0 };
        for track in self.tracks.values() {
            let counts = track.counts();
            report.received += counts.whole + counts.undecodable;
            report.composed += track.composed;
        }
        report
    }
}

/// A track that has a picture to show.
#[derive(Debug)]
struct There {
    id: TrackId,
    owner: ParticipantId,
    kind: MediaKind,
    order: u64,
    shows: Shows,
}

impl There {
    fn cell(&self, place: Rect) -> Cell {
        Cell { track: self.id.0, number: self.shows.number, floor: self.shows.floor, place }
    }
}

/// Parameter sets in SDP (RFC 6184 §8.1).
fn sprop_parameter_sets(fmtp: &str) -> Vec<Vec<u8>> {
    let sets = fmtp.split(';').find_map(|part| part.trim().strip_prefix("sprop-parameter-sets="));
    let decode = |set: &str| base64::engine::general_purpose::STANDARD.decode(set.trim()).ok().filter(|set| !set.is_empty());
    sets.map(|sets| sets.split(',').filter_map(decode).collect()).unwrap_or_default()
}

#[cfg(test)]
#[path = "stage_tests.rs"]
mod tests;
