//! What a tape holds, for people and for machines.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::error::TapeError;
use super::reader::{Flaw, TapeReader};
use super::record::Body;
use super::recover;
use super::sink::chunk_path;
use crate::model::event::TapeEvent;
use crate::model::id::{ParticipantId, SessionId, TrackId};
use crate::model::media::{Codec, MediaKind, TrackSpec};
use crate::model::redact::Personal;
use crate::model::rtp::RtpPacket;
use crate::model::time::WallClock;

/// A tape's contents. Prints as text, serialises as JSON.
#[derive(Debug, Default, Serialize)]
pub struct Inspection {
    /// The session, where its opening record is there.
    pub session: Option<SessionId>,
    /// Wall-clock time of session time zero.
    pub started_at: Option<WallClock>,
    /// Whether the session's end is on it.
    pub ended: bool,
    /// Arrival time of the last record, milliseconds of session time.
    pub last_ms: u64,
    /// Its chunks.
    pub chunks: Vec<ChunkSize>,
    /// Blocks that could be read.
    pub blocks: u64,
    /// Blocks of participants whose key is destroyed.
    pub erased_blocks: u64,
    /// Its tracks.
    pub tracks: Vec<TrackInspection>,
    /// Its events.
    pub events: Vec<EventLine>,
    /// Damaged places.
    pub damaged: u64,
    /// The first thousand of them.
    pub flaws: Vec<Flaw>,
}

/// A chunk on the disk.
#[derive(Debug, Serialize)]
pub struct ChunkSize {
    /// Its number.
    pub number: u32,
    /// Its size.
    pub bytes: u64,
}

/// One event.
#[derive(Debug, Serialize)]
pub struct EventLine {
    /// When, milliseconds of session time.
    pub at_ms: u64,
    /// What; personal data is replaced by its length unless asked for.
    pub event: TapeEvent,
}

/// One track.
#[derive(Debug, Default, Serialize)]
pub struct TrackInspection {
    /// Its number.
    pub track: u16,
    /// Whose it is, where a `Track` event says so.
    pub participant: Option<ParticipantId>,
    /// Sound or pictures.
    pub kind: Option<MediaKind>,
    /// Codecs seen.
    pub codecs: Vec<Codec>,
    /// Packets.
    pub packets: u64,
    /// Their bytes, headers and all.
    pub bytes: u64,
    /// Arrival of the first packet, milliseconds.
    pub first_ms: u64,
    /// Arrival of the last packet, milliseconds.
    pub last_ms: u64,
    /// Sender reports.
    pub sender_reports: u64,
    /// Packets that are no RTP.
    pub malformed: u64,
    /// Packets that Ferric itself could not keep.
    pub dropped: u64,
    /// Its sources.
    pub ssrcs: Vec<SourceInspection>,
}

/// One synchronisation source.
#[derive(Debug, Default, Serialize)]
pub struct SourceInspection {
    /// Its number.
    pub ssrc: u32,
    /// Packets, those that came twice counted once.
    pub packets: u64,
    /// Packets that sequence numbers say were sent and are not there.
    pub lost: u64,
    /// Packets that came twice.
    pub duplicates: u64,
}

/// Sequence numbers of one source, told apart over their wrapping (RFC 3550 §A.1).
#[derive(Debug, Default)]
struct Sequence {
    highest: Option<i64>,
    seen: HashSet<i64>,
    duplicates: u64,
}

impl Sequence {
    fn add(&mut self, sequence: u16) {
        let extended = match self.highest {
            None => i64::from(sequence),
            Some(highest) => highest + i64::from(sequence.wrapping_sub(highest as u16) as i16),
        };
        self.highest = Some(self.highest.map_or(extended, |h| h.max(extended)));
        if !self.seen.insert(extended) {
            self.duplicates += 1;
        }
    }

    fn source(&self, ssrc: u32) -> SourceInspection {
        let first = self.seen.iter().min().copied().unwrap_or_default();
        let expected = self.highest.map_or(0, |h| h - first + 1) as u64;
        let packets = self.seen.len() as u64;
        SourceInspection { ssrc, packets, lost: expected.saturating_sub(packets), duplicates: self.duplicates }
    }
}

#[derive(Debug, Default)]
struct Track {
    report: TrackInspection,
    spec: Option<TrackSpec>,
    sources: BTreeMap<u32, Sequence>,
}

