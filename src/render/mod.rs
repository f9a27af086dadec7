//! Rendering: a pure function of the tape. `render(tape, settings) → files`, live (a couple of seconds behind) or later.

pub mod compose;
pub mod depacketize;
mod error;
pub mod poster;
mod session_render;
mod settings;
pub mod thumbnails;
pub mod timeline;
pub mod video;

pub use error::RenderError;
pub use session_render::{RenderedOutput, SessionRender};
pub use settings::{AudioLayout, RenderSettings, VideoEncoder, VideoLayout};
