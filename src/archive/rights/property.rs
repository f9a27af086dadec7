//! Properties and where they come from: the user, then the user's groups, then the workspace; the nearest wins (archive.md B1, B2).

use serde::{Deserialize, Serialize};

use super::Role;

/// Whether a reason is asked for before a recording plays (B4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Playback {
    /// None is.
    #[default]
    Free,
    /// Any text (`#txt`).
    AnyReason,
    /// One of a list (`a;b;c`).
    OneOf(Vec<String>),
}

/// Why a text sets no reasons.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("empty = no reason is asked, `#txt` = any text, `a;b;c` = one of these; no entry may be empty or begin with `#`")]
pub struct BadPlayback;

impl TryFrom<String> for Playback {
    type Error = BadPlayback;
    fn try_from(text: String) -> Result<Self, BadPlayback> {
        match text.trim() {
            "" => Ok(Self::Free),
            "#txt" => Ok(Self::AnyReason),
            list => {
                let reasons: Vec<String> = list.split(';').map(|reason| reason.trim().to_owned()).collect();
                let fit = reasons.iter().all(|reason| !reason.is_empty() && !reason.starts_with('#'));
                if fit { Ok(Self::OneOf(reasons)) } else { Err(BadPlayback) }
            }
        }
    }
}

impl From<Playback> for String {
    fn from(playback: Playback) -> Self {
        match playback {
            Playback::Free => Self::new(),
            Playback::AnyReason => "#txt".to_owned(),
            Playback::OneOf(reasons) => reasons.join(";"),
        }
    }
}

impl Playback {
    /// Whether a reason was given that does.
    #[must_use]
    pub fn satisfied_by(&self, reason: Option<&str>) -> bool {
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        match self {
            Self::Free => true,
            Self::AnyReason => reason.is_some(),
            Self::OneOf(reasons) => reason.is_some_and(|given| reasons.iter().any(|one| one == given)),
        }
    }

    /// The stricter of two: a list leaves less room than any text, fewer entries less than more.
    fn stricter(self, other: Self) -> Self {
        let rank = |p: &Self| match p {
            Self::Free => (0, 0),
            Self::AnyReason => (1, 0),
            Self::OneOf(reasons) => (2, usize::MAX - reasons.len()),
        };
        if rank(&other) > rank(&self) { other } else { self }
    }
}

macro_rules! properties {
    ($($(#[doc = $text:literal])+ $name:ident: $default:expr,)+) => {
        /// Properties as one place sets them; absent = the place says nothing.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct Properties {
            $($(#[doc = $text])+ #[serde(skip_serializing_if = "Option::is_none")] pub $name: Option<bool>,)+
            /// Sees only recordings younger than this many days; 0 = of any age.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub access_days: Option<u32>,
            /// Asked for before the first byte: empty = none, `#txt` = any text, `a;b;c` = one of these.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<String>)]
            pub playback_reason: Option<Playback>,
        }

        /// Properties as they hold for one user.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
        pub struct Effective {
            $($(#[doc = $text])+ pub $name: bool,)+
            /// Sees only recordings younger than this many days.
            pub access_days: Option<u32>,
            /// Asked for before the first byte: empty = none, `#txt` = any text, `a;b;c` = one of these.
            #[schema(value_type = String)]
            pub playback_reason: Playback,
        }

        impl Properties {
            /// Names of the properties that are on or off, in the order in which they are shown.
            pub const SWITCHES: &'static [&'static str] = &[$(stringify!($name),)+];

            /// A property that is on or off, by its name.
            #[must_use]
            pub fn switch(&self, name: &str) -> Option<bool> {
                match name {
                    $(stringify!($name) => self.$name,)+
                    _ => None,
                }
            }
        }

        impl Effective {
            /// A property that is on or off, by its name.
            #[must_use]
            pub fn switch(&self, name: &str) -> bool {
                match name {
                    $(stringify!($name) => self.$name,)+
                    _ => false,
                }
            }

            /// What holds where no place says anything.
            #[must_use]
            pub fn defaults() -> Self {
                Self { $($name: $default,)+ access_days: None, playback_reason: Playback::Free }
            }

            /// Of a user with a role, in groups, in a workspace.
            #[must_use]
            pub fn of(role: Role, user: &Properties, groups: &[Properties], workspace: &Properties) -> Self {
                let start = Self::defaults();
                let group = strictest(groups);
                let mut found = Self {
                    $($name: user.$name.or(group.$name).or(workspace.$name).unwrap_or(start.$name),)+
                    access_days: user.access_days.or(group.access_days).or(workspace.access_days).filter(|days| *days > 0),
                    playback_reason: user.playback_reason.clone().or(group.playback_reason).or_else(|| workspace.playback_reason.clone()).unwrap_or_default(),
                };
                if role == Role::Admin {
                    $(found.$name = admin_has(stringify!($name), found.$name);)+
                    found.access_days = None;
                }
                if !found.play {
                    found.download = false;
                    found.delete = false;
                }
                found
            }
        }

        fn strictest(groups: &[Properties]) -> Properties {
            let mut found = Properties::default();
            for group in groups {
                $(found.$name = less(found.$name, group.$name, stringify!($name) == "forced");)+
                // 0 = of any age is the widest.
                let days = |days: &u32| if *days == 0 { u32::MAX } else { *days };
                found.access_days = [found.access_days, group.access_days].into_iter().flatten().min_by_key(days);
                found.playback_reason = match (found.playback_reason.take(), group.playback_reason.clone()) {
                    (Some(one), Some(other)) => Some(one.stricter(other)),
                    (one, other) => one.or(other),
                };
            }
            found
        }
    };
}

properties! {
    /// Hears and sees recordings.
    play: true,
    /// Gets files to keep.
    download: false,
    /// Deletes recordings.
    delete: false,
    /// Has the button that censors.
    censor_visible: true,
    /// Starts recordings by hand.
    manual_recording: false,
    /// Calls of this agent are recorded whatever the agent does.
    forced: false,
    /// Is recorded alone where the caller refuses and recording is forced.
    record_agent_if_denied: false,
    /// Sees recordings that are flagged as restricted.
    restricted_access: false,
    /// Sends links to people outside.
    external_links: false,
    /// Sees the log of such links.
    external_access_page: false,
}

/// Of two groups the one that permits less; `forced` binds where any group sets it.
fn less(one: Option<bool>, other: Option<bool>, binding: bool) -> Option<bool> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if binding { one || other } else { one && other }),
        (one, other) => one.or(other),
    }
}

/// What an admin may do with recordings is not a matter of properties; how an admin's own calls are recorded is.
fn admin_has(property: &str, found: bool) -> bool {
    match property {
        "manual_recording" | "forced" | "record_agent_if_denied" | "censor_visible" => found,
        _ => true,
    }
}
