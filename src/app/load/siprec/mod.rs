//! A SIPREC session recording client: multipart INVITEs, and G.711 with sender reports out of one thread for all calls.
//! It shares no code with the server, so that a mistake there is not made here a second time.

mod call;
mod client;
mod message;
mod pump;
mod sound;

pub use call::{CallPlan, CallReport, LegPlan, SiprecCall};
pub use client::{SipFlow, SiprecClient};
pub use message::{LoadError, SipMessage};
pub use pump::{LegControl, Pump};
pub use sound::{Sound, SoundError};
