//! Sessions: one actor per live session. It feeds the policy, hands out permits, tells indicators; it holds no rule, file name or timer of its own.

mod directory;
mod live;
mod media;
mod notice;
mod preference;
mod recovery;
mod registry;
mod switchboard;
mod view;

pub use directory::{Directory, Unanswered};
pub use notice::{Notice, SessionNotice};
pub use recovery::close_what_a_crash_left_open;
pub use registry::{Invitation, Registry, RegistryConfig};
pub use view::{GateView, OutputView, ParticipantView, SessionView};
