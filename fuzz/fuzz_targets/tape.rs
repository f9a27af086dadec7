//! Reading a tape: a real one whose chunk is changed as the input says. A reader never panics, never reads a record that was not written,
//! and comes to an end; recovery leaves a tape that has nothing unfinished.
#![no_main]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use bytes::Bytes;
use ferric::model::event::{SessionOpened, TapeEvent};
use ferric::model::gate::State;
use ferric::model::settings::{Kind, QueueProperties, Settings};
use ferric::model::time::{MediaTime, WallClock};
use ferric::tape::{Body, Spool, SpoolConfig, TapeReader, format, verify};
use libfuzzer_sys::fuzz_target;

struct Real {
    _data: tempfile::TempDir,
    spool: Spool,
    dir: PathBuf,
    chunk: Vec<u8>,
}

fn real() -> &'static Real {
    static REAL: OnceLock<Real> = OnceLock::new();
    REAL.get_or_init(|| {
        let data = tempfile::tempdir().expect("a folder");
        let config = SpoolConfig { dir: data.path().join("spool"), master_key: data.path().join("master.key") };
        let spool = Spool::open(config).expect("a spool");
        let opened = SessionOpened {
            session: "s1".parse().expect("an id"),
            project: "p".parse().expect("an id"),
            started_at: WallClock(0),
            settings: Settings::resolve(Kind::Call, &[], QueueProperties::default()),
            external_id: None,
            metadata: BTreeMap::new(),
        };
        let tape = spool.create(&opened).expect("a tape");
        for n in 0..5 {
            tape.event(MediaTime::from_ms(n), &TapeEvent::State { state: State::Recording }).expect("an event");
            tape.flush().expect("written");
        }
        tape.close().expect("closed");
        let dir = tape.dir().to_owned();
        let chunk = std::fs::read(dir.join("000001.tape")).expect("a chunk");
        Real { _data: data, spool, dir, chunk }
    })
}

/// Each four bytes of input change the chunk once: cut off, change a byte, put bytes in, take bytes out.
fn change(chunk: &mut Vec<u8>, deeds: &[u8]) {
    for deed in deeds.chunks_exact(4) {
        let at = usize::from(u16::from_le_bytes([deed[1], deed[2]])) % (chunk.len() + 1);
        let amount = usize::from(deed[3]);
        match deed[0] % 4 {
            0 => chunk.truncate(at),
            1 if at < chunk.len() => chunk[at] ^= deed[3],
            2 => drop(chunk.splice(at..at, std::iter::repeat_n(deed[3], amount))),
            _ => drop(chunk.drain(at..(at + amount).min(chunk.len()))),
        }
    }
}

fuzz_target!(|input: &[u8]| {
    // An opened block's records, whatever the bytes.
    let block = Bytes::copy_from_slice(input);
    let mut at = 0;
    while let Some((_, next)) = format::decode_record(&block, at) {
        assert!(next > at && next <= block.len());
        at = next;
    }

    let real = real();
    let mut chunk = real.chunk.clone();
    change(&mut chunk, input);
    std::fs::write(real.dir.join("000001.tape"), &chunk).expect("written");
    let mut reader = TapeReader::open(&real.dir, real.spool.master_key()).expect("keys are well");
    let mut records = 0;
    loop {
        match reader.next() {
            Ok(Some(record)) => {
                records += 1;
                assert!(matches!(record.body, Body::Event(TapeEvent::State { .. } | TapeEvent::SessionOpened(_))));
            }
            Ok(None) => break,
            // A sound header of another version is the one error that bytes can make.
            Err(error) => panic!("{error}"),
        }
    }
    assert!(records <= 6, "each block is read at most once");
    real.spool.recover().expect("recovered");
    let after = verify(&real.dir, real.spool.master_key()).expect("verified");
    assert_eq!(after.records, records, "recovery costs no record that could be read");
    assert_eq!(after.unfinished_bytes, 0);
});
