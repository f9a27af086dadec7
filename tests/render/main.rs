//! Rendering: tapes with known content in, files out, and what other people's decoders make of them.

mod camera;
mod composed;
mod support;

mod a_call_becomes_a_stereo_file_that_every_decoder_reads;
mod lost_late_and_odd_packets_move_nothing;
mod moving_pictures_come_out_whole;
mod the_growing_file_plays_at_any_moment;
mod what_is_in_an_output_is_what_the_tape_says;
