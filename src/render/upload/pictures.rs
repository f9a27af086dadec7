//! Pictures that have to be made anew: decoded, turned upright, scaled to a size that every player takes, and encoded as H.264 with their own timing.

use std::path::Path;

use ffmpeg_next as ffmpeg;

use super::Trouble;
use super::assemble::Assembly;
use super::avc;
use super::source::{PictureStream, Survey, each_packet, open};
use crate::render::mp4::VideoSample;
use crate::render::video::VideoConfig;
use crate::render::{RenderError, VideoEncoder};

/// The longer side of what is made.
const LONGEST_SIDE: u32 = 1920;
/// From one keyframe to the next, and the longest that one picture stands: then it is written again, so that players can be anywhere.
const GROUP_90K: i64 = 180_000;
/// Pictures nearer to each other than this are too many (60 a second pass).
const NEAREST_90K: i64 = 1_350;
/// Threads of decoder and encoder each.
const THREADS: usize = 2;

fn broken(what: &'static str) -> impl Fn(ffmpeg::Error) -> Trouble {
    move |e| Trouble::Render(RenderError::Codec(format!("{what}: {e}")))
}

/// How a picture is turned and how large it becomes.
struct Shape {
    turn: &'static str,
    size: (u32, u32),
}

impl Shape {
    fn of(frame: &ffmpeg::frame::Video, matrix: Option<[i32; 9]>) -> Self {
        let (turn, swapped) = matrix.map_or(("", false), turned);
        let aspect = frame.aspect_ratio();
        let (num, den) = (f64::from(aspect.numerator().max(0)), f64::from(aspect.denominator().max(0)));
        let stretch = if num > 0.0 && den > 0.0 { (num / den).clamp(0.1, 10.0) } else { 1.0 };
        let (width, height) = (f64::from(frame.width()) * stretch, f64::from(frame.height()));
        let (width, height) = if swapped { (height, width) } else { (width, height) };
        let scale = (f64::from(LONGEST_SIDE) / width.max(height)).min(1.0);
        let even = |side: f64| ((side * scale / 2.0).round() as u32 * 2).clamp(16, LONGEST_SIDE);
        Self { turn, size: (even(width), even(height)) }
    }
}

/// Filters that turn a picture as its display matrix says, and whether its sides change places.
fn turned(m: [i32; 9]) -> (&'static str, bool) {
    let degrees = f64::from(m[1]).atan2(f64::from(m[0])).to_degrees().rem_euclid(360.0).round() as i32;
    match degrees {
        46..=135 if m[3] > 0 => ("transpose=cclock_flip,", true),
        46..=135 => ("transpose=clock,", true),
        136..=225 => match (m[0] < 0, m[4] < 0) {
            (true, true) => ("hflip,vflip,", false),
            (true, false) => ("hflip,", false),
            (false, true) => ("vflip,", false),
            (false, false) => ("", false),
        },
        226..=315 if m[3] < 0 => ("transpose=clock_flip,", true),
        226..=315 => ("transpose=cclock,", true),
        _ if m[4] < 0 => ("vflip,", false),
        _ => ("", false),
    }
}

/// Decodes all pictures and encodes them. Says how many decoded.
///
/// # Errors
/// Where none does.
pub(super) fn transcode(
    input: &Path,
    survey: &Survey,
    stream: &PictureStream,
    kind: VideoEncoder,
    into: &mut Assembly,
    mut progress: impl FnMut(i64),
) -> Result<u64, Trouble> {
    let mut source = open(input)?;
    let unknown = |e: ffmpeg::Error| Trouble::refused(format!("the video in this file cannot be decoded ({e})"));
    let found = source.stream(stream.index).ok_or_else(|| Trouble::refused("the file changes while it is read"))?;
    let mut context = ffmpeg::codec::Context::from_parameters(found.parameters()).map_err(unknown)?;
    context.set_threading(ffmpeg::codec::threading::Config {
        kind: ffmpeg::codec::threading::Type::Frame,
        count: THREADS,
        ..Default::default()
    });
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(found.time_base());
    let mut decoder = decoder.video().map_err(unknown)?;
    let rate = found.avg_frame_rate();
    let step = if rate.numerator() > 0 { i64::from(rate.denominator()) * 90_000 / i64::from(rate.numerator()) } else { 3000 };
    let mut maker = Maker { kind, matrix: stream.matrix, graph: None, encoder: None, last: None, key: None, group: Vec::new(), sent: 0 };
    let (mut decoded, mut next) = (0u64, 0i64);
    let mut take = |decoder: &mut ffmpeg::decoder::Video, maker: &mut Maker, into: &mut Assembly| -> Result<(), Trouble> {
        let mut frame = ffmpeg::frame::Video::empty();
        while decoder.receive_frame(&mut frame).is_ok() {
            decoded += 1;
            let at = frame.timestamp().map_or(next, |at| stream.base.to(at, 90_000) - survey.origin_90k);
            next = at + step.clamp(NEAREST_90K, GROUP_90K);
            if at >= 0 {
                frame.set_pts(Some(at));
                maker.take(&frame, into)?;
                progress(at);
            }
        }
        Ok(())
    };
    each_packet(&mut source, Some(stream.index), |packet| {
        let _ = decoder.send_packet(&packet);
        take(&mut decoder, &mut maker, into)
    })?;
    let _ = decoder.send_eof();
    take(&mut decoder, &mut maker, into)?;
    if decoded == 0 || maker.encoder.is_none() && maker.graph.is_none() {
        return Err(Trouble::refused("nothing of the video in this file can be decoded"));
    }
    maker.finish(survey.length_90k, into)?;
    Ok(decoded)
}

