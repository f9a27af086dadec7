//! Rule 1: a project that does not record records nothing, whatever anybody does.

use super::{Question, open_if};
use crate::model::command::Reason;
use crate::model::gate::Gate;
use crate::model::settings::{RecordMode, Settings};

pub(in crate::policy) fn gate(q: Question<'_>) -> Gate {
    open_if(why_not(&q.view.situation.settings).is_none())
}

/// Why the project records nothing at all, if it does not (recording-policy.md §9.12).
pub(in crate::policy) fn why_not(settings: &Settings) -> Option<Reason> {
    if !settings.recording_enabled {
        return Some(Reason::RecordingDisabled);
    }
    match settings.record_mode {
        RecordMode::None => Some(Reason::ModeForbids),
        RecordMode::Both
        | RecordMode::AgentOnlyAllow
        | RecordMode::AgentOnlyForbid
        | RecordMode::ReceiptsAllow
        | RecordMode::ReceiptsForbid => None,
    }
}
