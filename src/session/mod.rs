//! Sessions: one actor per live session. It feeds the policy, hands out permits, tells indicators; it holds no rule, file name or timer of its own.

mod registry;
mod view;

pub use registry::{Directory, Invitation, Notice, Registry, RegistryConfig, SessionNotice};
pub use view::{GateView, OutputView, ParticipantView, SessionView};
