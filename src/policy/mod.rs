//! The recording policy: who may be recorded now. Pure: `(state, event, now) → actions`; no tokio, clock, I/O or log.
//!
//! `Machine` holds the rules; `Gatekeeper` runs it and moves the [`Permit`]s before it answers; `scenario` runs it for `ferric simulate`.

mod action;
mod gatekeeper;
mod machine;
mod permit;

pub use action::{Action, Input};
pub use gatekeeper::Gatekeeper;
pub use machine::Machine;
pub use permit::Permit;
