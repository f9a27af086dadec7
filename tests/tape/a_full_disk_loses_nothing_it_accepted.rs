//! Where nothing can be written: what was accepted stays in memory, what was not is told, other sessions go on.

use std::process::Command;

use ferric::model::event::TapeEvent;
use ferric::model::id::{SessionId, TrackId};
use ferric::model::time::MediaTime;
use ferric::tape::{SessionTape, Spool, SpoolConfig, SpoolLimits, TapeError, TrackWriter, Written};

use crate::support::{Gates, Node, chunk_files, events, id, opened, packet, packets, read_all};

fn small() -> SpoolLimits {
    SpoolLimits { buffer_bytes: 40_000, ..SpoolLimits::default() }
}

struct Leg {
    tape: SessionTape,
    writer: TrackWriter,
    kept: Vec<u16>,
    dropped: u64,
    next: u16,
}

impl Leg {
    fn new(spool: &Spool, session: &SessionId) -> Self {
        let tape = spool.create(&opened(session)).unwrap();
        let writer = tape.track(&id("a1"), TrackId(1)).unwrap();
        Self { tape, writer, kept: Vec::new(), dropped: 0, next: 0 }
    }

    fn say(&mut self, gates: &Gates, packets: u16) {
        for _ in 0..packets {
            let at = MediaTime::from_ms(u64::from(self.next) * 20);
            match self.writer.rtp(&gates.permit("a1"), at, &packet(1, self.next, 1)) {
                Written::Kept => self.kept.push(self.next),
                Written::Dropped => self.dropped += 1,
                Written::Gated => panic!("the gate is open"),
            }
            self.next += 1;
        }
    }

    fn check(&self, node: &Node, session: &SessionId) {
        let mut reader = node.reader(session);
        let records = read_all(&mut reader);
        assert_eq!(reader.damaged(), 0, "{:?}", reader.flaws());
        let came: Vec<u16> = packets(&records, TrackId(1)).iter().map(|(_, p)| u16::from_be_bytes([p[2], p[3]])).collect();
        assert_eq!(came, self.kept, "what was accepted is there, once and in order");
        let told: u64 =
            events(&records).iter().map(|e| if let TapeEvent::Dropped { track: TrackId(1), packets } = e { *packets } else { 0 }).sum();
        assert_eq!(told, self.dropped, "what was not accepted is told");
    }
}

/// No new chunk can be made for one of two sessions.
#[test]
fn of_one_session_alone() {
    let (node, a, b): (_, SessionId, SessionId) = (Node::new(), id("a"), id("b"));
    let gates = Gates::open();
    let spool = node.patient_spool(SpoolLimits { chunk_bytes: 1, ..small() });
    let (mut stuck, mut other) = (Leg::new(&spool, &a), Leg::new(&spool, &b));
    stuck.say(&gates, 10);
    stuck.tape.flush().unwrap();
    let aside = node.data.path().join("aside");
    std::fs::rename(node.dir(&a), &aside).unwrap();
    std::fs::write(node.dir(&a), b"in the way").unwrap();
    for _ in 0..30 {
        stuck.say(&gates, 20);
        assert!(matches!(stuck.tape.flush(), Err(TapeError::Io { .. })));
        other.say(&gates, 20);
        other.tape.flush().unwrap();
    }
    assert!(stuck.dropped > 100 && other.dropped == 0, "{} of {}", stuck.dropped, stuck.next);
    assert!(stuck.tape.event(MediaTime::from_ms(12_000), &TapeEvent::SessionEnded).is_ok(), "events have room of their own");
    std::fs::remove_file(node.dir(&a)).unwrap();
    std::fs::rename(&aside, node.dir(&a)).unwrap();
    stuck.tape.flush().unwrap();
    stuck.say(&gates, 10);
    for leg in [&stuck, &other] {
        leg.tape.close().unwrap();
    }
    stuck.check(&node, &a);
    other.check(&node, &b);
}

