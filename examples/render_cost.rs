//! What rendering a call costs: `cargo run --release --example render_cost -- [calls] [seconds]`.
//!
//! Renders that many calls of µ-law speech beside each other as a live node does (each half second of session time all of them are advanced),
//! and prints CPU seconds a call-minute, memory a call while they grow, and how long the end takes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use bytes::Bytes;
use ferric::model::event::{Party, SessionOpened, TapeEvent};
use ferric::model::gate::{EndedBy, Gate};
use ferric::model::id::{OutputKey, TrackId};
use ferric::model::media::{Codec, MediaKind, PayloadFormat, TrackSpec};
use ferric::model::role::Role;
use ferric::model::settings::{AgentProperties, Kind, QueueProperties, Settings};
use ferric::model::time::{MediaTime, WallClock};
use ferric::render::{Records, RenderSettings, SessionRender};
use ferric::tape::{Body, Record, TapeError};

#[derive(Debug)]
struct Call {
    speech: [&'static [u8]; 2],
    events: Vec<Record>,
    next: u64,
    end_ms: u64,
    number: u64,
}

impl Records for Call {
    fn next(&mut self) -> Result<Option<Record>, TapeError> {
        if !self.events.is_empty() {
            return Ok(Some(self.events.remove(0)));
        }
        let (n, party) = (self.next / 2, (self.next % 2) as usize);
        if n * 20 >= self.end_ms {
            if self.next == u64::MAX - 1 {
                return Ok(None);
            }
            self.next = u64::MAX - 1;
            let body = Body::Event(TapeEvent::OutputEnded { output: OutputKey::Main(1), ended_by: EndedBy::End });
            return Ok(Some(Record { at: MediaTime::from_ms(self.end_ms), body }));
        }
        self.next += 1;
        let speech = self.speech[party];
        let at = ((n + self.number * 37) as usize * 160) % (speech.len() - 160);
        let mut packet = vec![0x80, 0];
        packet.extend((n as u16).to_be_bytes());
        packet.extend((n as u32 * 160).to_be_bytes());
        packet.extend((party as u32 + 1).to_be_bytes());
        packet.extend(&speech[at..at + 160]);
        let at = MediaTime(n * 20_000_000 + (n * 7919 % 13) * 1_000_000);
        Ok(Some(Record { at, body: Body::Rtp { track: TrackId(party as u16 + 1), packet: Bytes::from(packet) } }))
    }
}

fn call(number: u64, end_ms: u64, speech: [&'static [u8]; 2]) -> Result<Call, Box<dyn std::error::Error>> {
    let opened = SessionOpened {
        session: format!("s{number}").parse()?,
        project: "default".parse()?,
        started_at: WallClock::from_unix_ms(1_790_000_000_000),
        settings: Settings::resolve(Kind::Call, &[], QueueProperties::default()),
        external_id: None,
        metadata: BTreeMap::new(),
    };
    let mut events = vec![TapeEvent::SessionOpened(Box::new(opened))];
    let parties = [("a", Role::Agent, TrackId(1)), ("c", Role::Customer, TrackId(2))];
    for (id, role, track) in parties {
        let party = Party { id: id.parse()?, role, name: None, address: None, agent: None };
        events.push(TapeEvent::Joined { party, initiator: false, properties: AgentProperties::default() });
        let formats = vec![PayloadFormat { pt: 0, codec: Codec::Pcmu, clock_hz: 8000, channels: 1, fmtp: String::new() }];
        let spec = TrackSpec { participant: id.parse()?, kind: MediaKind::Audio, formats, label: None, audio_level_ext: None };
        events.push(TapeEvent::Track { track, spec });
    }
    events.push(TapeEvent::OutputStarted { output: OutputKey::Main(1), recording: format!("r{number}").parse()? });
    for (id, ..) in parties {
        events.push(TapeEvent::Gate { output: OutputKey::Main(1), participant: id.parse()?, gate: Gate::Open });
    }
    let events = events.into_iter().map(|e| Record { at: MediaTime::ZERO, body: Body::Event(e) }).collect();
    Ok(Call { speech, events, next: 0, end_ms, number })
}

/// CPU seconds of this process, its resident kilobytes.
fn usage() -> Result<(f64, u64), Box<dyn std::error::Error>> {
    let used = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF)?;
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm.split(' ').nth(1).unwrap_or("0").parse()?;
    Ok((seconds(used.user_time()) + seconds(used.system_time()), pages * 4))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let (calls, seconds) = (numbers.first().copied().unwrap_or(20), numbers.get(1).copied().unwrap_or(60));
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/speech");
    let load = |name: &str| -> std::io::Result<&'static [u8]> { Ok(Box::leak(std::fs::read(folder.join(name))?.into_boxed_slice())) };
    let speech = [load("agent.ulaw")?, load("customer.ulaw")?];
    let out = std::env::temp_dir().join(format!("ferric-render-cost-{}", std::process::id()));
    let (_, empty_kb) = usage()?;
    let mut renders = Vec::new();
    for number in 0..calls {
        // A call is made anew where rendering begins again; here it never does.
        let made = std::sync::Mutex::new(Some(call(number, seconds * 1000, speech)?));
        let rewind =
            move || Ok(Box::new(made.lock().ok().and_then(|mut m| m.take()).unwrap_or_else(|| unreachable!())) as Box<dyn Records>);
        renders.push(SessionRender::of(Box::new(rewind), &out, RenderSettings::default())?);
    }
    let (before, _) = usage()?;
    for ms in (0..=seconds * 1000).step_by(500) {
        for render in &mut renders {
            render.advance(MediaTime::from_ms(ms))?;
        }
    }
    let (grown, grown_kb) = usage()?;
    let mut slowest = 0f64;
    for render in renders {
        let start = Instant::now();
        let done = render.finish()?;
        slowest = slowest.max(start.elapsed().as_secs_f64());
        assert_eq!(done.len(), 1);
    }
    let (after, _) = usage()?;
    let minutes = (calls * seconds) as f64 / 60.0;
    println!(
        "{calls} calls of {seconds} s: {:.4} CPU s a call-minute ({:.4} while growing)",
        (after - before) / minutes,
        (grown - before) / minutes
    );
    println!(
        "{:.1} KB a call while growing, the slowest end took {:.3} s",
        (grown_kb.saturating_sub(empty_kb)) as f64 / calls as f64,
        slowest
    );
    std::fs::remove_dir_all(out)?;
    Ok(())
}
