//! The recording policy: fine points as tables, random histories, and a second model to compare with.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::option_option, reason = "the second model's main: none, or one with or without a pause")]
#![allow(clippy::needless_pass_by_value, reason = "tables read better without borrows")]

mod machines;
mod notation;
mod random_histories;
mod second_model;

mod a_third_party_comes;
mod actions_tell_changes_in_order;
mod commands_are_refused_with_the_first_reason;
mod consent_holds_for_the_session;
mod forced_recording;
mod main_starts_and_stops;
mod permits_move_before_the_answer;
mod spans_are_whole_and_in_order;
mod the_answer_is_written_as_the_specification_shows;
mod the_scenario_and_the_answer;
mod the_state_everybody_sees;
mod two_readings_of_the_specification_agree;
mod voice_receipts;
mod what_is_malformed_is_named_by_its_place;
mod what_no_history_can_break;
