//! Drives `VideoRender` as `SessionRender` does, and looks at what came out with the `ffmpeg` program.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::path::{Path, PathBuf};
use std::process::Command;

use ferric::model::gate::Gate;
use ferric::model::id::ParticipantId;
use ferric::model::manifest::FrameReport;
use ferric::render::timeline::OutputTime;
use ferric::render::video::{EncodedPicture, VideoConfig, VideoRender};
use ferric::render::{RenderError, RenderSettings};

use crate::camera::Camera;

pub const FPS: u32 = 30;
/// Small, for the sake of the machine that tests.
pub const CANVAS: (u32, u32) = (320, 240);

pub fn ms(ms: u64) -> OutputTime {
    OutputTime(ms * 1_000_000)
}

pub fn settings() -> RenderSettings {
    RenderSettings { canvas: CANVAS, fps: FPS, worker: PathBuf::from(env!("CARGO_BIN_EXE_ferric")), ..RenderSettings::default() }
}

/// What is told to the renderer beside packets, at its time.
#[derive(Clone, Debug)]
pub enum Told {
    Gate(&'static str, Gate),
    Muted(u16, bool),
    /// From now on so loud.
    Level(&'static str, f32),
}

/// An output: cameras, and what is told when.
#[derive(Debug)]
pub struct Scenario {
    pub settings: RenderSettings,
    pub cameras: Vec<Camera>,
    pub told: Vec<(u64, Told)>,
    pub end_ms: u64,
    /// `advance` is called so often.
    pub step_ms: u64,
}

/// What came out.
#[derive(Debug)]
pub struct Out {
    pub dir: tempfile::TempDir,
    pub config: Option<VideoConfig>,
    pub pictures: Vec<EncodedPicture>,
    pub frames: FrameReport,
    pub files: Vec<String>,
}

impl Scenario {
    /// Everybody's gate is open from the start.
    pub fn new(cameras: Vec<Camera>, end_ms: u64) -> Self {
        Self { settings: settings(), cameras, told: Vec::new(), end_ms, step_ms: 500 }
    }

    pub fn tell(mut self, at_ms: u64, what: Told) -> Self {
        self.told.push((at_ms, what));
        self
    }

    pub fn run(&self) -> Out {
        self.run_with(|_, _| ()).unwrap()
    }

    /// `each` is called after every `advance` with how far it is.
    pub fn run_with(&self, mut each: impl FnMut(u64, &[EncodedPicture])) -> Result<Out, RenderError> {
        let dir = tempfile::tempdir().unwrap();
        let mut render = VideoRender::open(&self.settings, dir.path())?;
        let closed_by_hand: Vec<&str> =
            self.told.iter().filter_map(|(_, t)| if let Told::Gate(who, _) = t { Some(*who) } else { None }).collect();
        for camera in &self.cameras {
            render.track(OutputTime::ZERO, camera.track, &camera.spec());
            if !closed_by_hand.contains(&camera.who.as_str()) {
                render.gate(OutputTime::ZERO, &camera.who, Gate::Open);
            }
        }
        let mut levels: Vec<(ParticipantId, f32)> = Vec::new();
        let mut pictures = Vec::new();
        let mut now = 0;
        while now < self.end_ms {
            let until = (now + self.step_ms).min(self.end_ms);
            for at in (now..until).step_by(100) {
                for (_, told) in self.told.iter().filter(|(t, _)| (at..at + 100).contains(t)) {
                    if let Told::Level(who, dbfs) = told {
                        let who: ParticipantId = who.parse().unwrap();
                        levels.retain(|(other, _)| *other != who);
                        levels.push((who, *dbfs));
                    }
                }
                for (who, dbfs) in &levels {
                    render.level(ms(at), who, *dbfs);
                }
            }
            for (at, told) in self.told.iter().filter(|(t, _)| (now..until).contains(t)) {
                match told {
                    Told::Gate(who, gate) => render.gate(ms(*at), &who.parse().unwrap(), *gate),
                    Told::Muted(track, muted) => render.muted(ms(*at), ferric::model::id::TrackId(*track), *muted),
                    Told::Level(..) => {}
                }
            }
            for camera in &self.cameras {
                for sent in camera.packets.iter().filter(|p| (now * 1_000_000..until * 1_000_000).contains(&p.at_ns)) {
                    render.packet(&camera.placed(sent))?;
                }
            }
            pictures.extend(render.advance(ms(until))?);
            each(until, &pictures);
            now = until;
        }
        let mut end = render.finish(ms(self.end_ms))?;
        pictures.append(&mut end.pictures);
        Ok(Out { dir, config: end.config, pictures, frames: end.frames, files: end.files })
    }
}

/// A decoded picture, RGB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rgb {
    pub width: usize,
    pub pixels: Vec<u8>,
}

impl Rgb {
    pub fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let i = (y * self.width + x) * 3;
        [self.pixels[i], self.pixels[i + 1], self.pixels[i + 2]]
    }

    pub fn near(&self, x: usize, y: usize, colour: [u8; 3]) -> bool {
        self.at(x, y).iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 24)
    }
}

pub const BLACK: [u8; 3] = [0, 0, 0];
pub const RED: [u8; 3] = [0xc0, 0x20, 0x20];
pub const GREEN: [u8; 3] = [0x20, 0xa0, 0x20];
pub const BLUE: [u8; 3] = [0x20, 0x30, 0xc0];
pub const YELLOW: [u8; 3] = [0xc0, 0xa0, 0x20];

impl Out {
    /// As an H.264 byte stream.
    pub fn annex_b(&self) -> Vec<u8> {
        let mut stream = Vec::new();
        let avcc = &self.config.as_ref().unwrap().avcc;
        let mut rest = &avcc[5..];
        for _ in 0..2 {
            let count = rest[0] & 0x1f;
            rest = &rest[1..];
            for _ in 0..count {
                let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
                stream.extend([0, 0, 0, 1]);
                stream.extend(&rest[2..2 + length]);
                rest = &rest[2 + length..];
            }
        }
        for picture in &self.pictures {
            let mut rest = &picture.data[..];
            while !rest.is_empty() {
                let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
                stream.extend([0, 0, 0, 1]);
                stream.extend(&rest[4..4 + length]);
                rest = &rest[4 + length..];
            }
        }
        stream
    }

    /// Decodes with the `ffmpeg` program, which must not find a single error.
    pub fn decode(&self) -> Vec<Rgb> {
        let path = self.dir.path().join("stream.h264");
        std::fs::write(&path, self.annex_b()).unwrap();
        let config = self.config.as_ref().unwrap();
        decode_file(&path, config.width as usize, config.height as usize)
    }
}

pub fn decode_file(path: &Path, width: usize, height: usize) -> Vec<Rgb> {
    let run = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-xerror", "-err_detect", "explode", "-i"])
        .arg(path)
        .args(["-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
        .output()
        .expect("ffmpeg is installed");
    assert!(run.status.success() && run.stderr.is_empty(), "{}", String::from_utf8_lossy(&run.stderr));
    run.stdout.chunks_exact(width * height * 3).map(|pixels| Rgb { width, pixels: pixels.to_vec() }).collect()
}
