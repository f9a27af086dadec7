//! A workspace's logo: the pixels of a picture that somebody sent, drawn anew. What recipients are served is no file of anybody: nothing beside pixels is in
//! it, neither where and by whom a picture was taken, nor a file of another kind that hides behind it.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

/// The largest file that is read, in bytes.
pub const MOST_BYTES: usize = 512 * 1024;
/// The longest side of a picture that is read, in pixels.
pub const MOST_PIXELS: u32 = 2_000;
/// The longest side of a picture that is kept: twice what pages show.
const KEPT_PIXELS: u32 = 960;
/// What reading a picture may take in memory, in bytes.
const MEMORY: u64 = 64 << 20;

/// Why a file is no logo.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoFault {
    /// A drawing, which can hold scripts and links.
    #[error("is an SVG, which can hold scripts and links to elsewhere; save it as PNG")]
    Svg,
    /// Something else.
    #[error("is neither PNG nor JPEG")]
    Unknown,
    /// Too large a file.
    #[error("has {0} bytes; at most {MOST_BYTES}")]
    Bytes(usize),
    /// Too large a picture.
    #[error("has {0} × {1} pixels; at most {MOST_PIXELS} a side")]
    Pixels(u32, u32),
    /// It does not decode.
    #[error("is damaged, and cannot be read as a picture")]
    Damaged,
}

/// The picture of a file as a PNG, upright, made smaller where it is larger than any page shows it.
///
/// # Errors
/// Why it is none.
pub fn redrawn(file: &[u8]) -> Result<Vec<u8>, LogoFault> {
    if file.len() > MOST_BYTES {
        return Err(LogoFault::Bytes(file.len()));
    }
    let format = match image::guess_format(file) {
        Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg)) => format,
        _ if is_svg(file) => return Err(LogoFault::Svg),
        _ => return Err(LogoFault::Unknown),
    };
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| LogoFault::Damaged)?;
    let (width, height) = decoder.dimensions();
    if width > MOST_PIXELS || height > MOST_PIXELS {
        return Err(LogoFault::Pixels(width, height));
    }
    let upright = decoder.orientation().map_err(|_| LogoFault::Damaged)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|_| LogoFault::Damaged)?;
    picture.apply_orientation(upright);
    if picture.width() > KEPT_PIXELS || picture.height() > KEPT_PIXELS {
        picture = picture.resize(KEPT_PIXELS, KEPT_PIXELS, image::imageops::FilterType::Lanczos3);
    }
    let pixels = if picture.color().has_alpha() { DynamicImage::from(picture.to_rgba8()) } else { DynamicImage::from(picture.to_rgb8()) };
    let mut png = Cursor::new(Vec::new());
    pixels.write_to(&mut png, ImageFormat::Png).map_err(|_| LogoFault::Damaged)?;
    Ok(png.into_inner())
}

fn is_svg(file: &[u8]) -> bool {
    String::from_utf8_lossy(&file[..file.len().min(4_096)]).to_ascii_lowercase().contains("<svg")
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage, Rgba, RgbaImage};
    use proptest::prelude::*;

    fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        written(&RgbImage::from_pixel(width, height, Rgb([200, 90, 40])).into(), ImageFormat::Png)
    }

    #[test]
    fn pixels_stay_and_nothing_beside_them() {
        let clear = RgbaImage::from_fn(9, 4, |x, y| Rgba([x as u8 * 20, y as u8 * 40, 7, 100 + x as u8]));
        let mut file = written(&clear.clone().into(), ImageFormat::Png);
        // A page behind the picture, and words in it: both are read as a PNG all the same.
        let note = b"tEXtComment\0taken at home";
        let mut chunk = u32::try_from(note.len() - 4).unwrap().to_be_bytes().to_vec();
        chunk.extend(note);
        chunk.extend(crc32(note).to_be_bytes());
        file.splice(33..33, chunk);
        file.extend(b"<html><script>alert(1)</script>");
        let kept = redrawn(&file).unwrap();
        assert_eq!(image::load_from_memory(&kept).unwrap().to_rgba8(), clear);
        for word in [&b"taken at home"[..], b"<script>", b"tEXt"] {
            assert!(file.windows(word.len()).any(|w| w == word) && !kept.windows(word.len()).any(|w| w == word));
        }
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes
            .iter()
            .fold(!0_u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |c, _| (c >> 1) ^ (0xEDB8_8320 & (0u32.wrapping_sub(c & 1)))))
    }

    #[test]
    fn a_photograph_becomes_a_png_and_what_is_large_becomes_smaller() {
        let jpeg = written(&RgbImage::from_pixel(40, 10, Rgb([200, 90, 40])).into(), ImageFormat::Jpeg);
        let kept = redrawn(&jpeg).unwrap();
        assert_eq!(image::guess_format(&kept).unwrap(), ImageFormat::Png);
        let kept = image::load_from_memory(&redrawn(&png(2_000, 500)).unwrap()).unwrap();
        assert_eq!((kept.width(), kept.height()), (960, 240));
    }

    #[test]
    fn what_is_no_picture_says_why() {
        let mut cut = png(300, 300);
        cut.truncate(60);
        assert_eq!(redrawn(b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"), Err(LogoFault::Svg));
        assert_eq!(redrawn(b"GIF89a....."), Err(LogoFault::Unknown));
        assert_eq!(redrawn(b""), Err(LogoFault::Unknown));
        assert_eq!(redrawn(&cut), Err(LogoFault::Damaged));
        assert_eq!(redrawn(&png(2_001, 1)), Err(LogoFault::Pixels(2_001, 1)));
        assert_eq!(redrawn(&vec![0; MOST_BYTES + 1]), Err(LogoFault::Bytes(MOST_BYTES + 1)));
    }

    proptest! {
        #[test]
        fn no_file_ends_it(at in 0usize..400, byte in any::<u8>(), cut in 0usize..400) {
            let mut file = png(40, 10);
            let length = file.len();
            file[at % length] = byte;
            file.truncate(length - cut % length);
            let _ = redrawn(&file);
        }
    }
}
