//! The configuration's `[mail]` as the outbox takes it.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::config::Mail;
use crate::share::mail::{MailSettings, Pace};

/// Reads what the configuration names.
///
/// # Errors
/// Where the authority's certificates cannot be read.
pub fn settings(config: &Mail) -> Result<MailSettings> {
    let tls_root = match config.tls_root.as_str() {
        "" => None,
        path => Some(std::fs::read(path).with_context(|| format!("mail.tls_root: {path}"))?),
    };
    Ok(MailSettings {
        host: config.host.clone(),
        port: config.port,
        security: config.security,
        user: config.user.clone(),
        password: config.password.clone(),
        from: config.from.clone(),
        tls_root,
        timeout: Duration::from_secs(config.timeout_s.max(1)),
        pace: Pace::of(config.retry_s, config.give_up_h.max(1)),
    })
}
