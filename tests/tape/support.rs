//! Spools in temporary folders, sessions with permits from the policy itself, packets that can be told apart.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ferric::model::event::{SessionOpened, TapeEvent};
use ferric::model::id::{ParticipantId, SessionId, TrackId};
use ferric::model::role::Role;
use ferric::model::settings::{AgentProperties, Kind, QueueProperties, Settings};
use ferric::model::time::{MediaTime, WallClock};
use ferric::policy::{Gatekeeper, Input, Permit};
use ferric::tape::{Body, Record, Spool, SpoolConfig, SpoolLimits, TapeReader};

/// A node's data folder.
pub struct Node {
    pub data: tempfile::TempDir,
}

impl Node {
    pub fn new() -> Self {
        Self { data: tempfile::tempdir().expect("a temporary folder") }
    }

    /// In memory where the machine has such a place: for tests that sync thousands of times.
    pub fn in_memory() -> Self {
        tempfile::tempdir_in("/dev/shm").map_or_else(|_| Self::new(), |data| Self { data })
    }

    pub fn config(&self) -> SpoolConfig {
        SpoolConfig { dir: self.data.path().join("spool"), master_key: self.master_key() }
    }

    pub fn master_key(&self) -> PathBuf {
        self.data.path().join("master.key")
    }

    pub fn spool(&self) -> Spool {
        Spool::open(self.config()).expect("a spool")
    }

    /// Its threads never write by themselves: the test says when.
    pub fn patient_spool(&self, limits: SpoolLimits) -> Spool {
        let never = Duration::from_hours(1);
        Spool::open_with(self.config(), SpoolLimits { write_every: never, sync_every: never, ..limits }).expect("a spool")
    }

    pub fn dir(&self, session: &SessionId) -> PathBuf {
        self.data.path().join("spool").join(session.as_str())
    }

    pub fn read(&self, session: &SessionId) -> Vec<Record> {
        read_all(&mut self.reader(session))
    }

    pub fn reader(&self, session: &SessionId) -> TapeReader {
        TapeReader::open(&self.dir(session), &self.master_key()).expect("a tape")
    }
}

pub fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("an id")
}

pub fn settings() -> Settings {
    Settings::resolve(Kind::Call, &[], QueueProperties::default())
}

pub fn opened(session: &SessionId) -> SessionOpened {
    SessionOpened {
        session: session.clone(),
        project: id("default"),
        started_at: WallClock::from_unix_ms(1_790_000_000_000),
        settings: settings(),
        external_id: None,
        metadata: std::collections::BTreeMap::default(),
    }
}

/// A policy with an agent and a customer in, both open.
pub struct Gates {
    pub keeper: Gatekeeper,
}

impl Gates {
    pub fn open() -> Self {
        let mut keeper = Gatekeeper::new(settings());
        for (participant, role) in [("a1", Role::Agent), ("c1", Role::Customer)] {
            let join = Input::Join { participant: id(participant), role, initiator: false, properties: AgentProperties::default() };
            keeper.apply(MediaTime::ZERO, join).1.expect("they may join");
        }
        Self { keeper }
    }

    pub fn permit(&self, participant: &str) -> Permit {
        self.keeper.permit(&id::<ParticipantId>(participant)).expect("they joined")
    }
}

pub fn read_all(reader: &mut TapeReader) -> Vec<Record> {
    let mut records = Vec::new();
    while let Some(record) = reader.next().expect("the disk is well") {
        records.push(record);
    }
    records
}

/// An RTP packet of PCMU with this sequence number and payload byte.
pub fn packet(ssrc: u32, sequence: u16, fill: u8) -> Vec<u8> {
    let mut bytes = vec![0x80, 0];
    bytes.extend(sequence.to_be_bytes());
    bytes.extend((u32::from(sequence) * 160).to_be_bytes());
    bytes.extend(ssrc.to_be_bytes());
    bytes.resize(172, fill);
    bytes
}

/// Packets of a track, in the order in which they stand on the tape.
pub fn packets(records: &[Record], wanted: TrackId) -> Vec<(MediaTime, Bytes)> {
    records
        .iter()
        .filter_map(|r| match &r.body {
            Body::Rtp { track, packet } if *track == wanted => Some((r.at, packet.clone())),
            _ => None,
        })
        .collect()
}

pub fn events(records: &[Record]) -> Vec<TapeEvent> {
    records
        .iter()
        .filter_map(|r| match &r.body {
            Body::Event(event) => Some(event.clone()),
            _ => None,
        })
        .collect()
}

/// Waits for something, and fails when it does not come.
pub fn until<T>(what: &str, mut try_it: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = try_it() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The files of a tape's chunks, in order.
pub fn chunk_files(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(dir)
        .expect("a tape's folder")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "tape"))
        .collect();
    found.sort();
    found
}
