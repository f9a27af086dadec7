//! What an event that outsiders hear is about. `docs/events.md` shows each with its data; a test holds the two together.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[doc = $text:literal])+ $variant:ident = $name:literal,)+) => {
        /// The kind of an event of `GET /v1/events` and of webhooks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum EventKind {
            $($(#[doc = $text])+ #[serde(rename = $name)] $variant,)+
        }

        impl EventKind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name used on every surface.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

kinds! {
    /// A call or a room began.
    SessionOpened = "session.opened",
    /// It is over.
    SessionEnded = "session.ended",
    /// The recording state that every indicator shows changed.
    State = "state",
    /// Somebody came in.
    ParticipantJoined = "participant.joined",
    /// Somebody left.
    ParticipantLeft = "participant.left",
    /// Everything captured of somebody was erased, since they declined.
    ParticipantErased = "participant.erased",
    /// A party's own device asked something of the recording (`a=recordpref`).
    ParticipantPreferred = "participant.preferred",
    /// A command, accepted or refused.
    Command = "command",
    /// The first host is asked whether to record; with a `source`, somebody showed it.
    PromptAsked = "prompt.asked",
    /// The first host answered.
    PromptAnswered = "prompt.answered",
    /// A participant is asked for consent; with a `source`, somebody showed or read it out.
    ConsentAsked = "consent.asked",
    /// A participant answered: granted, declined or withdrew.
    ConsentAnswered = "consent.answered",
    /// What may be written of a participant to an output changed.
    Gate = "gate",
    /// An output began.
    RecordingStarted = "recording.started",
    /// An output's timeline stands still (a skipped pause).
    RecordingPaused = "recording.paused",
    /// An output's timeline goes on.
    RecordingResumed = "recording.resumed",
    /// An output ended.
    RecordingEnded = "recording.ended",
    /// An output will not be kept.
    RecordingDiscarded = "recording.discarded",
    /// Nothing of a participant who declined is left of it: neither here nor in the store. What remains is made anew.
    RecordingErased = "recording.erased",
    /// It is whole and on its way into the store.
    RecordingProcessing = "recording.processing",
    /// How far the rendering of an uploaded file is.
    RecordingProgress = "recording.progress",
    /// It is stored, read back and can be played.
    RecordingReady = "recording.ready",
    /// It could not be made or stored.
    RecordingFailed = "recording.failed",
    /// Somebody deleted it, or its time was over: all its files are gone.
    RecordingDeleted = "recording.deleted",
    /// Only selected people may open its link, and nobody knows their addresses yet: somebody is to say them.
    RecordingVisibilityWanted = "recording.visibility_wanted",
    /// Somebody plays a recording.
    PlayStarted = "play.started",
    /// A letter with a link to recordings or chat logs is on its way to somebody outside.
    ShareSent = "share.sent",
    /// Somebody called a share back: its link opens nothing any more.
    ShareCancelled = "share.cancelled",
    /// The days of a share are over.
    ShareExpired = "share.expired",
    /// Somebody outside plays a recording that was shared with them, or reads a chat log.
    SharePlayed = "share.played",
    /// A letter with a link to recordings or chat logs is on its way to a colleague.
    InternalLinkSent = "internal_link.sent",
    /// A participant's stream was agreed.
    MediaTrack = "media.track",
    /// A stream was muted or held, or goes on.
    MediaMuted = "media.muted",
    /// Packets are known to be lost between capture and tape.
    MediaDropped = "media.dropped",
    /// Somebody tries a webhook out. It is never part of the stream.
    WebhookTest = "webhook.test",
}

impl std::fmt::Display for EventKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for EventKind {
    type Err = ();
    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name).ok_or(())
    }
}
