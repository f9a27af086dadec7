//! The recording policy: who may be recorded now. Pure: `(state, event, now) → actions`; no tokio, clock, I/O or log.
//!
//! `Machine` holds the rules; `Gatekeeper` runs it and moves the [`Permit`]s before it answers; [`scenario`] runs it for `ferric simulate`.
//!
//! Where a rule lives: the gates of one participant on one output in `rules/` (a file per rule, the most restrictive wins); who may
//! command what in `refusal` (and, for those who draw controls, in `controls`); what a command does in `commands`; comings and goings in `presence`; beginnings in `trigger`, endings in
//! `ending`; voice receipts in `receipts`; shortest and longest in `limits`; what is kept in `discard`; the indicator in `state`.

mod action;
mod commands;
mod controls;
mod discard;
mod ending;
mod gatekeeper;
mod instant;
mod limits;
mod machine;
mod output;
mod party;
mod permit;
mod presence;
mod receipts;
mod refusal;
mod rules;
pub mod scenario;
mod situation;
mod state;
mod trigger;

pub use action::{Action, Input};
pub use controls::{Controls, ForcedBy, Said};
pub use gatekeeper::{Gatekeeper, REOPENING_GUARD_NS};
pub use machine::Machine;
pub use permit::Permit;
