//! A chunk cut off at every single byte: recovery keeps every whole block before the tear, and writing goes on behind it.

use ferric::model::event::TapeEvent;
use ferric::model::gate::State;
use ferric::model::id::{SessionId, TrackId};
use ferric::model::time::MediaTime;
use ferric::tape::SpoolLimits;

use crate::support::{Gates, Node, chunk_files, events, id, opened, packet, packets, read_all};

#[test]
fn at_every_byte() {
    let node = Node::in_memory();
    let session: SessionId = id("s1");
    let gates = Gates::open();
    let file = node.dir(&session).join("000001.tape");
    // What had been written, by size of the file after each write.
    let mut written: Vec<(u64, usize, usize)> = Vec::new();
    {
        let spool = node.patient_spool(SpoolLimits::default());
        let tape = spool.create(&opened(&session)).unwrap();
        let writers = [("a1", 1), ("c1", 2)].map(|(who, t)| (who, tape.track(&id(who), TrackId(t)).unwrap()));
        for round in 0..4u64 {
            let now = MediaTime::from_ms(round * 20);
            for (who, writer) in &writers {
                writer.rtp(&gates.permit(who), now, &packet(1, round as u16, 1));
            }
            tape.flush().unwrap();
            written.push((std::fs::metadata(&file).unwrap().len(), round as usize + 1, 1));
        }
        tape.close().unwrap();
    }
    let whole = std::fs::read(&file).unwrap();
    for cut in 0..=whole.len() {
        std::fs::write(&file, &whole[..cut]).unwrap();
        for extra in std::fs::read_dir(node.dir(&session)).unwrap().map(|e| e.unwrap().path()) {
            if extra.extension().is_some_and(|e| e == "tape") && extra != file {
                std::fs::remove_file(extra).unwrap();
            }
        }
        // A reader of the torn tape waits for the rest; it does not panic and calls nothing damaged.
        let mut reader = node.reader(&session);
        let before = read_all(&mut reader);
        assert_eq!(reader.damaged(), 0, "cut at {cut}");
        let least = written.iter().rfind(|(len, ..)| *len <= cut as u64);
        for track in [1, 2] {
            let there = packets(&before, TrackId(track)).len();
            assert!(there >= least.map_or(0, |l| l.1) && there <= least.map_or(0, |l| l.1) + 1, "cut at {cut}: {there} packets");
        }

        let spool = node.patient_spool(SpoolLimits::default());
        let found = spool.recover().unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].damaged, found[0].ended), (0, false), "cut at {cut}");
        let left = std::fs::metadata(&file).map_or(0, |m| m.len());
        assert_eq!(left + found[0].torn_bytes, cut as u64);
        let tape = spool.reopen(&session).unwrap();
        let now = MediaTime::from_ms(1000);
        tape.event(now, &TapeEvent::State { state: State::Recording }).unwrap();
        tape.track(&id("a1"), TrackId(1)).unwrap().rtp(&gates.permit("a1"), now, &packet(1, 99, 9));
        tape.event(now, &TapeEvent::SessionEnded).unwrap();
        tape.close().unwrap();
        let mut reader = node.reader(&session);
        let after = read_all(&mut reader);
        assert_eq!(reader.damaged(), 0, "cut at {cut}");
        assert_eq!(after.len(), before.len() + 3, "cut at {cut}: what was read before the recovery is read after it");
        assert_eq!(events(&after).last(), Some(&TapeEvent::SessionEnded));
        assert_eq!(packets(&after, TrackId(1)).last().unwrap().1[..], packet(1, 99, 9)[..]);
    }
}

#[test]
fn a_tail_of_zeros_or_noise_is_cut_off_too() {
    // What a power cut leaves: the file's length without its contents.
    for fill in [0u8, 0xFE] {
        let node = Node::new();
        let session: SessionId = id("s1");
        let spool = node.patient_spool(SpoolLimits::default());
        spool.create(&opened(&session)).unwrap().close().unwrap();
        let file = chunk_files(&node.dir(&session)).remove(0);
        let mut bytes = std::fs::read(&file).unwrap();
        let sound = bytes.len();
        bytes.resize(sound + 5000, fill);
        std::fs::write(&file, bytes).unwrap();
        let found = spool.recover().unwrap();
        assert_eq!((found[0].torn_bytes, found[0].damaged), (5000, 0));
        assert_eq!(std::fs::metadata(&file).unwrap().len() as usize, sound);
        assert_eq!(node.read(&session).len(), 1);
    }
}
