//! `manifest.json`: what a recording is, who is in it and when, what is missing and why, and the hash of each file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::beginning::StartedBy;
use super::consent::ConsentRecord;
use super::event::{GapCause, Party};
use super::gate::{EndedBy, Span};
use super::id::{OutputKey, ParticipantId, ProjectSlug, RecordingId, SessionId, TrackId};
use super::redact::Personal;
use super::region::Region;
use super::time::WallClock;

/// The manifest, format 1. Times within the recording are `_ms` on the output's own timeline unless named session time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// 1.
    pub format: u32,
    /// The recording.
    pub id: RecordingId,
    /// Its session.
    pub session: SessionId,
    /// Which output of the session.
    pub output: OutputKey,
    /// The project.
    pub project: ProjectSlug,
    /// The platform's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The region whose store it lies in, and in no other; absent where the node has but one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Metadata of the session.
    #[serde(default)]
    pub metadata: BTreeMap<String, Personal>,
    /// Wall-clock time of the first instant of the recording.
    pub started_at: WallClock,
    /// Wall-clock time of its end.
    pub ended_at: WallClock,
    /// Session time of its first instant, milliseconds.
    pub session_offset_ms: u64,
    /// Length of the output's own timeline.
    pub duration_ms: u64,
    /// What started it; absent for a file that was sent in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<StartedBy>,
    /// Why it ended.
    pub ended_by: EndedBy,
    /// Its parties.
    pub parties: Vec<Party>,
    /// Who was asked what and answered what, when and by which way: whoever was asked or answered in the session.
    #[serde(default)]
    pub consents: Vec<ConsentRecord>,
    /// Who was recorded when, in session time.
    pub spans: BTreeMap<ParticipantId, Vec<Span>>,
    /// Where the timeline was cut, in the recording's time: chapters start here.
    pub cuts: Vec<Cut>,
    /// Where somebody who was open sent nothing for over 300 ms.
    pub gaps: Vec<Gap>,
    /// What each track lost.
    pub tracks: Vec<TrackReport>,
    /// Video and audio, as written.
    pub media: MediaReport,
    /// Every file of the recording by name.
    pub files: Vec<FileEntry>,
}

/// A skipped pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Where in the recording.
    pub at_ms: u64,
    /// How long the pause lasted in session time.
    pub skipped_ms: u64,
}

/// A gap of over 300 ms in what should have been there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Whose.
    pub participant: ParticipantId,
    /// Which track.
    pub track: TrackId,
    /// Start in the recording.
    pub from_ms: u64,
    /// End in the recording.
    pub to_ms: u64,
    /// Why.
    pub cause: GapCause,
}

/// What a track sent and lost while it was open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackReport {
    /// Whose.
    pub participant: ParticipantId,
    /// Which.
    pub track: TrackId,
    /// `audio`, `video`, `screen`.
    pub kind: super::media::MediaKind,
    /// Codecs seen.
    pub codecs: Vec<super::media::Codec>,
    /// Packets on the tape (repeats not counted).
    pub received: u64,
    /// Packets that sequence numbers say were sent and are not there.
    pub lost: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Sender's clock against ours, parts per million.
    pub drift_ppm: f64,
}

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaReport {
    /// RFC 6381 codec strings.
    pub codecs: Vec<String>,
    /// Sampling rate of the sound, Hz.
    pub sample_hz: u32,
    /// Channels of the sound.
    pub channels: u8,
    /// What each channel holds (`agent`, `customer`, `mixed`).
    pub channel_layout: Vec<String>,
    /// Picture size, if there are pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<(u32, u32)>,
    /// Frames that came in and frames placed, over all picture tracks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<FrameReport>,
    /// Measured offset of shown pictures from the time that belongs to them by the clock that places their sender's sound: 95 of 100 not farther.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub av_offset_p95_ms: Option<f64>,
}

/// What became of the frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameReport {
    /// Whole frames on the tape.
    pub received: u64,
    /// Frames decoded: what is never shown need not be.
    pub decoded: u64,
    /// Frames with a picture of their own in the composed time while their sender could be seen, shown or not by the layout.
    pub composed: u64,
}

/// One file of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name under the recording, as `hls/index.m3u8`.
    pub name: String,
    /// MIME type.
    pub media_type: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
}
