//! What an API key may do (archive.md B1).

use serde::{Deserialize, Serialize};

macro_rules! scopes {
    ($($(#[doc = $text:literal])+ $variant:ident = $name:literal,)+) => {
        /// Something that a key may do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum Scope {
            $($(#[doc = $text])+ #[serde(rename = $name)] $variant,)+
        }

        impl Scope {
            /// Every scope, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name on every surface.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

scopes! {
    /// Everything.
    Admin = "admin",
    /// Live sessions: open, invite, command, watch, end; the stream of events.
    Sessions = "sessions",
    /// Recordings and chat logs: find them, look at what is known of them.
    Read = "recordings:read",
    /// Hear and see them; includes `recordings:read`.
    Play = "recordings:play",
    /// Get their files to keep; includes `recordings:play`.
    Download = "recordings:download",
    /// Label, sort, change who may open their links, attach chat logs; includes `recordings:read`.
    Write = "recordings:write",
    /// Delete them; includes `recordings:play`, without which nobody deletes.
    Delete = "recordings:delete",
    /// Those flagged as restricted, too.
    Restricted = "recordings:restricted",
    /// Send links to people outside and inside; includes `recordings:play`.
    Share = "share",
    /// Read the audit log.
    Audit = "audit",
    /// Send files in, and invite people to.
    Uploads = "uploads",
    /// Read the node's metrics.
    Metrics = "metrics",
}

impl Scope {
    /// Whether a key with this scope may do what `wanted` stands for.
    #[must_use]
    pub fn includes(self, wanted: Self) -> bool {
        self == wanted
            || match self {
                Self::Admin => true,
                Self::Play | Self::Write => wanted == Self::Read,
                Self::Download | Self::Delete | Self::Share => matches!(wanted, Self::Read | Self::Play),
                _ => false,
            }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_on_every_surface() {
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
        }
    }

    #[test]
    fn no_scope_but_admin_runs_the_node() {
        for scope in Scope::ALL {
            assert!(scope.includes(*scope) && Scope::Admin.includes(*scope), "{scope}");
            assert_eq!(scope.includes(Scope::Admin), *scope == Scope::Admin, "{scope}");
        }
        assert!(Scope::Download.includes(Scope::Play) && !Scope::Play.includes(Scope::Download));
    }
}
