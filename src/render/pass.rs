//! One way through a tape, from its first record on: records in order of arrival, session time in blocks of 100 ms.
//!
//! A block is rendered when everything that arrived up to [`HINDSIGHT_NS`] after its end has been read, never earlier and never with
//! more: that is why the same tape gives the same bytes, whether it is read while it grows or afterwards.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

use litemap::LiteMap;

use super::RenderError;
use super::audio::{Place, mix_into};
use super::check::read_structure;
use super::files;
use super::manifest;
use super::output::{Identity, Output};
use super::read_ahead::ReadAhead;
use super::session_render::{Records, RenderedOutput};
use super::settings::{AudioLayout, RenderSettings};
use super::timeline::{OutputTime, PlacedPacket};
use super::track::Track;
use super::video::{self, VideoRender};
use crate::model::beginning::Beginnings;
use crate::model::consent::Ledger;
use crate::model::event::{Party, SessionOpened, TapeEvent};
use crate::model::gate::{DiscardReason, EndedBy, Gate};
use crate::model::id::{OutputKey, ParticipantId, RecordingId, TrackId};
use crate::model::media::{Codec, MediaKind, TrackSpec};
use crate::model::rtp::RtpPacket;
use crate::model::settings::Kind;
use crate::model::time::{MediaTime, WallClock};
use crate::tape::{Body, Record, Spot};

/// What is rendered at once.
pub(super) const BLOCK_NS: u64 = 100_000_000;
/// How much of what came later is known when a block is rendered.
pub(super) const HINDSIGHT_NS: u64 = 1_400_000_000;
/// As much is known of what came after the end of an output, also for the blocks before it: whoever stops a recording waits for it.
const HINDSIGHT_AT_END_NS: u64 = 400_000_000;
/// How far records of two tracks may be out of order, and as long again for what is not on the disk yet.
pub(super) const DISORDER_NS: u64 = 600_000_000;
/// A stretch's place is decided when rendering is this close to its first packet.
const DECIDE_NS: i64 = 700_000_000;

/// Why rendering must begin again from the first record.
#[derive(Debug)]
pub(super) enum Again {
    /// Somebody was erased whose media is in what has been rendered.
    Without(ParticipantId),
    /// Pictures came into an output that was begun for sound alone.
    WithPictures(Later),
}

/// A picture track that comes long after its output began.
#[derive(Clone, Debug)]
pub(super) struct Later {
    pub outputs: Vec<OutputKey>,
    pub track: TrackId,
    pub spec: TrackSpec,
}

/// What an earlier pass has taught.
#[derive(Clone, Debug, Default)]
pub(super) struct Foreknown {
    pub erased: BTreeSet<ParticipantId>,
    pub pictures: Vec<Later>,
    /// Who was asked and answered what, as far as the tape was read when somebody was erased: recordings that ended before say so too.
    pub consents: Ledger,
}

#[derive(Debug)]
pub(super) struct Pass {
    records: Box<dyn Records>,
    out: PathBuf,
    settings: RenderSettings,
    known: Foreknown,
    /// Whose gate on some output was ever open or masked, as far as the tape has been read.
    touched: Vec<ParticipantId>,
    /// Ends of outputs that somebody told of; what is rendered does not depend on them, only when.
    told_ends: Vec<MediaTime>,
    /// Read, not fed yet.
    ahead: ReadAhead,
    /// What waits for its time has been put away.
    resting: bool,
    newest: MediaTime,
    exhausted: bool,
    began: WallClock,
    opened: Option<SessionOpened>,
    parties: LiteMap<ParticipantId, Party>,
    tracks: LiteMap<TrackId, Box<Track>>,
    /// In which outputs a party's gate is open, as far as the tape has been read.
    open_in: LiteMap<ParticipantId, Vec<OutputKey>>,
    /// Fed, not reached by rendering yet.
    events: VecDeque<(MediaTime, TapeEvent)>,
    outputs: LiteMap<OutputKey, Box<Output>>,
    rate: Option<u32>,
    at: MediaTime,
    ended: Option<MediaTime>,
    recordings: LiteMap<OutputKey, (RecordingId, PathBuf)>,
    done: Vec<RenderedOutput>,
    /// Questions and answers, as far as the tape has been read.
    consents: Ledger,
    /// What started each output, as far as the tape has been read.
    beginnings: Beginnings,
}

