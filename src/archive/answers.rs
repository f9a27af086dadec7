//! Answers that are given again to who asks the same once more (`Idempotency-Key`, draft-ietf-httpapi-idempotency-key-header).
//!
//! An answer may hold a secret that is shown once: it is kept encrypted (AES-256-GCM) under a key made of the caller, the idempotency key and a secret of the
//! node (HKDF-SHA-256, RFC 5869). The catalogue holds none of the three: whoever reads it reads no answer.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::catalogue::file_error;
use super::error::{ArchiveError, Result};

/// How long an answer is kept, in nanoseconds: a day.
pub const KEPT_NS: i64 = 86_400_000_000_000;

const SECRET: &str = "answers.key";

/// An answer as it is given again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers that say something of the body or of where things are: name and value.
    pub headers: Vec<(String, String)>,
    /// The body, base64.
    pub body: String,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is new: the request is the first of its kind, and its answer is to be kept.
    New,
    /// The first request is under way.
    UnderWay,
    /// It came with another request before.
    Reused,
    /// It was answered.
    Answered(Box<Answer>),
}

/// What encrypts answers. Clones share it.
#[derive(Clone)]
pub struct AnswerKeys(Arc<Prk>);

impl std::fmt::Debug for AnswerKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AnswerKeys")
    }
}

impl AnswerKeys {
    /// Reads `<data>/answers.key` (32 random bytes in hexadecimal, mode 0600), or makes it.
    ///
    /// # Errors
    /// Where it cannot be read or written, or holds something else.
    pub fn open(data: &Path) -> Result<Self> {
        let path = data.join(SECRET);
        let bad = |why: &str| ArchiveError::File { path: path.display().to_string(), why: why.to_owned() };
        let text = match fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let mut secret = Zeroizing::new([0u8; 32]);
                SystemRandom::new().fill(secret.as_mut()).map_err(|_| bad("the system gives no random numbers"))?;
                let text = Zeroizing::new(hex::encode(secret.as_ref()));
                let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
                made.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|e| file_error(&path, &e))?;
                text
            }
            Err(e) => return Err(file_error(&path, &e)),
        };
        let mut secret = Zeroizing::new([0u8; 32]);
        hex::decode_to_slice(text.trim(), secret.as_mut()).map_err(|_| bad("holds no key of 64 hexadecimal digits"))?;
        Ok(Self(Arc::new(Salt::new(HKDF_SHA256, b"ferric-answers-1").extract(secret.as_ref()))))
    }

    /// What one caller's key is: where its answer is found, and what it is encrypted with.
    ///
    /// # Errors
    /// None that happens: the library's own.
    pub fn of(&self, caller: &str, key: &str) -> Result<AnswerKey> {
        let derive = |purpose: &[u8]| {
            let length = (caller.len() as u64).to_be_bytes();
            let info = [purpose, length.as_slice(), caller.as_bytes(), key.as_bytes()];
            let mut out = Zeroizing::new([0u8; 32]);
            let derived = self.0.expand(&info, HKDF_SHA256).and_then(|okm| okm.fill(out.as_mut()));
            derived.map(|()| out).map_err(|_| ArchiveError::invalid("Idempotency-Key", "could not be used"))
        };
        let found_by = hex::encode(derive(b"where")?.as_ref());
        let cipher = UnboundKey::new(&AES_256_GCM, derive(b"what")?.as_ref());
        let cipher = cipher.map_err(|_| ArchiveError::invalid("Idempotency-Key", "could not be used"))?;
        Ok(AnswerKey { found_by, cipher: LessSafeKey::new(cipher) })
    }
}

/// One caller's idempotency key.
pub struct AnswerKey {
    /// Where its answer is found.
    pub(super) found_by: String,
    cipher: LessSafeKey,
}

impl std::fmt::Debug for AnswerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AnswerKey")
    }
}

impl AnswerKey {
    pub(super) fn encrypted(&self, answer: &Answer) -> Result<String> {
        let unfit = || ArchiveError::invalid("answer", "could not be kept");
        let mut nonce = [0u8; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| unfit())?;
        let mut bytes = serde_json::to_vec(answer).map_err(|_| unfit())?;
        let sealed = self.cipher.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&self.found_by), &mut bytes);
        sealed.map_err(|_| unfit())?;
        Ok(hex::encode([nonce.as_slice(), &bytes].concat()))
    }

    pub(super) fn decrypted(&self, text: &str) -> Result<Answer> {
        let damaged = || ArchiveError::Damaged { table: "answers", column: "answer" };
        let bytes = hex::decode(text).map_err(|_| damaged())?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN).ok_or_else(damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let mut rest = rest.to_vec();
        let plain = self.cipher.open_in_place(nonce, Aad::from(&self.found_by), &mut rest).map_err(|_| damaged())?;
        serde_json::from_slice(plain).map_err(|_| damaged())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_opens_for_the_same_caller_and_key_alone() {
        let data = tempfile::tempdir().unwrap();
        let keys = AnswerKeys::open(data.path()).unwrap();
        let answer = Answer { status: 201, headers: vec![("location".into(), "/v1/x".into())], body: "c2VjcmV0".into() };
        let one = keys.of("key:admin", "k-1").unwrap();
        let kept = one.encrypted(&answer).unwrap();
        assert!(!kept.contains("c2VjcmV0") && one.encrypted(&answer).unwrap() != kept);
        assert_eq!(AnswerKeys::open(data.path()).unwrap().of("key:admin", "k-1").unwrap().decrypted(&kept).unwrap(), answer);
        for (caller, key) in [("key:admin", "k-2"), ("key:other", "k-1"), ("key:admink-", "1")] {
            let other = keys.of(caller, key).unwrap();
            assert!(other.found_by != one.found_by && other.decrypted(&kept).is_err());
        }
    }
}
