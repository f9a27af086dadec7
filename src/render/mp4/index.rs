//! The two `moov` boxes: the short one in front of the fragments and the whole one at the end (ISO/IEC 14496-12 §8).

use mp4_atom as mp4;
use mp4_atom::{Atom, Encode, FourCC};

use super::samples::{AudioTable, Chunk, VideoTable, runs};
use crate::render::RenderError;
use crate::render::audio::{FRAME, PRIMING};

/// Seconds between 1904 and 1970.
const MP4_EPOCH: i64 = 2_082_844_800;
pub(super) const VIDEO_HZ: u32 = 90_000;

/// The sound track.
#[derive(Clone, Debug)]
pub struct AudioTrack {
    /// Rate, and time scale of track and movie.
    pub sample_hz: u32,
    /// One or two.
    pub channels: u8,
    /// `AudioSpecificConfig`.
    pub config: [u8; 2],
    /// Bits a second.
    pub bit_rate: u32,
}

/// The picture track.
#[derive(Clone, Debug)]
pub struct VideoTrack {
    /// Body of `avcC`.
    pub avcc: Vec<u8>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// What both boxes say.
#[derive(Clone, Debug)]
pub(super) struct Movie {
    pub audio: AudioTrack,
    pub video: Option<VideoTrack>,
    pub created_unix_s: i64,
}

pub(super) fn broken(e: impl std::fmt::Display) -> RenderError {
    RenderError::Codec(format!("MP4: {e}"))
}

pub(super) fn encoded(atom: &impl Encode) -> Result<Vec<u8>, RenderError> {
    let mut bytes = Vec::new();
    atom.encode(&mut bytes).map_err(broken)?;
    Ok(bytes)
}

pub(super) fn ftyp() -> mp4::Ftyp {
    let brands = [b"isom", b"iso6", b"mp42", b"avc1"];
    mp4::Ftyp { major_brand: FourCC::new(b"isom"), minor_version: 0x200, compatible_brands: brands.into_iter().map(FourCC::new).collect() }
}

impl Movie {
    pub const AUDIO_ID: u32 = 1;
    pub const VIDEO_ID: u32 = 2;

    /// The `moov` in front of the fragments: no samples, and what fragments inherit.
    pub fn opening(&self) -> Result<mp4::Moov, RenderError> {
        let mut moov = self.moov(0, &AudioTable::default(), &VideoTable::default(), 0)?;
        let trex = |track_id, default_sample_duration| mp4::Trex {
            track_id,
            default_sample_description_index: 1,
            default_sample_duration,
            default_sample_size: 0,
            default_sample_flags: 0,
        };
        let mut all = vec![trex(Self::AUDIO_ID, FRAME as u32)];
        if self.video.is_some() {
            all.push(trex(Self::VIDEO_ID, 0));
        }
        moov.mvex = Some(mp4::Mvex { mehd: None, trex: all });
        Ok(moov)
    }

    /// The whole index. `samples` is how many there are to be heard a channel; pictures last to the end of them.
    pub fn moov(&self, samples: u64, audio: &AudioTable, video: &VideoTable, end_90k: u64) -> Result<mp4::Moov, RenderError> {
        let created = (self.created_unix_s + MP4_EPOCH).max(0) as u64;
        let mut trak = vec![self.audio_trak(created, samples, audio)];
        if let Some(track) = &self.video {
            trak.push(self.video_trak(created, track, samples, video, end_90k)?);
        }
        let mvhd = mp4::Mvhd {
            creation_time: created,
            modification_time: created,
            timescale: self.audio.sample_hz,
            duration: samples,
            rate: 1.into(),
            volume: 1.into(),
            next_track_id: trak.len() as u32 + 1,
            ..mp4::Mvhd::default()
        };
        Ok(mp4::Moov { mvhd, meta: None, mvex: None, trak, udta: None, ainf: None })
    }

    fn audio_trak(&self, created: u64, samples: u64, table: &AudioTable) -> mp4::Trak {
        let audio = &self.audio;
        let esds = mp4::esds::EsDescriptor {
            es_id: Self::AUDIO_ID as u16,
            dec_config: mp4::esds::DecoderConfig {
                object_type_indication: 0x40,
                stream_type: 5,
                max_bitrate: audio.bit_rate,
                avg_bitrate: audio.bit_rate,
                dec_specific: Some(mp4::esds::DecoderSpecific { raw: audio.config.to_vec(), ..Default::default() }),
                ..Default::default()
            },
            ..Default::default()
        };
        let entry = mp4::Mp4a {
            audio: mp4::Audio {
                data_reference_index: 1,
                channel_count: u16::from(audio.channels),
                sample_size: 16,
                sample_rate: (audio.sample_hz as u16).into(),
            },
            esds: mp4::Esds { es_desc: esds },
            btrt: None,
            taic: None,
        };
        let count = table.sizes.len() as u32;
        // The last packet lasts no longer than there is to be heard.
        let all = u64::from(count) * FRAME as u64;
        let media = if samples == 0 { all } else { all.min(samples + PRIMING as u64) };
        let last = (FRAME as u64).saturating_sub(all - media).max(1) as u32;
        let stts = [(count.saturating_sub(1), FRAME as u32), (count.min(1), last)];
        let stts =
            stts.iter().filter(|r| r.0 > 0).map(|&(sample_count, sample_delta)| mp4::SttsEntry { sample_count, sample_delta }).collect();
        let stbl = mp4::Stbl {
            stsd: mp4::Stsd { codecs: vec![entry.into()] },
            stts: mp4::Stts { entries: stts },
            stsz: mp4::Stsz { samples: mp4::StszSamples::Different { sizes: table.sizes.iter().map(|&s| u32::from(s)).collect() } },
            ..chunked(&table.chunks)
        };
        let edit = mp4::ElstEntry { segment_duration: samples, media_time: Some(PRIMING as u64), media_rate: 1.into() };
        mp4::Trak {
            tkhd: mp4::Tkhd { track_id: Self::AUDIO_ID, duration: samples, alternate_group: 1, volume: 1.into(), ..tkhd(created) },
            edts: Some(mp4::Edts { elst: Some(mp4::Elst { entries: vec![edit] }) }),
            mdia: mp4::Mdia {
                mdhd: mdhd(created, audio.sample_hz, media),
                hdlr: mp4::Hdlr { handler: FourCC::new(b"soun"), name: "Sound".to_owned() },
                minf: mp4::Minf { smhd: Some(mp4::Smhd::default()), dinf: in_this_file(), stbl, ..Default::default() },
            },
            ..Default::default()
        }
    }

