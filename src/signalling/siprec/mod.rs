//! SIPREC (RFC 7865, RFC 7866): the multipart body, the metadata in all its dialects, and who of it is who.

mod body;
mod conversation;
mod metadata;
mod multipart;
mod parties;

pub use body::{Bodies, BodyError, read_body};
pub use conversation::Conversation;
pub use metadata::{DataMode, Metadata, MetadataError, Participant, ParticipantStreams, Stream, parse_metadata};
pub use multipart::{ContentType, MultipartError, Part, split_multipart};
pub use parties::{LineView, Mixture, PartyKey, WantedParty, addresses_to_look_up, assign};
