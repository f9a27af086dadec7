//! The canvas: pictures scaled to their places on black.

use std::collections::BTreeMap;

use gstreamer as gst;
use gstreamer_video as gst_video;
use gstreamer_video::prelude::*;

use super::ComposeError;
use super::inline::Inline;
use super::pipelines;
use super::protocol::Rect;
use super::source::Picture;

/// Black and no colour in limited-range Y'CbCr.
const BLACK: [u8; 3] = [16, 128, 128];

/// A scaler for one track in one place, and the last picture that it made.
#[derive(Debug)]
struct Fitter {
    info: gst_video::VideoInfo,
    size: (u32, u32),
    scaler: Inline,
    last: Option<(u64, gst_video::VideoFrame<gst_video::video_frame::Readable>)>,
}

/// What stands where: track, frame, place.
type Drawn = Vec<(u16, u64, Rect)>;

/// Draws scenes. What did not change since the last one is not drawn again.
#[derive(Debug)]
pub(super) struct Canvas {
    info: gst_video::VideoInfo,
    fitters: BTreeMap<(u16, Rect), Fitter>,
    last: Option<(Drawn, gst::Buffer)>,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32, fps: u32) -> Result<Self, ComposeError> {
        let broken = |e: &dyn std::fmt::Display| ComposeError::Gstreamer(format!("canvas {width}x{height}: {e}"));
        let colorimetry = "bt601".parse::<gst_video::VideoColorimetry>().map_err(|e| broken(&e))?;
        let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, width, height)
            .fps(gst::Fraction::new(fps as i32, 1))
            .colorimetry(&colorimetry)
            .build()
            .map_err(|e| broken(&e))?;
        Ok(Self { info, fitters: BTreeMap::new(), last: None })
    }

    /// Caps of what `draw` makes.
    pub(super) fn caps(&self) -> Result<gst::Caps, ComposeError> {
        self.info.to_caps().map_err(|e| ComposeError::Gstreamer(e.to_string()))
    }

    /// The pictures in their places, from back to front.
    pub(super) fn draw(&mut self, cells: &[(u16, Rect, Picture)]) -> Result<gst::Buffer, ComposeError> {
        let drawn: Drawn = cells.iter().map(|(track, place, picture)| (*track, picture.number, *place)).collect();
        if let Some((same, buffer)) = &self.last
            && *same == drawn
        {
            return Ok(buffer.copy());
        }
        let broken = |e: &dyn std::fmt::Display| ComposeError::Gstreamer(format!("canvas: {e}"));
        let buffer = gst::Buffer::with_size(self.info.size()).map_err(|e| broken(&e))?;
        let mut canvas =
            gst_video::VideoFrame::from_buffer_writable(buffer, &self.info).map_err(|_| broken(&"the buffer cannot be written"))?;
        for (plane, colour) in BLACK.iter().enumerate() {
            canvas.plane_data_mut(plane as u32).map_err(|e| broken(&e))?.fill(*colour);
        }
        for (track, place, picture) in cells {
            self.paste(&mut canvas, *track, *place, picture)?;
        }
        let buffer = canvas.into_buffer();
        self.fitters.retain(|key, _| cells.iter().any(|(track, place, _)| (*track, *place) == *key));
        self.last = Some((drawn, buffer.copy()));
        Ok(buffer)
    }

    fn paste(
        &mut self,
        canvas: &mut gst_video::VideoFrame<gst_video::video_frame::Writable>,
        track: u16,
        place: Rect,
        picture: &Picture,
    ) -> Result<(), ComposeError> {
        let broken = |e: &dyn std::fmt::Display| ComposeError::Gstreamer(format!("fitting a picture: {e}"));
        if self.fitters.get(&(track, place)).is_none_or(|fitter| fitter.info != picture.info) {
            let (width, height) = fitted(&picture.info, place);
            let caps = picture.info.to_caps().map_err(|e| broken(&e))?;
            let site = picture.info.chroma_site();
            let site = if site.is_empty() { "jpeg".to_owned() } else { site.to_str().to_string() };
            let scaler = Inline::start(&pipelines::fit(width, height, &site), &caps)?;
            self.fitters.insert((track, place), Fitter { info: picture.info.clone(), size: (width, height), scaler, last: None });
        }
        let Some(fitter) = self.fitters.get_mut(&(track, place)) else { return Ok(()) };
        if fitter.last.as_ref().is_none_or(|(number, _)| *number != picture.number) {
            let came = fitter.scaler.push(picture.buffer.clone()).map_err(|e| broken(&e))?;
            let (caps, buffer) = came.into_iter().next_back().ok_or_else(|| broken(&"nothing came out"))?;
            let info = gst_video::VideoInfo::from_caps(&caps).map_err(|e| broken(&e))?;
            let frame = gst_video::VideoFrame::from_buffer_readable(buffer, &info).map_err(|_| broken(&"the buffer cannot be read"))?;
            fitter.last = Some((picture.number, frame));
        }
        let Some((_, small)) = &fitter.last else { return Ok(()) };
        let (width, height) = (fitter.size.0 as usize, fitter.size.1 as usize);
        let left = usize::from(place.x) + even((usize::from(place.width) - width) / 2);
        let top = usize::from(place.y) + even((usize::from(place.height) - height) / 2);
        for plane in 0..3u32 {
            let half = usize::from(plane > 0);
            let (from_stride, to_stride) = (small.plane_stride()[plane as usize] as usize, canvas.plane_stride()[plane as usize] as usize);
            let from = small.plane_data(plane).map_err(|e| broken(&e))?;
            let to = canvas.plane_data_mut(plane).map_err(|e| broken(&e))?;
            for row in 0..height >> half {
                let (f, t) = (row * from_stride, ((top >> half) + row) * to_stride + (left >> half));
                let (Some(f), Some(t)) = (from.get(f..f + (width >> half)), to.get_mut(t..t + (width >> half))) else {
                    return Err(broken(&"the place lies outside the canvas"));
                };
                t.copy_from_slice(f);
            }
        }
        Ok(())
    }
}

fn even(n: usize) -> usize {
    n & !1
}

/// The largest even size inside a place that keeps a picture's shape.
fn fitted(info: &gst_video::VideoInfo, place: Rect) -> (u32, u32) {
    let par = info.par();
    let width = u64::from(info.width()) * par.numer().max(1) as u64;
    let height = u64::from(info.height()) * par.denom().max(1) as u64;
    let (most_width, most_height) = (u64::from(place.width), u64::from(place.height));
    let (w, h) = if width * most_height >= height * most_width {
        (most_width, height * most_width / width.max(1))
    } else {
        (width * most_height / height.max(1), most_height)
    };
    (((w & !1).max(2)) as u32, ((h & !1).max(2)) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(width: u32, height: u32, place: (u16, u16)) -> (u32, u32) {
        let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, width, height).build().unwrap();
        fitted(&info, Rect { x: 0, y: 0, width: place.0, height: place.1 })
    }

    #[test]
    fn a_picture_keeps_its_shape() {
        super::pipelines::init().unwrap();
        assert_eq!(shape(640, 480, (1280, 720)), (960, 720));
        assert_eq!(shape(1920, 1080, (1280, 720)), (1280, 720));
        assert_eq!(shape(720, 1280, (1280, 720)), (404, 720));
        assert_eq!(shape(2000, 10, (1280, 720)), (1280, 6));
    }
}
