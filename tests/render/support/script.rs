//! A tape as a list of records, in session time.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use ferric::model::event::{GapCause, Party, SessionOpened, TapeEvent};
use ferric::model::gate::{DiscardReason, EndedBy, Gate};
use ferric::model::id::{OutputKey, ParticipantId, RecordingId, SessionId, TrackId};
use ferric::model::media::{Codec, MediaKind, PayloadFormat, TrackSpec};
use ferric::model::role::Role;
use ferric::model::settings::{AgentProperties, Kind, QueueProperties, Settings};
use ferric::model::time::{MediaTime, WallClock};
use ferric::render::audio::linear_to_ulaw;
use ferric::render::{Records, RenderSettings, RenderedOutput, SessionRender};
use ferric::tape::{Body, Record, SenderReport, Spot, TapeError};

/// Records to be read.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub records: Vec<Record>,
}

#[derive(Debug)]
struct Reader {
    records: Vec<Record>,
    next: usize,
}

impl Records for Reader {
    fn next(&mut self) -> Result<Option<Record>, TapeError> {
        self.next += 1;
        Ok(self.records.get(self.next - 1).cloned())
    }

    fn spot(&self) -> Option<Spot> {
        Some(Spot { chunk: 1, block_at: self.next as u64 - 1, record_at: 0 })
    }

    fn again(&mut self, spot: Spot) -> Result<Option<Record>, TapeError> {
        Ok(self.records.get(spot.block_at as usize).cloned())
    }
}

pub fn who(id: &str) -> ParticipantId {
    id.parse().unwrap()
}

pub fn main_output() -> OutputKey {
    OutputKey::Main(1)
}

/// One sender of µ-law.
#[derive(Clone, Debug)]
pub struct Sender {
    pub track: TrackId,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    pub payload_type: u8,
}

impl Sender {
    pub fn new(track: u16) -> Self {
        Self { track: TrackId(track), ssrc: 0x1000 + u32::from(track), sequence: 65_500, timestamp: u32::MAX - 4000, payload_type: 0 }
    }

    pub fn packet(&mut self, payload: &[u8], ticks: u32) -> Bytes {
        let mut bytes = vec![0x80, self.payload_type];
        bytes.extend(self.sequence.to_be_bytes());
        bytes.extend(self.timestamp.to_be_bytes());
        bytes.extend(self.ssrc.to_be_bytes());
        bytes.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(ticks);
        bytes.into()
    }
}

/// A tone as µ-law, 20 ms packets; phase runs with session time.
pub fn tone_at(hz: f64, from_ms: f64, samples: usize) -> Vec<u8> {
    (0..samples)
        .map(|i| {
            let t = from_ms / 1000.0 + i as f64 / 8000.0;
            linear_to_ulaw((8000.0 * (2.0 * std::f64::consts::PI * hz * t).sin()) as i16)
        })
        .collect()
}

impl Script {
    /// A call that began at a known wall-clock time.
    pub fn call() -> Self {
        Self::session(Kind::Call)
    }

    pub fn session(kind: Kind) -> Self {
        let mut script = Self::default();
        let opened = SessionOpened {
            session: "s1".parse::<SessionId>().unwrap(),
            project: "default".parse().unwrap(),
            started_at: WallClock::from_unix_ms(1_790_000_000_000),
            settings: Settings::resolve(kind, &[], QueueProperties::default()),
            external_id: Some("call-7".to_owned()),
            metadata: BTreeMap::new(),
        };
        script.event(0, TapeEvent::SessionOpened(Box::new(opened)));
        script
    }

    pub fn event(&mut self, at_ms: u64, event: TapeEvent) -> &mut Self {
        self.at_ns(at_ms * 1_000_000, Body::Event(event))
    }

    pub fn at_ns(&mut self, at: u64, body: Body) -> &mut Self {
        self.records.push(Record { at: MediaTime(at), body });
        self
    }

    pub fn join(&mut self, at_ms: u64, id: &str, role: Role) -> &mut Self {
        let party = Party { id: who(id), role, name: None, address: None, agent: None };
        self.event(at_ms, TapeEvent::Joined { party, initiator: false, properties: AgentProperties::default() })
    }

