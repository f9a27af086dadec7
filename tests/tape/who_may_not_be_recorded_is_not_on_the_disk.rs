//! Gated packets are nowhere; erased participants cannot be read by anybody.

use std::path::Path;

use ferric::model::command::{Command, Verb};
use ferric::model::event::TapeEvent;
use ferric::model::id::{SessionId, TrackId};
use ferric::model::time::MediaTime;
use ferric::policy::Input;
use ferric::tape::{Body, SenderReport, SpoolLimits, TapeReader, Written};

use crate::support::{Gates, Node, id, opened, packet, packets, read_all};

const MARKER: u8 = 0x5A;

fn every_file(dir: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(every_file(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found
}

fn holds(bytes: &[u8], run: &[u8]) -> bool {
    bytes.windows(run.len()).any(|w| w == run)
}

#[test]
fn a_paused_packet_is_gated() {
    let (node, session): (_, SessionId) = (Node::new(), id("s1"));
    let mut gates = Gates::open();
    let spool = node.patient_spool(SpoolLimits::default());
    let tape = spool.create(&opened(&session)).unwrap();
    let writer = tape.track(&id("c1"), TrackId(1)).unwrap();
    let permit = gates.permit("c1");
    assert_eq!(writer.rtp(&permit, MediaTime::from_ms(10), &packet(1, 1, 1)), Written::Kept);
    let pause = |verb| Input::Command(Command { by: id("a1"), verb, order: None });
    gates.keeper.apply(MediaTime::from_ms(20), pause(Verb::Pause)).1.unwrap();
    for arrival in [5, 20, 25] {
        assert_eq!(writer.rtp(&permit, MediaTime::from_ms(arrival), &packet(1, 2, MARKER)), Written::Gated);
    }
    gates.keeper.apply(MediaTime::from_ms(40), pause(Verb::Resume)).1.unwrap();
    assert_eq!(writer.rtp(&permit, MediaTime::from_ms(39), &packet(1, 3, MARKER)), Written::Gated, "it arrived in the pause");
    // The policy keeps the gate shut for the length of one packet more.
    assert_eq!(writer.rtp(&permit, MediaTime::from_ms(60), &packet(1, 4, 1)), Written::Kept);
    tape.close().unwrap();
    let records = node.read(&session);
    assert_eq!(packets(&records, TrackId(1)).len(), 2);
    for record in &records {
        if let Body::Rtp { packet, .. } = &record.body {
            assert!(!holds(packet, &[MARKER; 4]));
        }
    }
    for (path, bytes) in every_file(node.data.path()) {
        assert!(!holds(&bytes, &[MARKER; 8]), "{}", path.display());
        assert!(!holds(&bytes, &[1; 8]), "media stands in the clear in {}", path.display());
    }
}

#[test]
fn an_erased_participant_is_gone_for_everybody() {
    let (node, session): (_, SessionId) = (Node::new(), id("s1"));
    let gates = Gates::open();
    let spool = node.patient_spool(SpoolLimits::default());
    let tape = spool.create(&opened(&session)).unwrap();
    let agent = tape.track(&id("a1"), TrackId(1)).unwrap();
    let customer = tape.track(&id("c1"), TrackId(2)).unwrap();
    let say = |sequence: u16, ms: u64| {
        agent.rtp(&gates.permit("a1"), MediaTime::from_ms(ms), &packet(1, sequence, 1));
        customer.rtp(&gates.permit("c1"), MediaTime::from_ms(ms), &packet(2, sequence, MARKER))
    };
    assert_eq!(say(1, 10), Written::Kept);
    tape.flush().unwrap();
    // A second one is still in the buffer when the customer declines.
    assert_eq!(say(2, 30), Written::Kept);
    let keys = node.dir(&session).join("keys");
    let key = keys.join("p-c1.2.key");
    let held_open = std::fs::File::open(&key).unwrap();
    // Somebody kept a copy of the tape, but not of the keys.
    let mut tailing = node.reader(&session);
    assert_eq!(packets(&read_all(&mut tailing), TrackId(2)).len(), 1);

    tape.erase(&id("c1")).unwrap();
    assert!(!key.exists());
    let mut left = Vec::new();
    std::io::Read::read_to_end(&mut &held_open, &mut left).unwrap();
    assert!(!left.is_empty() && left.iter().all(|b| *b == 0), "the key's bytes are overwritten, not only unlinked");
    assert_eq!(say(3, 50), Written::Dropped);
    assert_eq!(
        customer.sender_report(MediaTime::from_ms(51), SenderReport { ssrc: 2, ntp: 0, rtp: 0, packets: 0, octets: 0 }),
        Written::Dropped
    );
    let again = tape.track(&id("c1"), TrackId(3)).unwrap();
    assert_eq!(again.rtp(&gates.permit("c1"), MediaTime::from_ms(52), &packet(2, 9, MARKER)), Written::Dropped);
    tape.event(MediaTime::from_ms(60), &TapeEvent::Erased { participant: id("c1") }).unwrap();
    tape.close().unwrap();

    let mut reader = node.reader(&session);
    let records = read_all(&mut reader);
    assert_eq!((packets(&records, TrackId(1)).len(), packets(&records, TrackId(2)).len()), (3, 0));
    assert_eq!((reader.damaged(), reader.erased_blocks()), (0, 1), "erased is not damaged");
    assert_eq!(packets(&read_all(&mut tailing), TrackId(2)).len(), 0);

    // Also after a restart, and for whoever joins again under that name.
    let tape = spool.reopen(&session).unwrap();
    let writer = tape.track(&id("c1"), TrackId(2)).unwrap();
    assert_eq!(writer.rtp(&gates.permit("c1"), MediaTime::from_ms(70), &packet(2, 10, MARKER)), Written::Dropped);
    let newcomer = tape.track(&id("c2"), TrackId(4)).unwrap();
    assert_eq!(newcomer.rtp(&gates.permit("c1"), MediaTime::from_ms(71), &packet(4, 1, 4)), Written::Kept);
    tape.close().unwrap();
    let records = node.read(&session);
    assert_eq!((packets(&records, TrackId(2)).len(), packets(&records, TrackId(4)).len()), (0, 1));
}

#[test]
fn who_declines_before_a_word_never_gets_a_key() {
    let (node, session): (_, SessionId) = (Node::new(), id("s1"));
    let gates = Gates::open();
    let tape = node.patient_spool(SpoolLimits::default()).create(&opened(&session)).unwrap();
    tape.erase(&id("c1")).unwrap();
    let writer = tape.track(&id("c1"), TrackId(1)).unwrap();
    assert_eq!(writer.rtp(&gates.permit("c1"), MediaTime::ZERO, &packet(1, 1, 1)), Written::Dropped);
    tape.close().unwrap();
    assert!(every_file(node.data.path()).iter().all(|(p, _)| !p.to_string_lossy().ends_with("p-c1.1.key")));
}

#[test]
fn a_destruction_that_a_crash_interrupted_is_finished() {
    let (node, session): (_, SessionId) = (Node::new(), id("s1"));
    let gates = Gates::open();
    let spool = node.patient_spool(SpoolLimits::default());
    let tape = spool.create(&opened(&session)).unwrap();
    tape.track(&id("c1"), TrackId(1)).unwrap().rtp(&gates.permit("c1"), MediaTime::ZERO, &packet(1, 1, 1));
    tape.close().unwrap();
    let keys = node.dir(&session).join("keys");
    std::fs::write(keys.join("p-c1.1.erased"), b"").unwrap();
    let mut reader = TapeReader::open(&node.dir(&session), &node.master_key()).unwrap();
    assert_eq!(packets(&read_all(&mut reader), TrackId(1)).len(), 0, "the mark is enough for a reader");
    assert!(keys.join("p-c1.1.key").exists());
    spool.recover().unwrap();
    assert!(!keys.join("p-c1.1.key").exists());
}

#[test]
fn keys_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (node, session): (_, SessionId) = (Node::new(), id("s1"));
    let tape = node.patient_spool(SpoolLimits::default()).create(&opened(&session)).unwrap();
    tape.track(&id("c1"), TrackId(1)).unwrap();
    tape.close().unwrap();
    let paths = every_file(&node.dir(&session)).into_iter().map(|(path, _)| path).chain([node.master_key()]);
    for path in paths {
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
}
