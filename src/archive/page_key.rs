//! Where a page of a list that is ordered by time and id ended, as its reader carries it: opaque, and no place of another list.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::{ArchiveError, Result};
use crate::model::time::WallClock;

/// The key behind the last row of a page.
pub(super) fn key_of(at: WallClock, id: &impl std::fmt::Display) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {id}", at.0))
}

/// Time (nanoseconds) and id of that row.
pub(super) fn place_of<Id: FromStr + Into<String>>(key: &str) -> Result<(i64, String)> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(key).ok()?).ok()?;
        let (at, id) = text.split_once(' ')?;
        let id: Id = id.parse().ok()?;
        Some((at.parse().ok()?, id.into()))
    };
    read().ok_or_else(|| ArchiveError::invalid("after", "is no `next` of a page"))
}
