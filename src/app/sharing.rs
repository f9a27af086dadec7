//! The configuration's `[external]`, and the key of one-time codes.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::config::Config;
use crate::archive::shares::Share;
use crate::archive::{Catalogue, EventLog, NewEvent, now};
use crate::model::event_kind::EventKind;
use crate::model::id::ShareId;
use crate::share::code::CodeKey;
use crate::share::external::External;
use crate::store::{S3Options, open_with};

/// Opens the external store.
///
/// # Errors
/// Where it cannot be opened, or is a store of recordings.
pub async fn open(config: &Config, catalogue: &Catalogue) -> Result<External> {
    let line = config.external_location();
    let recordings = std::iter::once(config.store_location()).chain(config.region_locations().into_iter().map(|(_, line)| line));
    if recordings.into_iter().any(|other| other == line) {
        anyhow::bail!("external.store: is the place of recordings; copies that are shared need one of their own");
    }
    let options = S3Options { journal: Some(config.data.dir.join("uploads/parts-external")), ..S3Options::default() };
    let store = open_with(&line, options).await.context("external.store")?;
    External::open(store, catalogue.clone(), &config.data.dir.join("sharing")).context("external.store")
}

/// Says that the days of a share are over.
pub fn tell_over(events: &EventLog, share: &ShareId) {
    tracing::info!(%share, "a share is over");
    events.tell(NewEvent { at: now(), session: None, kind: EventKind::ShareExpired, data: json!({ "share": share }) });
}

/// Says that a share opens, and that its letter goes out.
pub fn tell_sent(events: &EventLog, share: &Share) {
    tracing::info!(share = %share.id, items = share.items.len(), "the copies of a share are there");
    let data = json!({ "share": share.id, "items": share.items.len(), "until": share.until });
    events.tell(NewEvent { at: now(), session: None, kind: EventKind::ShareSent, data });
}

/// The key of one-time codes, made of the node's master key: the catalogue alone tells no code.
///
/// # Errors
/// Where the master key cannot be read.
pub async fn code_key(master_key: &Path) -> Result<CodeKey> {
    let secret = tokio::fs::read(master_key).await.with_context(|| format!("{}", master_key.display()))?;
    Ok(CodeKey::of(&secret))
}
