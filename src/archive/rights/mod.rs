//! Who may do what with recordings (archive.md B1 to B6): one place that decides, pure. Routes ask it; nothing else compares roles or properties.
//!
//! The readings chosen where the requirements are silent; each takes the more private side:
//!
//! - An `admin` has every property but is not above a rule of the recording itself: a reason for playback is asked of everybody whom the setting reaches.
//! - A property that a nearer place sets stands, whatever farther places say; of several groups of one user the strictest value stands (the least
//!   permission, the fewest days, any reason).
//! - `restricted_access`, a resource filter, access by days and "own recordings only" hide a recording: whoever may not see it gets the same answer as for
//!   one that does not exist ([`Denied::Hidden`]), so that ids cannot be tried out.
//! - `play` off takes away download and delete, also where those are set; sending a link to somebody outside needs `play` too.
//! - An agent's own recordings are those in which the agent was a party. Who uploaded one owns it too.

mod decide;
mod property;
mod sight;

pub use decide::{Action, Denied, Holder, Person, RecordingFacts, Visibility, Visitor, may, visitor_may};
pub use property::{Effective, Playback, Properties};
pub use sight::{Own, Sight};

use serde::{Deserialize, Serialize};

/// What somebody is in a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees and sets everything.
    Admin,
    /// Takes calls; hears own recordings, others' only where the project says so.
    Agent,
    /// Listens to recordings of the workspace.
    Reviewer,
}
