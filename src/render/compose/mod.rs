//! Composing pictures, in a process of its own: what a codec does there costs one job and not the node.
//!
//! [`Composer`] is this side: it starts this same program with `compose-worker`, feeds it, and starts it again where it
//! dies. [`worker_main`] is the other side. [`protocol`] is what they say to each other.

mod canvas;
mod composer;
mod encoder;
mod inline;
mod journal;
mod pipelines;
pub mod protocol;
mod source;
mod worker;
mod worker_process;

pub use composer::{Composed, Composer};
pub use pipelines::check_plugins;
pub use worker::worker_main;

/// What can go wrong with composing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ComposeError {
    /// An element is not installed.
    #[error("the GStreamer element `{element}` is missing: install the Debian package {package}")]
    MissingPlugin {
        /// The element.
        element: String,
        /// The package.
        package: &'static str,
    },
    /// GStreamer refused.
    #[error("GStreamer: {0}")]
    Gstreamer(String),
    /// The composing process could not be started.
    #[error("the composing process does not start: {0}")]
    Start(String),
    /// The composing process ended too often before its time.
    #[error("the composing process failed {tries} times: {why}")]
    Worker {
        /// How often it was started.
        tries: u32,
        /// What it said last.
        why: String,
    },
}
