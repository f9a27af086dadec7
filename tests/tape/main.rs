//! The tape, from outside: what is written comes back, whatever happens to the process, the bytes, the keys and the disk.

#![allow(clippy::unwrap_used)]

mod support;

mod a_full_disk_loses_nothing_it_accepted;
mod a_killed_process_loses_at_most_200_ms;
mod a_record_is_read_again_from_where_it_stood;
mod a_removal_that_is_interrupted_is_finished;
mod a_tape_can_be_looked_at;
mod a_torn_tape_loses_nothing_before_the_tear;
mod damage_costs_itself_alone;
mod what_is_written_comes_back;
mod who_may_not_be_recorded_is_not_on_the_disk;
