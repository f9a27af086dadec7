//! `poster.jpg`: one picture that stands for the recording.

use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{RgbImage, Rgba, RgbaImage};

use crate::render::RenderError;

/// The file's name under the recording.
pub const NAME: &str = "poster.jpg";
/// JPEG quality of pictures that people look at, 1 to 100.
const QUALITY: u8 = 82;
/// Spread of brightness below which a picture shows nothing (black, or one colour), in steps of 255.
const SHOWS_SOMETHING: f32 = 4.0;

/// Size of a poster that shows a waveform, pixels.
const WAVE_POSTER: (u32, u32) = (640, 360);
const WAVE_MARGIN: u32 = 24;
const WAVE_GROUND: Rgba<u8> = Rgba([0x1c, 0x1a, 0x19, 0xff]);

/// How much there is to see: the standard deviation of brightness, zero where there is next to nothing.
#[must_use]
pub fn worth(picture: &RgbImage) -> f32 {
    let brightness = |p: &image::Rgb<u8>| (f32::from(p.0[0]) * 0.299) + (f32::from(p.0[1]) * 0.587) + (f32::from(p.0[2]) * 0.114);
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

/// Writes `poster.jpg` of a recording without pictures: its waveform (a PNG with a transparent ground) on a quiet one.
///
/// # Errors
/// Where the waveform is no picture or the poster cannot be written.
pub fn from_waveform(dir: &Path, waveform_png: &[u8]) -> Result<(), RenderError> {
    let broken = |e: image::ImageError| RenderError::Codec(format!("the waveform's picture: {e}"));
    let wave = image::load_from_memory(waveform_png).map_err(broken)?.into_rgba8();
    let (width, height) = (WAVE_POSTER.0 - 2 * WAVE_MARGIN, WAVE_POSTER.1 - 2 * WAVE_MARGIN);
    let wave = image::imageops::resize(&wave, width, height.min(wave.height()), image::imageops::FilterType::Triangle);
    let mut poster = RgbaImage::from_pixel(WAVE_POSTER.0, WAVE_POSTER.1, WAVE_GROUND);
    image::imageops::overlay(&mut poster, &wave, i64::from(WAVE_MARGIN), i64::from((WAVE_POSTER.1 - wave.height()) / 2));
    write(dir, &image::DynamicImage::ImageRgba8(poster).into_rgb8())
}

/// Writes a JPEG.
pub(super) fn write_jpeg(path: &Path, picture: &RgbImage) -> Result<(), RenderError> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode_image(picture)
        .map_err(|e| RenderError::Codec(format!("{}: {e}", path.display())))?;
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
        let wave = RgbaImage::from_fn(1600, 80, |x, y| Rgba([0xc2, 0x54, 0x2d, if (x / 40 + y / 20) % 2 == 0 { 255 } else { 0 }]));
        let mut png = std::io::Cursor::new(Vec::new());
        wave.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let dir = tempfile::tempdir().unwrap();
        from_waveform(dir.path(), png.get_ref()).unwrap();
        let poster = image::open(dir.path().join(NAME)).unwrap().into_rgb8();
        assert_eq!(poster.dimensions(), WAVE_POSTER);
        assert!(worth(&poster) > SHOWS_SOMETHING);
        assert!(from_waveform(dir.path(), b"no picture").is_err());
    }
}
