//! Passwords: Argon2id (RFC 9106), kept as PHC strings.

use std::sync::OnceLock;

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use super::error::{ArchiveError, Result};
use crate::model::redact::Secret;

/// Characters of a password.
pub const SHORTEST: usize = 10;
const LONGEST: usize = 512;
/// Memory in KiB, passes, lanes: OWASP's first choice for Argon2id.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Refuses what is no password.
///
/// # Errors
/// Names the field `password`.
pub fn check(password: &Secret) -> Result<()> {
    let length = password.reveal().chars().count();
    if (SHORTEST..=LONGEST).contains(&length) {
        Ok(())
    } else {
        Err(ArchiveError::invalid("password", format!("must have {SHORTEST} to {LONGEST} characters")))
    }
}

/// What is kept of a password. Takes some tens of milliseconds of a processor: off the event loop.
///
/// # Errors
/// What is no password.
pub fn hash(password: &Secret) -> Result<Secret> {
    check(password)?;
    let salt = SaltString::generate(&mut OsRng);
    let made = argon2().hash_password(password.reveal().as_bytes(), &salt);
    made.map(|hash| Secret::new(hash.to_string())).map_err(|_| ArchiveError::invalid("password", "cannot be kept"))
}

/// Whether this is the password that was kept. Where none was, the same work is done for nothing. Off the event loop, as [`hash`].
#[must_use]
pub fn verify(password: &Secret, kept: Option<&Secret>) -> bool {
    let hash = kept.map_or_else(|| nobodys().reveal(), |kept| kept.reveal());
    let fits = PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(password.reveal().as_bytes(), &hash).is_ok());
    fits && kept.is_some()
}

/// The hash of a password that nobody has.
fn nobodys() -> &'static Secret {
    static HASH: OnceLock<Secret> = OnceLock::new();
    HASH.get_or_init(|| {
        let random = super::keys::random_text().unwrap_or_else(|_| "no random numbers".to_owned());
        hash(&Secret::new(random)).unwrap_or_else(|_| Secret::new(""))
    })
}

/// Makes the stand-in before the first sign-in needs it: making it then would take twice as long, for unknown names only.
pub fn prepare() {
    nobodys();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_kept_as_argon2id_and_known_again() {
        let password = Secret::new("correct horse battery");
        let kept = hash(&password).unwrap();
        assert!(kept.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", kept.reveal());
        assert_ne!(kept.reveal(), hash(&password).unwrap().reveal(), "salted");
        assert!(verify(&password, Some(&kept)));
        assert!(!verify(&Secret::new("correct horse batterz"), Some(&kept)));
        assert!(!verify(&password, None));
    }

    #[test]
    fn a_short_one_is_none() {
        assert!(check(&Secret::new("123456789")).is_err());
        assert!(check(&Secret::new("1234567890")).is_ok());
        assert!(check(&Secret::new("x".repeat(513))).is_err());
    }
}
