//! The whole node as a process: real peers in, recordings out, measured.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../archive/catalogues.rs"]
mod catalogues;
mod chromium;
mod declined;
mod heard;
#[allow(dead_code)]
#[path = "../api/receiver.rs"]
mod receiver;
mod running_node;
#[allow(dead_code, reason = "the store's own tests use the rest")]
#[path = "../store/server.rs"]
mod server;
mod small_disk;
mod two_tones;

mod a_browser_is_recorded_whole_and_in_step;
mod a_bucket_keeps_what_is_recorded;
mod a_call_becomes_a_recording_with_each_party_on_its_side;
mod a_catalogue_that_takes_nothing_costs_only_time;
mod a_command_is_heard_of_at_once;
mod a_decline_leaves_nothing_anywhere;
mod a_full_disk_in_the_middle_costs_only_time;
mod a_guest_who_declines_is_in_no_picture;
mod a_killed_node_finishes_its_recordings_at_the_next_start;
mod a_missing_plug_in_is_named_and_its_tape_stays;
mod a_node_that_is_told_to_stop_renders_first;
mod a_pause_leaves_nothing_of_what_was_said;
mod a_refusal_closes_the_stream_that_carries_that_voice;
mod a_room_is_composed_in_step_with_its_sound;
mod a_room_is_recorded_though_who_ended_it_is_gone;
mod a_start_that_cannot_be_says_why;
mod an_answer_given_before_the_call_holds_in_it;
mod nothing_told_is_lost_or_doubled_by_a_kill;
mod the_demo_shows_a_call_and_a_room;
mod what_was_recorded_plays_everywhere;
