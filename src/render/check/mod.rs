//! Reading back what was written, with other people's code: Symphonia decodes the sound, the box structure is walked again.

mod sound;
mod structure;
mod verify;

pub use sound::SoundCheck;
pub use structure::{Structure, read_structure};
pub use verify::{VerifiedRecording, verify_recording};
