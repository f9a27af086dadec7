//! Live sessions against `ferric simulate`: real senders, a real node, and every party's marker looked for in every file and on the tape.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

#[allow(dead_code)]
#[path = "../archive/catalogues.rs"]
mod catalogues;
#[path = "../node/running_node.rs"]
#[allow(dead_code, reason = "shared with tests/node, which uses all of it")]
mod running_node;

mod agreement;
mod browser;
mod call;
mod marks;
mod party;
mod room;
mod scenario;
mod simulated;
mod taped;

mod a_conference_is_recorded_as_its_mode_says;
mod a_lost_connection_takes_nobody_with_it;
mod a_receipt_stands_until_its_successor_is_stored;
mod a_room_shows_nobody_beyond_their_spans;
mod bad_input_changes_nothing;
mod consent_is_kept_to_the_packet;
mod every_record_mode_records_whom_it_says;
mod forced_recording_and_its_limits;
mod receipts_are_recordings_of_their_own;
mod triggers_and_durations;
