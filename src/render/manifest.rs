//! `manifest.json` of an output that is whole.

use std::collections::BTreeMap;

use litemap::LiteMap;

use super::RenderError;
use super::audio::Presence;
use super::files;
use super::output::Output;
use super::settings::AudioLayout;
use super::track::Track;
use crate::model::beginning::Beginnings;
use crate::model::consent::ConsentRecord;
use crate::model::event::{GapCause, Party, SessionOpened};
use crate::model::gate::{EndedBy, Gate, Span};
use crate::model::id::{ParticipantId, TrackId};
use crate::model::manifest::{Cut, Gap, Manifest, MediaReport, TrackReport};
use crate::model::settings::Kind;
use crate::model::time::MediaTime;

const GAP_NS: u64 = 300_000_000;

/// What a manifest is made of beside the output itself.
pub(super) struct Session<'a> {
    pub opened: &'a SessionOpened,
    pub parties: &'a LiteMap<ParticipantId, Party>,
    pub tracks: &'a LiteMap<TrackId, Box<Track>>,
    pub consents: &'a [ConsentRecord],
    pub beginnings: &'a Beginnings,
    pub layout: AudioLayout,
}

/// Builds the manifest, hashing every file, and writes it.
pub(super) fn complete(output: &Output, session: &Session<'_>) -> Result<Manifest, RenderError> {
    let (ended, ended_by) = output.ended.unwrap_or((output.id.started, EndedBy::End));
    let spans = spans(output);
    let concerned = |participant: &ParticipantId| spans.contains_key(participant);
    let tracks: Vec<(TrackId, &Track)> =
        session.tracks.iter().filter(|(_, t)| concerned(&t.spec.participant)).map(|(id, t)| (*id, t.as_ref())).collect();
    let manifest = Manifest {
        format: 1,
        id: output.id.recording.clone(),
        session: session.opened.session.clone(),
        output: output.id.output.clone(),
        project: session.opened.project.clone(),
        external_id: session.opened.external_id.clone(),
        region: session.opened.settings.region,
        metadata: session.opened.metadata.clone(),
        started_at: output.id.started_wall,
        ended_at: output.id.session_wall.plus_ns(ended.as_ns()),
        session_offset_ms: output.id.started.as_ms(),
        duration_ms: output.now().as_ms(),
        started_by: session.beginnings.of(&output.id.output),
        ended_by,
        parties: session.parties.values().filter(|p| concerned(&p.id)).cloned().collect(),
        cuts: output.cut_pauses().iter().map(|p| Cut { at_ms: p.at_ns / 1_000_000, skipped_ms: p.length_ns / 1_000_000 }).collect(),
        gaps: output.gates.keys().flat_map(|participant| gaps(output, participant, &tracks)).collect(),
        tracks: tracks.iter().map(|(id, t)| report(*id, t)).collect(),
        media: media(output, session),
        consents: session.consents.to_vec(),
        spans,
        files: files::entries(&output.id.dir)?,
    };
    let json = serde_json::to_vec_pretty(&manifest).map_err(|e| RenderError::Codec(format!("manifest: {e}")))?;
    files::write(&output.id.dir, files::MANIFEST, &json)?;
    Ok(manifest)
}

fn spans(output: &Output) -> BTreeMap<ParticipantId, Vec<Span>> {
    let mut all = BTreeMap::new();
    for (participant, gates) in &output.gates {
        let mut merged: Vec<Span> = Vec::new();
        for gate in gates {
            let span = Span { from_ms: gate.from.as_ms(), to_ms: gate.to.unwrap_or(gate.from).as_ms(), gate: gate.gate };
            match merged.last_mut() {
                _ if span.to_ms <= span.from_ms => {}
                Some(last) if last.to_ms == span.from_ms && last.gate == span.gate => last.to_ms = span.to_ms,
                _ => merged.push(span),
            }
        }
        if !merged.is_empty() {
            all.insert(participant.clone(), merged);
        }
    }
    all
}

