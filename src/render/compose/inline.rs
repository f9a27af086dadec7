//! A piece of a GStreamer pipeline that works in the caller's own thread: what goes in has come out before `push` returns.
//!
//! That makes decoding and scaling deterministic: there is no queue, no clock and no other thread.

use std::sync::Arc;

use gstreamer as gst;
use gstreamer::prelude::*;
use parking_lot::Mutex;

use super::ComposeError;

#[derive(Debug, Default)]
struct Came {
    caps: Option<gst::Caps>,
    buffers: Vec<(gst::Caps, gst::Buffer)>,
}

/// The piece, running.
#[derive(Debug)]
pub(super) struct Inline {
    bin: gst::Bin,
    source: gst::Pad,
    _sink: gst::Pad,
    came: Arc<Mutex<Came>>,
}

impl Inline {
    /// Builds and starts a description with one open end on each side.
    pub(super) fn start(description: &str, caps: &gst::Caps) -> Result<Self, ComposeError> {
        let broken = |e: &dyn std::fmt::Display| ComposeError::Gstreamer(format!("`{}`: {e}", description.trim()));
        let bin = gst::parse::bin_from_description(description, true).map_err(|e| broken(&e))?;
        let came = Arc::new(Mutex::new(Came::default()));
        let (on_buffer, on_event) = (Arc::clone(&came), Arc::clone(&came));
        // Without a template a pad wants what it has, and a change of size would be refused.
        let any = gst::PadTemplate::new("sink", gst::PadDirection::Sink, gst::PadPresence::Always, &gst::Caps::new_any())
            .map_err(|e| broken(&e))?;
        let sink = gst::Pad::builder_from_template(&any)
            .chain_function(move |_, _, buffer| {
                let mut came = on_buffer.lock();
                let caps = came.caps.clone().ok_or(gst::FlowError::NotNegotiated)?;
                came.buffers.push((caps, buffer));
                Ok(gst::FlowSuccess::Ok)
            })
            .event_function(move |_, _, event| {
                if let gst::EventView::Caps(caps) = event.view() {
                    on_event.lock().caps = Some(caps.caps_owned());
                }
                true
            })
            .build();
        let source = gst::Pad::builder(gst::PadDirection::Src).build();
        let end = |name: &str| bin.static_pad(name).ok_or_else(|| broken(&format!("no {name} pad")));
        end("src")?.link(&sink).map_err(|e| broken(&e))?;
        source.link(&end("sink")?).map_err(|e| broken(&e))?;
        sink.set_active(true).map_err(|e| broken(&e))?;
        bin.set_state(gst::State::Playing).map_err(|e| broken(&e))?;
        source.set_active(true).map_err(|e| broken(&e))?;
        source.push_event(gst::event::StreamStart::new("ferric"));
        source.push_event(gst::event::Caps::new(caps));
        source.push_event(gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new()));
        Ok(Self { bin, source, _sink: sink, came })
    }

    /// What comes of a buffer.
    pub(super) fn push(&self, buffer: gst::Buffer) -> Result<Vec<(gst::Caps, gst::Buffer)>, gst::FlowError> {
        self.source.push(buffer)?;
        Ok(std::mem::take(&mut self.came.lock().buffers))
    }
}

impl Drop for Inline {
    fn drop(&mut self) {
        let _ = self.source.set_active(false);
        let _ = self.bin.set_state(gst::State::Null);
    }
}
