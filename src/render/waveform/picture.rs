//! The waveform as a picture: one band a channel, transparent ground, so that it fits light and dark pages.

use image::{Rgb, RgbImage};
use png::{BitDepth, ColorType, Compression, Encoder, EncodingError};

use super::peaks::{COLUMNS, Peaks};

/// A pixel a column at most.
const WIDTH: u32 = COLUMNS as u32;
const BAND: u32 = 80;
const COLOURS: [Rgb<u8>; 2] = [Rgb([0xc2, 0x54, 0x2d]), Rgb([0x2d, 0x7d, 0x9a])];
/// Bits a pixel of the PNG: the ground, which is none of the colours, and the colours after it.
const BITS: u32 = 2;

/// A PNG of 1600 pixels' width.
///
/// # Errors
/// Where the encoder fails.
pub fn png(peaks: &Peaks) -> Result<Vec<u8>, EncodingError> {
    let height = BAND * peaks.channels().max(1) as u32;
    let (pixels_a_byte, line) = (8 / BITS, WIDTH * BITS / 8);
    let mut pixels = vec![0u8; (line * height) as usize];
    draw(peaks, WIDTH, BAND, |x, y, colour| {
        let shift = 8 - BITS * (x % pixels_a_byte + 1);
        pixels[(y * line + x / pixels_a_byte) as usize] |= (colour as u8 + 1) << shift;
    });
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, WIDTH, height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Two);
    encoder.set_palette([[0; 3], COLOURS[0].0, COLOURS[1].0].concat());
    encoder.set_trns(&[0][..]);
    encoder.set_compression(Compression::Fast);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(bytes)
}

/// Draws the waveform onto a picture, `margin` pixels from its sides and in the middle of its height.
pub fn draw_onto(picture: &mut RgbImage, peaks: &Peaks, margin: u32) {
    let channels = peaks.channels().max(1) as u32;
    let (width, height) = (picture.width().saturating_sub(2 * margin), picture.height().saturating_sub(2 * margin));
    let band = BAND.min(height / channels);
    let top = (picture.height() - band * channels) / 2;
    draw(peaks, width, band, |x, y, colour| picture.put_pixel(x + margin, y + top, COLOURS[colour]));
}

/// Tells each pixel of the waveform once, with the index of its colour.
fn draw(peaks: &Peaks, width: u32, band: u32, mut pixel: impl FnMut(u32, u32, usize)) {
    let channels = peaks.channels().max(1) as u32;
    let columns = peaks.len().max(1);
    let half = (band / 2).saturating_sub(2) as f32;
    for channel in 0..channels {
        let colour = channel as usize % COLOURS.len();
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
