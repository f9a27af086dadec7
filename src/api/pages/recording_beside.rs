//! What stands beside a recording: the chat log of its session in step with it, and what was done with it.

use super::console::short;
use super::link_asked::can_be_written_to;
use super::recording_events::{HappenedFact, happened};
use super::recording_row::parties_of;
use super::visibility::VisibilityPanel;
use super::words::{Words, length};
use crate::api::auth::{Member, SignedIn};
use crate::api::base_url::BaseUrl;
use crate::api::problem::Problem;
use crate::api::rest::plays::show_chat;
use crate::api::state::ApiState;
use crate::archive::chats::{Chat, chat_of};
use crate::archive::rights::Action;
use crate::archive::{AuditAction, AuditFilter, Recording, RecordingState, Source};
use crate::model::time::WallClock;

/// Entries that are shown.
const NOTES: u32 = 20;
/// Events of its session that are looked at.
const EVENTS: u32 = 1_000;

/// A line of the chat.
pub struct ChatFact {
    /// Where in the recording; absent where it was written before or after.
    pub at_ms: Option<u64>,
    /// The same, as people read it.
    pub place: String,
    /// RFC 3339.
    pub iso: String,
    /// As people read it.
    pub short: String,
    /// Who wrote it.
    pub from: String,
    /// What.
    pub text: String,
}

/// An entry of the audit log.
pub struct NoteFact {
    /// RFC 3339.
    pub iso: String,
    /// As people read it.
    pub short: String,
    /// What was done.
    pub action: String,
    /// By whom.
    pub actor: String,
}

/// All of it.
pub struct Beside {
    /// It failed, and can be tried again.
    pub can_retry: bool,
    /// The chat.
    pub chat: Vec<ChatFact>,
    /// What was done with it, newest first.
    pub notes: Vec<NoteFact>,
    /// What happened in its session.
    pub happened: Vec<HappenedFact>,
    /// Who may open its link; absent where that is none of the member's to set.
    pub visibility: Option<VisibilityPanel>,
    /// Whoever looks may read the audit log.
    pub admin: bool,
}

/// Reads it. That a chat log was shown is noted first.
pub async fn beside(member: &Member, state: &ApiState, base: &BaseUrl, recording: &Recording) -> Result<Beside, Problem> {
    let failed = recording.state == RecordingState::Failed;
    let may_set = member.may(state, &recording.id, &Action::ChangeVisibility).await.is_ok();
    let can_retry = failed
        && member.may(state, &recording.id, &Action::Retry).await.is_ok()
        && match recording.source {
            Source::Live => state.registry.view(&recording.session).is_none(),
            Source::Upload => state.catalogue.upload_of_recording(&recording.id).await?.is_some(),
        };
    let chat = match chat_of(&state.catalogue, &recording.session).await? {
        Some(chat) if show_chat(member, state, recording).await? => lines(&chat, recording),
        _ => Vec::new(),
    };
    let of = AuditFilter { subject: Some(format!("recording:{}", recording.id)), limit: Some(NOTES), ..AuditFilter::default() };
    let w = Words::english();
    let entries = if member.is_admin() { state.catalogue.audit_entries(&of).await?.items } else { Vec::new() };
    let note = |entry: crate::archive::AuditEntry| NoteFact {
        iso: entry.at.to_string(),
        short: short(entry.at),
        action: done(w, &entry),
        actor: entry.actor,
    };
    let told = state.catalogue.events_since(0, Some(&recording.session), EVENTS).await?;
    let happened = happened(w, recording, &parties_of(recording, state), &told);
    let visibility = if may_set {
        Some(VisibilityPanel::of(state.catalogue.access(&recording.id).await?.as_ref(), base, can_be_written_to(state)))
    } else {
        None
    };
    Ok(Beside { can_retry, happened, chat, notes: entries.into_iter().map(note).collect(), visibility, admin: member.is_admin() })
}

/// What was done: of a change, what was changed.
fn done(w: Words, entry: &crate::archive::AuditEntry) -> String {
    let changed = entry.detail.get("after").and_then(|after| after.as_object()).filter(|_| entry.action == AuditAction::SettingChange);
    let names: Vec<String> = changed.iter().flat_map(|after| after.keys()).map(|name| w.known("changed", name)).collect();
    if names.is_empty() { w.of("action", entry.action.as_str()) } else { w.t1("notes-changed", "what", names.join(", ")) }
}

fn lines(chat: &Chat, recording: &Recording) -> Vec<ChatFact> {
    let fact = |line: &crate::archive::chats::ChatLine| {
        let at_ms = place(line.at, recording);
        ChatFact {
            at_ms,
            place: at_ms.map(length).unwrap_or_default(),
            iso: line.at.to_string(),
            short: short(line.at),
            from: line.from.reveal().to_owned(),
            text: line.text.reveal().to_owned(),
        }
    };
    chat.lines.iter().map(fact).collect()
}

/// Where an instant lies in a recording: pauses that were cut out are not on its timeline.
fn place(at: WallClock, recording: &Recording) -> Option<u64> {
    let mut ms = u64::try_from(at.as_unix_ms() - recording.started_at.as_unix_ms()).ok()?;
    for cut in recording.manifest.iter().flat_map(|m| &m.cuts) {
        if ms > cut.at_ms {
            ms = (ms - cut.at_ms).saturating_sub(cut.skipped_ms) + cut.at_ms;
        }
    }
    (ms <= recording.duration_ms?).then_some(ms)
}
