//! A real node, and what of a call is in its recording.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::heard::Heard;
use crate::running_node::RunningNode;

/// Waits for the only recording and decodes it.
pub async fn only_recording(node: &RunningNode, dir: &Path) -> (Heard, Value) {
    let rows = node.recordings_in("ready", 1, Duration::from_secs(40)).await;
    let id = rows[0]["id"].as_str().expect("an id").to_owned();
    let file = node.fetch_mp4(&id, dir).await;
    (Heard::decode(&file, 2), rows[0].clone())
}

pub fn decibels(ratio: f64) -> f64 {
    20.0 * ratio.max(1e-9).log10()
}
