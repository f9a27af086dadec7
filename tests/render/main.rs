//! Rendering: tapes to files.

mod camera;
mod composed;

mod moving_pictures_come_out_whole;
