//! The GStreamer descriptions of `pipelines/`, their places filled in, and whether this machine has what they need.

use std::sync::OnceLock;

use gstreamer as gst;

use super::ComposeError;
use super::protocol::Configure;
use crate::model::media::Codec;
use crate::render::settings::VideoEncoder;

const DECODE_VP8: &str = include_str!("../../../pipelines/decode_vp8.gst");
const DECODE_H264: &str = include_str!("../../../pipelines/decode_h264.gst");
const FIT: &str = include_str!("../../../pipelines/fit.gst");
const ENCODE_X264: &str = include_str!("../../../pipelines/encode_x264.gst");
const ENCODE_OPENH264: &str = include_str!("../../../pipelines/encode_openh264.gst");

/// Which Debian package an element comes with, and what of these descriptions needs it.
const ELEMENTS: &[(&str, &str, Option<VideoEncoder>)] = &[
    ("appsrc", "gstreamer1.0-plugins-base", None),
    ("appsink", "gstreamer1.0-plugins-base", None),
    ("capsfilter", "libgstreamer1.0-0", None),
    ("videoconvert", "gstreamer1.0-plugins-base", None),
    ("videoconvertscale", "gstreamer1.0-plugins-base", None),
    ("vp8dec", "gstreamer1.0-plugins-good", None),
    ("h264parse", "gstreamer1.0-plugins-bad", None),
    ("h264timestamper", "gstreamer1.0-plugins-bad", None),
    ("avdec_h264", "gstreamer1.0-libav", None),
    ("x264enc", "gstreamer1.0-plugins-ugly", Some(VideoEncoder::X264enc)),
    ("openh264enc", "gstreamer1.0-plugins-bad", Some(VideoEncoder::Openh264enc)),
];

/// Starts GStreamer once in this process.
///
/// # Errors
/// Where it cannot start.
pub fn init() -> Result<(), ComposeError> {
    static STARTED: OnceLock<Result<(), String>> = OnceLock::new();
    STARTED.get_or_init(|| gst::init().map_err(|e| e.to_string())).clone().map_err(ComposeError::Gstreamer)
}

/// Whether every element that composing with this encoder needs is installed. For start-up and `/readyz`.
///
/// # Errors
/// Names the first that is missing and the Debian package that has it.
pub fn check_plugins(encoder: VideoEncoder) -> Result<(), ComposeError> {
    init()?;
    check(encoder, |element| gst::ElementFactory::find(element).is_some())
}

fn check(encoder: VideoEncoder, installed: impl Fn(&str) -> bool) -> Result<(), ComposeError> {
    let needed = ELEMENTS.iter().filter(|(_, _, only)| only.is_none_or(|only| only == encoder));
    for (element, package, _) in needed {
        if !installed(element) {
            return Err(ComposeError::MissingPlugin { element: (*element).to_owned(), package });
        }
    }
    Ok(())
}

/// Decodes one track to I420, as long as the codec stays.
pub(super) fn decode(codec: Codec) -> &'static str {
    if codec == Codec::H264 { DECODE_H264 } else { DECODE_VP8 }
}

/// Scales a picture to a size. Chroma stays where it is sited: moving it would cost more than all the rest.
pub(super) fn fit(width: u32, height: u32, chroma_site: &str) -> String {
    fill(FIT, &[("width", width.to_string()), ("height", height.to_string()), ("chroma_site", chroma_site.to_owned())])
}

/// Encodes the canvas.
pub(super) fn encode(configure: &Configure) -> String {
    // 3/40 bit a pixel (2 Mbit/s at 720p30) at most: talking people take a third of it, and it is enough for a page of text.
    let kbit = u32::from(configure.width) * u32::from(configure.height) / 1000 * u32::from(configure.fps) * 3 / 40;
    let kbit = kbit.clamp(400, 8_000);
    match configure.encoder {
        VideoEncoder::X264enc => fill(
            ENCODE_X264,
            &[("preset", "veryfast".to_owned()), ("keyframe_every", configure.keyframe_every.to_string()), ("most_kbit", kbit.to_string())],
        ),
        VideoEncoder::Openh264enc => fill(
            ENCODE_OPENH264,
            &[
                ("keyframe_every", configure.keyframe_every.to_string()),
                ("bits_per_second", (kbit * 1000).to_string()),
                ("max_bits_per_second", (kbit * 2000).to_string()),
            ],
        ),
    }
}

fn fill(description: &str, places: &[(&str, String)]) -> String {
    places.iter().fold(description.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_description_parses_with_its_places_filled() {
        init().unwrap();
        let configure = |encoder| Configure { width: 1280, height: 720, fps: 30, keyframe_every: 60, encoder };
        for (whole, text) in [
            (false, DECODE_VP8.to_owned()),
            (false, DECODE_H264.to_owned()),
            (false, fit(640, 360, "mpeg2")),
            (true, encode(&configure(VideoEncoder::X264enc))),
            (true, encode(&configure(VideoEncoder::Openh264enc))),
        ] {
            assert!(!text.contains('{'), "{text}");
            if whole {
                gst::parse::launch(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
            } else {
                gst::parse::bin_from_description(&text, true).unwrap_or_else(|e| panic!("{text}: {e}"));
            }
        }
    }

    #[test]
    fn a_missing_plugin_is_named_with_its_package() {
        let error = check(VideoEncoder::Openh264enc, |element| element != "openh264enc").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the GStreamer element `openh264enc` is missing: install the Debian package gstreamer1.0-plugins-bad"
        );
        check(VideoEncoder::X264enc, |element| element != "openh264enc").unwrap();
    }

    #[test]
    fn this_machine_has_what_composing_needs() {
        check_plugins(VideoEncoder::X264enc).unwrap();
        check_plugins(VideoEncoder::Openh264enc).unwrap();
    }

    #[test]
    fn every_element_of_a_description_is_checked_for() {
        for text in [DECODE_VP8, DECODE_H264, FIT, ENCODE_X264, ENCODE_OPENH264] {
            for part in text.split('!').map(str::trim).filter(|part| !part.starts_with("video/x-h264,")) {
                let element = part.split_whitespace().next().unwrap();
                assert!(ELEMENTS.iter().any(|(known, _, _)| *known == element), "{element}");
            }
        }
    }
}
