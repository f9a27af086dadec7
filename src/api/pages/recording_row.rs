//! A recording as a row of the table.

use super::console::{kind_name, short};
use super::lane_html::role_word;
use super::words::{Words, length};
use crate::api::state::ApiState;
use crate::archive::{Recording, RecordingState};
use crate::model::event::Party;
use crate::model::gate::DiscardReason;
use crate::model::id::OutputKey;

/// A row.
pub struct RecordingRow {
    pub id: String,
    pub kind: &'static str,
    pub state: &'static str,
    pub progress: u8,
    pub why: Option<String>,
    pub project: String,
    pub order: Option<String>,
    pub started_at: String,
    pub started_short: String,
    pub length: String,
    pub picture: Option<String>,
    pub is_wave: bool,
    pub parties: Vec<PartyRow>,
}

/// A party of a row.
pub struct PartyRow {
    pub role: &'static str,
    pub name: String,
}

/// A state's name as on every surface.
pub fn state_name(state: RecordingState) -> &'static str {
    match state {
        RecordingState::Recording => "recording",
        RecordingState::Processing => "processing",
        RecordingState::Ready => "ready",
        RecordingState::Failed => "failed",
        RecordingState::Discarded => "discarded",
    }
}

/// Why something was not kept, in words.
pub fn discarded(w: Words, reason: DiscardReason) -> String {
    w.of(
        "discard",
        match reason {
            DiscardReason::ConferenceNone => "conference_none",
            DiscardReason::Replaced => "replaced",
            DiscardReason::TooShort => "too_short",
            DiscardReason::Declined => "declined",
        },
    )
}

/// The parties, agents first: of the manifest, or of the live session while there is none.
pub fn parties_of(recording: &Recording, state: &ApiState) -> Vec<Party> {
    let mut parties = match &recording.manifest {
        Some(manifest) => manifest.parties.clone(),
        None => state.registry.view(&recording.session).map(|v| v.participants.into_iter().map(|p| p.party).collect()).unwrap_or_default(),
    };
    parties.sort_by_key(|party| party.role);
    parties
}

/// A file of a recording, if it has it.
pub fn file_url(recording: &Recording, name: &str) -> Option<String> {
    let there = recording.manifest.as_ref().is_some_and(|m| m.files.iter().any(|f| f.name == name));
    there.then(|| format!("/v1/recordings/{}/files/{name}", recording.id))
}

impl RecordingRow {
    /// From the catalogue's row.
    pub fn new(w: Words, recording: &Recording, state: &ApiState) -> Self {
        let ready = recording.state == RecordingState::Ready;
        let poster = file_url(recording, "poster.jpg")
            .filter(|_| ready && recording.manifest.as_ref().is_some_and(|m| m.media.resolution.is_some()));
        let is_wave = poster.is_none();
        let wave = || file_url(recording, "waveform.png").filter(|_| ready);
        let why = recording.failure.clone().or_else(|| recording.discarded.map(|d| discarded(w, d)));
        Self {
            id: recording.id.to_string(),
            kind: kind_name(recording.kind),
            state: state_name(recording.state),
            progress: recording.progress,
            why,
            project: recording.project.to_string(),
            order: match &recording.output {
                OutputKey::Receipt { order, .. } => Some(order.clone()),
                OutputKey::Main(_) => None,
            },
            started_at: recording.started_at.to_string(),
            started_short: short(recording.started_at),
            length: recording.duration_ms.map(length).unwrap_or_default(),
            picture: poster.or_else(wave),
            is_wave,
            parties: parties_of(recording, state)
                .iter()
                .map(|p| PartyRow {
                    role: p.role.as_str(),
                    name: p.name.as_ref().map_or_else(|| role_word(w, recording.kind, p.role), |n| n.reveal().to_owned()),
                })
                .collect(),
        }
    }
}
