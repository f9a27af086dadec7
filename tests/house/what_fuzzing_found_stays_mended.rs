//! Every input that is kept under `fuzz/` is read again, and changed at random as far as a test has time for.
//!
//! `FERRIC_FUZZ_SECONDS=120 cargo test --test house readers -- --nocapture` goes on for so long with each reader, from a new seed each time;
//! with `FERRIC_FUZZ=sip` it does so with one.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

#[path = "../../fuzz/readers.rs"]
mod readers;

/// Changes a reader gets of an ordinary test run.
const CHANGES: u32 = 300;
/// An input grows no longer than a datagram.
const LONGEST: usize = 65_000;

/// Seeds and what was found, in a fixed order.
fn kept(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let folders = [root.join("seeds").join(name), root.join("found").join(name)];
    let mut files: Vec<PathBuf> =
        folders.iter().filter_map(|f| std::fs::read_dir(f).ok()).flatten().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|f| (f.clone(), std::fs::read(f).unwrap())).collect()
}

fn changed(random: &mut StdRng, all: &[(PathBuf, Vec<u8>)]) -> Vec<u8> {
    let pick = |random: &mut StdRng| all[random.random_range(0..all.len())].1.clone();
    let mut bytes = pick(random);
    for _ in 0..random.random_range(1..8) {
        let at = random.random_range(0..=bytes.len());
        let end = (at + random.random_range(0..40)).min(bytes.len());
        match random.random_range(0..9) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
            2 if at < bytes.len() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'9', b'-', b';', b'"', b'<'][random.random_range(0..10)],
            3 => drop(bytes.drain(at..end)),
            4 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            5 => {
                let other = pick(random);
                let from = random.random_range(0..=other.len());
                bytes.splice(at..end, other[from..].iter().copied());
            }
            // A number that is as large as numbers get.
            6 => {
                let huge = ["18446744073709551616", "4294967295", "-1", "65536", "0", "é"][random.random_range(0..6)];
                let digits = bytes.iter().skip(at).position(u8::is_ascii_digit).map_or(at, |n| at + n);
                let until = bytes.iter().skip(digits).position(|b| !b.is_ascii_digit()).map_or(bytes.len(), |n| digits + n);
                bytes.splice(digits..until, huge.bytes());
            }
            7 => {
                let mut rubbish = vec![0; random.random_range(1..20)];
                random.fill_bytes(&mut rubbish);
                bytes.splice(at..at, rubbish);
            }
            _ => bytes.insert(at, random.random()),
        }
    }
    bytes.truncate(LONGEST);
    bytes
}

#[test]
fn no_bytes_make_the_readers_panic() {
    let seconds = std::env::var("FERRIC_FUZZ_SECONDS").ok().map(|s| Duration::from_secs(s.parse().expect("seconds")));
    let one = std::env::var("FERRIC_FUZZ").ok();
    let seed = seconds.map_or(7, |_| std::process::id());
    for name in readers::NAMES.iter().filter(|name| one.as_deref().is_none_or(|one| one == **name)) {
        let reader = readers::named(name).unwrap();
        let all = kept(name);
        assert!(!all.is_empty(), "{name} has no seeds");
        for (file, bytes) in &all {
            assert!(catch_unwind(|| reader(bytes)).is_ok(), "{} makes `{name}` panic", file.display());
        }
        let mut random = StdRng::seed_from_u64(u64::from(seed));
        let (began, mut count) = (Instant::now(), 0u32);
        while seconds.map_or(count < CHANGES, |s| began.elapsed() < s) {
            let bytes = changed(&mut random, &all);
            count += 1;
            if catch_unwind(|| reader(&bytes)).is_err() {
                let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}-{count}"));
                std::fs::write(&file, &bytes).unwrap();
                panic!("{} makes `{name}` panic: mend it and keep it in fuzz/found/{name}", file.display());
            }
        }
        if seconds.is_some() {
            println!("{name}: {count} inputs in {:?}", began.elapsed());
        }
    }
}
