//! `inspect`, `to-pcap` (read by tshark), `cut` and `verify`, on a tape with two legs, a loss and a pause.

use std::process::Command;

use ferric::model::event::{Party, TapeEvent};
use ferric::model::gate::{Gate, State};
use ferric::model::id::{OutputKey, RecordingId, SessionId, TrackId};
use ferric::model::media::{Codec, MediaKind, PayloadFormat, TrackSpec};
use ferric::model::redact::Personal;
use ferric::model::role::Role;
use ferric::model::settings::AgentProperties;
use ferric::model::time::MediaTime;
use ferric::tape::{self, Body, SenderReport, TapeError, TapeReader};

use crate::support::{Gates, Node, chunk_files, events, id, opened, packet, packets, read_all};

fn spec(participant: &str, pt: u8, codec: Codec) -> TrackSpec {
    TrackSpec {
        participant: id(participant),
        kind: MediaKind::Audio,
        formats: vec![PayloadFormat { pt, codec, clock_hz: 8000, channels: 1, fmtp: String::new() }],
        label: None,
        audio_level_ext: None,
    }
}

/// Two legs of 4 s; the agent's 10th to 14th packet are lost, one comes twice.
fn record(node: &Node, session: &SessionId) {
    let spool = node.spool();
    let mut opening = opened(session);
    opening.metadata.insert("caller".to_owned(), Personal::new("+49 30 901820"));
    let tape = spool.create(&opening).unwrap();
    let gates = Gates::open();
    for (name, role) in [("a1", Role::Agent), ("c1", Role::Customer)] {
        let party = Party { id: id(name), role, name: Some(Personal::new("Ada Lovelace")), address: None, agent: None };
        tape.event(MediaTime::ZERO, &TapeEvent::Joined { party, initiator: false, properties: AgentProperties::default() }).unwrap();
    }
    tape.event(MediaTime::ZERO, &TapeEvent::Track { track: TrackId(1), spec: spec("a1", 0, Codec::Pcmu) }).unwrap();
    tape.event(MediaTime::ZERO, &TapeEvent::Track { track: TrackId(2), spec: spec("c1", 97, Codec::Pcma) }).unwrap();
    tape.event(MediaTime::ZERO, &TapeEvent::OutputStarted { output: OutputKey::Main(1), recording: RecordingId::random() }).unwrap();
    for name in ["a1", "c1"] {
        let gate = TapeEvent::Gate { output: OutputKey::Main(1), participant: id(name), gate: Gate::Open };
        tape.event(MediaTime::ZERO, &gate).unwrap();
    }
    tape.event(MediaTime::ZERO, &TapeEvent::State { state: State::Recording }).unwrap();
    let (agent, customer) = (tape.track(&id("a1"), TrackId(1)).unwrap(), tape.track(&id("c1"), TrackId(2)).unwrap());
    for i in 0..200u16 {
        let at = MediaTime::from_ms(u64::from(i) * 20);
        // Around the wrap of the sequence number.
        let sequence = i.wrapping_sub(100);
        if !(10..15).contains(&i) {
            agent.rtp(&gates.permit("a1"), at, &packet(0xA, sequence, 1));
        }
        if i == 20 {
            agent.rtp(&gates.permit("a1"), at, &packet(0xA, sequence, 1));
        }
        let mut second = packet(0xC, sequence, 2);
        second[1] = 97;
        customer.rtp(&gates.permit("c1"), at, &second);
        if i % 50 == 0 {
            agent.sender_report(at, SenderReport { ssrc: 0xA, ntp: 1 << 40, rtp: u32::from(i) * 160, packets: 1, octets: 2 });
        }
    }
    let now = MediaTime::from_ms(4000);
    tape.event(now, &TapeEvent::SessionEnded).unwrap();
    tape.close().unwrap();
}

#[test]
fn inspect_counts_loss_and_hides_people() {
    let (node, session) = (Node::new(), id("s1"));
    record(&node, &session);
    let found = tape::inspect(&node.dir(&session), &node.master_key(), false).unwrap();
    assert!(found.ended && found.damaged == 0);
    assert_eq!((found.session.clone(), found.last_ms), (Some(session.clone()), 4000));
    let agent = &found.tracks[0];
    assert_eq!((agent.track, agent.packets, agent.sender_reports, agent.first_ms, agent.last_ms), (1, 196, 4, 0, 3980));
    assert_eq!((agent.ssrcs[0].lost, agent.ssrcs[0].duplicates, agent.ssrcs[0].packets), (5, 1, 195));
    assert_eq!((found.tracks[1].ssrcs[0].lost, &found.tracks[1].codecs[..]), (0, &[Codec::Pcma][..]));
    let (text, json) = (found.to_string(), serde_json::to_string(&found).unwrap());
    for secret in ["Ada", "Lovelace", "901820"] {
        assert!(!text.contains(secret) && !json.contains(secret), "{secret} is printed");
    }
    let shown = tape::inspect(&node.dir(&session), &node.master_key(), true).unwrap().to_string();
    assert!(shown.contains("Ada Lovelace") && shown.contains("901820"));
}

