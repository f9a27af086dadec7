//! Tapes made for a test, and measuring what came out.

pub mod growing;
pub mod listen;
pub mod ogg;
pub mod script;