impl Pass {
    pub fn new(records: Box<dyn Records>, out: PathBuf, settings: RenderSettings, known: Foreknown) -> Self {
        Self {
            records,
            out,
            settings,
            known,
            touched: Vec::new(),
            told_ends: Vec::new(),
            ahead: ReadAhead::default(),
            resting: false,
            newest: MediaTime::ZERO,
            exhausted: false,
            began: WallClock(0),
            opened: None,
            parties: LiteMap::new(),
            tracks: LiteMap::new(),
            open_in: LiteMap::new(),
            events: VecDeque::new(),
            outputs: LiteMap::new(),
            rate: None,
            at: MediaTime::ZERO,
            ended: None,
            recordings: LiteMap::new(),
            done: Vec::new(),
            consents: Ledger::default(),
            beginnings: Beginnings::default(),
        }
    }

    /// Takes what was learnt of the tape before anything of it was rendered.
    pub fn know(&mut self, known: &Foreknown) {
        self.known = known.clone();
    }

    /// Questions and answers: what this pass has read, or what an earlier one had where that is more.
    pub fn consents(&self) -> &Ledger {
        if self.consents.noted() < self.known.consents.noted() { &self.known.consents } else { &self.consents }
    }

    /// Renders to `now` less what must be known of later.
    pub fn advance(&mut self, now: MediaTime) -> Result<Option<Again>, RenderError> {
        loop {
            let target = self.next_end(now).or_else(|| self.next_stop(now - (HINDSIGHT_NS + DISORDER_NS)));
            let Some(target) = target else { break };
            while self.at < target {
                if let Some(again) = self.block()? {
                    return Ok(Some(again));
                }
            }
        }
        self.rest();
        Ok(None)
    }

    /// Hundreds of calls wait for their next burst at any time: none of them keeps what it can read again. Pictures are rendered at every look.
    fn rest(&mut self) {
        self.events.shrink_to_fit();
        self.outputs.iter_mut().for_each(|(_, output)| output.rest());
        if !self.resting && self.tracks.values().all(|track| track.is_sound()) {
            self.resting = true;
            self.ahead.rest();
            self.tracks.iter_mut().for_each(|(_, track)| track.rest());
        }
        self.records.rest();
    }

    fn wake(&mut self) -> Result<(), RenderError> {
        if std::mem::take(&mut self.resting) {
            self.ahead.bring_back(&mut *self.records)?;
            for (_, track) in &mut self.tracks {
                track.bring_back(&mut *self.records)?;
            }
        }
        Ok(())
    }

    /// An output ends at `at`: `advance` need not wait for a whole burst once everything up to there is on the tape.
    pub fn ending(&mut self, at: MediaTime) {
        self.told_ends.push(at);
    }

    fn next_end(&mut self, now: MediaTime) -> Option<MediaTime> {
        let reached = self.at;
        self.told_ends.retain(|at| after_block_of(*at) > reached);
        let stop = self.told_ends.iter().copied().map(after_block_of).min()?;
        (now >= stop + (HINDSIGHT_AT_END_NS + DISORDER_NS)).then_some(stop)
    }

    /// Where rendering goes next without passing `until`: as far as a burst of some output becomes whole; `None` where that is too far.
    fn next_stop(&self, until: MediaTime) -> Option<MediaTime> {
        let reachable = |at: MediaTime| (at <= until && at > self.at).then_some(at);
        let running: Vec<&Output> = self.outputs.values().map(Box::as_ref).filter(|o| o.is_running()).collect();
        if running.is_empty() || running.iter().any(|o| o.video.is_some()) {
            let whole = MediaTime(until.as_ns() / BLOCK_NS * BLOCK_NS);
            return reachable(whole).map(|w| MediaTime(w.as_ns().min(self.at.as_ns() + 10 * BLOCK_NS)));
        }
        let wants = running.iter().map(|o| (o.wants().max(1) as u128 * 1_000_000_000).div_ceil(u128::from(o.rate)) as u64).min()?;
        reachable(MediaTime((self.at + wants).as_ns().div_ceil(BLOCK_NS) * BLOCK_NS))
    }

