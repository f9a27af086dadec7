//! API keys. A key is 256 random bits, so a plain SHA-256 of it is as good as a slow hash: there is nothing to guess.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::catalogue::{Catalogue, KeyOwner, file_error};
use super::error::{ArchiveError, Result};
use super::scope::Scope;
use crate::model::redact::Secret;
use crate::model::time::WallClock;

/// What every key begins with, so that one that leaked is known for what it is.
const PREFIX: &str = "ferric_";
/// The admin key's name in the catalogue.
pub(super) const ADMIN: &str = "admin";

/// SHA-256 of a key, lower-case hex: what the catalogue knows it by.
#[must_use]
pub fn hash(key: &str) -> String {
    hex::encode(ring::digest::digest(&ring::digest::SHA256, key.as_bytes()))
}

/// 256 random bits as text.
pub fn random_text() -> Result<String> {
    let mut bits = [0u8; 32];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bits)
        .map_err(|_| ArchiveError::invalid("key", "the system gives no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bits))
}

/// A new key.
pub fn new_key() -> Result<Secret> {
    Ok(Secret::new(format!("{PREFIX}{}", random_text()?)))
}

fn is_key(text: &str) -> bool {
    text.strip_prefix(PREFIX).and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok()).is_some_and(|bits| bits.len() == 32)
}

/// Makes sure that the file holds a key that opens everything, readable by its owner only.
///
/// File there and known: nothing changes. File there, catalogue new: its key is taken into the catalogue, so that scripts go on working. File gone: a new
/// key is made and the old one opens nothing any more. A file that holds something else is refused by name.
pub async fn ensure_admin_key(catalogue: &Catalogue, path: &Path) -> Result<()> {
    let at = path.to_owned();
    let found = blocking(move || read_key(&at)).await?;
    if let Some(key) = found {
        let known = hash(key.reveal());
        return match catalogue.key_owner(&known).await? {
            Some(_) => Ok(()),
            None => catalogue.put_key(&admin(), &known).await,
        };
    }
    let key = new_key()?;
    let (at, text) = (path.to_owned(), key.clone());
    // The file first: a crash in between leaves a key that the next start takes in.
    blocking(move || write_key(&at, &text)).await?;
    catalogue.put_key(&admin(), &hash(key.reveal())).await
}

fn admin() -> KeyOwner {
    let now = jiff::Timestamp::now();
    let scopes = [Scope::Admin].into();
    KeyOwner { name: ADMIN.into(), scopes, projects: None, created: WallClock::from_unix_ms(now.as_millisecond()) }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ArchiveError::invalid("key", "the node is shutting down"))?
}

fn read_key(path: &Path) -> Result<Option<Secret>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Secret::new(text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(file_error(path, &e)),
    };
    if !is_key(text.reveal().trim()) {
        let why = "holds no key; remove it and start again to get a new one".into();
        return Err(ArchiveError::File { path: path.display().to_string(), why });
    }
    let mode = std::fs::metadata(path).map_err(|e| file_error(path, &e))?.permissions().mode();
    if mode & 0o077 != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(|e| file_error(path, &e))?;
    }
    Ok(Some(Secret::new(text.reveal().trim())))
}

fn write_key(path: &Path, key: &Secret) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    let new = path.with_extension("key.new");
    let write = || {
        std::fs::create_dir_all(&folder)?;
        match std::fs::remove_file(&new) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        writeln!(file, "{}", key.reveal())?;
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        std::fs::File::open(&folder)?.sync_all()
    };
    write().map_err(|e| file_error(path, &e))
}
