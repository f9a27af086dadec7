//! `poster.jpg`: one picture that stands for the recording.

use std::path::Path;

use image::{Rgb, RgbImage};
use jpeg_encoder::{ColorType, Encoder};

use crate::render::RenderError;
use crate::render::waveform::{self, Peaks};

/// The file's name under the recording.
pub const NAME: &str = "poster.jpg";
/// JPEG quality of pictures that people look at, 1 to 100.
const QUALITY: u8 = 82;
/// Spread of brightness below which a picture shows nothing (black, or one colour), in steps of 255.
const SHOWS_SOMETHING: f32 = 4.0;

/// Size of a poster that shows a waveform, pixels.
const WAVE_POSTER: (u32, u32) = (480, 270);
const WAVE_MARGIN: u32 = 18;
const WAVE_GROUND: Rgb<u8> = Rgb([0x1c, 0x1a, 0x19]);

/// How much there is to see: the standard deviation of brightness, zero where there is next to nothing.
#[must_use]
pub fn worth(picture: &RgbImage) -> f32 {
    let brightness = |p: &Rgb<u8>| (f32::from(p.0[0]) * 0.299) + (f32::from(p.0[1]) * 0.587) + (f32::from(p.0[2]) * 0.114);
    let count = (picture.width() * picture.height()).max(1) as f32;
    let (sum, squares) = picture.pixels().map(brightness).fold((0.0f32, 0.0f32), |(s, q), b| (s + b, q + b * b));
    let spread = (squares / count - (sum / count).powi(2)).max(0.0).sqrt();
    if spread < SHOWS_SOMETHING { 0.0 } else { spread }
}

/// Writes `poster.jpg` into a recording's folder.
///
/// # Errors
/// Where it cannot be written.
pub fn write(dir: &Path, picture: &RgbImage) -> Result<(), RenderError> {
    write_jpeg(&dir.join(NAME), picture)
}

/// Writes `poster.jpg` of a recording without pictures: its waveform on a quiet ground.
///
/// # Errors
/// Where the poster cannot be written.
pub fn of_sound(dir: &Path, peaks: &Peaks) -> Result<(), RenderError> {
    let mut poster = RgbImage::from_pixel(WAVE_POSTER.0, WAVE_POSTER.1, WAVE_GROUND);
    waveform::draw_onto(&mut poster, peaks, WAVE_MARGIN);
    write(dir, &poster)
}

/// Writes a JPEG. Not by `image`, which takes four times as long: a seventh of all rendering where many calls end at once.
pub(super) fn write_jpeg(path: &Path, picture: &RgbImage) -> Result<(), RenderError> {
    let broken = |why: String| RenderError::Codec(format!("{}: {why}", path.display()));
    let side = |pixels: u32| u16::try_from(pixels).map_err(|_| broken(format!("{pixels} pixels are more than a JPEG can have")));
    let mut jpeg = Vec::new();
    let (width, height) = (side(picture.width())?, side(picture.height())?);
    Encoder::new(&mut jpeg, QUALITY).encode(picture, width, height, ColorType::Rgb).map_err(|e| broken(e.to_string()))?;
    std::fs::write(path, jpeg).map_err(RenderError::io(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_of_one_colour_is_worth_nothing() {
        assert!(worth(&RgbImage::from_pixel(64, 36, image::Rgb([0, 0, 0]))) <= 0.0);
        assert!(worth(&RgbImage::from_fn(64, 36, |x, _| image::Rgb([(x * 4) as u8; 3]))) > 20.0);
    }

    #[test]
    fn a_recording_of_sound_has_its_waveform_for_a_poster() {
        let mut peaks = Peaks::new(8000, 2);
        // The first channel is loud in the second half, the other one is silent.
        let second = |loud: f32| {
            (0..16_000).map(move |n| if n % 2 == 0 { loud * if n % 4 == 0 { 1.0 } else { -1.0 } } else { 0.0 }).collect::<Vec<_>>()
        };
        peaks.push(&[second(0.0), second(30_000.0)].concat());
        peaks.finish();
        let dir = tempfile::tempdir().unwrap();
        of_sound(dir.path(), &peaks).unwrap();
        let poster = image::open(dir.path().join(NAME)).unwrap().into_rgb8();
        assert_eq!(poster.dimensions(), WAVE_POSTER);
        assert!(worth(&poster) > SHOWS_SOMETHING);
        let bright = |x: u32, y: u32| u32::from(poster.get_pixel(x, y).0[0]) > 0x80;
        let height_at = |x: u32| (0..WAVE_POSTER.1).filter(|y| bright(x, *y)).count();
        assert!(height_at(WAVE_POSTER.0 / 4) < 6, "silence is a line");
        assert!(height_at(WAVE_POSTER.0 * 3 / 4) > 50, "what is loud is high");
        assert_eq!(height_at(WAVE_MARGIN / 2), 0, "the margin is free");
    }
}