    /// Renders everything there is.
    pub fn finish(&mut self) -> Result<Option<Again>, RenderError> {
        // Whoever looked while it grew may have found its end before the last words were on it.
        self.exhausted = false;
        while !self.is_over() {
            if let Some(again) = self.block()? {
                return Ok(Some(again));
            }
        }
        // What the tape left open ends where it ends.
        let last = self.newest;
        let open: Vec<OutputKey> = self.outputs.keys().cloned().collect();
        for key in open {
            if let Some(output) = self.outputs.get_mut(&key) {
                let sample = sample_at(last, output.rate);
                output.end(sample, last, EndedBy::End);
            }
            self.complete(&key)?;
        }
        Ok(None)
    }

    fn is_over(&self) -> bool {
        self.exhausted && self.ahead.is_empty() && self.events.is_empty() && self.at > self.newest
    }

    pub fn take_done(&mut self) -> Vec<RenderedOutput> {
        std::mem::take(&mut self.done)
    }

    /// Folders that hold or held something.
    pub fn folders(&self) -> Vec<PathBuf> {
        self.recordings.values().map(|(_, dir)| dir.clone()).collect()
    }

    pub fn growing(&self) -> Vec<(RecordingId, OutputKey, u64, PathBuf)> {
        self.outputs.iter().map(|(key, o)| (o.id.recording.clone(), key.clone(), o.now().as_ms(), o.id.dir.clone())).collect()
    }

    /// Reads until every record up to `until` is there.
    fn read(&mut self, until: MediaTime) -> Result<Option<Again>, RenderError> {
        while self.newest <= until + DISORDER_NS {
            let Some(record) = self.records.next()? else {
                self.exhausted = true;
                return Ok(None);
            };
            self.exhausted = false;
            self.newest = self.newest.max(record.at);
            if let Body::Event(event) = &record.body {
                match event {
                    TapeEvent::SessionOpened(opened) => self.began = opened.started_at,
                    TapeEvent::Gate { participant, gate, .. } if *gate != Gate::Closed && !self.touched.contains(participant) => {
                        self.touched.push(participant.clone());
                    }
                    _ => {}
                }
                self.consents.note(record.at, self.began, event);
                self.beginnings.note(event);
            }
            if let Body::Event(TapeEvent::Erased { participant }) = &record.body
                && self.known.erased.insert(participant.clone())
                && self.concerns(participant)
            {
                return Ok(Some(Again::Without(participant.clone())));
            }
            let spot = self.records.spot();
            self.ahead.push(record, spot);
        }
        Ok(None)
    }

    /// Reads what a block's rendering may know, and says up to when that is: a function of the tape alone.
    fn read_what_is_known(&mut self, end: MediaTime) -> Result<Result<MediaTime, Again>, RenderError> {
        let last = end + HINDSIGHT_NS;
        let mut known = end + HINDSIGHT_AT_END_NS;
        self.exhausted = false;
        loop {
            if !self.exhausted
                && let Some(again) = self.read(known)?
            {
                return Ok(Err(again));
            }
            if known >= last || self.ends_before(known) {
                return Ok(Ok(known));
            }
            known = known + BLOCK_NS;
        }
    }

    /// Whether an output ends from here on, and as much of what came after it is known as need be.
    fn ends_before(&self, known: MediaTime) -> bool {
        let ends = |event: &TapeEvent| matches!(event, TapeEvent::OutputEnded { .. });
        let enough = |at: MediaTime| after_block_of(at) + HINDSIGHT_AT_END_NS <= known;
        self.events.iter().any(|(at, event)| enough(*at) && ends(event)) || self.ahead.events().any(|(at, event)| enough(at) && ends(event))
    }

    /// Whether anything of a participant was read: then it may be in a file.
    fn concerns(&self, participant: &ParticipantId) -> bool {
        let packets = self.tracks.values().any(|t| t.spec.participant == *participant && (t.clock.counts().received > 0 || t.broken > 0));
        packets || self.touched.contains(participant)
    }