struct Graph {
    graph: ffmpeg::filter::Graph,
    of: (u32, u32, ffmpeg::format::Pixel),
}

struct Maker {
    kind: VideoEncoder,
    matrix: Option<[i32; 9]>,
    graph: Option<Graph>,
    encoder: Option<(ffmpeg::encoder::video::Encoder, (u32, u32))>,
    /// The last picture that was encoded.
    last: Option<(i64, ffmpeg::frame::Video)>,
    /// Which stretch of [`GROUP_90K`] the last keyframe was in.
    key: Option<i64>,
    group: Vec<VideoSample>,
    sent: u64,
}

impl Maker {
    fn take(&mut self, frame: &ffmpeg::frame::Video, into: &mut Assembly) -> Result<(), Trouble> {
        let of = (frame.width(), frame.height(), frame.format());
        if self.graph.as_ref().is_none_or(|graph| graph.of != of) {
            self.drain(true, into)?;
            let size = match &self.encoder {
                Some((_, size)) => *size,
                None => Shape::of(frame, self.matrix).size,
            };
            self.graph = Some(Graph { graph: self.filters(frame, size)?, of });
            if self.encoder.is_none() {
                self.encoder = Some((encoder(size, self.kind)?, size));
            }
        }
        if let Some(graph) = &mut self.graph {
            let mut source = graph.graph.get("in").ok_or_else(no_filter)?;
            source.source().add(frame).map_err(broken("filters"))?;
        }
        self.drain(false, into)
    }

    fn filters(&self, frame: &ffmpeg::frame::Video, (width, height): (u32, u32)) -> Result<ffmpeg::filter::Graph, Trouble> {
        let mut graph = ffmpeg::filter::Graph::new();
        let format = frame.format().descriptor().map_or("none", ffmpeg::format::pixel::Descriptor::name);
        let (w, h) = (frame.width(), frame.height());
        let args = format!("video_size={w}x{h}:pix_fmt={format}:time_base=1/90000:pixel_aspect=1/1");
        let find = |name: &str| ffmpeg::filter::find(name).ok_or_else(no_filter);
        graph.add(&find("buffer")?, "in", &args).map_err(broken("filters"))?;
        graph.add(&find("buffersink")?, "out", "").map_err(broken("filters"))?;
        let fields = if frame.is_interlaced() { "yadif=deint=interlaced," } else { "" };
        let turn = Shape::of(frame, self.matrix).turn;
        let spec = format!("{fields}{turn}scale={width}:{height}:out_color_matrix=bt709:out_range=tv,setsar=1,format=yuv420p");
        let parsed = graph.output("in", 0).and_then(|parser| parser.input("out", 0)).and_then(|parser| parser.parse(&spec));
        parsed.map_err(broken("filters"))?;
        graph.validate().map_err(broken("filters"))?;
        Ok(graph)
    }

    fn drain(&mut self, last: bool, into: &mut Assembly) -> Result<(), Trouble> {
        let Some(mut graph) = self.graph.take() else { return Ok(()) };
        if last {
            graph.graph.get("in").ok_or_else(no_filter)?.source().flush().map_err(broken("filters"))?;
        }
        let mut sink = graph.graph.get("out").ok_or_else(no_filter)?;
        let base = sink.sink().time_base();
        let mut made = ffmpeg::frame::Video::empty();
        while sink.sink().frame(&mut made).is_ok() {
            let at = i128::from(made.pts().unwrap_or(0)) * i128::from(base.numerator()) * 90_000 / i128::from(base.denominator().max(1));
            let at = i64::try_from(at).unwrap_or(0);
            self.at(at, std::mem::replace(&mut made, ffmpeg::frame::Video::empty()), into)?;
        }
        self.graph = Some(graph);
        Ok(())
    }

    /// A picture in its place. The one before it is written again where it stood for long.
    fn at(&mut self, at: i64, frame: ffmpeg::frame::Video, into: &mut Assembly) -> Result<(), Trouble> {
        if let Some((before, _)) = &self.last {
            if at < before + NEAREST_90K {
                return Ok(());
            }
            self.hold_until(at, into)?;
        }
        self.encode(at, frame, into)
    }

    fn hold_until(&mut self, at: i64, into: &mut Assembly) -> Result<(), Trouble> {
        while let Some((before, frame)) = self.last.take() {
            let next = before + GROUP_90K;
            if next + NEAREST_90K >= at {
                self.last = Some((before, frame));
                return Ok(());
            }
            self.encode(next, frame, into)?;
        }
        Ok(())
    }

