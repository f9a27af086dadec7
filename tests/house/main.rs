//! The house itself: its rooms and their order.

#![allow(clippy::unwrap_used)]

mod a_room_uses_only_the_rooms_before_it;
mod what_fuzzing_found_stays_mended;