    /// The next 100 ms.
    fn block(&mut self) -> Result<Option<Again>, RenderError> {
        self.wake()?;
        let end = self.at + BLOCK_NS;
        let known = match self.read_what_is_known(end)? {
            Ok(known) => known,
            Err(again) => return Ok(Some(again)),
        };
        while let Some((record, spot)) = self.ahead.pop(known) {
            self.feed(record, spot)?;
        }
        if let Some(later) = self.late_pictures() {
            return Ok(Some(Again::WithPictures(later)));
        }
        self.step_clocks(end);
        self.choose_rate(end);
        let voices = self.render_voices();
        self.play(end, &voices)?;
        self.push_pictures(end)?;
        self.at = end;
        for (_, output) in &mut self.outputs {
            output.advance()?;
        }
        let ended: Vec<OutputKey> = self.outputs.iter().filter(|(_, o)| o.ended.is_some()).map(|(k, _)| k.clone()).collect();
        for key in ended {
            self.complete(&key)?;
        }
        Ok(None)
    }

    fn feed(&mut self, record: Record, spot: Option<Spot>) -> Result<(), RenderError> {
        match record.body {
            Body::Rtp { track, packet } => {
                if let Some(track) = self.tracks.get_mut(&track)
                    && !self.known.erased.contains(&track.spec.participant)
                {
                    track.packet(record.at, &packet, spot);
                }
            }
            Body::SenderReport { track, report } => {
                if let Some(track) = self.tracks.get_mut(&track) {
                    track.clock.report(report.ssrc, report.rtp, report.ntp);
                }
            }
            Body::Event(event) => {
                match &event {
                    TapeEvent::SessionOpened(opened) => self.opened = Some((**opened).clone()),
                    TapeEvent::Joined { party, .. } => {
                        self.parties.insert(party.id.clone(), party.clone());
                    }
                    TapeEvent::Track { track, spec } => match self.tracks.get_mut(track) {
                        Some(known) => known.spec = spec.clone(),
                        None => {
                            self.tracks.insert(*track, Box::new(Track::new(spec.clone())));
                        }
                    },
                    TapeEvent::Muted { track, muted, cause } => {
                        if let Some(track) = self.tracks.get_mut(track) {
                            track.mute(record.at, *muted, *cause);
                        }
                    }
                    TapeEvent::Dropped { track, packets } => {
                        if let Some(track) = self.tracks.get_mut(track) {
                            track.dropped += packets;
                        }
                    }
                    TapeEvent::Gate { output, participant, gate } => self.note_gate(output, participant, *gate),
                    TapeEvent::OutputEnded { output, .. } => {
                        self.open_in.iter_mut().for_each(|(_, outputs)| outputs.retain(|open| open != output));
                    }
                    TapeEvent::SessionEnded => self.ended = Some(record.at),
                    _ => {}
                }
                self.events.push_back((record.at, event));
            }
        }
        Ok(())
    }

    /// What a closed gate kept off the tape is not lost: numbers begin anew where the first of a party's gates opens again.
    fn note_gate(&mut self, output: &OutputKey, participant: &ParticipantId, gate: Gate) {
        let outputs = self.open_in.entry(participant.clone()).or_default();
        if gate != Gate::Open {
            outputs.retain(|open| open != output);
        } else if !outputs.contains(output) {
            outputs.push(output.clone());
            if outputs.len() == 1 {
                self.tracks.iter_mut().filter(|(_, t)| t.spec.participant == *participant).for_each(|(_, t)| t.clock.reopened());
            }
        }
    }

    /// A picture track that has come to outputs that are sound alone: rendering has hindsight, and begins them again with pictures.
    fn late_pictures(&self) -> Option<Later> {
        let outputs: Vec<OutputKey> =
            self.outputs.iter().filter(|(_, o)| o.is_running() && !o.with_pictures).map(|(k, _)| k.clone()).collect();
        if outputs.is_empty() || !video::READY {
            return None;
        }
        let packets = |t: &Track| !t.is_sound() && !t.pictures.is_empty();
        let (track, known) = self.tracks.iter().find(|(_, t)| packets(t))?;
        Some(Later { outputs, track: *track, spec: known.spec.clone() })
    }

