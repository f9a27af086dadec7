//! Commands and the reasons for refusing them (recording-policy.md §6).

use serde::{Deserialize, Serialize};

/// What somebody asks of the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Verb {
    /// Begin a main recording.
    Start,
    /// End the main recording.
    Stop,
    /// Pause the main recording.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Switch the customer's recording on.
    CustomerOn,
    /// Switch the customer's recording off.
    CustomerOff,
    /// Mask everybody.
    CensorOn,
    /// Unmask.
    CensorOff,
    /// Begin a voice receipt of an order.
    ReceiptStart,
    /// Complete the running voice receipt.
    ReceiptStop,
    /// Answer the recording prompt with yes.
    PromptAccept,
    /// Answer the recording prompt with no.
    PromptDecline,
    /// Agree to being recorded.
    ConsentGrant,
    /// Refuse to be recorded; what was captured is erased.
    ConsentDecline,
    /// Refuse from now on; what was recorded with consent stays.
    ConsentWithdraw,
}

impl Verb {
    /// Every command there is.
    pub const ALL: [Self; 15] = [
        Self::Start,
        Self::Stop,
        Self::Pause,
        Self::Resume,
        Self::CustomerOn,
        Self::CustomerOff,
        Self::CensorOn,
        Self::CensorOff,
        Self::ReceiptStart,
        Self::ReceiptStop,
        Self::PromptAccept,
        Self::PromptDecline,
        Self::ConsentGrant,
        Self::ConsentDecline,
        Self::ConsentWithdraw,
    ];
}

/// Why a command changed nothing, in the order of precedence of recording-policy.md §9.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The session is over.
    #[error("the session is over")]
    Ended,
    /// `by` is not in the session.
    #[error("nobody of that id is in the session")]
    NoSuchParticipant,
    /// The project does not record.
    #[error("recording is switched off for this project")]
    RecordingDisabled,
    /// The record mode does not know this control.
    #[error("the project's record mode does not allow this")]
    ModeForbids,
    /// Recording is forced.
    #[error("recording is forced and cannot be stopped or paused")]
    Forced,
    /// Only an agent (a host) may.
    #[error("only an agent or host may do this")]
    NotHost,
    /// The agent lacks the property, or was not asked.
    #[error("this participant may not do this")]
    NotPermitted,
    /// No main recording runs.
    #[error("no recording is running")]
    NotRecording,
    /// It is so already.
    #[error("it is so already")]
    Already,
    /// A conference stopped recording for good.
    #[error("a conference has stopped the recording of this session")]
    ConferenceStopped,
    /// No such receipt runs.
    #[error("no such receipt is running")]
    NoSuchReceipt,
}

/// A command as it arrives: who, what, and for a receipt which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The participant who speaks.
    pub by: crate::model::id::ParticipantId,
    /// What is asked.
    pub verb: Verb,
    /// The order: required by `receipt_start`, allowed on `receipt_stop`, refused elsewhere.
    pub order: Option<String>,
}

super::by_name::by_name!(Verb);
