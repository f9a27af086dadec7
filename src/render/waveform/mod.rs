//! `peaks.json` and `waveform.png`: how loud it was when, gathered while rendering.

mod peaks;
mod picture;

pub use peaks::Peaks;
pub use picture::{draw_onto, png};