    fn step_clocks(&mut self, end: MediaTime) {
        // Tracks of one participant that have sender reports share a clock: that is what keeps lips and voice together.
        let mut common: BTreeMap<ParticipantId, (i64, usize)> = BTreeMap::new();
        if self.tracks.len() > 2 || self.opened.as_ref().is_some_and(|o| o.settings.kind == Kind::Room) {
            for track in self.tracks.values() {
                if let Some(offset) = track.clock.wall_offset_ns() {
                    let entry = common.entry(track.spec.participant.clone()).or_insert((offset, 0));
                    *entry = (entry.0.min(offset), entry.1 + 1);
                }
            }
        }
        for (_, track) in &mut self.tracks {
            let shared = common.get(&track.spec.participant).filter(|c| c.1 > 1).map(|c| c.0);
            track.clock.set_common(shared);
            track.clock.step(end.as_ns() as i64 + DECIDE_NS, BLOCK_NS as i64);
        }
    }

    /// The rate is chosen once, when the first output begins: 8 kHz where nobody sends more, 16 kHz for other calls, 48 kHz for rooms.
    fn choose_rate(&mut self, end: MediaTime) {
        let begins = self.events.iter().any(|(at, e)| *at < end && matches!(e, TapeEvent::OutputStarted { .. }));
        if self.rate.is_some() || !begins {
            return;
        }
        let room = self.opened.as_ref().is_some_and(|o| o.settings.kind == Kind::Room);
        let sounds = self.tracks.values().filter(|t| t.is_sound()).flat_map(|t| &t.spec.formats);
        let wide = sounds.filter(|f| !matches!(f.codec, Codec::TelephoneEvent | Codec::ComfortNoise)).any(|f| f.clock_hz > 8000);
        self.rate = Some(if room {
            48_000
        } else if wide {
            16_000
        } else {
            8000
        });
    }

    /// Every voice's samples of the block, for those that have any.
    fn render_voices(&mut self) -> BTreeMap<TrackId, Vec<f32>> {
        let mut voices = BTreeMap::new();
        let Some(rate) = self.rate else { return voices };
        let from = sample_at(self.at, rate);
        let count = (sample_at(self.at + BLOCK_NS, rate) - from) as usize;
        for (id, track) in &mut self.tracks {
            if track.is_sound() && !track.voice.is_idle() {
                let mut samples = vec![0f32; count];
                if track.voice.render(&track.clock, rate, from, &mut samples) {
                    voices.insert(*id, samples);
                }
            }
        }
        voices
    }

    /// Events of the block at their sample, and the sound between them.
    fn play(&mut self, end: MediaTime, voices: &BTreeMap<TrackId, Vec<f32>>) -> Result<(), RenderError> {
        let mut cursor = self.rate.map_or(0, |rate| sample_at(self.at, rate));
        while self.events.front().is_some_and(|(at, _)| *at < end) {
            let Some((at, event)) = self.events.pop_front() else { break };
            if let Some(rate) = self.rate {
                let sample = sample_at(at, rate).max(cursor);
                self.mix(cursor, sample, voices);
                cursor = sample;
            }
            self.apply(at, event, cursor)?;
        }
        if let Some(rate) = self.rate {
            self.mix(cursor, sample_at(end, rate), voices);
        }
        self.levels(voices);
        Ok(())
    }

    /// Session samples `from..to` into every running output.
    fn mix(&mut self, from: i64, to: i64, voices: &BTreeMap<TrackId, Vec<f32>>) {
        let (Some(rate), Some(opened)) = (self.rate, &self.opened) else { return };
        if to <= from {
            return;
        }
        let start = (from - sample_at(self.at, rate)).max(0) as usize;
        let count = (to - from) as usize;
        for (_, output) in self.outputs.iter_mut().filter(|(_, o)| o.is_running()) {
            let channels = usize::from(output.channels);
            let mut bus = vec![0f32; count * channels];
            for (id, voice) in voices {
                let Some(track) = self.tracks.get(id) else { continue };
                let Some(party) = self.parties.get(&track.spec.participant) else { continue };
                if output.is_open(&party.id) {
                    let place = Place::of(party.role, opened.settings.kind, self.settings.audio);
                    mix_into(&mut bus, channels, place, &voice[start..(start + count).min(voice.len())]);
                }
            }
            output.push(&bus);
        }
    }

