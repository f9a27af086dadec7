//! A live session as others see it.

use std::collections::BTreeMap;

use crate::model::consent::ConsentRecord;
use crate::model::event::Party;
use crate::model::gate::{Gate, State};
use crate::model::id::{OutputKey, ParticipantId, ProjectSlug, RecordingId, SessionId};
use crate::model::redact::Personal;
use crate::model::settings::Settings;
use crate::model::time::WallClock;

/// A session now.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// Its project.
    pub project: ProjectSlug,
    /// The settings that hold for it.
    pub settings: Settings,
    /// The platform's id.
    pub external_id: Option<String>,
    /// Metadata.
    pub metadata: BTreeMap<String, Personal>,
    /// Began.
    pub started_at: WallClock,
    /// The state that everybody sees.
    pub state: State,
    /// Since when it has been this state.
    pub state_since: WallClock,
    /// How much has happened so far: rises with every change.
    pub revision: u64,
    /// Everybody who was ever in.
    pub participants: Vec<ParticipantView>,
    /// Every output so far.
    pub outputs: Vec<OutputView>,
    /// Gates of running outputs.
    pub gates: Vec<GateView>,
}

/// A participant now.
#[derive(Clone, Debug)]
pub struct ParticipantView {
    /// Who.
    pub party: Party,
    /// In the session now.
    pub present: bool,
    /// What they were asked and answered, if anything.
    pub consent: Option<ConsentRecord>,
}

/// An output now.
#[derive(Clone, Debug)]
pub struct OutputView {
    /// Which.
    pub output: OutputKey,
    /// Its recording.
    pub recording: RecordingId,
    /// Still running.
    pub running: bool,
}

/// A gate now.
#[derive(Clone, Debug)]
pub struct GateView {
    /// Of which output.
    pub output: OutputKey,
    /// Of whom.
    pub participant: ParticipantId,
    /// What it is.
    pub gate: Gate,
}
