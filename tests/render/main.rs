//! Rendering: tapes with known content in, files out, and what other people's decoders make of them.

mod camera;
mod composed;
mod support;

mod a_call_becomes_a_stereo_file_that_every_decoder_reads;
mod moving_pictures_come_out_whole;
