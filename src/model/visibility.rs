//! Who may open a recording's link, as it is set.

use serde::{Deserialize, Serialize};

/// How far a recording's link reaches (archive.md B6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Whoever has the link.
    AnyoneWithLink,
    /// Members of the workspace.
    Members,
    /// Members, and people with selected addresses.
    MembersAndSelected,
}

impl Reach {
    /// Its name on every surface.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AnyoneWithLink => "anyone_with_link",
            Self::Members => "members",
            Self::MembersAndSelected => "members_and_selected",
        }
    }
}
