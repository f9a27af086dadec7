//! A keyframe of the composed stream as a picture of any size.

use ffmpeg_next as ffmpeg;
use image::RgbImage;

use crate::render::RenderError;
use crate::render::video::{EncodedPicture, VideoConfig};

/// Decodes a keyframe and scales it.
///
/// # Errors
/// Where it does not decode.
pub(super) fn decode(config: &VideoConfig, picture: &EncodedPicture, width: u32, height: u32) -> Result<RgbImage, RenderError> {
    let broken = |e: ffmpeg::Error| RenderError::Codec(format!("decoding a keyframe for pictures: {e}"));
    let damaged = || RenderError::check("a composed keyframe", "its NAL units do not add up");
    let stream = annex_b(&config.avcc, &picture.data).ok_or_else(damaged)?;
    ffmpeg::init().map_err(broken)?;
    let codec =
        ffmpeg::decoder::find(ffmpeg::codec::Id::H264).ok_or_else(|| RenderError::Codec("FFmpeg has no H.264 decoder".to_owned()))?;
    let mut decoder = ffmpeg::codec::Context::new_with_codec(codec).decoder().video().map_err(broken)?;
    decoder.send_packet(&ffmpeg::Packet::copy(&stream)).map_err(broken)?;
    decoder.send_eof().map_err(broken)?;
    let mut frame = ffmpeg::frame::Video::empty();
    decoder.receive_frame(&mut frame).map_err(broken)?;
    let rgb = ffmpeg::format::Pixel::RGB24;
    let area = ffmpeg::software::scaling::Flags::AREA;
    let mut scaler =
        ffmpeg::software::scaling::Context::get(frame.format(), frame.width(), frame.height(), rgb, width, height, area).map_err(broken)?;
    let mut small = ffmpeg::frame::Video::empty();
    scaler.run(&frame, &mut small).map_err(broken)?;
    let row = width as usize * 3;
    let pixels: Vec<u8> =
        small.data(0).chunks(small.stride(0)).take(height as usize).filter_map(|line| line.get(..row)).flatten().copied().collect();
    RgbImage::from_raw(width, height, pixels).ok_or_else(damaged)
}

/// Parameter sets of an `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 §5.3.3) and NAL units with lengths, as a byte stream.
fn annex_b(avcc: &[u8], units: &[u8]) -> Option<Vec<u8>> {
    let mut stream = Vec::with_capacity(avcc.len() + units.len() + 64);
    let mut append = |unit: &[u8]| {
        stream.extend_from_slice(&[0, 0, 0, 1]);
        stream.extend_from_slice(unit);
    };
    let mut rest = avcc.get(5..)?;
    for mask in [0x1f, 0xff] {
        let (count, after) = rest.split_first()?;
        rest = after;
        for _ in 0..count & mask {
            let length = usize::from(u16::from_be_bytes(*rest.first_chunk::<2>()?));
            append(rest.get(2..2 + length)?);
            rest = &rest[2 + length..];
        }
    }
    let mut rest = units;
    while !rest.is_empty() {
        let length = u32::from_be_bytes(*rest.first_chunk::<4>()?) as usize;
        append(rest.get(4..4 + length)?);
        rest = &rest[4 + length..];
    }
    Some(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_become_start_codes() {
        let avcc = [1, 100, 0, 31, 0xff, 0xe1, 0, 2, 0x67, 9, 1, 0, 1, 0x68];
        let stream = annex_b(&avcc, &[0, 0, 0, 2, 0x65, 7]).unwrap();
        assert_eq!(stream, [0, 0, 0, 1, 0x67, 9, 0, 0, 0, 1, 0x68, 0, 0, 0, 1, 0x65, 7]);
        assert_eq!(annex_b(&avcc, &[0, 0, 0, 9, 0x65, 7]), None);
    }
}
