//! Rendering: tapes with known content in, files out, and what other people's decoders make of them.

#![allow(clippy::unwrap_used)]

mod a_call_becomes_a_stereo_file_that_every_decoder_reads;
mod a_real_tape_and_a_real_gatekeeper_make_a_recording;
mod a_resolution_that_changes_does_not_break_the_picture;
mod a_worker_that_dies_costs_nothing;
mod an_output_that_is_stopped_is_whole_a_second_later;
mod camera;
mod composed;
mod damage_of_a_stored_recording_is_found;
mod gates_hide_pictures_exactly;
mod lost_late_and_odd_packets_move_nothing;
mod lost_packets_never_make_a_broken_frame;
mod moving_pictures_come_out_whole;
mod nothing_to_see_and_nothing_to_compose_with;
mod speech_and_pictures_of_a_room_are_in_step;
mod support;
mod the_growing_file_plays_at_any_moment;
mod the_same_packets_make_the_same_bytes;
mod the_speaker_is_there_before_their_first_word;
mod what_comes_after_a_silence_is_rendered;
mod what_composing_costs;
mod what_is_in_an_output_is_what_the_tape_says;
