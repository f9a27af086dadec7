//! The tape: one crash-safe, append-only, encrypted log a session. Media gets in with a [`crate::policy::Permit`] only.
//!
//! The bytes on the disk, what holds of them and how a crash is mended: docs/tape.md.

mod buffer;
mod disk;
mod error;
pub mod format;
mod keys;
mod reader;
mod record;
mod recover;
mod scan;
mod session;
mod sink;
mod spool;

pub use error::TapeError;
pub use reader::{Flaw, FlawKind, TapeReader};
pub use record::{Body, Record, SenderReport};
pub use session::{SessionTape, TrackWriter};
pub use spool::{Recovered, Spool, SpoolConfig, SpoolLimits, Written};
