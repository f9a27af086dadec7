//! Where in time everything belongs. Pure: no file, clock or thread.

mod output_time;
mod placed;
mod reports;
mod sequence;
mod track_clock;
#[cfg(test)]
mod track_clock_breaks_tests;
#[cfg(test)]
mod track_clock_tests;
mod transit;

pub use output_time::OutputTime;
pub use placed::PlacedPacket;
pub use reports::Reports;
pub use sequence::{Seen, SequenceExtender, TimestampExtender};
pub use track_clock::{Counts, Header, OFFSET_GRID_NS, Position, TrackClock};
pub use transit::{Transit, ticks_to_ns};
