//! SIP over UDP and TCP: recording sessions (SIPREC, RFC 7866) and plain calls that are legs of a session.
//!
//! What is asked and what is answered is decided in pure modules (`intake`, `plan`, `dialog`, `session_timer`, `reply`); `server` and `call` drive them
//! over the transactions of `rsipstack`.

mod address;
mod body;
mod call;
mod consent;
mod dialog;
mod fields;
mod framing;
mod indicator;
mod intake;
mod options;
mod outgoing;
mod plan;
mod reading;
mod reply;
mod server;
mod session_timer;
mod stateless;
mod stream;
mod vendor;

pub use framing::{Frame, Framer};
pub use options::{SipError, SipOptions};
pub use reading::{Reading, read_datagram};
pub use server::SipServer;
