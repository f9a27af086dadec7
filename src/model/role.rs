//! The three roles of a participant (recording-policy.md §1).

use serde::{Deserialize, Serialize};

/// A participant's part in the session. In a room the host is `Agent` and a guest is `Customer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Role {
    /// The agent of a call, a host of a room.
    Agent,
    /// The customer of a call, a guest of a room.
    Customer,
    /// Anybody further in a conference.
    ThirdParty,
}

impl Role {
    /// The name used on every surface.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Customer => "customer",
            Self::ThirdParty => "third_party",
        }
    }
}

super::by_name::by_name!(Role);
