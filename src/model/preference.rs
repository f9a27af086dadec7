//! What a party's own device asks of the recording (`a=recordpref`, RFC 7866 §7.3.2).

use serde::{Deserialize, Serialize};

/// A wish about being recorded. Ordered: the more private is the smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordPreference {
    /// Not to be recorded.
    Off,
    /// The recording shall pause.
    Pause,
    /// To be recorded.
    On,
    /// No wish.
    Nopreference,
}

impl RecordPreference {
    /// The word of the RFC.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Pause => "pause",
            Self::On => "on",
            Self::Nopreference => "nopreference",
        }
    }

    /// Reads the word; `None` for any other.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Off, Self::Pause, Self::On, Self::Nopreference].into_iter().find(|known| known.as_str().eq_ignore_ascii_case(word.trim()))
    }
}
