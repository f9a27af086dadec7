//! Films for publishers, made once by ffmpeg.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use ferric::app::load::whip::Film;

fn make(name: &str, codec: &[&str]) -> PathBuf {
    static DIR: OnceLock<tempfile::TempDir> = OnceLock::new();
    let file = DIR.get_or_init(|| tempfile::tempdir().unwrap()).path().join(name);
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=30"])
        .args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "4", "-pix_fmt", "yuv420p", "-g", "30"])
        .args(codec)
        .args(["-c:a", "libopus", "-b:a", "32k", "-ac", "2"])
        .arg(&file)
        .status()
        .unwrap();
    assert!(made.success(), "ffmpeg could not make {name}");
    file
}

pub fn vp8() -> Arc<Film> {
    static FILM: OnceLock<Arc<Film>> = OnceLock::new();
    let codec = ["-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8"];
    Arc::clone(FILM.get_or_init(|| read(&make("film.webm", &codec))))
}

pub fn h264() -> Arc<Film> {
    static FILM: OnceLock<Arc<Film>> = OnceLock::new();
    let codec = ["-c:v", "libx264", "-b:v", "1M", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline"];
    Arc::clone(FILM.get_or_init(|| read(&make("film.ts", &codec))))
}

fn read(path: &Path) -> Arc<Film> {
    Arc::new(Film::read(path).unwrap())
}
