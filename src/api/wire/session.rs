//! A session as callers see it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::controls::ControlsJson;
use crate::archive::{Recording, SessionRow};
use crate::model::consent::{Answer, ConsentRecord};
use crate::model::event::Party;
use crate::model::gate::{Gate, State};
use crate::model::id::{OutputKey, ParticipantId, ProjectSlug, RecordingId, SessionId};
use crate::model::redact::Personal;
use crate::model::role::Role;
use crate::model::settings::{Consent, Kind, RecordMode};
use crate::model::time::WallClock;
use crate::session::SessionView;

/// A session now, or as it was.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SessionJson {
    /// Its id.
    #[schema(value_type = String)]
    pub id: SessionId,
    /// Its project.
    #[schema(value_type = String)]
    pub project: ProjectSlug,
    /// `call` or `room`.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// Still going on.
    pub live: bool,
    /// `idle`, `awaiting_consent`, `recording`, `paused`, `censored`, `automatic_without_caller`, `stopped` or `disabled`; absent once it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub state: Option<State>,
    /// Since when it has been this state (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub state_since: Option<WallClock>,
    /// The record mode that holds for it, by the name of the setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub record_mode: Option<RecordMode>,
    /// Whose agreement recording needs: `not_required`, `per_party`, `all_party`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub consent: Option<Consent>,
    /// The platform's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Metadata; not shown to participants.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub metadata: BTreeMap<String, Personal>,
    /// Began (RFC 3339).
    #[schema(value_type = String)]
    pub started_at: WallClock,
    /// Ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub ended_at: Option<WallClock>,
    /// Everybody who was ever in.
    pub participants: Vec<ParticipantJson>,
    /// Gates of running outputs.
    pub gates: Vec<GateJson>,
    /// Every output so far.
    pub outputs: Vec<OutputJson>,
    /// The caller, where a participant asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub you: Option<YouJson>,
}

/// Live sessions.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SessionListJson {
    /// Newest first.
    pub items: Vec<SessionJson>,
}

/// A participant.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ParticipantJson {
    /// Their id in the session.
    #[schema(value_type = String)]
    pub id: ParticipantId,
    /// `agent`, `customer` or `third_party`.
    #[schema(value_type = String)]
    pub role: Role,
    /// Name as people see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Personal>,
    /// SIP address or number; not shown to participants.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub address: Option<Personal>,
    /// The configured agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// In the session now.
    pub present: bool,
    /// The consent that stands: `granted`, `declined`, `withdrawn`; absent where they never answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub consent: Option<Answer>,
    /// What they were asked and answered, when and by which way; a participant sees their own only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub consents: Option<ConsentRecord>,
}

/// What may be written of somebody now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GateJson {
    /// On which output.
    #[schema(value_type = String)]
    pub output: OutputKey,
    /// Of whom.
    #[schema(value_type = String)]
    pub participant: ParticipantId,
    /// `open`, `masked` or `closed`.
    #[schema(value_type = String)]
    pub gate: Gate,
}

/// An output of the session.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OutputJson {
    /// `main`, `main:2` …, `receipt:<order>:<n>`.
    #[schema(value_type = String)]
    pub output: OutputKey,
    /// Its recording.
    #[schema(value_type = String)]
    pub recording: RecordingId,
    /// Still being recorded.
    pub running: bool,
}

/// The asking participant.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct YouJson {
    /// Their id.
    #[schema(value_type = String)]
    pub id: ParticipantId,
    /// Where their media goes (RFC 9725).
    pub whip_url: String,
    /// What they could command now; absent once the session is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controls: Option<ControlsJson>,
}

/// The state after a command.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CommandAnswer {
    /// See the session's `state`.
    #[schema(value_type = String)]
    pub state: State,
}

impl ParticipantJson {
    fn new(party: Party, present: bool, consents: Option<ConsentRecord>) -> Self {
        let consent = consents.as_ref().and_then(|record| record.consent);
        Self { id: party.id, role: party.role, name: party.name, address: party.address, agent: party.agent, present, consent, consents }
    }
}

impl From<SessionView> for SessionJson {
    fn from(view: SessionView) -> Self {
        Self {
            id: view.id,
            project: view.project,
            kind: view.settings.kind,
            live: true,
            state: Some(view.state),
            state_since: Some(view.state_since),
            record_mode: Some(view.settings.record_mode),
            consent: Some(view.settings.consent),
            external_id: view.external_id,
            metadata: view.metadata,
            started_at: view.started_at,
            ended_at: None,
            participants: view.participants.into_iter().map(|p| ParticipantJson::new(p.party, p.present, p.consent)).collect(),
            gates: view.gates.into_iter().map(|g| GateJson { output: g.output, participant: g.participant, gate: g.gate }).collect(),
            outputs: view
                .outputs
                .into_iter()
                .map(|o| OutputJson { output: o.output, recording: o.recording, running: o.running })
                .collect(),
            you: None,
        }
    }
}

impl SessionJson {
    /// A session that is over, from its row and its recordings.
    #[must_use]
    pub fn over(row: SessionRow, recordings: Vec<Recording>) -> Self {
        let manifests = || recordings.iter().filter_map(|r| r.manifest.as_ref());
        // Every manifest of the session has the record as far as it went then: the longest is the last.
        let said = |id: &ParticipantId| {
            let of_them = manifests().flat_map(|m| &m.consents).filter(|record| record.participant == *id);
            of_them.max_by_key(|record| record.asked.len() + record.answers.len()).cloned()
        };
        let mut participants: Vec<ParticipantJson> = Vec::new();
        for party in manifests().flat_map(|m| m.parties.iter()) {
            if !participants.iter().any(|p| p.id == party.id) {
                participants.push(ParticipantJson::new(party.clone(), false, said(&party.id)));
            }
        }
        Self {
            id: row.id,
            project: row.project,
            kind: row.kind,
            live: false,
            state: None,
            state_since: None,
            record_mode: None,
            consent: None,
            external_id: row.external_id,
            metadata: row.metadata,
            started_at: row.started_at,
            ended_at: row.ended_at,
            participants,
            gates: Vec::new(),
            outputs: recordings.into_iter().map(|r| OutputJson { output: r.output, recording: r.id, running: false }).collect(),
            you: None,
        }
    }

    /// What an agent at their desk may see of it: the caller's name and number, which their telephone shows as well, and what the platform said.
    #[must_use]
    pub fn for_agent(mut self, you: YouJson) -> Self {
        self.you = Some(you);
        self
    }

    /// What a participant may see of it: no numbers, no addresses, no metadata.
    #[must_use]
    pub fn for_participant(mut self, you: YouJson) -> Self {
        self.metadata.clear();
        self.external_id = None;
        for participant in &mut self.participants {
            participant.address = None;
            participant.agent = None;
            participant.consents = participant.consents.take().filter(|record| record.participant == you.id);
        }
        self.you = Some(you);
        self
    }
}
