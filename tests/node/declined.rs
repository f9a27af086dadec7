//! What tests of a decline look for, and where.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use ferric::app::load::siprec::Sound;
use serde_json::{Value, json};

use crate::running_node::RunningNode;

/// The call's session, once its recording has begun.
pub async fn session_of_the_call(node: &RunningNode) -> String {
    node.recordings_in("recording", 1, Duration::from_secs(10)).await[0]["session"].as_str().unwrap().to_owned()
}

pub async fn participant(node: &RunningNode, session: &str, role: &str) -> String {
    let view = node.get(&format!("/v1/sessions/{session}")).await;
    let found = view["participants"].as_array().unwrap().iter().find(|p| p["role"] == role);
    found.unwrap_or_else(|| panic!("no {role} in {view:#}"))["id"].as_str().unwrap().to_owned()
}

pub async fn decline(node: &RunningNode, session: &str, by: &str) {
    let body = json!({ "do": "consent_decline", "by": by, "consent": { "source": "ivr", "flow": "night/consent", "caller_number": "+4712345678" } });
    let (status, answer) = node.post(&format!("/v1/sessions/{session}/commands"), body).await;
    assert_eq!(status, 200, "{answer}");
}

/// Polls until something is there.
pub async fn until<T>(what: &str, within: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within {within:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Packets of a session's tape, as the node's own tools decrypt it.
pub fn decrypted(node: &RunningNode, session: &str, folder: &Path) -> Vec<u8> {
    let pcap = folder.join("tape.pcapng");
    let tape = node.data.join("spool").join(session);
    let out = Command::new(env!("CARGO_BIN_EXE_ferric")).args(["tape", "to-pcap"]).arg(&tape).arg("--out").arg(&pcap).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    std::fs::read(&pcap).unwrap()
}

/// Whether any 20 ms of a tone, at any phase of it, stand in the bytes.
pub fn holds_tone(bytes: &[u8], tone: &Sound) -> bool {
    let samples = tone.samples();
    let looped: Vec<u8> = samples.iter().chain(samples).copied().collect();
    (0..50).any(|frame| holds(bytes, &looped[frame * 160..frame * 160 + 160]))
}

pub fn holds(bytes: &[u8], piece: &[u8]) -> bool {
    bytes.windows(piece.len()).any(|window| window == piece)
}

/// Every file under a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => found.push(entry.path()),
            }
        }
    }
    found
}

/// Files under a folder that hold a piece of what was erased.
pub fn files_with(folder: &Path, piece: &[u8]) -> Vec<PathBuf> {
    files(folder).into_iter().filter(|file| std::fs::read(file).is_ok_and(|bytes| holds(&bytes, piece))).collect()
}

/// A recording's row once it is ready and made without a participant.
pub async fn ready_without(node: &RunningNode, recording: &str, participant: &str, within: Duration) -> Value {
    until("made anew", within, async || {
        let row = node.get(&format!("/v1/recordings/{recording}")).await;
        if row["state"] != "ready" {
            return None;
        }
        let manifest = node.get(&format!("/v1/recordings/{recording}/files/manifest.json")).await;
        manifest["spans"].get(participant).is_none().then_some(manifest)
    })
    .await
}
