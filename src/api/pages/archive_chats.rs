//! Chat logs in the archive (archive.md A8, C1): picked beside the recordings of their sessions, in a list of their own, and among what a colleague sent.

use std::collections::BTreeMap;

use super::console::short;
use super::words::Words;
use crate::api::auth::Member;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::Recording;
use crate::archive::chats::{ChatFilter, ChatRow};
use crate::model::id::SessionId;

/// A chat log as the archive lists it.
pub struct ChatLogRow {
    /// Its session.
    pub session: String,
    /// Its project.
    pub project: String,
    /// When its first line was written.
    pub started_at: String,
    /// The same for people.
    pub started_short: String,
    /// How many lines it has, in words.
    pub lines: String,
}

impl ChatLogRow {
    /// From the catalogue's row.
    pub fn of(w: Words, row: &ChatRow) -> Self {
        Self {
            session: row.session.to_string(),
            project: row.project.to_string(),
            started_at: row.started_at.to_string(),
            started_short: short(row.started_at),
            lines: w.tn("send-chat-lines", "n", usize::try_from(row.lines).unwrap_or(usize::MAX)),
        }
    }
}

/// The chat logs of these sessions that a member sees, newest first.
pub async fn seen(member: &Member, state: &ApiState, sessions: Vec<SessionId>) -> Result<Vec<ChatRow>, Problem> {
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    let limit = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
    let mut rows = state.catalogue.chats(&ChatFilter { only: Some(sessions), limit, ..ChatFilter::default() }).await?;
    let with_one: Vec<SessionId> = rows.iter().map(|row| row.session.clone()).collect();
    let seen = member.seen_chats(state, &with_one).await?;
    rows.retain(|row| seen.contains(&row.session));
    Ok(rows)
}

/// Chat logs of a page's recordings, by recording: each log once, beside the first of its session.
pub async fn beside(member: &Member, state: &ApiState, w: Words, page: &[Recording]) -> Result<BTreeMap<String, ChatLogRow>, Problem> {
    let mut first: BTreeMap<SessionId, String> = BTreeMap::new();
    for recording in page {
        first.entry(recording.session.clone()).or_insert_with(|| recording.id.to_string());
    }
    let rows = seen(member, state, first.keys().cloned().collect()).await?;
    Ok(rows.iter().filter_map(|row| Some((first.remove(&row.session)?, ChatLogRow::of(w, row)))).collect())
}
