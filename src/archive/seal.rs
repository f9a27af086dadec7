//! The seal of a recording: the node's signature over its manifest, which holds the hash of every other file (Ed25519, RFC 8032).
//!
//! `manifest.sig` is one line: `ed25519 <public key> <signature>`, both in hexadecimal. Whoever has `<data>/signing.pub` can tell whether a recording is
//! as this node stored it; whoever changes a file and the manifest with it cannot make the seal anew.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use ring::rand::SecureRandom as _;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use zeroize::Zeroizing;

use super::catalogue::file_error;
use super::error::{ArchiveError, Result};

/// The seal's name beside the manifest.
pub const SEAL: &str = "manifest.sig";

const ALGORITHM: &str = "ed25519";
const KEY: &str = "signing.key";
const PUBLIC: &str = "signing.pub";

/// The node's signing key.
pub struct Sealer(Ed25519KeyPair);

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({})", hex::encode(self.0.public_key()))
    }
}

impl Sealer {
    /// Reads `<data>/signing.key` (32 bytes in hexadecimal, mode 0600) or makes it, and keeps its public half in `<data>/signing.pub`.
    ///
    /// # Errors
    /// Where a file cannot be read or written, or holds something else.
    pub fn open(data: &Path) -> Result<Self> {
        let path = data.join(KEY);
        if !path.exists() {
            make(&path)?;
        }
        let text = Zeroizing::new(fs::read_to_string(&path).map_err(|e| file_error(&path, &e))?);
        let mut seed = Zeroizing::new([0u8; 32]);
        let bad = |why: &str| ArchiveError::File { path: path.display().to_string(), why: why.to_owned() };
        hex::decode_to_slice(text.trim(), seed.as_mut()).map_err(|_| bad("holds no key of 64 hexadecimal digits"))?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).map_err(|_| bad("holds no key"))?;
        let sealer = Self(pair);
        let (path, public) = (data.join(PUBLIC), hex::encode(sealer.0.public_key()));
        // Keys of before stay in the file: what they sealed is still sealed.
        if !known(data)?.contains(&public) {
            let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(|e| file_error(&path, &e))?;
            writeln!(file, "{public}").map_err(|e| file_error(&path, &e))?;
        }
        Ok(sealer)
    }

    /// The seal of a manifest, byte for byte.
    #[must_use]
    pub fn seal(&self, manifest: &[u8]) -> String {
        format!("{ALGORITHM} {} {}\n", hex::encode(self.0.public_key()), hex::encode(self.0.sign(manifest)))
    }
}

fn make(path: &Path) -> Result<()> {
    let mut seed = Zeroizing::new([0u8; 32]);
    ring::rand::SystemRandom::new()
        .fill(seed.as_mut())
        .map_err(|_| ArchiveError::File { path: path.display().to_string(), why: "the system gives no random numbers".to_owned() })?;
    let aside = path.with_extension("key.new");
    let write = || {
        match fs::remove_file(&aside) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
        file.write_all(Zeroizing::new(format!("{}\n", hex::encode(seed.as_ref()))).as_bytes())?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|e| file_error(path, &e))
}

/// Public keys whose seals count: a line each in `<data>/signing.pub`.
///
/// # Errors
/// Where the file is there and cannot be read.
pub fn known(data: &Path) -> Result<BTreeSet<String>> {
    let path = data.join(PUBLIC);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(e) => Err(file_error(&path, &e)),
    }
}

/// What is wrong with a seal, if anything.
#[must_use]
pub fn damage(known: &BTreeSet<String>, manifest: &[u8], seal: &str) -> Option<&'static str> {
    let mut words = seal.split_ascii_whitespace();
    let (Some(ALGORITHM), Some(public), Some(signature), None) = (words.next(), words.next(), words.next(), words.next()) else {
        return Some("is no seal");
    };
    if !known.contains(public) {
        return Some("was made with a key that is none of this node's");
    }
    let (Ok(public), Ok(signature)) = (hex::decode(public), hex::decode(signature)) else { return Some("is no seal") };
    UnparsedPublicKey::new(&ED25519, public)
        .verify(manifest, &signature)
        .is_err()
        .then_some("does not fit the manifest: one of them was changed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_fits_its_manifest_and_no_other() {
        let data = tempfile::tempdir().unwrap();
        let seal = Sealer::open(data.path()).unwrap().seal(b"one");
        let keys = known(data.path()).unwrap();
        assert_eq!(damage(&keys, b"one", &seal), None);
        assert!(damage(&keys, b"two", &seal).is_some());
        assert!(damage(&keys, b"one", "").is_some());
        assert!(damage(&BTreeSet::new(), b"one", &seal).is_some());
        let other = tempfile::tempdir().unwrap();
        let theirs = Sealer::open(other.path()).unwrap().seal(b"one");
        assert!(damage(&keys, b"one", &theirs).is_some(), "somebody else's seal");
    }

    #[test]
    fn the_key_stays_and_an_older_one_still_counts() {
        let data = tempfile::tempdir().unwrap();
        let first = Sealer::open(data.path()).unwrap().seal(b"x");
        assert_eq!(Sealer::open(data.path()).unwrap().seal(b"x"), first);
        fs::remove_file(data.path().join(KEY)).unwrap();
        let second = Sealer::open(data.path()).unwrap().seal(b"x");
        assert_ne!(first, second);
        let keys = known(data.path()).unwrap();
        assert_eq!((damage(&keys, b"x", &first), damage(&keys, b"x", &second)), (None, None));
    }
}
