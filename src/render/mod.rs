//! Rendering: a pure function of the tape. `render(tape, settings) → files`, live (a couple of seconds behind) or later.

mod session_render;
mod settings;

pub use session_render::{RenderError, RenderedOutput, SessionRender};
pub use settings::{AudioLayout, RenderSettings, VideoEncoder, VideoLayout};
