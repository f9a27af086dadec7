//! Small pictures for the ruler under a player: JPEG sheets and `thumbnails.vtt` that says which piece stands for which time
//! (`sheet.jpg#xywh=x,y,w,h`). Made from keyframes as they come, so that hardly anything is left to do at the end.

mod still;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use image::RgbImage;

use super::poster;
use super::timeline::OutputTime;
use super::video::{EncodedPicture, VideoConfig};
use crate::render::RenderError;

/// The index.
pub const INDEX: &str = "thumbnails.vtt";
/// Width of a thumbnail, pixels; the height follows the canvas.
const WIDTH: u32 = 160;
const COLUMNS: u32 = 10;
const ROWS: u32 = 10;
/// In the first minutes every keyframe has its thumbnail, later only one every so many 1/90000 s.
const DENSE_UNTIL_90K: u64 = 120 * 90_000;
const SPARSE_90K: u64 = 10 * 90_000;

/// Thumbnails and poster of one output.
#[derive(Debug)]
pub struct Pictures {
    dir: PathBuf,
    canvas: (u32, u32),
    height: u32,
    sheet: RgbImage,
    on_sheet: u32,
    sheets: Vec<String>,
    /// When each thumbnail begins to stand for its time, and where it is: sheet, column, row.
    cues: Vec<(u64, usize, u32, u32)>,
    best: Option<(f32, VideoConfig, EncodedPicture)>,
}

impl Pictures {
    /// For an output's folder and canvas.
    #[must_use]
    pub fn new(dir: &Path, canvas: (u32, u32)) -> Self {
        Self {
            dir: dir.to_owned(),
            canvas,
            height: (WIDTH * canvas.1 / canvas.0.max(1)).clamp(2, WIDTH * 4),
            sheet: RgbImage::default(),
            on_sheet: 0,
            sheets: Vec::new(),
            cues: Vec::new(),
            best: None,
        }
    }

    /// The next keyframe of the composed stream.
    ///
    /// # Errors
    /// Where it does not decode or a full sheet cannot be written.
    pub fn keyframe(&mut self, config: &VideoConfig, picture: &EncodedPicture) -> Result<(), RenderError> {
        let at = picture.pts_90k;
        if at > DENSE_UNTIL_90K && self.cues.last().is_some_and(|(last, ..)| at < last + SPARSE_90K) {
            return Ok(());
        }
        let small = still::decode(config, picture, WIDTH, self.height)?;
        let worth = poster::worth(&small);
        if worth > self.best.as_ref().map_or(0.0, |(best, ..)| *best) {
            self.best = Some((worth, config.clone(), picture.clone()));
        }
        let (column, row) = (self.on_sheet % COLUMNS, self.on_sheet / COLUMNS);
        if self.on_sheet == 0 {
            self.sheet = RgbImage::new(WIDTH * COLUMNS, self.height * ROWS);
        }
        image::imageops::replace(&mut self.sheet, &small, i64::from(column * WIDTH), i64::from(row * self.height));
        self.cues.push((at, self.sheets.len(), column, row));
        self.on_sheet += 1;
        if self.on_sheet == COLUMNS * ROWS { self.write_sheet() } else { Ok(()) }
    }

    /// Writes what is left: last sheet, index, poster (none where nothing was ever to be seen). Answers the names of all files.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn finish(mut self, end: OutputTime) -> Result<Vec<String>, RenderError> {
        if self.cues.is_empty() {
            return Ok(Vec::new());
        }
        if self.on_sheet > 0 {
            self.write_sheet()?;
        }
        let mut names = self.sheets.clone();
        let path = self.dir.join(INDEX);
        std::fs::write(&path, self.index(end)).map_err(RenderError::io(&path))?;
        names.push(INDEX.to_owned());
        if let Some((_, config, picture)) = &self.best {
            poster::write(&self.dir, &still::decode(config, picture, self.canvas.0, self.canvas.1)?)?;
            names.push(poster::NAME.to_owned());
        }
        Ok(names)
    }

    fn write_sheet(&mut self) -> Result<(), RenderError> {
        let name = format!("thumbnails-{:03}.jpg", self.sheets.len() + 1);
        let (columns, rows) = (self.on_sheet.min(COLUMNS), self.on_sheet.div_ceil(COLUMNS));
        let used = image::imageops::crop_imm(&self.sheet, 0, 0, columns * WIDTH, rows * self.height).to_image();
        poster::write_jpeg(&self.dir.join(&name), &used)?;
        self.sheets.push(name);
        self.on_sheet = 0;
        self.sheet = RgbImage::default();
        Ok(())
    }

    fn index(&self, end: OutputTime) -> String {
        let mut text = String::from("WEBVTT\n");
        let ends = self.cues.iter().skip(1).map(|(at, ..)| *at).chain([end.as_90k()]);
        for ((at, sheet, column, row), until) in self.cues.iter().zip(ends) {
            let Some(name) = self.sheets.get(*sheet) else { continue };
            let (x, y) = (column * WIDTH, row * self.height);
            let _ = write!(text, "\n{} --> {}\n{name}#xywh={x},{y},{WIDTH},{}\n", clock(*at), clock(until.max(at + 90)), self.height);
        }
        text
    }
}

/// 1/90000 s as WebVTT writes time.
fn clock(at_90k: u64) -> String {
    let ms = at_90k / 90;
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_written_as_webvtt_wants_it() {
        assert_eq!(clock(90_000 * 3661 + 45_000), "01:01:01.500");
    }
}
