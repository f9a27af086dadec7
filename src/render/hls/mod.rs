//! HLS playlists over the one file (RFC 8216): segments are byte ranges of it, nothing is copied but the init section.

mod playlist;
mod rates;

pub use playlist::{Keyframe, Pause, Segment, Stream, iframe_playlist, media_playlist, multivariant_playlist};
