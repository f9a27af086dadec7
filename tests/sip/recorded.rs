//! A real node, and what of a call is in its recording.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::heard::Heard;
use crate::running_node::RunningNode;

/// What ffprobe says of a file's length. (FFmpeg decodes the padding of the last AAC frame too, up to 128 ms of it.)
pub fn probed_seconds(file: &Path) -> f64 {
    let out = Command::new("ffprobe").args(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"]).arg(file).output();
    String::from_utf8_lossy(&out.expect("ffprobe runs").stdout).trim().parse().expect("a duration")
}

/// Waits for the only recording and decodes it: its length by the container, its sound, its row.
pub async fn only_recording(node: &RunningNode, dir: &Path) -> (f64, Heard, Value) {
    let rows = node.recordings_in("ready", 1, Duration::from_secs(40)).await;
    let id = rows[0]["id"].as_str().expect("an id").to_owned();
    let file = node.fetch_mp4(&id, dir).await;
    (probed_seconds(&file), Heard::decode(&file, 2), rows[0].clone())
}

pub fn decibels(ratio: f64) -> f64 {
    20.0 * ratio.max(1e-9).log10()
}