    fn levels(&mut self, voices: &BTreeMap<TrackId, Vec<f32>>) {
        for (_, output) in self.outputs.iter_mut().filter(|(_, o)| o.is_running() && o.video.is_some()) {
            let now = output.now();
            for (id, voice) in voices {
                let Some(track) = self.tracks.get(id) else { continue };
                let open = output.is_open(&track.spec.participant);
                if let (true, Some(video)) = (open, &mut output.video) {
                    let power = voice.iter().map(|v| v * v).sum::<f32>() / voice.len().max(1) as f32;
                    let dbfs = (10.0 * (power / (32_768.0 * 32_768.0)).max(1e-13).log10()).max(-127.0);
                    video.level(OutputTime(now.0.saturating_sub(BLOCK_NS)), &track.spec.participant, dbfs);
                }
            }
        }
    }

    fn apply(&mut self, at: MediaTime, event: TapeEvent, sample: i64) -> Result<(), RenderError> {
        match event {
            TapeEvent::OutputStarted { output, recording } => self.start(at, sample, output, recording)?,
            TapeEvent::OutputEnded { output, ended_by } => {
                if let Some(output) = self.outputs.get_mut(&output) {
                    output.end(sample, at, ended_by);
                }
            }
            TapeEvent::TimelineCut { output } => {
                if let Some(output) = self.outputs.get_mut(&output) {
                    output.cut(sample, at);
                }
            }
            TapeEvent::TimelineResumed { output } => {
                if let Some(output) = self.outputs.get_mut(&output) {
                    output.resume(sample, at);
                }
            }
            TapeEvent::Gate { output, participant, gate } => {
                let gate = if self.known.erased.contains(&participant) { Gate::Closed } else { gate };
                if let Some(output) = self.outputs.get_mut(&output) {
                    output.gate(&participant, at, gate);
                }
            }
            TapeEvent::Discarded { output, reason } => self.discard(&output, reason)?,
            TapeEvent::Joined { party, .. } => self.pictures_know(|video, now| video.party(now, &party)),
            TapeEvent::Left { participant } => self.pictures_know(|video, now| video.left(now, &participant)),
            TapeEvent::Track { track, spec } if spec.kind != MediaKind::Audio => {
                self.pictures_know(|video, now| video.track(now, track, &spec));
            }
            TapeEvent::Muted { track, muted, .. } => self.pictures_know(|video, now| video.muted(now, track, muted)),
            _ => {}
        }
        Ok(())
    }

    fn pictures_know(&mut self, tell: impl Fn(&mut VideoRender, OutputTime)) {
        for (_, output) in &mut self.outputs {
            let now = output.now();
            if let Some(video) = &mut output.video {
                tell(video, now);
            }
        }
    }

    fn start(&mut self, at: MediaTime, sample: i64, key: OutputKey, recording: RecordingId) -> Result<(), RenderError> {
        let (Some(opened), Some(rate)) = (&self.opened, self.rate) else { return Ok(()) };
        let dir = self.out.join(recording.as_str());
        self.recordings.insert(key.clone(), (recording.clone(), dir.clone()));
        let later: Vec<&Later> = self.known.pictures.iter().filter(|l| l.outputs.contains(&key)).collect();
        let has_pictures = video::READY && (!later.is_empty() || self.tracks.values().any(|t| !t.is_sound()));
        let id = Identity {
            recording,
            output: key.clone(),
            dir: dir.clone(),
            started: at,
            started_wall: opened.started_at.plus_ns(at.as_ns()),
            session_wall: opened.started_at,
        };
        let channels = if self.settings.audio == AudioLayout::Mono { 1 } else { 2 };
        let mut output = Output::open(id, rate, channels, has_pictures)?;
        if has_pictures {
            let mut video = VideoRender::open(&self.settings, &dir)?;
            for party in self.parties.values() {
                video.party(OutputTime::ZERO, party);
            }
            for (id, track) in self.tracks.iter().filter(|(_, t)| !t.is_sound()) {
                video.track(OutputTime::ZERO, *id, &track.spec);
            }
            for later in later {
                video.track(OutputTime::ZERO, later.track, &later.spec);
            }
            output.video = Some(video);
        }
        output.resume(sample, at);
        self.outputs.insert(key, Box::new(output));
        Ok(())
    }

