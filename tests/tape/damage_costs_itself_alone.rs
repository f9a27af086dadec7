//! Every byte of a chunk flipped, one at a time: one block is lost and counted, all others are read.

use ferric::model::id::{SessionId, TrackId};
use ferric::model::time::MediaTime;
use ferric::tape::SpoolLimits;

use crate::support::{Gates, Node, chunk_files, id, opened, packet, read_all};

const CHUNK_HEADER: usize = ferric::tape::format::CHUNK_HEADER;

fn tape_of_five_blocks(node: &Node, session: &SessionId) {
    let gates = Gates::open();
    let spool = node.patient_spool(SpoolLimits::default());
    let tape = spool.create(&opened(session)).unwrap();
    let writer = tape.track(&id("a1"), TrackId(1)).unwrap();
    for i in 0..5u16 {
        writer.rtp(&gates.permit("a1"), MediaTime::from_ms(u64::from(i) * 20), &packet(1, i, 1)[..60]);
        tape.flush().unwrap();
    }
    tape.close().unwrap();
}

#[test]
fn at_every_byte() {
    let (node, session) = (Node::in_memory(), id("s1"));
    tape_of_five_blocks(&node, &session);
    let file = chunk_files(&node.dir(&session)).remove(0);
    let whole = std::fs::read(&file).unwrap();
    let records = node.read(&session).len();
    assert_eq!(records, 6);
    let mut lost_tail = 0;
    for at in 0..whole.len() {
        for bit in [0x01, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= bit;
            std::fs::write(&file, &bytes).unwrap();
            let mut reader = node.reader(&session);
            let left = read_all(&mut reader).len();
            if at < CHUNK_HEADER {
                assert_eq!((left, reader.damaged()), (records, 1), "byte {at}: a header costs no record");
            } else {
                assert_eq!((left, reader.damaged()), (records - 1, 1), "byte {at}");
                lost_tail += 1;
            }
        }
    }
    assert!(lost_tail > 0);
}

#[test]
fn a_run_of_bytes_gone_or_put_in_is_passed_over() {
    let (node, session) = (Node::in_memory(), id("s1"));
    tape_of_five_blocks(&node, &session);
    let file = chunk_files(&node.dir(&session)).remove(0);
    let whole = std::fs::read(&file).unwrap();
    let records = node.read(&session).len();
    for at in (CHUNK_HEADER..whole.len()).step_by(7) {
        let mut longer = whole.clone();
        longer.splice(at..at, [0xFE; 33]);
        std::fs::write(&file, &longer).unwrap();
        let mut reader = node.reader(&session);
        let left = read_all(&mut reader).len();
        assert!(left + 1 >= records && reader.damaged() <= 2, "33 bytes put in at {at}: {left} of {records}");

        let mut shorter = whole.clone();
        shorter.drain(at..(at + 33).min(whole.len()));
        std::fs::write(&file, &shorter).unwrap();
        let mut reader = node.reader(&session);
        let left = read_all(&mut reader).len();
        assert!(left + 2 >= records, "33 bytes gone at {at}: {left} of {records}");
    }
}

#[test]
fn a_lost_chunk_is_told_and_the_rest_is_read() {
    let (node, session) = (Node::in_memory(), id("s1"));
    let gates = Gates::open();
    let spool = node.patient_spool(SpoolLimits { chunk_bytes: 1, ..SpoolLimits::default() });
    let tape = spool.create(&opened(&session)).unwrap();
    let writer = tape.track(&id("a1"), TrackId(1)).unwrap();
    for i in 0..4u16 {
        writer.rtp(&gates.permit("a1"), MediaTime::from_ms(u64::from(i)), &packet(1, i, 1));
        tape.flush().unwrap();
    }
    tape.close().unwrap();
    let files = chunk_files(&node.dir(&session));
    assert_eq!(files.len(), 5, "a chunk that has its size is followed by another");
    std::fs::remove_file(&files[2]).unwrap();
    let mut reader = node.reader(&session);
    assert_eq!((read_all(&mut reader).len(), reader.damaged()), (4, 1));
}
