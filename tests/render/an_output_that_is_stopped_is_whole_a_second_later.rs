//! Whoever stops a recording while the session goes on waits for it: it does not wait for the next burst of the encoder, nor for what other outputs need.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ferric::model::event::TapeEvent;
use ferric::model::gate::{EndedBy, Gate};
use ferric::model::id::OutputKey;
use ferric::model::role::Role;
use ferric::model::time::MediaTime;
use ferric::render::{Records, RenderSettings, RenderedOutput, SessionRender};
use ferric::tape::{Record, Spot, TapeError};

use crate::support::script::{Script, Sender};

const STOPPED_MS: u64 = 7_230;
const ENDED_MS: u64 = 14_000;

/// A tape that grows: a record can be read 200 ms after it came.
#[derive(Debug)]
struct Growing {
    records: Vec<Record>,
    next: usize,
    now_ms: Arc<AtomicU64>,
}

impl Records for Growing {
    fn next(&mut self) -> Result<Option<Record>, TapeError> {
        let written = MediaTime::from_ms(self.now_ms.load(Ordering::Relaxed)) - 200_000_000;
        let record = self.records.get(self.next).filter(|r| r.at <= written).cloned();
        self.next += usize::from(record.is_some());
        Ok(record)
    }

    fn spot(&self) -> Option<Spot> {
        Some(Spot { chunk: 1, block_at: self.next as u64 - 1, record_at: 0 })
    }

    fn again(&mut self, spot: Spot) -> Result<Option<Record>, TapeError> {
        Ok(self.records.get(spot.block_at as usize).cloned())
    }
}

fn tape() -> Vec<Record> {
    let (one, two) = (OutputKey::Main(1), OutputKey::Main(2));
    let mut script = Script::call();
    script.join(0, "a", Role::Agent).join(0, "c", Role::Customer).track(0, 1, "a").track(0, 2, "c");
    script.start(300, one.clone(), "rec-1").start(5_000, two.clone(), "rec-2");
    for who in ["a", "c"] {
        script.gate(300, one.clone(), who, Gate::Open).gate(5_000, two.clone(), who, Gate::Open);
        script.gate(STOPPED_MS, one.clone(), who, Gate::Closed).gate(ENDED_MS, two.clone(), who, Gate::Closed);
    }
    script.end(STOPPED_MS, one, EndedBy::Stop).end(ENDED_MS, two, EndedBy::End);
    script.event(ENDED_MS, TapeEvent::SessionEnded);
    // Some packets are late by as much as a second.
    script.tone(&mut Sender::new(1), 440.0, 0, ENDED_MS, |n| Some(if n % 37 == 5 { 900.0 } else { 5.0 + (n * 7 % 11) as f64 }));
    script.tone(&mut Sender::new(2), 620.0, 0, ENDED_MS, |n| Some(if n % 41 == 9 { 450.0 } else { 5.0 + (n * 5 % 13) as f64 }));
    script.sorted()
}

fn render(out: &Path, records: &[Record], now_ms: &Arc<AtomicU64>) -> SessionRender {
    let (records, now_ms) = (records.to_vec(), now_ms.clone());
    let rewind = move || Ok(Box::new(Growing { records: records.clone(), next: 0, now_ms: now_ms.clone() }) as Box<dyn Records>);
    SessionRender::of(Box::new(rewind), out, RenderSettings::default()).unwrap()
}

fn bytes(outputs: &[RenderedOutput]) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = outputs.iter().map(|o| (o.output.to_string(), std::fs::read(o.dir.join("recording.mp4")).unwrap())).collect();
    all.sort();
    all
}

#[test]
fn and_it_is_the_same_as_if_nobody_had_waited() {
    let records = tape();
    let (whole, live, slow) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let later = Arc::new(AtomicU64::new(60_000));
    let at_once = render(whole.path(), &records, &later).finish().unwrap();

    let now = Arc::new(AtomicU64::new(0));
    let mut following = render(live.path(), &records, &now);
    let mut done = Vec::new();
    let look = |following: &mut SessionRender, ms: u64| {
        now.store(ms, Ordering::Relaxed);
        following.advance(MediaTime::from_ms(ms)).unwrap()
    };
    for ms in (400..STOPPED_MS).step_by(1_000) {
        done.extend(look(&mut following, ms));
    }
    following.ending(MediaTime::from_ms(STOPPED_MS));
    done.extend(look(&mut following, STOPPED_MS + 900));
    assert!(done.is_empty(), "not all of it is on the tape yet");
    done.extend(look(&mut following, STOPPED_MS + 1_110));
    assert_eq!(done.iter().map(|o| o.output.clone()).collect::<Vec<_>>(), [OutputKey::Main(1)]);
    assert_eq!(done[0].manifest.as_ref().unwrap().duration_ms, STOPPED_MS - 300);
    for ms in (9_000..ENDED_MS).step_by(1_000) {
        done.extend(look(&mut following, ms));
    }
    now.store(60_000, Ordering::Relaxed);
    done.extend(following.finish().unwrap());

    // Looked at seldom, and told of nothing.
    let now = Arc::new(AtomicU64::new(0));
    let mut following = render(slow.path(), &records, &now);
    let mut seldom = Vec::new();
    for ms in [3_700, 11_900] {
        now.store(ms, Ordering::Relaxed);
        seldom.extend(following.advance(MediaTime::from_ms(ms)).unwrap());
    }
    now.store(60_000, Ordering::Relaxed);
    seldom.extend(following.finish().unwrap());

    let expected = bytes(&at_once);
    assert_eq!(expected.len(), 2);
    assert!(bytes(&done) == expected, "followed live");
    assert!(bytes(&seldom) == expected, "looked at seldom");
}
