//! What a rendering may vary in.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where the parties of a call stand in the stereo picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioLayout {
    /// Agent left, customer right, third parties in the middle.
    #[default]
    Split,
    /// Everybody in one channel.
    Mono,
}

/// How pictures are composed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoLayout {
    /// A shared screen first with the speaker in a tile beside it, else the speaker.
    #[default]
    ActiveSpeaker,
    /// Everybody.
    Grid,
    /// The first picture track alone.
    Single,
}

/// The H.264 encoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoEncoder {
    /// GStreamer's `x264enc` (GPL).
    #[default]
    X264enc,
    /// GStreamer's `openh264enc` (BSD).
    Openh264enc,
}

/// Settings of a rendering. The same tape with the same settings gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderSettings {
    /// Stereo picture.
    pub audio: AudioLayout,
    /// Layout of pictures.
    pub layout: VideoLayout,
    /// Encoder of pictures.
    pub encoder: VideoEncoder,
    /// Canvas, pixels.
    pub canvas: (u32, u32),
    /// Frames a second of the composed picture.
    pub fps: u32,
    /// The program that composes pictures: this one, called with `compose-worker`.
    pub worker: PathBuf,
}

impl Default for RenderSettings {
    fn default() -> Self {
        Self {
            audio: AudioLayout::default(),
            layout: VideoLayout::default(),
            encoder: VideoEncoder::default(),
            canvas: (1280, 720),
            fps: 30,
            worker: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("ferric")),
        }
    }
}