    fn video_trak(
        &self,
        created: u64,
        track: &VideoTrack,
        samples: u64,
        table: &VideoTable,
        end_90k: u64,
    ) -> Result<mp4::Trak, RenderError> {
        let avcc = mp4::Avcc::decode_body(&mut track.avcc.as_slice()).map_err(broken)?;
        let visual =
            mp4::Visual { data_reference_index: 1, width: track.width as u16, height: track.height as u16, ..mp4::Visual::default() };
        let entry = mp4::Avc1 { visual, avcc, ..Default::default() };
        let first = table.times.first().map_or(0, |t| t.0);
        let ends = table.times.iter().skip(1).map(|t| t.0).chain(std::iter::once(end_90k));
        let lengths = table.times.iter().zip(ends).map(|(t, end)| end.saturating_sub(t.0).max(1) as u32);
        let stts = runs(lengths);
        let media: u64 = stts.iter().map(|&(count, length)| u64::from(count) * u64::from(length)).sum();
        let shifted = table.times.iter().any(|t| t.1 != 0);
        let ctts = runs(table.times.iter().map(|t| t.1));
        let stbl = mp4::Stbl {
            stsd: mp4::Stsd { codecs: vec![entry.into()] },
            stts: mp4::Stts {
                entries: stts.iter().map(|&(sample_count, sample_delta)| mp4::SttsEntry { sample_count, sample_delta }).collect(),
            },
            ctts: shifted.then(|| mp4::Ctts {
                entries: ctts
                    .iter()
                    .map(|&(sample_count, offset)| mp4::CttsEntry { sample_count, sample_offset: i64::from(offset) })
                    .collect(),
            }),
            stss: (!table.sizes.is_empty()).then(|| mp4::Stss { entries: table.keyframes.clone() }),
            stsz: mp4::Stsz { samples: mp4::StszSamples::Different { sizes: table.sizes.clone() } },
            ..chunked(&table.chunks)
        };
        // Pictures that begin later than the sound wait in an empty edit.
        let scaled = |units: u64| units * u64::from(self.audio.sample_hz) / u64::from(VIDEO_HZ);
        let wait = scaled(first);
        let mut edits = Vec::new();
        if wait > 0 {
            edits.push(mp4::ElstEntry { segment_duration: wait, media_time: None, media_rate: 1.into() });
        }
        edits.push(mp4::ElstEntry { segment_duration: samples.saturating_sub(wait), media_time: Some(0), media_rate: 1.into() });
        Ok(mp4::Trak {
            tkhd: mp4::Tkhd {
                track_id: Self::VIDEO_ID,
                duration: samples,
                width: (track.width as u16).into(),
                height: (track.height as u16).into(),
                ..tkhd(created)
            },
            edts: Some(mp4::Edts { elst: Some(mp4::Elst { entries: edits }) }),
            mdia: mp4::Mdia {
                mdhd: mdhd(created, VIDEO_HZ, media),
                hdlr: mp4::Hdlr { handler: FourCC::new(b"vide"), name: "Pictures".to_owned() },
                minf: mp4::Minf { vmhd: Some(mp4::Vmhd::default()), dinf: in_this_file(), stbl, ..Default::default() },
            },
            ..Default::default()
        })
    }
}

fn tkhd(created: u64) -> mp4::Tkhd {
    mp4::Tkhd { creation_time: created, modification_time: created, enabled: true, in_movie: true, ..Default::default() }
}

fn mdhd(created: u64, timescale: u32, duration: u64) -> mp4::Mdhd {
    mp4::Mdhd { creation_time: created, modification_time: created, timescale, duration, language: "und".to_owned() }
}

fn in_this_file() -> mp4::Dinf {
    mp4::Dinf { dref: mp4::Dref { entries: vec![mp4::DrefEntry::Url(mp4::Url::default())] } }
}

/// One chunk a fragment.
fn chunked(chunks: &[Chunk]) -> mp4::Stbl {
    let mut first_chunk = 1;
    let entries = runs(chunks.iter().map(|c| c.samples))
        .into_iter()
        .map(|(count, samples_per_chunk)| {
            let entry = mp4::StscEntry { first_chunk, samples_per_chunk, sample_description_index: 1 };
            first_chunk += count;
            entry
        })
        .collect();
    mp4::Stbl {
        stsc: mp4::Stsc { entries },
        co64: Some(mp4::Co64 { entries: chunks.iter().map(|c| c.offset).collect() }),
        ..Default::default()
    }
}