    pub fn track(&mut self, at_ms: u64, track: u16, id: &str) -> &mut Self {
        let format = |pt, codec| PayloadFormat { pt, codec, clock_hz: 8000, channels: 1, fmtp: String::new() };
        let formats =
            vec![format(0, Codec::Pcmu), format(8, Codec::Pcma), format(101, Codec::TelephoneEvent), format(13, Codec::ComfortNoise)];
        self.track_of(at_ms, track, id, formats)
    }

    pub fn track_of(&mut self, at_ms: u64, track: u16, id: &str, formats: Vec<PayloadFormat>) -> &mut Self {
        let spec = TrackSpec { participant: who(id), kind: MediaKind::Audio, formats, label: None, audio_level_ext: None };
        self.event(at_ms, TapeEvent::Track { track: TrackId(track), spec })
    }

    pub fn start(&mut self, at_ms: u64, output: OutputKey, recording: &str) -> &mut Self {
        self.event(at_ms, TapeEvent::OutputStarted { output, recording: recording.parse::<RecordingId>().unwrap() })
    }

    pub fn gate(&mut self, at_ms: u64, output: OutputKey, id: &str, gate: Gate) -> &mut Self {
        self.event(at_ms, TapeEvent::Gate { output, participant: who(id), gate })
    }

    pub fn end(&mut self, at_ms: u64, output: OutputKey, ended_by: EndedBy) -> &mut Self {
        self.event(at_ms, TapeEvent::OutputEnded { output, ended_by })
    }

    pub fn discard(&mut self, at_ms: u64, output: OutputKey, reason: DiscardReason) -> &mut Self {
        self.event(at_ms, TapeEvent::Discarded { output, reason })
    }

    pub fn mute(&mut self, at_ms: u64, track: u16, muted: bool, cause: GapCause) -> &mut Self {
        self.event(at_ms, TapeEvent::Muted { track: TrackId(track), muted, cause })
    }

    /// An agent `a` (track 1) and a customer `c` (track 2), both open on `main` until `until_ms`.
    pub fn two_parties(until_ms: u64) -> Self {
        let mut script = Self::call();
        script.join(0, "a", Role::Agent).join(0, "c", Role::Customer).track(0, 1, "a").track(0, 2, "c");
        script.start(0, main_output(), "rec-1");
        script.gate(0, main_output(), "a", Gate::Open).gate(0, main_output(), "c", Gate::Open);
        script.event(until_ms, TapeEvent::Gate { output: main_output(), participant: who("a"), gate: Gate::Closed });
        script.event(until_ms, TapeEvent::Gate { output: main_output(), participant: who("c"), gate: Gate::Closed });
        script.end(until_ms, main_output(), EndedBy::End);
        script.event(until_ms, TapeEvent::SessionEnded);
        script
    }

    /// A tone from a sender, packets every 20 ms from `from_ms` to `to_ms`, each arriving `delay(n)` ms after its first sample (`None`: lost).
    pub fn tone(
        &mut self,
        sender: &mut Sender,
        hz: f64,
        from_ms: u64,
        to_ms: u64,
        mut delay: impl FnMut(usize) -> Option<f64>,
    ) -> &mut Self {
        for (n, at) in (from_ms..to_ms).step_by(20).enumerate() {
            let packet = sender.packet(&tone_at(hz, at as f64, 160), 160);
            if let Some(late) = delay(n) {
                self.at_ns(((at as f64 + late) * 1e6) as u64, Body::Rtp { track: sender.track, packet });
            }
        }
        self
    }

    pub fn report(&mut self, at_ms: f64, track: u16, report: SenderReport) -> &mut Self {
        self.at_ns((at_ms * 1e6) as u64, Body::SenderReport { track: TrackId(track), report })
    }

    /// Records in the order in which a tape would hold them.
    pub fn sorted(&self) -> Vec<Record> {
        let mut records = self.records.clone();
        records.sort_by_key(|r| r.at);
        records
    }

    pub fn open(&self, out: &Path, settings: RenderSettings) -> SessionRender {
        let records = self.sorted();
        SessionRender::of(Box::new(move || Ok(Box::new(Reader { records: records.clone(), next: 0 }))), out, settings).unwrap()
    }

    /// Renders it in one go.
    pub fn render(&self, out: &Path) -> Vec<RenderedOutput> {
        self.open(out, RenderSettings::default()).finish().unwrap()
    }
}
