//! Ingest: sockets, ICE/DTLS/SRTP, NACK and keyframe requests. Decrypted packets go out to the tape, nothing else.

mod tap;

pub use tap::{MediaClock, SharedTapFactory, Tap, TapFactory};
