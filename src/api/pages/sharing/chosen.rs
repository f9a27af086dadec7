//! The recordings and chat logs that were chosen in the archive, as the forms show them and send them on.

use std::collections::BTreeSet;

use axum::response::Redirect;

use super::fields::{Fields, Sent};
use crate::api::auth::Member;
use crate::api::escaped::escaped;
use crate::api::pages::console::short;
use crate::api::pages::words::{Words, length};
use crate::api::problem::Problem;
use crate::api::rest::may_see_chat;
use crate::api::state::ApiState;
use crate::archive::Recording;
use crate::archive::rights::Action;
use crate::archive::shares::MOST_ITEMS;
use crate::model::id::{RecordingId, SessionId};
use crate::model::redact::Personal;

/// `POST /archive/send/picked`: what the archive's form picked, on to the form that sends it outside.
pub async fn picked_for_external(_: Member, Sent(sent): Sent) -> Redirect {
    onward("/archive/send", &sent)
}

/// `POST /archive/send-internal/picked`
pub async fn picked_for_internal(_: Member, Sent(sent): Sent) -> Redirect {
    onward("/archive/send-internal", &sent)
}

/// The form token stays behind: an address is no place for it.
fn onward(path: &str, sent: &Fields) -> Redirect {
    let mut seen = BTreeSet::new();
    let all = sent.all("recording").map(|id| ("r", id)).chain(sent.all("chat").map(|id| ("s", id)));
    let ids: Vec<String> =
        all.filter(|one| seen.insert(*one)).take(MOST_ITEMS + 1).map(|(name, id)| format!("{name}={}", escaped(id))).collect();
    Redirect::to(&format!("{path}?{}", ids.join("&")))
}

/// A line of the list.
pub struct Line {
    /// The name of the field that sends it on.
    pub field: &'static str,
    /// Its id.
    pub id: String,
    /// Where it is looked at.
    pub url: String,
    /// `recording` or `chat`.
    pub kind: &'static str,
    /// When it began.
    pub at: String,
    /// The same for people.
    pub short: String,
    /// Who, how long, of which queue.
    pub about: String,
}

/// What was chosen.
pub struct Chosen {
    /// Recordings.
    pub recordings: Vec<RecordingId>,
    /// Sessions whose chat logs.
    pub sessions: Vec<SessionId>,
    /// All of them as lines.
    pub lines: Vec<Line>,
    /// How many were left out, since this member does not find them.
    pub left_out: usize,
    /// More than one letter can carry.
    pub too_many: bool,
}

impl Chosen {
    /// Reads `r` (recordings) and `s` (sessions with chat logs).
    ///
    /// # Errors
    /// Where the catalogue does not answer.
    pub async fn of(member: &Member, state: &ApiState, fields: &Fields) -> Result<Self, Problem> {
        let mut chosen = Self { recordings: Vec::new(), sessions: Vec::new(), lines: Vec::new(), left_out: 0, too_many: false };
        let w = Words::english();
        let all = fields.all("r").map(|id| ("r", id)).chain(fields.all("s").map(|id| ("s", id)));
        let mut seen = BTreeSet::new();
        for (n, (kind, id)) in all.filter(|one| seen.insert(*one)).enumerate() {
            if n >= MOST_ITEMS {
                chosen.too_many = true;
                break;
            }
            let there = if kind == "r" { chosen.recording(member, state, w, id).await } else { chosen.chat(member, state, w, id).await };
            match there {
                Ok(()) => {}
                Err(problem) if problem.status == 404 => chosen.left_out += 1,
                Err(problem) => return Err(problem),
            }
        }
        Ok(chosen)
    }

    /// Nothing but chat logs: whose number was called is not shown then.
    pub fn only_chats(&self) -> bool {
        self.recordings.is_empty() && !self.sessions.is_empty()
    }

    async fn recording(&mut self, member: &Member, state: &ApiState, w: Words, id: &str) -> Result<(), Problem> {
        let id: RecordingId = id.parse().map_err(|_| Problem::not_found("there is no such recording"))?;
        let recording = member.may(state, &id, &Action::See).await?;
        self.lines.push(Line {
            field: "r",
            id: id.to_string(),
            url: format!("/recordings/{id}"),
            kind: "recording",
            at: recording.started_at.to_string(),
            short: short(recording.started_at),
            about: about(w, &recording),
        });
        self.recordings.push(id);
        Ok(())
    }

    async fn chat(&mut self, member: &Member, state: &ApiState, w: Words, id: &str) -> Result<(), Problem> {
        let id: SessionId = id.parse().map_err(|_| Problem::not_found("there is no such session"))?;
        let chat = may_see_chat(member, state, &id).await?;
        self.lines.push(Line {
            field: "s",
            id: id.to_string(),
            url: format!("/chats/{id}"),
            kind: "chat",
            at: chat.started_at.to_string(),
            short: short(chat.started_at),
            about: w.tn("send-chat-lines", "n", usize::try_from(chat.lines).unwrap_or(usize::MAX)),
        });
        self.sessions.push(id);
        Ok(())
    }
}

fn about(w: Words, recording: &Recording) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(title) = recording.title.as_ref() {
        parts.push(title.reveal().to_owned());
    }
    parts.extend(recording.caller_number.as_ref().map(Personal::reveal).map(str::to_owned));
    parts.extend(recording.agents.iter().cloned());
    parts.extend(recording.queue.clone());
    parts.extend(recording.duration_ms.map(length));
    if parts.is_empty() { w.t("send-recording") } else { parts.join(" · ") }
}
