//! The H.264 encoder of the composing process: canvas in, access units out, on a thread of GStreamer's own.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use parking_lot::Mutex;

use super::ComposeError;
use super::pipelines;
use super::protocol::{Configure, FromWorker};

/// Where messages to the other side go.
pub(super) type Out = Arc<dyn Fn(FromWorker) + Send + Sync>;

/// What has gone in and not come out. The encoders are set to make no B-frames: what goes in first comes out first.
#[derive(Debug, Default)]
struct Under {
    ticks: VecDeque<u64>,
    format: Option<Bytes>,
}

/// A running encoder.
#[derive(Debug)]
pub(super) struct Encoder {
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    under: Arc<Mutex<Under>>,
    fps: u64,
}

impl Encoder {
    pub(super) fn start(configure: &Configure, caps: &gst::Caps, out: Out) -> Result<Self, ComposeError> {
        let broken = |e: &dyn std::fmt::Display| ComposeError::Gstreamer(format!("encoder: {e}"));
        let pipeline = gst::parse::launch(&pipelines::encode(configure)).map_err(|e| broken(&e))?;
        let pipeline = pipeline.downcast::<gst::Pipeline>().map_err(|_| broken(&"not a pipeline"))?;
        let named = |name: &str| pipeline.by_name(name).ok_or_else(|| broken(&format!("no element `{name}`")));
        let source = named("in")?.downcast::<gst_app::AppSrc>().map_err(|_| broken(&"`in` is no appsrc"))?;
        let sink = named("out")?.downcast::<gst_app::AppSink>().map_err(|_| broken(&"`out` is no appsink"))?;
        source.set_caps(Some(caps));
        let under = Arc::new(Mutex::new(Under::default()));
        let of_sink = Arc::clone(&under);
        sink.set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(move |sink| {
                    let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    for message in came(&mut of_sink.lock(), &sample).ok_or(gst::FlowError::Error)? {
                        out(message);
                    }
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        );
        pipeline.set_state(gst::State::Playing).map_err(|e| broken(&e))?;
        Ok(Self { pipeline, source, under, fps: u64::from(configure.fps.max(1)) })
    }

    /// Encodes a canvas; waits while the encoder is behind.
    pub(super) fn push(&self, tick: u64, mut canvas: gst::Buffer) -> Result<(), ComposeError> {
        {
            let canvas = canvas.make_mut();
            let time = |tick: u64| gst::ClockTime::from_nseconds(tick * 1_000_000_000 / self.fps);
            canvas.set_pts(time(tick));
            canvas.set_duration(time(tick + 1) - time(tick));
        }
        self.under.lock().ticks.push_back(tick);
        self.source.push_buffer(canvas).map_err(|e| self.why(&e.to_string()))?;
        Ok(())
    }

    /// Encodes the rest; everything has been told to `out` when it returns.
    pub(super) fn finish(self) -> Result<(), ComposeError> {
        self.source.end_of_stream().map_err(|e| self.why(&e.to_string()))?;
        let bus = self.pipeline.bus().ok_or_else(|| ComposeError::Gstreamer("encoder: no bus".to_owned()))?;
        loop {
            let message = bus.timed_pop_filtered(None, &[gst::MessageType::Eos, gst::MessageType::Error]);
            match message.as_ref().map(|m| m.view()) {
                Some(gst::MessageView::Eos(_)) => break,
                Some(gst::MessageView::Error(e)) => return Err(ComposeError::Gstreamer(format!("encoder: {}", e.error()))),
                _ => {}
            }
        }
        let left = self.under.lock().ticks.len();
        if left > 0 {
            return Err(ComposeError::Gstreamer(format!("encoder: {left} pictures did not come out")));
        }
        Ok(())
    }

    fn why(&self, flow: &str) -> ComposeError {
        let said = self.pipeline.bus().and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
        let said = said.as_ref().and_then(|m| match m.view() {
            gst::MessageView::Error(e) => Some(e.error().to_string()),
            _ => None,
        });
        ComposeError::Gstreamer(format!("encoder: {}", said.unwrap_or_else(|| flow.to_owned())))
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

fn came(under: &mut Under, sample: &gst::Sample) -> Option<Vec<FromWorker>> {
    let mut messages = Vec::new();
    let buffer = sample.buffer()?;
    let data = buffer.map_readable().ok()?;
    let tick = under.ticks.pop_front()?;
    if under.format.is_none() {
        let config = sample.caps()?.structure(0)?.get::<gst::Buffer>("codec_data").ok()?;
        let config = Bytes::copy_from_slice(&config.map_readable().ok()?);
        under.format = Some(config.clone());
        messages.push(FromWorker::Format(config));
    }
    let keyframe = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
    messages.push(FromWorker::Picture { tick, keyframe, data: without_parameter_sets(&data)? });
    Some(messages)
}

/// Drops SPS, PPS and delimiters (NAL types 7 to 9): the sample entry has the first two, and MP4 needs no third.
fn without_parameter_sets(avcc: &[u8]) -> Option<Bytes> {
    let mut kept = BytesMut::with_capacity(avcc.len());
    let mut rest = avcc;
    while !rest.is_empty() {
        let length = u32::from_be_bytes(*rest.first_chunk::<4>()?) as usize;
        let unit = rest.get(4..4 + length)?;
        if !(7..=9).contains(&(unit.first()? & 0x1f)) {
            kept.put_u32(length as u32);
            kept.put_slice(unit);
        }
        rest = &rest[4 + length..];
    }
    Some(kept.freeze())
}