#[test]
fn wireshark_finds_the_rtp_without_being_told() {
    let (node, session) = (Node::new(), id("s1"));
    record(&node, &session);
    let path = node.data.path().join("tape.pcapng");
    let report = tape::pcap(&node.dir(&session), &node.master_key(), std::fs::File::create(&path).unwrap()).unwrap();
    assert_eq!((report.rtp, report.rtcp, report.sdp), (396, 4, 2));
    let shark = |args: &[&str]| {
        let out = Command::new("tshark").arg("-r").arg(&path).args(args).output().expect("tshark runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let lines = shark(&["-Y", "rtp", "-T", "fields", "-e", "rtp.ssrc", "-e", "rtp.seq", "-e", "frame.time_epoch", "-e", "ip.src"]);
    let rows: Vec<Vec<&str>> = lines.lines().map(|l| l.split('\t').collect()).collect();
    assert_eq!(rows.len(), 396, "every packet is RTP to Wireshark");
    assert_eq!(rows.iter().filter(|r| r[0] == "0x0000000a").count(), 196);
    let first: f64 = rows[0][2].parse().unwrap();
    assert!((first - 1_790_000_000.0).abs() < 0.5, "wall-clock time: {first}");
    assert_eq!(shark(&["-Y", "rtcp.pt == 200"]).lines().count(), 4);
    assert_eq!(shark(&["-Y", "_ws.malformed || _ws.expert.severity == error"]).lines().count(), 0);
    // The second track's payload type has its name from the description alone.
    let streams = shark(&["-q", "-z", "rtp,streams"]);
    assert!(streams.contains("g711U") && streams.contains("PCMA"), "{streams}");
}

#[test]
fn a_piece_stands_alone() {
    let (node, session) = (Node::new(), id("s1"));
    record(&node, &session);
    let out = node.data.path().join("piece");
    let (from, to) = (MediaTime::from_ms(1000), MediaTime::from_ms(2000));
    let report = tape::cut(&node.dir(&session), &node.master_key(), from, to, &out).unwrap();
    assert_eq!(report.packets, 100);
    // The whole tape's keys are of no use to it.
    std::fs::remove_dir_all(node.dir(&session)).unwrap();
    let mut reader = TapeReader::open(&out, &node.master_key()).unwrap();
    let records = read_all(&mut reader);
    assert_eq!(reader.damaged(), 0);
    let came = packets(&records, TrackId(1));
    assert_eq!((came.len(), came[0].0, came[49].0), (50, MediaTime::ZERO, MediaTime::from_ms(980)));
    assert_eq!(came[0].1[..], packet(0xA, 50u16.wrapping_sub(100), 1)[..]);
    let told = events(&records);
    let TapeEvent::SessionOpened(opening) = &told[0] else { panic!("{:?}", told[0]) };
    assert_eq!(opening.started_at.as_unix_ms(), 1_790_000_001_000);
    assert_eq!(told.iter().filter(|e| matches!(e, TapeEvent::Joined { .. })).count(), 2);
    assert_eq!(told.iter().filter(|e| matches!(e, TapeEvent::Track { .. })).count(), 2);
    assert_eq!(told.iter().filter(|e| matches!(e, TapeEvent::Gate { gate: Gate::Open, .. })).count(), 2);
    assert!(told.contains(&TapeEvent::State { state: State::Recording }));
    assert!(matches!(told[told.len() - 2], TapeEvent::OutputEnded { .. }));
    assert!(matches!(records.last().unwrap().body, Body::Event(TapeEvent::SessionEnded)));
    assert!(tape::verify(&out, &node.master_key()).unwrap().is_well());
}

#[test]
fn an_empty_piece_and_a_wrong_key_are_refused() {
    let (node, session) = (Node::new(), id("s1"));
    record(&node, &session);
    let out = node.data.path().join("piece");
    let nothing = tape::cut(&node.dir(&session), &node.master_key(), MediaTime::from_ms(9000), MediaTime::from_ms(9001), &out);
    assert!(matches!(nothing, Err(TapeError::EmptyCut { from_ms: 9000, .. })) && !out.exists());
    let other = Node::new();
    drop(other.spool());
    assert!(matches!(TapeReader::open(&node.dir(&session), &other.master_key()), Err(TapeError::WrongMasterKey(_))));
    assert!(matches!(TapeReader::open(node.data.path(), &node.master_key()), Err(TapeError::NoTape(_))));
}

#[test]
fn verify_says_where_the_damage_is() {
    let (node, session) = (Node::new(), id("s1"));
    record(&node, &session);
    let well = tape::verify(&node.dir(&session), &node.master_key()).unwrap();
    assert!(well.is_well() && well.ended && well.records > 400);
    let file = &chunk_files(&node.dir(&session))[0];
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
    let hurt = tape::verify(&node.dir(&session), &node.master_key()).unwrap();
    assert_eq!((hurt.damaged, hurt.blocks), (1, well.blocks - 1));
    let flaw = &hurt.flaws[0];
    assert!(flaw.chunk == 1 && (flaw.offset as usize) < middle, "{flaw:?}");
}
