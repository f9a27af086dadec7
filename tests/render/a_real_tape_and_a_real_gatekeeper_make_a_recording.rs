//! The way a live session goes: policy, permits, the encrypted tape, rendering while it grows. Speech in, speech out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ferric::model::command::{Command, Verb};
use ferric::model::event::{Party, SessionOpened, TapeEvent};
use ferric::model::id::{RecordingId, SessionId, TrackId};
use ferric::model::media::{Codec, MediaKind, PayloadFormat, TrackSpec};
use ferric::model::role::Role;
use ferric::model::settings::{AgentProperties, Kind, QueueProperties, Settings, SettingsLayer};
use ferric::model::time::{MediaTime, WallClock};
use ferric::policy::{Action, Gatekeeper, Input};
use ferric::render::audio::ulaw_to_linear;
use ferric::render::{RenderSettings, RenderedOutput, SessionRender};
use ferric::tape::{SessionTape, Spool, SpoolConfig, TrackWriter};

use crate::support::listen::{Heard, hear, lag};
use crate::support::ogg;
use crate::support::script::{Sender, who};

struct Live {
    gatekeeper: Gatekeeper,
    tape: SessionTape,
    render: SessionRender,
    done: Vec<RenderedOutput>,
    started: u32,
}

fn speech(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/speech").join(name)).unwrap()
}

impl Live {
    fn begin(dir: &std::path::Path, layer: &str, codec: Codec) -> (Self, [TrackWriter; 2]) {
        let spool = Spool::open(SpoolConfig { dir: dir.join("spool"), master_key: dir.join("master.key") }).unwrap();
        let layer: SettingsLayer = serde_json::from_str(layer).unwrap();
        let settings = Settings::resolve(Kind::Call, &[&layer], QueueProperties::default());
        let session: SessionId = "live-1".parse().unwrap();
        let opened = SessionOpened {
            session: session.clone(),
            project: "default".parse().unwrap(),
            started_at: WallClock::from_unix_ms(1_790_000_000_000),
            settings: settings.clone(),
            external_id: None,
            metadata: BTreeMap::new(),
        };
        let tape = spool.create(&opened).unwrap();
        let render = SessionRender::open(tape.dir(), &dir.join("master.key"), &dir.join("out"), RenderSettings::default()).unwrap();
        let mut live = Self { gatekeeper: Gatekeeper::new(settings), tape, render, done: Vec::new(), started: 0 };
        for (number, (id, role)) in [("a", Role::Agent), ("c", Role::Customer)].into_iter().enumerate() {
            let party = Party { id: who(id), role, name: None, address: None, agent: None };
            let properties = AgentProperties::default();
            let (pt, clock_hz) = if codec == Codec::Opus { (111, 48_000) } else { (0, 8000) };
            let formats = vec![PayloadFormat { pt, codec, clock_hz, channels: 1, fmtp: String::new() }];
            let spec = TrackSpec { participant: who(id), kind: MediaKind::Audio, formats, label: None, audio_level_ext: None };
            live.tape.event(MediaTime::ZERO, &TapeEvent::Joined { party, initiator: false, properties }).unwrap();
            live.tape.event(MediaTime::ZERO, &TapeEvent::Track { track: TrackId(number as u16 + 1), spec }).unwrap();
            live.apply(MediaTime::ZERO, Input::Join { participant: who(id), role, initiator: false, properties });
        }
        let writers = [1, 2].map(|n| live.tape.track(&who(if n == 1 { "a" } else { "c" }), TrackId(n)).unwrap());
        (live, writers)
    }

    fn apply(&mut self, at: MediaTime, input: Input) {
        let (actions, answer) = self.gatekeeper.apply(at, input);
        answer.unwrap();
        for action in actions {
            let event = match action {
                Action::OutputStarted { output } => {
                    self.started += 1;
                    TapeEvent::OutputStarted { output, recording: format!("rec-{}", self.started).parse::<RecordingId>().unwrap() }
                }
                Action::OutputEnded { output, ended_by } => TapeEvent::OutputEnded { output, ended_by },
                Action::TimelineCut { output } => TapeEvent::TimelineCut { output },
                Action::TimelineResumed { output } => TapeEvent::TimelineResumed { output },
                Action::Gate { output, participant, gate } => TapeEvent::Gate { output, participant, gate },
                Action::Discarded { output, reason } => TapeEvent::Discarded { output, reason },
                Action::Erase { participant } => {
                    self.tape.erase(&participant).unwrap();
                    TapeEvent::Erased { participant }
                }
                _ => continue,
            };
            self.tape.event(at, &event).unwrap();
        }
    }

    fn say(&mut self, at_ms: u64, by: &str, verb: Verb) {
        self.apply(MediaTime::from_ms(at_ms), Input::Command(Command { by: who(by), verb, order: None }));
    }

