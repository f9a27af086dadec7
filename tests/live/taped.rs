//! What stands on a session's decrypted tape, by the program's own `tape inspect` and `tape to-pcap`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use serde_json::Value;

use crate::marks;

/// A packet of sound.
pub struct Packet {
    /// Whose, by the session's own id.
    pub participant: String,
    /// Arrival, nanoseconds of session time.
    pub at_ns: u64,
    pub is_sound: bool,
    /// Of a call.
    pub samples: Vec<f64>,
}

pub struct Tape {
    pub started_at: Timestamp,
    /// `{at_ms, event: {event, …}}`, as written.
    pub events: Vec<Value>,
    pub packets: Vec<Packet>,
}

/// By track: whose it is, and whether it is sound.
type Owners = BTreeMap<u16, (String, bool)>;

const FIRST_PORT: u16 = 20_000;

fn ferric(arguments: &[&str], dir: &Path) -> Vec<u8> {
    let out = Command::new(env!("CARGO_BIN_EXE_ferric")).args(arguments).arg(dir).output().expect("runs");
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

impl Tape {
    pub fn read(dir: &Path) -> Self {
        let seen: Value = serde_json::from_slice(&ferric(&["tape", "inspect", "--reveal", "--json"], dir)).unwrap();
        assert_eq!(seen["damaged"], 0);
        let started_at: Timestamp = seen["started_at"].as_str().unwrap().parse().unwrap();
        let tracks = seen["tracks"].as_array().unwrap().iter();
        let owner = |t: &Value| (t["participant"].as_str().unwrap().to_owned(), t["kind"] == "audio");
        let owners: Owners = tracks.map(|t| (t["track"].as_u64().unwrap() as u16, owner(t))).collect();
        let packets = packets(&ferric(&["tape", "to-pcap"], dir), started_at, &owners);
        Self { started_at, events: seen["events"].as_array().unwrap().clone(), packets }
    }

    /// Events of a name, with their time.
    pub fn of<'t>(&'t self, name: &'t str) -> impl Iterator<Item = (u64, &'t Value)> {
        let named = self.events.iter().filter(move |line| line["event"]["event"] == name);
        named.map(|line| (line["at_ms"].as_u64().unwrap(), &line["event"]))
    }

    /// Milliseconds of session time of an instant of the test's clock.
    pub fn session_ms(&self, at: Timestamp) -> f64 {
        (at.as_nanosecond() - self.started_at.as_nanosecond()) as f64 / 1e6
    }
}

/// Reads RTP out of a pcapng of raw IPv4 (blocks of draft-ietf-opsawg-pcapng, nanoseconds as Ferric writes them).
fn packets(file: &[u8], started_at: Timestamp, owners: &Owners) -> Vec<Packet> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let zero = u64::try_from(started_at.as_nanosecond()).unwrap();
    let mut found = Vec::new();
    let mut at = 0;
    while at + 12 <= file.len() {
        let (kind, length) = (word(at), word(at + 4) as usize);
        if kind == 6 {
            let stamp = u64::from(word(at + 12)) << 32 | u64::from(word(at + 16));
            let data = &file[at + 28..at + 28 + word(at + 20) as usize];
            let port = u16::from_be_bytes([data[22], data[23]]);
            let rtp = &data[28..];
            // Even ports are RTP; 5060 bears the descriptions.
            if port >= FIRST_PORT && port.is_multiple_of(2) {
                let (participant, is_sound) = owners[&((port - FIRST_PORT) / 2)].clone();
                let payload_type = rtp[1] & 0x7f;
                let samples = if payload_type == 0 { rtp[12..].iter().map(|byte| marks::linear(*byte)).collect() } else { Vec::new() };
                found.push(Packet { participant, at_ns: stamp - zero, is_sound, samples });
            }
        }
        at += length;
    }
    found
}
