//! Local files with known bytes.

use std::path::{Path, PathBuf};

use ferric::store::sha256_of_file;
use rand::{RngCore, SeedableRng};

pub struct Local {
    pub path: PathBuf,
    pub sha256: String,
    pub bytes: Vec<u8>,
}

/// A file of `length` bytes that depend on `seed` alone.
pub fn local(dir: &Path, name: &str, length: usize, seed: u64) -> Local {
    let mut bytes = vec![0; length];
    rand::rngs::StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    let path = dir.join(name);
    std::fs::write(&path, &bytes).expect("written");
    let sha256 = sha256_of_file(&path).expect("read");
    Local { path, sha256, bytes }
}
