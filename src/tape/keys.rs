//! Keys: the node's master key, the session's, each participant's; and how a participant's is destroyed.
//!
//! `keys/session.key`, `keys/p-<participant>.<number>.key`, and `keys/p-<participant>.<number>.erased` once it is destroyed.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use super::error::TapeError;
use crate::model::id::ParticipantId;

const KEY_MAGIC: [u8; 8] = *b"FERRKEY1";
const WRAPPED: usize = 32 + 16;

/// Fills with random bytes.
pub(super) fn random<const N: usize>() -> Result<[u8; N], TapeError> {
    let mut out = [0; N];
    SystemRandom::new().fill(&mut out).map_err(|_| TapeError::NoRandom)?;
    Ok(out)
}

fn aead(secret: &[u8; 32]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, secret).ok().map(LessSafeKey::new)
}

/// The node's key, which wraps all others.
#[derive(Debug)]
pub(super) struct MasterKey {
    key: LessSafeKey,
    /// Its fingerprint.
    pub(super) id: [u8; 8],
}

impl MasterKey {
    /// Reads it: 64 hexadecimal digits.
    pub(super) fn read(path: &Path) -> Result<Self, TapeError> {
        let mut text = Zeroizing::new(String::new());
        File::open(path).and_then(|mut f| f.read_to_string(&mut text)).map_err(TapeError::io(path))?;
        let mut secret = Zeroizing::new([0u8; 32]);
        hex::decode_to_slice(text.trim(), secret.as_mut()).map_err(|_| TapeError::BadKey(path.to_owned()))?;
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        context.update(b"ferric master key id");
        context.update(secret.as_ref());
        let mut id = [0; 8];
        id.copy_from_slice(&context.finish().as_ref()[..8]);
        Ok(Self { key: aead(&secret).ok_or_else(|| TapeError::BadKey(path.to_owned()))?, id })
    }

    /// Reads it, or makes it where there is none.
    pub(super) fn read_or_make(path: &Path) -> Result<Self, TapeError> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(TapeError::io(parent))?;
        }
        // Written aside and linked into place: two nodes started at once agree on one whole key.
        if !path.exists() {
            let secret = Zeroizing::new(random::<32>()?);
            let text = Zeroizing::new(format!("{}\n", hex::encode(secret.as_ref())));
            let aside = path.with_extension(format!("new-{}", hex::encode(random::<8>()?)));
            write_secret(&aside, text.as_bytes())?;
            File::open(&aside).and_then(|f| f.sync_all()).map_err(TapeError::io(&aside))?;
            let linked = fs::hard_link(&aside, path);
            fs::remove_file(&aside).map_err(TapeError::io(&aside))?;
            match linked {
                Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(TapeError::io(path)(e)),
                _ => {}
            }
            if let Some(parent) = path.parent() {
                sync_dir(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?;
            }
        }
        Self::read(path)
    }
}

fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), TapeError> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(TapeError::io(path))?;
    file.write_all(bytes).map_err(TapeError::io(path))
}

/// Makes a folder's entries durable.
pub(super) fn sync_dir(path: &Path) -> Result<(), TapeError> {
    File::open(path).and_then(|d| d.sync_all()).map_err(TapeError::io(path))
}

/// A key and what it was made for.
pub(super) struct TapeKey {
    /// The session it belongs to.
    pub(super) session: String,
    /// Ready to seal and open.
    pub(super) key: LessSafeKey,
}

