//! The tape: one crash-safe, append-only, encrypted log a session. Media gets in with a [`crate::policy::Permit`] only.
//!
//! The bytes on the disk, what holds of them and how a crash is mended: docs/tape.md.

mod bell;
mod budget;
mod buffer;
mod cut;
mod disk;
mod error;
#[cfg(test)]
mod failing_disk;
pub mod format;
mod inspect;
mod keys;
mod pcap;
mod prelude;
mod reader;
mod record;
mod recover;
mod removal;
mod scan;
mod session;
mod sink;
mod spool;
mod spot;
mod verify;

pub use bell::WriteBell;
pub use cut::{CutReport, cut};
pub use error::TapeError;
pub use inspect::{ChunkSize, EventLine, Inspection, SourceInspection, TrackInspection, inspect};
pub use pcap::{PcapReport, pcap};
pub use reader::{Flaw, FlawKind, TapeReader};
pub use record::{Body, Record, SenderReport};
pub use session::{SessionTape, TrackWriter, Watermark};
pub use spool::{Recovered, Spool, SpoolConfig, SpoolLimits, Written};
pub use spot::Spot;
pub use verify::{Verified, verify};
