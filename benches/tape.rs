//! The tape's costs: appending packets (with the sealing and writing that they cause), and reading them.
//!
//! `append` is what the network threads pay a packet. `append and write` is all that a tape costs but the disk's own work: 300 calls
//! of two legs, one second of theirs an iteration.

#![allow(missing_docs)] // Criterion's macros make functions of their own.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ferric::model::event::SessionOpened;
use ferric::model::id::TrackId;
use ferric::model::role::Role;
use ferric::model::settings::{AgentProperties, Kind, QueueProperties, Settings};
use ferric::model::time::{MediaTime, WallClock};
use ferric::policy::{Gatekeeper, Input, Permit};
use ferric::tape::{SessionTape, Spool, SpoolConfig, SpoolLimits, TapeReader, TrackWriter, Written};

const PCMU: usize = 172;
const VIDEO: usize = 1200;

fn settings() -> Settings {
    Settings::resolve(Kind::Call, &[], QueueProperties::default())
}

fn permit() -> Permit {
    let mut keeper = Gatekeeper::new(settings());
    let participant = "a1".parse().expect("an id");
    let join = Input::Join { participant, role: Role::Agent, initiator: false, properties: AgentProperties::default() };
    keeper.apply(MediaTime::ZERO, join).1.expect("joins");
    keeper.permit(&"a1".parse().expect("an id")).expect("a permit")
}

fn spool(data: &std::path::Path) -> Spool {
    let config = SpoolConfig { dir: data.join("spool"), master_key: data.join("master.key") };
    let never = Duration::from_hours(1);
    Spool::open_with(config, SpoolLimits { write_every: never, sync_every: never, ..SpoolLimits::default() }).expect("a spool")
}

fn call(spool: &Spool, number: usize) -> (SessionTape, Vec<TrackWriter>) {
    let opened = SessionOpened {
        session: format!("s{number}").parse().expect("an id"),
        project: "default".parse().expect("an id"),
        started_at: WallClock(0),
        settings: settings(),
        external_id: None,
        metadata: BTreeMap::new(),
    };
    let tape = spool.create(&opened).expect("a tape");
    let legs = [("a1", 1), ("c1", 2)].map(|(who, track)| tape.track(&who.parse().expect("an id"), TrackId(track)).expect("a track"));
    (tape, legs.into())
}

fn append(c: &mut Criterion) {
    let permit = permit();
    let mut group = c.benchmark_group("tape append");
    for (name, size) in [("PCMU", PCMU), ("video", VIDEO)] {
        let data = tempfile::tempdir().expect("a folder");
        let spool = spool(data.path());
        let (tape, legs) = call(&spool, 0);
        let packet = vec![7u8; size];
        let mut now = 0u64;
        group.throughput(Throughput::Elements(10));
        group.bench_function(BenchmarkId::new("ten packets", name), |b| {
            b.iter_custom(|rounds| {
                let mut spent = Duration::ZERO;
                for round in 0..rounds {
                    let began = std::time::Instant::now();
                    for _ in 0..10 {
                        now += 20_000_000;
                        assert_eq!(legs[0].rtp(black_box(&permit), MediaTime(now), black_box(&packet)), Written::Kept);
                    }
                    spent += began.elapsed();
                    if round % 20 == 0 {
                        tape.write_out().expect("written");
                    }
                }
                spent
            });
        });
        tape.close().expect("closed");
    }
    group.finish();
}

fn second_of_300_calls(c: &mut Criterion) {
    const CALLS: usize = 300;
    let permit = permit();
    let data = tempfile::tempdir().expect("a folder");
    let spool = spool(data.path());
    let calls: Vec<_> = (0..CALLS).map(|n| call(&spool, n)).collect();
    let packet = vec![7u8; PCMU];
    let mut now = 0u64;
    let packets = (CALLS * 2 * 50) as u64;
    let mut group = c.benchmark_group("tape append and write");
    group.sample_size(10).throughput(Throughput::Elements(packets));
    group.bench_function("a second of 300 calls", |b| {
        b.iter(|| {
            for tick in 0..50 {
                now += 20_000_000;
                for (_, legs) in &calls {
                    for leg in legs {
                        assert_eq!(leg.rtp(&permit, MediaTime(now), &packet), Written::Kept);
                    }
                }
                if tick % 9 == 8 {
                    spool.write_out();
                }
            }
        });
    });
    group.finish();
}

fn read(c: &mut Criterion) {
    const PACKETS: u64 = 60 * 100;
    let permit = permit();
    let data = tempfile::tempdir().expect("a folder");
    let spool = spool(data.path());
    let (tape, legs) = call(&spool, 0);
    for i in 0..PACKETS {
        legs[(i % 2) as usize].rtp(&permit, MediaTime::from_ms(i * 10), &[7u8; PCMU]);
        if i % 20 == 19 {
            tape.write_out().expect("written");
        }
    }
    tape.close().expect("closed");
    let mut group = c.benchmark_group("tape read");
    group.throughput(Throughput::Bytes(PACKETS * PCMU as u64));
    group.bench_function("a minute of a call", |b| {
        b.iter(|| {
            let mut reader = TapeReader::open(tape.dir(), spool.master_key()).expect("a tape");
            let mut records = 0;
            while let Some(record) = reader.next().expect("read") {
                black_box(&record);
                records += 1;
            }
            assert_eq!(records, PACKETS + 1);
        });
    });
    group.finish();
}

criterion_group!(benches, append, second_of_300_calls, read);
criterion_main!(benches);
