//! Where in the world a workspace's recordings lie.

use serde::{Deserialize, Serialize};

/// A storage region (archive.md A3). Each has a store of its own; which one stands in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Region {
    /// America.
    America,
    /// Europe.
    Europe,
}

impl Region {
    /// Every region, in the order in which they are shown.
    pub const ALL: [Self; 2] = [Self::America, Self::Europe];

    /// Its name on every surface.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::America => "america",
            Self::Europe => "europe",
        }
    }
}

impl std::fmt::Display for Region {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

super::by_name::by_name!(Region);
