//! Whole frames out of RTP packets, one pure machine a codec.

mod frame;
pub mod h264;
pub mod vp8;

pub use frame::{CodedFrame, FrameCounts, PicturePacket};
