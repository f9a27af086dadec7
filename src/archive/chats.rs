//! Chat logs of sessions (archive.md A8): kept as they came, shown and shared under the rights of the session's recordings.

use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;
use super::error::{ArchiveError, Result};
use crate::model::id::{ParticipantId, ProjectSlug, SessionId};
use crate::model::redact::Personal;
use crate::model::role::Role;
use crate::model::time::WallClock;

/// Lines of a log at most.
pub const MOST_LINES: usize = 10_000;
/// Characters of a line's text.
const LONGEST_TEXT: usize = 8_000;
/// Characters of a name, a link, a kind.
const LONGEST_NAME: usize = 256;

/// A line of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatLine {
    /// When (RFC 3339).
    #[schema(value_type = String)]
    pub at: WallClock,
    /// Who, as people see them.
    #[schema(value_type = String)]
    pub from: Personal,
    /// What they wrote.
    #[schema(value_type = String)]
    pub text: Personal,
    /// The participant of the session that they are: their lines go when they decline to be recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub participant: Option<ParticipantId>,
    /// `agent`, `customer`, `third_party`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub role: Option<Role>,
    /// The platform's own id of the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// The chat log of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    /// The session.
    pub session: SessionId,
    /// Its project.
    pub project: ProjectSlug,
    /// When the first line was written.
    pub started_at: WallClock,
    /// When the log was put here.
    pub put_at: WallClock,
    /// Its lines, in order of time.
    pub lines: Vec<ChatLine>,
}

/// A chat log in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatRow {
    /// The session.
    pub session: SessionId,
    /// Its project.
    pub project: ProjectSlug,
    /// When the first line was written.
    pub started_at: WallClock,
    /// How many lines.
    pub lines: u64,
}

/// Which chat logs.
#[derive(Clone, Debug, Default)]
pub struct ChatFilter {
    /// Of this project.
    pub project: Option<ProjectSlug>,
    /// Of these sessions.
    pub only: Option<Vec<SessionId>>,
    /// Begun at or after.
    pub from: Option<WallClock>,
    /// Begun before.
    pub to: Option<WallClock>,
    /// Begun before this one, or at the same time with a lower session: where the page before ended.
    pub after: Option<(WallClock, String)>,
    /// Rows.
    pub limit: u32,
}

/// Lines that can be kept, in order of time.
///
/// # Errors
/// With the line and the field that cannot.
pub fn checked(mut lines: Vec<ChatLine>) -> Result<Vec<ChatLine>> {
    if lines.is_empty() || lines.len() > MOST_LINES {
        return Err(ArchiveError::invalid("lines", format!("1 to {MOST_LINES} lines")));
    }
    for (n, line) in lines.iter().enumerate() {
        let bad = |field: &str, most: usize| Err(ArchiveError::invalid(format!("[{n}].{field}"), format!("1 to {most} characters")));
        let fits = |text: &str, most: usize| !text.trim().is_empty() && text.chars().count() <= most;
        let is_name = |text: &str| fits(text, LONGEST_NAME) && !text.chars().any(char::is_control);
        if !is_name(line.from.reveal()) {
            return bad("from", LONGEST_NAME);
        }
        if !fits(line.text.reveal(), LONGEST_TEXT) {
            return bad("text", LONGEST_TEXT);
        }
        if line.id.as_deref().is_some_and(|id| !is_name(id)) {
            return bad("id", LONGEST_NAME);
        }
    }
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}

/// The chat log of a session as it may be shown or shared with its recordings; `None` where there is none. Whether it may is for the caller to ask: the facts
/// of all recordings of the session decide.
///
/// # Errors
/// Where the catalogue does not answer.
pub async fn chat_of(catalogue: &Catalogue, session: &SessionId) -> Result<Option<Chat>> {
    match catalogue.chat(session).await {
        Ok(chat) => Ok(Some(chat)),
        Err(ArchiveError::NotFound { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at: i64, text: &str) -> ChatLine {
        ChatLine { at: WallClock(at), from: Personal::new("Kari"), text: Personal::new(text), participant: None, role: None, id: None }
    }

    #[test]
    fn lines_are_put_in_order_and_what_cannot_be_is_named_with_its_place() {
        let lines = checked(vec![line(2, "b"), line(1, "a")]).unwrap();
        assert_eq!(lines.iter().map(|l| l.at.0).collect::<Vec<_>>(), [1, 2]);
        let error = checked(vec![line(1, "a"), line(2, " ")]).unwrap_err().to_string();
        assert!(error.starts_with("[1].text: "), "{error}");
        assert!(checked(Vec::new()).is_err() && checked(vec![line(1, "a"); MOST_LINES + 1]).is_err());
        assert!(checked(vec![line(1, &"x".repeat(8_001))]).is_err());
    }
}
