//! What a project is for, and which settings make sense there (seeds 003 and 004; recording-policy.md §2).

use serde::{Deserialize, Serialize};

use super::settings::{Kind, RecordMode};

/// What a project is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum ProjectKind {
    /// Calls, with any setting of the policy.
    #[default]
    Call,
    /// Rooms, with any setting of the policy.
    Room,
    /// Outbound calls with orders and voice receipts.
    ContactCenter,
    /// Inbound calls through flows.
    CustomerService,
    /// Video rooms with hosts and guests.
    Video,
}

impl ProjectKind {
    /// Every kind, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::ContactCenter, Self::CustomerService, Self::Video, Self::Call, Self::Room];

    /// Its name on every surface.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Room => "room",
            Self::ContactCenter => "contact_center",
            Self::CustomerService => "customer_service",
            Self::Video => "video",
        }
    }

    /// What its sessions are.
    #[must_use]
    pub const fn session_kind(self) -> Kind {
        match self {
            Self::Call | Self::ContactCenter | Self::CustomerService => Kind::Call,
            Self::Room | Self::Video => Kind::Room,
        }
    }

    /// Whether a project of this kind may choose this mode: receipts decide in contact centres only, `none` is for customer service only; plain calls
    /// and rooms may choose anything.
    #[must_use]
    pub const fn allows(self, mode: RecordMode) -> bool {
        match mode {
            RecordMode::Both | RecordMode::AgentOnlyAllow | RecordMode::AgentOnlyForbid => true,
            RecordMode::ReceiptsAllow | RecordMode::ReceiptsForbid => !matches!(self, Self::CustomerService | Self::Video),
            RecordMode::None => !matches!(self, Self::ContactCenter | Self::Video),
        }
    }

    /// Whether third parties come into its sessions, so that a conference mode means something.
    #[must_use]
    pub const fn has_conferences(self) -> bool {
        !matches!(self, Self::Video)
    }

    /// The workspace's mode as it holds in a project of this kind that chooses none. Where receipts do not decide, the next narrower mode stands in:
    /// never more is recorded than the workspace says. `none` holds everywhere.
    #[must_use]
    pub const fn inherits(self, mode: RecordMode) -> RecordMode {
        match mode {
            RecordMode::ReceiptsAllow if !self.allows(mode) => RecordMode::AgentOnlyAllow,
            RecordMode::ReceiptsForbid if !self.allows(mode) => RecordMode::AgentOnlyForbid,
            other => other,
        }
    }
}

super::by_name::by_name!(ProjectKind);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_on_every_surface() {
        for kind in ProjectKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn an_inherited_mode_is_one_that_the_kind_has_or_records_nobody() {
        for kind in ProjectKind::ALL {
            for mode in
                [RecordMode::Both, RecordMode::AgentOnlyAllow, RecordMode::ReceiptsAllow, RecordMode::ReceiptsForbid, RecordMode::None]
            {
                let inherited = kind.inherits(mode);
                assert!(kind.allows(inherited) || inherited == RecordMode::None, "{kind:?} {mode:?}");
            }
        }
        assert_eq!(ProjectKind::CustomerService.inherits(RecordMode::ReceiptsForbid), RecordMode::AgentOnlyForbid);
    }
}