/// Where somebody was open and nothing is there on any of their sound tracks: whoever comes again, or shares what a screen plays, has more than one.
fn gaps(output: &Output, participant: &ParticipantId, tracks: &[(TrackId, &Track)]) -> Vec<Gap> {
    let sounds: Vec<(TrackId, &Track)> =
        tracks.iter().filter(|(_, t)| t.is_sound() && t.spec.participant == *participant).copied().collect();
    let (Some(gates), Some((first, _))) = (output.gates.get(participant), sounds.first()) else { return Vec::new() };
    let mut there: Vec<(TrackId, Presence)> =
        sounds.iter().flat_map(|(id, t)| t.voice.presence().iter().map(|presence| (*id, *presence))).collect();
    there.sort_by_key(|(_, presence)| presence.from_ns);
    let mut found = Vec::new();
    for span in gates.iter().filter(|g| g.gate == Gate::Open) {
        let to = span.to.unwrap_or(span.from).as_ns();
        let mut from = span.from.as_ns();
        let mut note = |track: TrackId, from: u64, to: u64, lost: bool| {
            if to.saturating_sub(from) > GAP_NS {
                let place = |at: u64| output.nearest(MediaTime(at)).as_ms();
                let cause = cause(&sounds, track, (from, to), lost);
                found.push(Gap { participant: participant.clone(), track, from_ms: place(from), to_ms: place(to), cause });
            }
        };
        // Of several tracks a gap is that of the one that was there last, and before any was, of the one that comes.
        let mut last = None;
        for (track, presence) in there.iter().filter(|(_, p)| p.to_ns > span.from.as_ns() as i64 && p.from_ns < to as i64) {
            note(last.unwrap_or(*track), from, presence.from_ns.max(0) as u64, presence.lost_before);
            if presence.to_ns > from as i64 {
                from = presence.to_ns as u64;
                last = Some(*track);
            }
        }
        let before = there.iter().rfind(|(_, p)| p.from_ns < to as i64).map(|(track, _)| *track);
        note(last.or(before).unwrap_or(*first), from, to, false);
    }
    found
}

fn cause(sounds: &[(TrackId, &Track)], of: TrackId, (from, to): (u64, u64), lost: bool) -> GapCause {
    let overlaps = |m: &&super::track::Muted| m.from.as_ns() < to && m.to.is_none_or(|t| t.as_ns() > from);
    let muted =
        |own: bool| sounds.iter().filter(|(id, _)| (*id == of) == own).find_map(|(_, t)| t.muted.iter().find(overlaps)).map(|m| m.cause);
    muted(true).or(lost.then_some(GapCause::Network)).or_else(|| muted(false)).unwrap_or(GapCause::NoMedia)
}

fn report(id: TrackId, track: &Track) -> TrackReport {
    let counts = track.clock.counts();
    let codecs = if track.is_sound() { track.voice.codecs() } else { &track.picture_codecs };
    TrackReport {
        participant: track.spec.participant.clone(),
        track: id,
        kind: track.spec.kind,
        codecs: codecs.to_vec(),
        received: counts.received,
        lost: counts.lost,
        duplicates: counts.duplicates,
        drift_ppm: track.clock.drift_ppm(),
    }
}

fn media(output: &Output, session: &Session<'_>) -> MediaReport {
    let layout = match (session.layout, session.opened.settings.kind) {
        (AudioLayout::Split, Kind::Call) => vec!["agent".to_owned(), "customer".to_owned()],
        _ => vec!["mixed".to_owned(); usize::from(output.channels)],
    };
    MediaReport {
        codecs: files::codecs(output),
        sample_hz: output.rate,
        channels: output.channels,
        channel_layout: layout,
        resolution: output.picture_size.as_ref().map(|p| (p.0, p.1)),
        frames: output.frames,
        av_offset_p95_ms: output.offset_p95_ms,
    }
}
