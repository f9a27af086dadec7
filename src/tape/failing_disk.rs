//! Tests with a disk that fails as real ones do: a sync fails and what was written since the last one is gone; a write stops half-way.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;

use super::disk::{ChunkFile, Disk};
use super::reader::TapeReader;
use super::record::Body;
use super::session::{SessionTape, TrackWriter};
use super::spool::{Spool, SpoolConfig, SpoolLimits, Written};
use crate::model::event::SessionOpened;
use crate::model::id::{SessionId, TrackId};
use crate::model::role::Role;
use crate::model::settings::{AgentProperties, Kind, QueueProperties, Settings};
use crate::model::time::{MediaTime, WallClock};
use crate::policy::{Gatekeeper, Input, Permit};

#[derive(Debug, Default)]
struct Faults {
    sync_fails: AtomicBool,
    write_stops: AtomicBool,
    cutting_fails: AtomicBool,
}

#[derive(Debug)]
struct CruelFile {
    file: File,
    synced: AtomicU64,
    faults: Arc<Faults>,
}

impl ChunkFile for CruelFile {
    fn append(&self, parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        let mut bytes = Vec::new();
        parts.iter().for_each(|p| bytes.extend_from_slice(p));
        if self.faults.write_stops.load(Ordering::SeqCst) {
            (&self.file).write_all(&bytes[..bytes.len() / 2])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        (&self.file).write_all(&bytes)
    }

    fn cut_to(&self, len: u64) -> io::Result<()> {
        if self.faults.cutting_fails.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::Other.into());
        }
        ChunkFile::cut_to(&self.file, len)
    }

    fn sync(&self) -> io::Result<()> {
        if self.faults.sync_fails.load(Ordering::SeqCst) {
            self.file.set_len(self.synced.load(Ordering::SeqCst))?;
            return Err(io::Error::from_raw_os_error(5));
        }
        self.synced.store(self.file.metadata()?.len(), Ordering::SeqCst);
        Ok(())
    }
}

#[derive(Debug)]
struct CruelDisk(Arc<Faults>);

impl Disk for CruelDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn ChunkFile>> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(Arc::new(CruelFile { file, synced: AtomicU64::new(0), faults: Arc::clone(&self.0) }))
    }

    fn sync_all(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Say(u8),
    Write,
    FailedWrite { cut: bool },
    Sync,
    FailedSync,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (1u8..12).prop_map(Deed::Say),
        3 => Just(Deed::Write),
        1 => any::<bool>().prop_map(|cut| Deed::FailedWrite { cut }),
        2 => Just(Deed::Sync),
        2 => Just(Deed::FailedSync),
    ]
}

/// A tape on a disk that fails when it is told to.
struct Bench {
    faults: Arc<Faults>,
    spool: Spool,
    tape: SessionTape,
    permit: Permit,
    writer: TrackWriter,
    master_key: PathBuf,
    _data: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let (dir, master_key) = (data.path().join("spool"), data.path().join("master.key"));
        let faults = Arc::new(Faults::default());
        let never = Duration::from_hours(1);
        let limits = SpoolLimits { write_every: never, sync_every: never, chunk_bytes: 3000, ..SpoolLimits::default() };
        let config = SpoolConfig { dir, master_key: master_key.clone() };
        let spool = Spool::on_disk(config, limits, Box::new(CruelDisk(Arc::clone(&faults)))).unwrap();
        let settings = Settings::resolve(Kind::Call, &[], QueueProperties::default());
        let opened = SessionOpened {
            session: "s1".parse().unwrap(),
            project: "p".parse().unwrap(),
            started_at: WallClock(0),
            settings: settings.clone(),
            external_id: None,
            metadata: std::collections::BTreeMap::default(),
        };
        let tape = spool.create(&opened).unwrap();
        let mut keeper = Gatekeeper::new(settings);
        let participant: crate::model::id::ParticipantId = "a1".parse().unwrap();
        let join =
            Input::Join { participant: participant.clone(), role: Role::Agent, initiator: false, properties: AgentProperties::default() };
        keeper.apply(MediaTime::ZERO, join).1.unwrap();
        let permit = keeper.permit(&participant).unwrap();
        let writer = tape.track(&participant, TrackId(1)).unwrap();
        Self { faults, spool, tape, permit, writer, master_key, _data: data }
    }
}

#[test]
fn what_waits_for_the_disk_is_not_taken_for_written_and_does_not_go() {
    let bench = Bench::new();
    let Bench { faults, spool, tape, permit, writer, .. } = &bench;
    let session: SessionId = "s1".parse().unwrap();
    let watermark = spool.watermark(&session);
    let say = || assert_eq!(writer.rtp(permit, MediaTime::from_ms(20), &[1; 20]), Written::Kept);

    say();
    assert!(!tape.is_written());
    tape.write_out().unwrap();
    let written_at = watermark.written_at().unwrap();
    assert!(tape.is_written());

    faults.write_stops.store(true, Ordering::SeqCst);
    say();
    assert!(tape.close().is_err());
    assert_eq!(watermark.written_at(), Some(written_at), "a disk that takes nothing");
    assert!(!tape.is_written());
    assert!(spool.remove(&session).is_err(), "what was said last waits in memory");

    faults.write_stops.store(false, Ordering::SeqCst);
    spool.write_out();
    assert!(tape.is_written() && watermark.written_at().is_none_or(|at| at > written_at));
    spool.remove(&session).unwrap();
    assert!(!spool.holds(&session));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn everything_accepted_is_read_once_and_in_order(deeds in proptest::collection::vec(deed(), 1..60)) {
        let bench = Bench::new();
        let Bench { faults, tape, permit, writer, master_key, .. } = &bench;
        let mut said = 0u32;
        let mut torn_left = false;
        for deed in deeds {
            match deed {
                Deed::Say(n) => for _ in 0..n {
                    let at = MediaTime::from_ms(u64::from(said) * 20);
                    prop_assert_eq!(writer.rtp(permit, at, &said.to_be_bytes()), Written::Kept);
                    said += 1;
                },
                Deed::Write => tape.write_out().unwrap(),
                Deed::FailedWrite { cut } => {
                    faults.write_stops.store(true, Ordering::SeqCst);
                    faults.cutting_fails.store(!cut, Ordering::SeqCst);
                    let failed = tape.write_out().is_err();
                    torn_left |= failed && !cut;
                    faults.write_stops.store(false, Ordering::SeqCst);
                    faults.cutting_fails.store(false, Ordering::SeqCst);
                }
                Deed::Sync => tape.tape.sync().unwrap(),
                Deed::FailedSync => {
                    faults.sync_fails.store(true, Ordering::SeqCst);
                    let _ = tape.tape.sync();
                    faults.sync_fails.store(false, Ordering::SeqCst);
                }
            }
        }
        tape.close().unwrap();
        let mut reader = TapeReader::open(tape.dir(), master_key).unwrap();
        let mut came = Vec::new();
        while let Some(record) = reader.next().unwrap() {
            if let Body::Rtp { packet, .. } = record.body {
                came.push(u32::from_be_bytes(packet[..].try_into().unwrap()));
            }
        }
        prop_assert_eq!(came, (0..said).collect::<Vec<_>>());
        prop_assert!(torn_left || reader.damaged() == 0, "{:?}", reader.flaws());
    }
}