impl TapeKey {
    /// Makes a key and keeps it, wrapped, at `path` (which must not exist). Not synced.
    pub(super) fn make(master: &MasterKey, path: &Path, session: &str) -> Result<Self, TapeError> {
        let secret = Zeroizing::new(random::<32>()?);
        let nonce = random::<12>()?;
        let mut wrapped = Zeroizing::new(secret.to_vec());
        let name = name_of(path);
        let bad = || TapeError::BadKey(path.to_owned());
        master
            .key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad(session, &name)), &mut *wrapped)
            .map_err(|_| bad())?;
        let mut bytes = Vec::with_capacity(160);
        bytes.extend_from_slice(&KEY_MAGIC);
        bytes.push(session.len() as u8);
        bytes.extend_from_slice(session.as_bytes());
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&wrapped);
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        write_secret(path, &bytes)?;
        Ok(Self { session: session.to_owned(), key: aead(&secret).ok_or_else(bad)? })
    }

    /// Reads and unwraps a key.
    pub(super) fn read(master: &MasterKey, path: &Path) -> Result<Self, TapeError> {
        let bytes = fs::read(path).map_err(TapeError::io(path))?;
        let bad = || TapeError::BadKey(path.to_owned());
        let (body, crc) = bytes.split_last_chunk::<4>().ok_or_else(bad)?;
        if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
            return Err(bad());
        }
        let rest = body.strip_prefix(&KEY_MAGIC).ok_or_else(bad)?;
        let (&len, rest) = rest.split_first().ok_or_else(bad)?;
        let (session, rest) = rest.split_at_checked(usize::from(len)).ok_or_else(bad)?;
        let session = std::str::from_utf8(session).map_err(|_| bad())?;
        let (nonce, wrapped) = rest.split_first_chunk::<12>().ok_or_else(bad)?;
        if wrapped.len() != WRAPPED {
            return Err(bad());
        }
        let mut wrapped = Zeroizing::new(wrapped.to_vec());
        let opened = master
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad(session, &name_of(path))), &mut wrapped)
            .map_err(|_| TapeError::WrongMasterKey(path.to_owned()))?;
        let mut secret = Zeroizing::new([0u8; 32]);
        secret.copy_from_slice(opened);
        Ok(Self { session: session.to_owned(), key: aead(&secret).ok_or_else(bad)? })
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn aad(session: &str, name: &str) -> Vec<u8> {
    format!("ferric tape key\n{session}\n{name}").into_bytes()
}

/// The folder of a tape's keys.
#[derive(Clone, Debug)]
pub(super) struct KeyFolder {
    dir: PathBuf,
}

/// What the folder holds of one participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) number: u16,
    pub(super) participant: ParticipantId,
    pub(super) erased: bool,
}

impl KeyFolder {
    pub(super) fn of(tape: &Path) -> Self {
        Self { dir: tape.join("keys") }
    }

    pub(super) fn path(&self) -> &Path {
        &self.dir
    }

    pub(super) fn session_key(&self) -> PathBuf {
        self.dir.join("session.key")
    }

    pub(super) fn participant_key(&self, participant: &ParticipantId, number: u16) -> PathBuf {
        self.dir.join(format!("p-{participant}.{number}.key"))
    }

    fn mark(&self, participant: &ParticipantId, number: u16) -> PathBuf {
        self.dir.join(format!("p-{participant}.{number}.erased"))
    }

    /// Every participant's key or the mark of its destruction; the mark stands over the key.
    pub(super) fn list(&self) -> Result<Vec<Listed>, TapeError> {
        let mut found: Vec<Listed> = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(TapeError::io(&self.dir))? {
            let name = entry.map_err(TapeError::io(&self.dir))?.file_name().to_string_lossy().into_owned();
            let Some(name) = name.strip_prefix("p-") else { continue };
            let (rest, erased) = match (name.strip_suffix(".key"), name.strip_suffix(".erased")) {
                (Some(rest), _) => (rest, false),
                (None, Some(rest)) => (rest, true),
                (None, None) => continue,
            };
            let Some((participant, number)) = rest.rsplit_once('.') else { continue };
            let (Ok(participant), Ok(number)) = (participant.parse(), number.parse()) else { continue };
            match found.iter_mut().find(|l| l.number == number) {
                Some(listed) => listed.erased |= erased,
                None => found.push(Listed { number, participant, erased }),
            }
        }
        found.sort_by_key(|l| l.number);
        Ok(found)
    }

    /// Destroys a participant's key: the mark first, so that a crash in between is finished by recovery; then the bytes, then the name.
    pub(super) fn destroy(&self, participant: &ParticipantId, number: u16) -> Result<(), TapeError> {
        let mark = self.mark(participant, number);
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&mark).map_err(TapeError::io(&mark))?;
        sync_dir(&self.dir)?;
        let path = self.participant_key(participant, number);
        match OpenOptions::new().write(true).open(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(TapeError::io(&path)(e)),
            Ok(mut file) => {
                let len = file.metadata().map_err(TapeError::io(&path))?.len();
                file.write_all(&vec![0; len as usize]).and_then(|()| file.sync_data()).map_err(TapeError::io(&path))?;
                fs::remove_file(&path).map_err(TapeError::io(&path))?;
            }
        }
        sync_dir(&self.dir)
    }

    /// Finishes what a crash interrupted: a key that is marked as destroyed must not be there.
    pub(super) fn finish_destructions(&self) -> Result<(), TapeError> {
        for listed in self.list()?.into_iter().filter(|l| l.erased) {
            if self.participant_key(&listed.participant, listed.number).exists() {
                self.destroy(&listed.participant, listed.number)?;
            }
        }
        Ok(())
    }
}