struct Mounted(std::path::PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A file system of one megabyte, where this machine lets us mount one.
#[test]
fn of_a_whole_file_system() {
    let (node, a, b): (_, SessionId, SessionId) = (Node::new(), id("a"), id("b"));
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "ferric-test"]).arg(node.data.path()).output();
    if !mounted.is_ok_and(|m| m.status.success()) {
        println!("not run: a file system cannot be mounted here; `of_one_session_alone` and `of_a_file_that_may_not_grow` stand for it");
        return;
    }
    let _mounted = Mounted(node.data.path().to_owned());
    let gates = Gates::open();
    let spool = node.patient_spool(small());
    let (mut much, mut little) = (Leg::new(&spool, &a), Leg::new(&spool, &b));
    let ballast = node.data.path().join("ballast");
    std::fs::write(&ballast, vec![1u8; 700 << 10]).unwrap();
    let mut failures = 0;
    for round in 0..60u32 {
        much.say(&gates, 40);
        if round % 3 == 0 {
            little.say(&gates, 3);
        }
        failures += u32::from(much.tape.flush().is_err());
        let _ = little.tape.flush();
    }
    assert!(failures > 10 && much.dropped > 100, "the disk was full: {failures} failures, {} dropped", much.dropped);
    assert_eq!(little.dropped, 0, "a session that says little loses nothing");
    std::fs::remove_file(&ballast).unwrap();
    for leg in [&mut much, &mut little] {
        leg.tape.flush().unwrap();
        leg.say(&gates, 10);
        leg.tape.close().unwrap();
    }
    much.check(&node, &a);
    little.check(&node, &b);
}

const DATA: &str = "FERRIC_TEST_TAPE_SMALL_FILES";
const PACKETS: u16 = 4000;

/// The process whose files may not grow beyond 100 kB.
#[test]
fn child_with_small_files() {
    use nix::sys::resource::{Resource, setrlimit};
    use nix::sys::signal::{SigSet, Signal};
    let Some(data) = std::env::var_os(DATA).map(std::path::PathBuf::from) else { return };
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGXFSZ);
    blocked.thread_block().unwrap();
    setrlimit(Resource::RLIMIT_FSIZE, 100_000, 100_000).unwrap();
    let config = SpoolConfig { dir: data.join("spool"), master_key: data.join("master.key") };
    let spool = Spool::open(config).unwrap();
    let gates = Gates::open();
    let mut leg = Leg::new(&spool, &id("a"));
    while leg.next < PACKETS {
        leg.say(&gates, 40);
        // The first try meets the limit; the next one begins a new chunk.
        let _ = leg.tape.flush();
    }
    leg.tape.flush().or_else(|_| leg.tape.flush()).unwrap();
    assert_eq!(leg.dropped, 0);
    leg.tape.close().unwrap();
}

#[test]
fn of_a_file_that_may_not_grow() {
    let (node, a): (_, SessionId) = (Node::new(), id("a"));
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_full_disk_loses_nothing_it_accepted::child_with_small_files", "--nocapture"])
        .env(DATA, node.data.path())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    let files = chunk_files(&node.dir(&a));
    assert!(files.len() >= 8, "{} chunks", files.len());
    let mut reader = node.reader(&a);
    let records = read_all(&mut reader);
    assert_eq!(reader.damaged(), 0, "{:?}", reader.flaws());
    let came: Vec<u16> = packets(&records, TrackId(1)).iter().map(|(_, p)| u16::from_be_bytes([p[2], p[3]])).collect();
    assert_eq!(came, (0..PACKETS).collect::<Vec<_>>());
}

/// Nobody takes anything: the sum of what all hold is bounded, whoever comes last is told of their loss, and all of it is given back.
#[test]
fn of_all_sessions_together() {
    let node = Node::new();
    let gates = Gates::open();
    let limit = 256 << 10;
    let spool = node.patient_spool(SpoolLimits { node_bytes: limit, ..SpoolLimits::default() });
    let sessions: Vec<SessionId> = (0..8).map(|n| id(&format!("s{n}"))).collect();
    let mut legs: Vec<Leg> = sessions.iter().map(|session| Leg::new(&spool, session)).collect();
    for _ in 0..20 {
        for leg in &mut legs {
            leg.say(&gates, 50);
        }
        // Events have room of their own, a piece a session.
        assert!(spool.memory().0 <= limit + legs.len() * (16 << 10), "{}", spool.memory().0);
    }
    let (kept, lost) = legs.iter().fold((0, 0), |(k, l), leg| (k + leg.kept.len(), l + leg.dropped));
    assert!(kept > 500 && lost > 500, "{kept} kept, {lost} lost");
    for leg in &mut legs {
        leg.tape.flush().unwrap();
    }
    for leg in &mut legs {
        let lost = leg.dropped;
        leg.say(&gates, 20);
        assert_eq!(leg.dropped, lost, "there is room again");
        leg.tape.event(MediaTime::from_ms(30_000), &TapeEvent::SessionEnded).unwrap();
        leg.tape.close().unwrap();
    }
    for (leg, session) in legs.iter().zip(&sessions) {
        leg.check(&node, session);
    }
    drop(legs);
    assert_eq!(spool.memory().0, 0);
}
