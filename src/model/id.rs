//! Opaque ids. Recording and session ids carry 128 random bits: a recording's id is also what keeps a public link unguessable.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not an id: only `A-Z a-z 0-9 . _ -`, 1 to 64 of them, not starting with a dot (ids become folder names).
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an id has 1 to 64 characters of A-Z a-z 0-9 . _ - and does not start with a dot")]
pub struct BadId;

fn checked(text: &str) -> Result<(), BadId> {
    let fits = (1..=64).contains(&text.len())
        && !text.starts_with('.')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if fits { Ok(()) } else { Err(BadId) }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// A new id of 128 random bits (UUID v4 without dashes).
            #[must_use]
            pub fn random() -> Self {
                Self(uuid::Uuid::new_v4().simple().to_string())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                checked(&text)?;
                Ok(Self(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

id!(
    /// One call or one room, from its first participant to its end.
    SessionId
);
id!(
    /// One finished or growing output of a session; unguessable.
    RecordingId
);
id!(
    /// One party of a session, unique within it.
    ParticipantId
);
id!(
    /// A project's short name, as in `sip:<project>@node`.
    ProjectSlug
);
id!(
    /// Somewhere that events are sent to.
    WebhookId
);
id!(
    /// A file on its way in.
    UploadId
);
id!(
    /// An invitation to send one file.
    UploadInvitationId
);
id!(
    /// One event on its way to one webhook; the same through all its attempts.
    DeliveryId
);
id!(
    /// One letter in the outbox.
    LetterId
);
id!(
    /// A selection that was sent to a colleague.
    InternalLinkId
);
id!(
    /// A folder of the archive: given once, whatever the folder is called later.
    FolderId
);
id!(
    /// A rule that new recordings are sorted by.
    TriageRuleId
);
id!(
    /// Recordings and chat logs shared with somebody outside, by one letter.
    ShareId
);
id!(
    /// One recording or chat log of a share, as the recipient's page calls it.
    ShareItemId
);
id!(
    /// The page of all that is shared with one address.
    SharePageId
);
id!(
    /// One legal hold.
    HoldId
);

/// A track's number on its tape: one stream of RTP of one participant, whatever SSRCs it goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrackId(pub u16);

/// A recording being made of a session: `main`, `main:2` …, or `receipt:<order>:<n>` (recording-policy.md §8, §9.18, §9.35).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OutputKey {
    /// The n-th main recording of the session, from 1.
    Main(u32),
    /// The n-th receipt of an order, from 1.
    Receipt {
        /// The order's name as the agent gave it.
        order: String,
        /// Which receipt of that order.
        number: u32,
    },
}

impl fmt::Display for OutputKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main(1) => f.write_str("main"),
            Self::Main(n) => write!(f, "main:{n}"),
            Self::Receipt { order, number } => write!(f, "receipt:{order}:{number}"),
        }
    }
}

impl std::str::FromStr for OutputKey {
    type Err = BadOutputKey;

    fn from_str(text: &str) -> Result<Self, BadOutputKey> {
        if text == "main" {
            return Ok(Self::Main(1));
        }
        if let Some(n) = text.strip_prefix("main:") {
            return n.parse().map(Self::Main).map_err(|_| BadOutputKey);
        }
        let rest = text.strip_prefix("receipt:").ok_or(BadOutputKey)?;
        let (order, number) = rest.rsplit_once(':').ok_or(BadOutputKey)?;
        let number = number.parse().map_err(|_| BadOutputKey)?;
        Ok(Self::Receipt { order: order.to_owned(), number })
    }
}

/// A text that names no output.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an output is `main`, `main:<n>` or `receipt:<order>:<n>`")]
pub struct BadOutputKey;

impl Serialize for OutputKey {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OutputKey {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_keys_survive_the_way_to_text_and_back() {
        for text in ["main", "main:2", "receipt:O-77:1", "receipt:a:b:3"] {
            assert_eq!(text.parse::<OutputKey>().unwrap().to_string(), text);
        }
        assert!("other".parse::<OutputKey>().is_err());
    }

    #[test]
    fn an_id_cannot_climb_out_of_its_folder() {
        for text in ["..", "../x", "a/b", "", ".hidden"] {
            assert!(text.parse::<SessionId>().is_err(), "{text}");
        }
    }
}