    fn encode(&mut self, at: i64, mut frame: ffmpeg::frame::Video, into: &mut Assembly) -> Result<(), Trouble> {
        let stretch = at / GROUP_90K;
        let key = self.key.is_none_or(|key| stretch > key);
        if key {
            self.key = Some(stretch);
        }
        frame.set_pts(Some(at));
        frame.set_kind(if key { ffmpeg::picture::Type::I } else { ffmpeg::picture::Type::None });
        let Some((encoder, _)) = &mut self.encoder else { return Ok(()) };
        encoder.send_frame(&frame).map_err(broken("H.264 encoder"))?;
        self.sent += 1;
        self.last = Some((at, frame));
        self.collect(into)
    }

    fn collect(&mut self, into: &mut Assembly) -> Result<(), Trouble> {
        let Some((encoder, size)) = &mut self.encoder else { return Ok(()) };
        let mut packet = ffmpeg::Packet::empty();
        while encoder.receive_packet(&mut packet).is_ok() {
            let (data, avcc) = avc::with_lengths(packet.data().unwrap_or_default());
            if let (Some(avcc), false) = (avcc, into.has_pictures()) {
                into.begin(Some(VideoConfig { avcc, width: size.0, height: size.1, fps: 30 }))?;
            }
            let at = u64::try_from(packet.pts().unwrap_or(0)).unwrap_or(0);
            let sample = VideoSample { dts_90k: at, pts_90k: at, keyframe: packet.is_key(), data };
            if sample.keyframe && !self.group.is_empty() {
                into.group(std::mem::take(&mut self.group), at)?;
            }
            self.group.push(sample);
        }
        Ok(())
    }

    fn finish(mut self, end_90k: i64, into: &mut Assembly) -> Result<(), Trouble> {
        self.drain(true, into)?;
        self.hold_until(end_90k, into)?;
        if let Some((encoder, _)) = &mut self.encoder {
            encoder.send_eof().map_err(broken("H.264 encoder"))?;
        }
        self.collect(into)?;
        into.last_group(std::mem::take(&mut self.group))?;
        if into.pictures() == self.sent { Ok(()) } else { Err(RenderError::Codec("H.264 encoder: pictures are missing".to_owned()).into()) }
    }
}

fn no_filter() -> Trouble {
    Trouble::Render(RenderError::Codec("FFmpeg lacks a filter".to_owned()))
}

fn encoder(size: (u32, u32), kind: VideoEncoder) -> Result<ffmpeg::encoder::video::Encoder, Trouble> {
    // Whoever chose the other one cannot take the GPL of this: there is no falling back.
    let name = match kind {
        VideoEncoder::X264enc => "libx264",
        VideoEncoder::Openh264enc => "libopenh264",
    };
    let missing = || Trouble::Render(RenderError::Codec(format!("this video has to be encoded, and the node's FFmpeg has no `{name}`")));
    let codec = ffmpeg::encoder::find_by_name(name).ok_or_else(missing)?;
    let mut context = ffmpeg::codec::Context::new_with_codec(codec);
    context.set_threading(ffmpeg::codec::threading::Config {
        kind: ffmpeg::codec::threading::Type::Slice,
        count: THREADS,
        ..Default::default()
    });
    let mut video = context.encoder().video().map_err(broken("H.264 encoder"))?;
    video.set_width(size.0);
    video.set_height(size.1);
    video.set_format(ffmpeg::format::Pixel::YUV420P);
    video.set_time_base((1, 90_000));
    video.set_frame_rate(Some((30, 1)));
    video.set_gop(100_000);
    video.set_max_b_frames(0);
    video.set_colorspace(ffmpeg::color::Space::BT709);
    video.set_color_primaries(ffmpeg::color::Primaries::BT709);
    video.set_color_transfer_characteristic(ffmpeg::color::TransferCharacteristic::BT709);
    video.set_color_range(ffmpeg::color::Range::MPEG);
    let mut options = ffmpeg::Dictionary::new();
    if kind == VideoEncoder::X264enc {
        options.set("preset", "veryfast");
        options.set("profile", "high");
        options.set("crf", "23");
        options.set("forced-idr", "1");
        options.set("x264-params", "scenecut=0:rc-lookahead=10");
    } else {
        video.set_bit_rate((size.0 * size.1 * 3) as usize);
    }
    video.open_as_with(codec, options).map_err(broken("H.264 encoder"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_turned_as_its_matrix_says() {
        let one = 1 << 16;
        assert_eq!(turned([one, 0, 0, 0, one, 0, 0, 0, 1 << 30]), ("", false));
        assert_eq!(turned([0, one, 0, -one, 0, 0, 0, 0, 1 << 30]), ("transpose=clock,", true));
        assert_eq!(turned([0, -one, 0, one, 0, 0, 0, 0, 1 << 30]), ("transpose=cclock,", true));
        assert_eq!(turned([-one, 0, 0, 0, -one, 0, 0, 0, 1 << 30]), ("hflip,vflip,", false));
        assert_eq!(turned([-one, 0, 0, 0, one, 0, 0, 0, 1 << 30]), ("hflip,", false));
    }
}
