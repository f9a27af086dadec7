//! Rendering: a pure function of the tape. `render(tape, settings) → files`, live (a couple of seconds behind) or later.

pub mod audio;
pub mod check;
pub mod compose;
pub mod depacketize;
mod error;
mod files;
pub mod hls;
mod manifest;
pub mod mp4;
mod output;
mod pass;
pub mod poster;
mod put_away;
mod read_ahead;
mod session_render;
mod settings;
pub mod thumbnails;
pub mod timeline;
mod track;
pub mod upload;
pub mod video;
pub mod waveform;

pub use error::RenderError;
pub use session_render::{Records, RenderedOutput, Rewind, SessionRender};
pub use settings::{AudioLayout, RenderSettings, VideoEncoder, VideoLayout};
