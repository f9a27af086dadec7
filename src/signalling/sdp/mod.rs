//! SDP as SIP peers send it (RFC 4566, RFC 3264): a reader that forgives what real senders get wrong, and a writer of answers.

mod answer;
mod description;
mod parse;
mod record;
mod stream;

pub use answer::{AcceptedStream, AnswerHeader, write_answer};
pub use description::{Attribute, Direction, MediaDescription, Origin, SessionDescription};
pub use parse::{SdpError, parse};
pub use record::{Indication, preference_of};
pub use stream::{StreamOffer, StreamRefused, read_stream};
