//! How a peer comes in: each protocol is turned into the same few questions to the switchboard.

pub mod sdp;
pub mod sip;
pub mod siprec;
pub mod whip;
