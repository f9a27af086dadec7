//! Gates, spans and the state that everybody sees (recording-policy.md §1, §7, §8).

use serde::{Deserialize, Serialize};

/// What may be written of one participant to one output now. Ordered: the more restrictive is the smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Nothing is written; not part of the output.
    Closed,
    /// The timeline goes on; silence and a black picture stand in; no media is written.
    Masked,
    /// Media is written.
    Open,
}

/// A piece of one participant's presence in an output, in session time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First millisecond.
    pub from_ms: u64,
    /// The millisecond after the last.
    pub to_ms: u64,
    /// `Open` or `Masked`.
    pub gate: Gate,
}

/// The recording state that every indicator shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing is being recorded.
    Idle,
    /// Recording waits for somebody's answer.
    AwaitingConsent,
    /// Somebody is being recorded.
    Recording,
    /// Main is paused and no receipt runs.
    Paused,
    /// The recording goes on without any media.
    Censored,
    /// Forced recording of the agent alone; the caller refused.
    AutomaticWithoutCaller,
    /// Recording ran and is over.
    Stopped,
    /// The project does not record.
    Disabled,
}

impl State {
    /// The name used on every surface.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::AwaitingConsent => "awaiting_consent",
            Self::Recording => "recording",
            Self::Paused => "paused",
            Self::Censored => "censored",
            Self::AutomaticWithoutCaller => "automatic_without_caller",
            Self::Stopped => "stopped",
            Self::Disabled => "disabled",
        }
    }
}

/// Why an output ended (recording-policy.md §9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The session ended.
    End,
    /// A `stop` command.
    Stop,
    /// A `receipt_stop` command.
    ReceiptStop,
    /// `max_duration_s` was reached.
    MaxDuration,
    /// The last agent left.
    HostLeft,
    /// The last participant left.
    LastLeft,
    /// A third party joined and the conference mode stops recording.
    ThirdParty,
}

/// Why an output is not kept (recording-policy.md §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscardReason {
    /// A third party joined under conference mode `none`.
    ConferenceNone,
    /// A later receipt of the same order stands instead.
    Replaced,
    /// Shorter than `min_duration_s`, or without any span.
    TooShort,
    /// Without any span, and somebody declined.
    Declined,
}
