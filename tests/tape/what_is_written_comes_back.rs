//! Packets, reports and events, of several sessions and threads, in random order and sizes.

use std::collections::BTreeMap;
use std::time::Duration;

use ferric::model::event::{Party, TapeEvent};
use ferric::model::gate::State;
use ferric::model::id::{SessionId, TrackId};
use ferric::model::redact::Personal;
use ferric::model::role::Role;
use ferric::model::settings::AgentProperties;
use ferric::model::time::MediaTime;
use ferric::tape::{Body, SenderReport, SpoolLimits, Written};
use proptest::prelude::*;

use crate::support::{Gates, Node, events, id, opened, packet, packets, until};

#[derive(Clone, Debug)]
enum Deed {
    Packet { track: u16, step_ms: u64, bytes: Vec<u8> },
    Report { track: u16, step_ms: u64, ntp: u64 },
    Event { step_ms: u64, muted: bool },
    Flush,
}

fn deed() -> impl Strategy<Value = Deed> {
    let bytes = prop_oneof![
        8 => proptest::collection::vec(any::<u8>(), 0..200),
        1 => proptest::collection::vec(any::<u8>(), 1200..1500),
    ];
    prop_oneof![
        10 => (0u16..4, 0u64..60, bytes).prop_map(|(track, step_ms, bytes)| Deed::Packet { track, step_ms, bytes }),
        1 => (0u16..4, 0u64..60, any::<u64>()).prop_map(|(track, step_ms, ntp)| Deed::Report { track, step_ms, ntp }),
        2 => (0u64..60, any::<bool>()).prop_map(|(step_ms, muted)| Deed::Event { step_ms, muted }),
        1 => Just(Deed::Flush),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn in_order_and_whole(deeds in proptest::collection::vec(deed(), 1..250), chunk_bytes in 500u64..60_000) {
        let node = Node::in_memory();
        let spool = node.patient_spool(SpoolLimits { chunk_bytes, ..SpoolLimits::default() });
        let session: SessionId = id("s1");
        let tape = spool.create(&opened(&session)).unwrap();
        let gates = Gates::open();
        // Tracks 0 and 1 are the agent's, 2 and 3 the customer's.
        let whose = |track: u16| if track < 2 { "a1" } else { "c1" };
        let writers: Vec<_> = (0..4).map(|t| tape.track(&id(whose(t)), TrackId(t)).unwrap()).collect();
        let mut now = MediaTime::ZERO;
        let mut sent: BTreeMap<u16, Vec<(MediaTime, Vec<u8>)>> = BTreeMap::new();
        let mut reported = Vec::new();
        let mut told = vec![TapeEvent::SessionOpened(Box::new(opened(&session)))];
        for deed in deeds {
            match deed {
                Deed::Packet { track, step_ms, bytes } => {
                    now = now + step_ms * 1_000_000;
                    prop_assert_eq!(writers[usize::from(track)].rtp(&gates.permit(whose(track)), now, &bytes), Written::Kept);
                    sent.entry(track).or_default().push((now, bytes));
                }
                Deed::Report { track, step_ms, ntp } => {
                    now = now + step_ms * 1_000_000;
                    let report = SenderReport { ssrc: 7, ntp, rtp: 9, packets: 10, octets: 11 };
                    prop_assert_eq!(writers[usize::from(track)].sender_report(now, report), Written::Kept);
                    reported.push((now, TrackId(track), report));
                }
                Deed::Event { step_ms, muted } => {
                    now = now + step_ms * 1_000_000;
                    let event = TapeEvent::State { state: if muted { State::Paused } else { State::Recording } };
                    tape.event(now, &event).unwrap();
                    told.push(event);
                }
                Deed::Flush => tape.flush().unwrap(),
            }
        }
        tape.event(now, &TapeEvent::SessionEnded).unwrap();
        told.push(TapeEvent::SessionEnded);
        tape.close().unwrap();
        prop_assert!(tape.event(now, &TapeEvent::SessionEnded).is_err(), "a closed tape takes nothing");

        let mut reader = node.reader(&session);
        let records = crate::support::read_all(&mut reader);
        prop_assert_eq!(reader.damaged(), 0);
        for track in 0..4 {
            let came: Vec<_> = packets(&records, TrackId(track)).into_iter().map(|(at, p)| (at, p.to_vec())).collect();
            prop_assert_eq!(&came, sent.entry(track).or_default(), "track {}", track);
        }
        let came: Vec<_> = records.iter().filter_map(|r| match r.body {
            Body::SenderReport { track, report } => Some((r.at, track, report)),
            _ => None,
        }).collect();
        prop_assert_eq!(came.len(), reported.len());
        prop_assert!(reported.iter().all(|r| came.contains(r)));
        prop_assert_eq!(events(&records), told);
        prop_assert!(matches!(records.last().unwrap().body, Body::Event(TapeEvent::SessionEnded)), "the end is the last record");
        let mut latest = MediaTime::ZERO;
        for record in &records {
            prop_assert!(latest.since(record.at) <= 400_000_000, "{:?} after {:?}", record.at, latest);
            latest = latest.max(record.at);
        }
    }
}

#[test]
fn of_several_sessions_and_threads_while_it_is_being_read() {
    let node = Node::new();
    let spool = node.spool();
    let threads: Vec<_> = (0..4u32)
        .map(|n| {
            let spool = spool.clone();
            let session: SessionId = id(&format!("s{n}"));
            std::thread::spawn(move || {
                let tape = spool.create(&opened(&session)).unwrap();
                let gates = Gates::open();
                let permit = gates.permit("a1");
                let legs: Vec<_> = (0..3u16)
                    .map(|t| {
                        let writer = tape.track(&id("a1"), TrackId(t)).unwrap();
                        let permit = permit.clone();
                        std::thread::spawn(move || {
                            for i in 0..500u16 {
                                let at = MediaTime::from_ms(u64::from(i));
                                assert_eq!(writer.rtp(&permit, at, &packet(n * 10 + u32::from(t), i, t as u8)), Written::Kept);
                                if i % 50 == 0 {
                                    std::thread::sleep(Duration::from_millis(3));
                                }
                            }
                        })
                    })
                    .collect();
                for leg in legs {
                    leg.join().unwrap();
                }
                tape.event(MediaTime::from_ms(500), &TapeEvent::SessionEnded).unwrap();
            })
        })
        .collect();
    for n in 0..4u32 {
        let session: SessionId = id(&format!("s{n}"));
        let mut reader = until("the tape to begin", || ferric::tape::TapeReader::open(&node.dir(&session), &node.master_key()).ok());
        let mut records = Vec::new();
        until("the tape to end", || {
            while let Some(record) = reader.next().unwrap() {
                records.push(record);
            }
            matches!(records.last().map(|r| &r.body), Some(Body::Event(TapeEvent::SessionEnded))).then_some(())
        });
        for t in 0..3u16 {
            let came = packets(&records, TrackId(t));
            assert_eq!(came.len(), 500);
            for (i, (_, bytes)) in came.iter().enumerate() {
                assert_eq!(bytes[..], packet(n * 10 + u32::from(t), i as u16, t as u8)[..]);
            }
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    until("dropped tapes to be closed by themselves", || (spool.live_tapes() == 0).then_some(()));
}

#[test]
fn also_after_it_was_opened_again() {
    let node = Node::new();
    let session: SessionId = id("s1");
    let gates = Gates::open();
    let party = |name: &str| TapeEvent::Joined {
        party: Party { id: id(name), role: Role::Agent, name: Some(Personal::new("Ada")), address: None, agent: None },
        initiator: false,
        properties: AgentProperties::default(),
    };
    for round in 0..4u16 {
        let spool = node.spool();
        let tape = if round == 0 { spool.create(&opened(&session)).unwrap() } else { spool.reopen(&session).unwrap() };
        assert!(matches!(spool.reopen(&session), Err(ferric::tape::TapeError::Live(_))), "one writer a tape");
        tape.event(MediaTime::from_ms(u64::from(round)), &party(&format!("p{round}"))).unwrap();
        let writer = tape.track(&id("a1"), TrackId(1)).unwrap();
        writer.rtp(&gates.permit("a1"), MediaTime::from_ms(u64::from(round)), &packet(1, round, 1));
        tape.close().unwrap();
    }
    let mut reader = node.reader(&session);
    let records = crate::support::read_all(&mut reader);
    assert_eq!(reader.damaged(), 0);
    assert_eq!(packets(&records, TrackId(1)).len(), 4);
    assert_eq!(events(&records).len(), 5);
    assert!(matches!(node.spool().create(&opened(&session)), Err(ferric::tape::TapeError::Exists(_))));
    node.spool().remove(&session).unwrap();
    assert!(!node.dir(&session).exists());
}