    fn push_pictures(&mut self, end: MediaTime) -> Result<(), RenderError> {
        for (id, track) in &mut self.tracks {
            while let Some(waiting) = track.pictures.front() {
                let Some(at) = track.clock.placed(waiting.position) else {
                    if track.clock.is_gone(waiting.position.stretch) {
                        track.pictures.pop_front();
                        continue;
                    }
                    break;
                };
                if at >= end.as_ns() as i64 {
                    break;
                }
                let Some(waiting) = track.pictures.pop_front() else { break };
                let Ok(packet) = RtpPacket::parse(&waiting.packet) else { continue };
                for (_, output) in &mut self.outputs {
                    let open = output.is_open_at(&track.spec.participant, MediaTime(at.max(0) as u64));
                    let (true, Some(at)) = (open, output.place(at)) else { continue };
                    let Some(video) = &mut output.video else { continue };
                    video.packet(&PlacedPacket {
                        track: *id,
                        sequence: waiting.position.sequence,
                        at,
                        rtp_timestamp: packet.timestamp,
                        ssrc: packet.ssrc,
                        marker: packet.marker,
                        codec: waiting.codec,
                        payload: packet.payload,
                    })?;
                }
            }
        }
        Ok(())
    }

    /// An output has ended: the rest of its files, the check, the manifest.
    fn complete(&mut self, key: &OutputKey) -> Result<(), RenderError> {
        let (Some(mut output), Some(opened)) = (self.outputs.remove(key), &self.opened) else { return Ok(()) };
        let dir = output.id.dir.clone();
        let recording = output.id.recording.clone();
        if output.length == 0 {
            std::fs::remove_dir_all(&dir).map_err(RenderError::io(&dir))?;
            self.done.push(RenderedOutput {
                recording,
                output: key.clone(),
                discarded: Some(DiscardReason::TooShort),
                dir,
                manifest: None,
            });
            return Ok(());
        }
        // Nobody is left in it and it is over: nothing can come into it any more (recording-policy.md §9.36).
        if !self.known.erased.is_empty() && output.holds_nothing() {
            drop(output);
            std::fs::remove_dir_all(&dir).map_err(RenderError::io(&dir))?;
            let discarded = Some(DiscardReason::Declined);
            self.done.push(RenderedOutput { recording, output: key.clone(), discarded, dir, manifest: None });
            return Ok(());
        }
        output.complete()?;
        let mp4 = dir.join(files::MP4);
        let structure = read_structure(&mp4)?;
        let decoded = output.decoded_samples();
        let packets = structure.packets as u64 * super::audio::FRAME as u64;
        if structure.samples != output.length as u64 || decoded != packets || decoded < output.length as u64 {
            let why = format!("{} samples in the index, {decoded} decoded, {} meant", structure.samples, output.length);
            return Err(RenderError::check(mp4.display().to_string(), why));
        }
        files::complete(&mut output)?;
        let session = manifest::Session {
            opened,
            parties: &self.parties,
            tracks: &self.tracks,
            consents: self.consents().records(),
            beginnings: &self.beginnings,
            layout: self.settings.audio,
        };
        let manifest = manifest::complete(&output, &session)?;
        self.done.push(RenderedOutput { recording, output: key.clone(), discarded: None, dir, manifest: Some(manifest) });
        Ok(())
    }

    fn discard(&mut self, key: &OutputKey, reason: DiscardReason) -> Result<(), RenderError> {
        if reason == DiscardReason::Replaced {
            // It stands until its successor is stored: its files are made and stay.
            self.complete(key)?;
            if let Some((recording, dir)) = self.recordings.get(key).cloned() {
                self.done.push(RenderedOutput { recording, output: key.clone(), discarded: Some(reason), dir, manifest: None });
            }
            return Ok(());
        }
        self.outputs.remove(key);
        let Some((recording, dir)) = self.recordings.get(key).cloned() else { return Ok(()) };
        if dir.exists() {
            std::fs::remove_dir_all(&dir).map_err(RenderError::io(&dir))?;
        }
        self.done.retain(|d| d.output != *key);
        self.done.push(RenderedOutput { recording, output: key.clone(), discarded: Some(reason), dir, manifest: None });
        Ok(())
    }
}

/// Where the block ends that an instant is in.
fn after_block_of(at: MediaTime) -> MediaTime {
    MediaTime((at.as_ns() / BLOCK_NS + 1) * BLOCK_NS)
}

fn sample_at(at: MediaTime, rate: u32) -> i64 {
    ((u128::from(at.as_ns()) * u128::from(rate) + 500_000_000) / 1_000_000_000) as i64
}