    /// Packets of both parties, 20 ms each, while `at` does what the session does.
    fn talk(
        &mut self,
        writers: &[TrackWriter; 2],
        payloads: [Vec<Vec<u8>>; 2],
        ticks: u32,
        pt: u8,
        mut at: impl FnMut(&mut Self, u64),
    ) -> u64 {
        let mut senders = [1, 2].map(|n| Sender { payload_type: pt, ..Sender::new(n) });
        let count = payloads[0].len().max(payloads[1].len());
        for n in 0..count as u64 {
            at(self, n * 20);
            for party in 0..2 {
                let Some(payload) = payloads[party].get(n as usize) else { continue };
                let packet = senders[party].packet(payload, ticks);
                let permit = self.gatekeeper.permit(&who(["a", "c"][party])).unwrap();
                writers[party].rtp(&permit, MediaTime(n * 20_000_000 + 2_000_000), &packet);
            }
            if n % 50 == 0 {
                self.tape.flush().unwrap();
                self.done.extend(self.render.advance(MediaTime::from_ms(n * 20)).unwrap());
            }
        }
        count as u64 * 20
    }

    fn end(mut self, at_ms: u64) -> Vec<RenderedOutput> {
        self.apply(MediaTime::from_ms(at_ms), Input::End);
        self.tape.event(MediaTime::from_ms(at_ms), &TapeEvent::SessionEnded).unwrap();
        self.tape.close().unwrap();
        self.done.extend(self.render.finish().unwrap());
        self.done
    }
}

fn chunks(ulaw: &[u8]) -> Vec<Vec<u8>> {
    ulaw.chunks_exact(160).map(<[u8]>::to_vec).collect()
}

fn linear(ulaw: &[u8]) -> Vec<f64> {
    ulaw.iter().map(|&b| f64::from(ulaw_to_linear(b))).collect()
}

/// Correlation of what was said with what is heard, at the lag where it is best.
fn likeness(said: &[f64], heard: &[f64]) -> (f64, f64) {
    let n = said.len().min(heard.len()).min(10 * 8000);
    let off = lag(&said[..n], &heard[..n], 8000.0, 0.04);
    let shift = (off * 8000.0) as i64;
    let pairs = (400..n as i64 - 400).map(|i| (said[i as usize], heard[(i + shift) as usize]));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    (ab / (aa * bb).sqrt().max(1e-9), off)
}

fn check_speech(heard: &Heard, agent: &[f64], customer: &[f64]) {
    for (channel, own, other) in [(0, agent, customer), (1, customer, agent)] {
        let (own, off) = likeness(own, &heard.channels[channel]);
        assert!(own > 0.9 && off.abs() < 0.01, "channel {channel}: likeness {own}, {off} s off");
        let (leak, _) = likeness(other, &heard.channels[channel]);
        assert!(leak.abs() < 0.1, "channel {channel} is like the other party: {leak}");
    }
}

#[test]
fn speech_of_a_call_goes_through_policy_tape_and_rendering() {
    let dir = tempfile::tempdir().unwrap();
    let (agent, customer) = (speech("agent.ulaw"), speech("customer.ulaw"));
    let (mut live, writers) = Live::begin(dir.path(), "{}", Codec::Pcmu);
    let end = live.talk(&writers, [chunks(&agent), chunks(&customer)], 160, 0, |_, _| {});
    let done = live.end(end);
    assert_eq!(done.len(), 1);
    assert_eq!(done[0].manifest.as_ref().unwrap().duration_ms, end);
    let heard = hear(&done[0].dir.join("recording.mp4"));
    check_speech(&heard, &linear(&agent), &linear(&customer));
}

#[test]
fn a_pause_and_a_decline_hold_through_all_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let (agent, customer) = (speech("agent.ulaw"), speech("customer.ulaw"));
    let (mut live, writers) = Live::begin(dir.path(), "{}", Codec::Pcmu);
    let end = live.talk(&writers, [chunks(&agent), chunks(&customer)], 160, 0, |live, ms| match ms {
        5000 => live.say(ms, "a", Verb::Pause),
        9000 => live.say(ms, "a", Verb::Resume),
        14_000 => live.say(ms, "c", Verb::ConsentDecline),
        _ => {}
    });
    let done = live.end(end);
    let last = done.last().unwrap();
    assert_eq!(last.manifest.as_ref().unwrap().duration_ms, end - 4000);
    let heard = hear(&last.dir.join("recording.mp4"));
    assert!(heard.level(1, 0.0, heard.seconds()) < 1.0, "the customer who declined is heard: {}", heard.level(1, 0.0, heard.seconds()));
    let said = linear(&agent);
    let without: Vec<f64> = said[..40_000].iter().chain(&said[72_000..]).copied().collect();
    let (own, off) = likeness(&without, &heard.channels[0]);
    assert!(own > 0.9 && off.abs() < 0.01, "{own} {off}");
}

#[test]
fn opus_on_both_legs_is_as_good() {
    let dir = tempfile::tempdir().unwrap();
    let (mut live, writers) = Live::begin(dir.path(), "{}", Codec::Opus);
    let payloads = [ogg::packets(&speech("agent.opus")), ogg::packets(&speech("customer.opus"))];
    let end = live.talk(&writers, payloads, 960, 111, |_, _| {});
    let done = live.end(end);
    assert_eq!(done[0].manifest.as_ref().unwrap().media.sample_hz, 16_000);
    let mut heard = hear(&done[0].dir.join("recording.mp4"));
    for channel in &mut heard.channels {
        *channel = channel.iter().step_by(2).copied().collect();
    }
    check_speech(&heard, &linear(&speech("agent.ulaw")), &linear(&speech("customer.ulaw")));
}
