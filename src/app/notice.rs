//! The notice that the configuration asks for.

use std::path::Path;
use std::sync::Arc;

use super::config::{NoticeKind, Sip};
use super::load::siprec::{Sound, SoundError};
use crate::ingest::Notice;

/// "This call is being recorded.", µ-law.
const WORDS: &[u8] = include_bytes!("../../fixtures/notice/recorded.ulaw");

/// The notice, where there shall be one.
///
/// # Errors
/// Where its file cannot be read, or is no sound.
pub fn of(sip: &Sip) -> Result<Option<Arc<Notice>>, SoundError> {
    let notice = match sip.notice {
        NoticeKind::None => return Ok(None),
        NoticeKind::Tone => Notice::tone(sip.notice_every_s.saturating_mul(1000)),
        NoticeKind::Spoken if sip.notice_file.is_empty() => Notice::spoken(WORDS),
        NoticeKind::Spoken => Notice::spoken(Sound::from_file(Path::new(&sip.notice_file))?.samples()),
    };
    Ok(Some(Arc::new(notice)))
}
