//! The one set of bytes: a fragmented file that can be played at any moment while it grows, and is an ordinary MP4 in the end.
//!
//! `ftyp`, `free` (16 bytes), `moov` (with `mvex`), then `moof mdat` again and again. At the end a whole `moov` is appended and synced, and only then
//! the `free` becomes the header of one `mdat` with a 64-bit size that covers everything up to that `moov`. Whatever happens in
//! between, the file plays: as fragments before, as a whole after.

mod index;
mod samples;
mod writer;

pub use index::{AudioTrack, VideoTrack};
pub use samples::VideoSample;
pub use writer::{Fragment, Mp4Writer};