/// Reads a tape to its present end. `reveal`: personal data as it stands.
///
/// # Errors
/// Where there is no tape, the key does not fit, or the disk fails.
pub fn inspect(dir: &Path, master_key: &Path, reveal: bool) -> Result<Inspection, TapeError> {
    let mut reader = TapeReader::open(dir, master_key)?;
    let mut found = Inspection::default();
    let mut tracks: BTreeMap<TrackId, Track> = BTreeMap::new();
    while let Some(record) = reader.next()? {
        let at_ms = record.at.as_ms();
        found.last_ms = found.last_ms.max(at_ms);
        match record.body {
            Body::Rtp { track, packet } => tracks.entry(track).or_default().rtp(at_ms, &packet),
            Body::SenderReport { track, .. } => tracks.entry(track).or_default().report.sender_reports += 1,
            Body::Event(event) => {
                match &event {
                    TapeEvent::SessionOpened(opened) => {
                        found.session = Some(opened.session.clone());
                        found.started_at = Some(opened.started_at);
                    }
                    TapeEvent::Track { track, spec } => tracks.entry(*track).or_default().spec = Some(spec.clone()),
                    TapeEvent::Dropped { track, packets } => tracks.entry(*track).or_default().report.dropped += packets,
                    TapeEvent::SessionEnded => found.ended = true,
                    _ => {}
                }
                found.events.push(EventLine { at_ms, event: if reveal { event } else { redacted(event) } });
            }
        }
    }
    for number in recover::chunks(dir)? {
        let path = chunk_path(dir, number);
        found.chunks.push(ChunkSize { number, bytes: fs::metadata(&path).map_err(TapeError::io(&path))?.len() });
    }
    found.last_ms = found.last_ms.max(reader.last_block_at().as_ms());
    found.started_at = found.started_at.or(reader.started_at_ns().map(WallClock));
    found.blocks = reader.blocks();
    found.erased_blocks = reader.erased_blocks();
    found.damaged = reader.damaged();
    found.flaws = reader.flaws().to_vec();
    found.tracks = tracks.into_iter().map(|(id, track)| track.finish(id)).collect();
    Ok(found)
}

impl Track {
    fn rtp(&mut self, at_ms: u64, packet: &[u8]) {
        let report = &mut self.report;
        if report.packets == 0 {
            report.first_ms = at_ms;
        }
        report.last_ms = at_ms;
        report.packets += 1;
        report.bytes += packet.len() as u64;
        let Ok(rtp) = RtpPacket::parse(packet) else {
            report.malformed += 1;
            return;
        };
        self.sources.entry(rtp.ssrc).or_default().add(rtp.sequence);
        let format = self.spec.iter().flat_map(|s| &s.formats).find(|f| f.pt == rtp.payload_type);
        if let Some(format) = format
            && !report.codecs.contains(&format.codec)
        {
            report.codecs.push(format.codec);
        }
    }

    fn finish(self, id: TrackId) -> TrackInspection {
        let (participant, kind) = self.spec.map(|s| (s.participant, s.kind)).unzip();
        let ssrcs = self.sources.iter().map(|(ssrc, sequence)| sequence.source(*ssrc)).collect();
        TrackInspection { track: id.0, participant, kind, ssrcs, ..self.report }
    }
}

fn redacted(event: TapeEvent) -> TapeEvent {
    let hide = |text: &mut Personal| *text = Personal::new(text.to_string());
    match event {
        TapeEvent::SessionOpened(mut opened) => {
            opened.metadata.values_mut().for_each(hide);
            TapeEvent::SessionOpened(opened)
        }
        TapeEvent::Joined { mut party, initiator, properties } => {
            party.name.iter_mut().for_each(hide);
            party.address.iter_mut().for_each(hide);
            TapeEvent::Joined { party, initiator, properties }
        }
        other => other,
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
        let bytes: u64 = self.chunks.iter().map(|c| c.bytes).sum();
        writeln!(f, "session   {}", or_unknown(self.session.as_ref().map(ToString::to_string)))?;
        writeln!(f, "started   {}", or_unknown(self.started_at.map(|t| t.to_string())))?;
        writeln!(f, "length    {} ms{}", self.last_ms, if self.ended { "" } else { ", its end is not on the tape" })?;
        writeln!(f, "chunks    {} with {bytes} bytes, {} blocks, {} of them erased", self.chunks.len(), self.blocks, self.erased_blocks)?;
        writeln!(f, "damaged   {}", self.damaged)?;
        for flaw in &self.flaws {
            writeln!(f, "  chunk {:06} at byte {}: {:?}", flaw.chunk, flaw.offset, flaw.what)?;
        }
        for track in &self.tracks {
            let whose = or_unknown(track.participant.as_ref().map(ToString::to_string));
            let kind = or_unknown(track.kind.map(|k| format!("{k:?}").to_lowercase()));
            writeln!(f, "track {:<4}{kind} of {whose}, {:?}", track.track, track.codecs)?;
            writeln!(
                f,
                "  {} packets, {} bytes, {} to {} ms, {} sender reports, {} malformed, {} dropped here",
                track.packets, track.bytes, track.first_ms, track.last_ms, track.sender_reports, track.malformed, track.dropped
            )?;
            for source in &track.ssrcs {
                writeln!(f, "  SSRC {:08x}: {} packets, {} lost, {} twice", source.ssrc, source.packets, source.lost, source.duplicates)?;
            }
        }
        for line in &self.events {
            let event = serde_json::to_string(&line.event).map_err(|_| fmt::Error)?;
            writeln!(f, "{:>10} ms  {event}", line.at_ms)?;
        }
        Ok(())
    }
}
