//! Local files with known bytes.

use std::path::{Path, PathBuf};

use ferric::store::sha256_of_file;

pub struct Local {
    pub path: PathBuf,
    pub sha256: String,
    pub bytes: Vec<u8>,
}

/// A file of `length` bytes that depend on `seed` alone (`splitmix64`, which is quick without optimisation too).
pub fn local(dir: &Path, name: &str, length: usize, seed: u64) -> Local {
    let mut bytes = Vec::with_capacity(length + 8);
    let mut state = seed;
    while bytes.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(z ^ (z >> 31)).to_le_bytes());
    }
    bytes.truncate(length);
    let path = dir.join(name);
    std::fs::write(&path, &bytes).expect("written");
    let sha256 = sha256_of_file(&path).expect("read");
    Local { path, sha256, bytes }
}
