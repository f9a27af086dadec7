//! A reader tells where each record stands, and reads it from there once more: in any order, over chunks, while the tape grows.

use ferric::model::event::TapeEvent;
use ferric::model::id::{SessionId, TrackId};
use ferric::model::time::MediaTime;
use ferric::tape::{Body, SessionTape, SpoolLimits, Spot, TapeError, TapeReader, TrackWriter};
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::support::{Gates, Node, chunk_files, id, opened, packet};

/// Packets of both in turn, a block for some of each.
fn speak(tape: &SessionTape, writers: &[TrackWriter; 2], gates: &Gates, numbers: std::ops::Range<u16>) {
    for n in numbers {
        let at = MediaTime::from_ms(u64::from(n) * 20);
        for (writer, who) in writers.iter().zip(["a1", "c1"]) {
            writer.rtp(&gates.permit(who), at, &packet(1, n, n as u8));
        }
        if n % 8 == 7 {
            tape.flush().unwrap();
        }
    }
    tape.flush().unwrap();
}

fn read_with_spots(reader: &mut TapeReader) -> Vec<(Spot, String)> {
    let mut found = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        found.push((reader.spot().unwrap(), format!("{record:?}")));
    }
    found
}

fn begun(node: &Node, session: &SessionId, chunk_bytes: u64) -> (SessionTape, [TrackWriter; 2], Gates) {
    let spool = node.patient_spool(SpoolLimits { chunk_bytes, ..SpoolLimits::default() });
    let tape = spool.create(&opened(session)).unwrap();
    let writers = [tape.track(&id("a1"), TrackId(1)).unwrap(), tape.track(&id("c1"), TrackId(2)).unwrap()];
    (tape, writers, Gates::open())
}

#[test]
fn in_any_order_and_the_reader_goes_on() {
    let (node, session) = (Node::in_memory(), id("s1"));
    let (tape, writers, gates) = begun(&node, &session, 20_000);
    let mut reader = node.reader(&session);
    let mut random = StdRng::seed_from_u64(7);
    let mut known: Vec<(Spot, String)> = Vec::new();
    for round in 0..6u16 {
        speak(&tape, &writers, &gates, round * 40..(round + 1) * 40);
        let new = read_with_spots(&mut reader);
        assert!(new.len() >= 80, "{}", new.len());
        known.extend(new);
        assert!(known.is_sorted_by_key(|(spot, _)| *spot), "what stands earlier is less");
        let mut some: Vec<_> = known.iter().filter(|_| random.random_bool(0.5)).collect();
        some.shuffle(&mut random);
        for (spot, record) in some {
            assert_eq!(&format!("{:?}", reader.again(*spot).unwrap().unwrap()), record);
        }
        reader.rest();
    }
    assert!(chunk_files(&node.dir(&session)).len() > 2, "over several chunks");
}

#[test]
fn a_reader_that_rests_between_records_misses_none() {
    let (node, session) = (Node::in_memory(), id("s1"));
    let (tape, writers, gates) = begun(&node, &session, 20_000);
    let (mut steady, mut resting) = (node.reader(&session), node.reader(&session));
    let mut random = StdRng::seed_from_u64(11);
    for round in 0..4u16 {
        speak(&tape, &writers, &gates, round * 40..(round + 1) * 40);
        let mut found = Vec::new();
        while let Some(record) = resting.next().unwrap() {
            found.push((resting.spot().unwrap(), format!("{record:?}")));
            if random.random_bool(0.3) {
                resting.rest();
            }
        }
        assert_eq!(found, read_with_spots(&mut steady));
    }
}

#[test]
fn whose_key_is_gone_is_not_there() {
    let (node, session) = (Node::in_memory(), id("s1"));
    let (tape, writers, gates) = begun(&node, &session, 1 << 20);
    speak(&tape, &writers, &gates, 0..40);
    let mut reader = node.reader(&session);
    let mut spots = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        if let Body::Rtp { track, .. } = record.body {
            spots.push((track, reader.spot().unwrap()));
        }
    }
    let (_, theirs) = *spots.iter().find(|(track, _)| *track == TrackId(2)).unwrap();
    assert!(reader.again(theirs).unwrap().is_some());
    tape.erase(&id("c1")).unwrap();
    tape.event(MediaTime::from_ms(900), &TapeEvent::Erased { participant: id("c1") }).unwrap();
    tape.flush().unwrap();
    while reader.next().unwrap().is_some() {}
    assert!(reader.again(theirs).unwrap().is_none(), "nor is what was opened before");
    for (track, spot) in spots {
        assert_eq!(reader.again(spot).unwrap().is_some(), track == TrackId(1));
    }
}

#[test]
fn what_was_damaged_since_is_an_error_and_not_another_record() {
    let (node, session) = (Node::in_memory(), id("s1"));
    let (tape, writers, gates) = begun(&node, &session, 1 << 20);
    speak(&tape, &writers, &gates, 0..40);
    let mut reader = node.reader(&session);
    let known = read_with_spots(&mut reader);
    let file = chunk_files(&node.dir(&session)).remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(format!("{:?}", reader.again(known[0].0).unwrap().unwrap()), known[0].1);
    let (spot, _) = known.last().unwrap();
    assert!(matches!(reader.again(*spot), Err(TapeError::Moved { offset, .. }) if offset == spot.block_at));
}
