//! `poster.jpg`: one picture that stands for the recording.

use std::path::Path;

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

use crate::render::RenderError;

/// The file's name under the recording.
pub const NAME: &str = "poster.jpg";
/// JPEG quality of pictures that people look at, 1 to 100.
const QUALITY: u8 = 82;
/// Spread of brightness below which a picture shows nothing (black, or one colour), in steps of 255.
const SHOWS_SOMETHING: f32 = 4.0;

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
}
