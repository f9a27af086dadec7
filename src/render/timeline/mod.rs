//! Where in time everything belongs. Pure: no file, clock or thread.

mod output_time;
mod placed;

pub use output_time::OutputTime;
pub use placed::PlacedPacket;
