//! The manifest of an upload: one party, who sent it, and all of it is theirs.

use std::collections::BTreeMap;

use super::UploadJob;
use super::assemble::Assembled;
use crate::model::gate::{EndedBy, Gate, Span};
use crate::model::id::OutputKey;
use crate::model::manifest::{FrameReport, Manifest, MediaReport};
use crate::render::RenderError;
use crate::render::files;

/// Hashes every file and writes `manifest.json`.
pub(super) fn complete(job: &UploadJob, made: &Assembled, received: u64) -> Result<Manifest, RenderError> {
    let duration_ms = made.length_ns / 1_000_000;
    let whole = Span { from_ms: 0, to_ms: duration_ms, gate: Gate::Open };
    let manifest = Manifest {
        format: 1,
        id: job.recording.clone(),
        session: job.session.clone(),
        output: OutputKey::Main(1),
        project: job.project.clone(),
        external_id: job.external_id.clone(),
        metadata: job.metadata.clone(),
        region: job.region,
        started_at: job.sent_at,
        ended_at: job.sent_at.plus_ns(made.length_ns),
        session_offset_ms: 0,
        duration_ms,
        started_by: None,
        ended_by: EndedBy::End,
        parties: vec![job.sender.clone()],
        consents: Vec::new(),
        spans: BTreeMap::from([(job.sender.id.clone(), vec![whole])]),
        cuts: Vec::new(),
        gaps: Vec::new(),
        tracks: Vec::new(),
        media: MediaReport {
            codecs: made.codecs.clone(),
            sample_hz: made.rate,
            channels: made.channels,
            channel_layout: vec!["mixed".to_owned(); usize::from(made.channels)],
            resolution: made.resolution,
            frames: made.resolution.map(|_| FrameReport { received, decoded: received, composed: made.pictures }),
            av_offset_p95_ms: None,
        },
        files: files::entries(&job.dir)?,
    };
    let json = serde_json::to_vec_pretty(&manifest).map_err(|e| RenderError::Codec(format!("manifest: {e}")))?;
    files::write(&job.dir, files::MANIFEST, &json)?;
    Ok(manifest)
}
