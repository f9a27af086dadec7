//! Sound: payloads decoded, put on the session's sample grid, mixed by role, encoded as AAC-LC.

mod aac;
mod conceal;
mod decode;
mod mix;
mod palette;
mod resample;
mod voice;

pub use crate::model::g711::{alaw_to_linear, linear_to_ulaw, ulaw_to_linear};
pub use aac::{AacEncoder, FRAME, PRIMING, bit_rate};
pub use decode::Decoder;
pub use mix::{Place, mix_into};
pub use resample::Resampler;
pub use voice::{Packet, Presence, Voice};
