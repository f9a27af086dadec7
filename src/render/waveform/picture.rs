//! The waveform as a picture: one band a channel, transparent ground, so that it fits light and dark pages.

use image::{ImageFormat, Pixel as _, RgbImage, Rgba, RgbaImage};

use super::peaks::Peaks;

const WIDTH: u32 = 1600;
const BAND: u32 = 80;
const COLOURS: [Rgba<u8>; 2] = [Rgba([0xc2, 0x54, 0x2d, 0xff]), Rgba([0x2d, 0x7d, 0x9a, 0xff])];

/// A PNG of 1600 pixels' width.
///
/// # Errors
/// Where the encoder fails.
pub fn png(peaks: &Peaks) -> Result<Vec<u8>, image::ImageError> {
    let mut picture = RgbaImage::new(WIDTH, BAND * peaks.channels().max(1) as u32);
    draw(peaks, WIDTH, BAND, |x, y, colour| picture.put_pixel(x, y, colour));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// Draws the waveform onto a picture, `margin` pixels from its sides and in the middle of its height.
pub fn draw_onto(picture: &mut RgbImage, peaks: &Peaks, margin: u32) {
    let channels = peaks.channels().max(1) as u32;
    let (width, height) = (picture.width().saturating_sub(2 * margin), picture.height().saturating_sub(2 * margin));
    let band = BAND.min(height / channels);
    let top = (picture.height() - band * channels) / 2;
    draw(peaks, width, band, |x, y, colour| picture.put_pixel(x + margin, y + top, colour.to_rgb()));
}

fn draw(peaks: &Peaks, width: u32, band: u32, mut pixel: impl FnMut(u32, u32, Rgba<u8>)) {
    let channels = peaks.channels().max(1) as u32;
    let columns = peaks.len().max(1);
    let half = (band / 2).saturating_sub(2) as f32;
    for channel in 0..channels {
        let colour = COLOURS[channel as usize % COLOURS.len()];
        let middle = (channel * band + band / 2) as f32;
        for x in 0..width {
            let from = x as usize * columns / width as usize;
            let to = ((x as usize + 1) * columns / width as usize).max(from + 1);
            let (low, high) = (from..to).map(|c| peaks.column(c, channel as usize)).fold((0i8, 0i8), |a, b| (a.0.min(b.0), a.1.max(b.1)));
            let scale = |v: i8| f32::from(v) / 128.0 * half;
            let (top, bottom) = (middle - scale(high), middle - scale(low));
            for y in top.floor() as u32..=bottom.ceil() as u32 {
                if y < band * channels {
                    pixel(x, y, colour);
                }
            }
        }
    }
}
