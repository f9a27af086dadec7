//! One track in the composing process: its coded frames and the last picture decoded from them.

use std::collections::VecDeque;

use gstreamer as gst;
use gstreamer_video as gst_video;

use super::inline::Inline;
use super::pipelines;
use super::protocol::TrackFrame;
use crate::model::media::Codec;

/// A nanosecond would do; decoders that keep time stamps in coarser units still tell these apart.
const PTS_STEP_NS: u64 = 1_000_000;
/// Frames that wait for somebody to look at them. More than a few seconds' worth are decoded unseen.
const MOST_WAITING: usize = 600;

/// A decoded picture.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    /// The frame that it comes from.
    pub number: u64,
    /// Its shape.
    pub info: gst_video::VideoInfo,
    /// I420.
    pub buffer: gst::Buffer,
}

/// A track. Frames are decoded when a scene asks for them, so that what is never shown costs nothing.
#[derive(Debug, Default)]
pub(super) struct Source {
    decoder: Option<(Codec, Inline)>,
    waiting: VecDeque<TrackFrame>,
    current: Option<Picture>,
}

impl Source {
    /// Takes a frame. A key frame that nobody asked to see makes all before it needless.
    pub(super) fn frame(&mut self, frame: TrackFrame, decoded: &mut Vec<(u64, bool)>) {
        self.waiting.push_back(frame);
        if self.waiting.len() > MOST_WAITING {
            let until = self.waiting[MOST_WAITING / 2].number;
            self.decode_until(until, decoded);
        }
    }

    /// The picture to show when `number` is asked for: the last one that decoded, down to `floor`.
    pub(super) fn show(&mut self, number: u64, floor: u64, decoded: &mut Vec<(u64, bool)>) -> Option<Picture> {
        self.decode_until(number, decoded);
        self.current.clone().filter(|picture| picture.number >= floor)
    }

    fn decode_until(&mut self, number: u64, decoded: &mut Vec<(u64, bool)>) {
        let upto = self.waiting.iter().take_while(|f| f.number <= number).count();
        let from = self.waiting.iter().take(upto).rposition(|f| f.keyframe).unwrap_or(0);
        for (at, frame) in self.waiting.drain(..upto).enumerate().collect::<Vec<_>>() {
            if at >= from {
                let good = self.decode(&frame);
                decoded.push((frame.number, good));
            }
        }
    }

    fn decode(&mut self, frame: &TrackFrame) -> bool {
        if self.decoder.as_ref().is_none_or(|(codec, _)| *codec != frame.codec) {
            self.decoder = None;
            if !frame.keyframe {
                return false;
            }
            match Inline::start(pipelines::decode(frame.codec), &coded_caps(frame.codec)) {
                Ok(inline) => self.decoder = Some((frame.codec, inline)),
                Err(e) => {
                    eprintln!("{e}");
                    return false;
                }
            }
        }
        let Some((codec, inline)) = &self.decoder else { return false };
        let mut buffer = gst::Buffer::from_slice(frame.data.clone());
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(gst::ClockTime::from_nseconds(frame.number * PTS_STEP_NS));
            if !frame.keyframe {
                buffer.set_flags(gst::BufferFlags::DELTA_UNIT);
            }
        }
        let Ok(came) = inline.push(buffer) else {
            // A decoder that gave up is replaced at the next key frame.
            self.decoder = None;
            return false;
        };
        let codec = *codec;
        let mut any = false;
        for (caps, buffer) in came {
            let Some(info) = picture_info(codec, &caps) else { continue };
            let number = buffer.pts().map_or(frame.number, |pts| pts.nseconds() / PTS_STEP_NS);
            self.current = Some(Picture { number, info, buffer });
            any = true;
        }
        any
    }
}

fn coded_caps(codec: Codec) -> gst::Caps {
    if codec == Codec::H264 {
        gst::Caps::builder("video/x-h264").field("stream-format", "byte-stream").field("alignment", "au").build()
    } else {
        gst::Caps::builder("video/x-vp8").build()
    }
}

/// GStreamer takes colours that are not told for BT.709 in large pictures. VP8 is BT.601 at every size (RFC 6386 §9.2), and so
/// is what cameras send as H.264 without telling.
fn picture_info(codec: Codec, caps: &gst::Caps) -> Option<gst_video::VideoInfo> {
    let told = codec == Codec::H264 && caps.structure(0)?.has_field("colorimetry");
    let mut caps = caps.clone();
    if !told {
        caps.make_mut().set("colorimetry", "bt601");
    }
    gst_video::VideoInfo::from_caps(&caps).ok()
}
