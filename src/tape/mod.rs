//! The tape: one crash-safe, append-only, encrypted log a session. Media gets in with a [`crate::policy::Permit`] only.

mod error;
mod reader;
mod record;
mod spool;

pub use error::TapeError;
pub use reader::TapeReader;
pub use record::{Body, Record, SenderReport};
pub use spool::{Recovered, SessionTape, Spool, SpoolConfig, TrackWriter, Written};
