//! What stands on a tape beside media, and what everybody sees of a live session.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::command::{Reason, Verb};
use super::consent::{AnswerContext, AnswerSource, Question};
use super::gate::{DiscardReason, EndedBy, Gate, State};
use super::id::{OutputKey, ParticipantId, ProjectSlug, RecordingId, SessionId, TrackId};
use super::media::TrackSpec;
use super::preference::RecordPreference;
use super::redact::Personal;
use super::role::Role;
use super::settings::{AgentProperties, Settings};
use super::time::WallClock;

/// Who a party is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Its id in the session.
    pub id: ParticipantId,
    /// Its role.
    pub role: Role,
    /// Its name as people see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Personal>,
    /// Its SIP address of record or number, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Personal>,
    /// The configured agent that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// How a session begins: the first record of every tape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOpened {
    /// The session.
    pub session: SessionId,
    /// Its project.
    pub project: ProjectSlug,
    /// Wall-clock time of session time zero.
    pub started_at: WallClock,
    /// The settings that hold for all of it.
    pub settings: Settings,
    /// The platform's own id of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Queue, access number, caller, ticket, order, `X-Ferric-*` and vendor headers.
    #[serde(default)]
    pub metadata: BTreeMap<String, Personal>,
}

/// Everything on a tape that is not media. Its time is the record's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(missing_docs, reason = "a variant's sentence says what its fields are")]
pub enum TapeEvent {
    /// The first record.
    SessionOpened(Box<SessionOpened>),
    /// Somebody came in.
    Joined {
        party: Party,
        /// Began an agent-to-agent call.
        #[serde(default)]
        initiator: bool,
        /// The agent's properties as they were then: recovery replays the policy from the tape alone.
        #[serde(default)]
        properties: AgentProperties,
    },
    /// Somebody left.
    Left { participant: ParticipantId },
    /// A track began, or was agreed anew.
    Track { track: TrackId, spec: TrackSpec },
    /// A track's sender muted or unmuted it, or a hold began or ended: the cause of the gap that follows.
    Muted { track: TrackId, muted: bool, cause: GapCause },
    /// A command, accepted or refused.
    Command {
        by: ParticipantId,
        #[serde(rename = "do")]
        verb: Verb,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<Reason>,
        /// How an answer to a question (`consent_*`, `prompt_*`) came about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<Box<AnswerContext>>,
    },
    /// A question was put to a participant. Without a `source` the node asked for it to be put; with one somebody says that they put it.
    Asked {
        participant: ParticipantId,
        what: Question,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<AnswerSource>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text_version: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<String>,
    },
    /// A party's device asked something of the recording; the commands that follow from it come next.
    Preferred { participant: ParticipantId, preference: RecordPreference },
    /// An output began.
    OutputStarted { output: OutputKey, recording: RecordingId },
    /// An output ended; its `duration_ms` is that of its own timeline.
    OutputEnded { output: OutputKey, ended_by: EndedBy },
    /// An output's timeline stops (a skipped pause).
    TimelineCut { output: OutputKey },
    /// An output's timeline goes on.
    TimelineResumed { output: OutputKey },
    /// A participant's gate on an output changed.
    Gate { output: OutputKey, participant: ParticipantId, gate: Gate },
    /// A participant's media was erased, all of it, from every output.
    Erased { participant: ParticipantId },
    /// An output will not be kept.
    Discarded { output: OutputKey, reason: DiscardReason },
    /// The state that everybody sees changed.
    State { state: State },
    /// Packets known to be lost between capture and tape (a full socket or disk): never silent.
    Dropped { track: TrackId, packets: u64 },
    /// The session is over: the last record of a whole tape.
    SessionEnded,
}

/// Why there is nothing for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapCause {
    /// The call was on hold.
    Hold,
    /// The sender muted.
    Mute,
    /// Packets did not arrive.
    Network,
    /// The node was down.
    Restart,
    /// The peer had not begun to send, or had ceased to.
    NoMedia,
}
