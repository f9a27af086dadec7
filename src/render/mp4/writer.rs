//! Writing the file.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use mp4_atom as mp4;

use super::index::{AudioTrack, Movie, VIDEO_HZ, VideoTrack, broken, encoded, ftyp};
use super::samples::{AudioTable, Chunk, VideoSample, VideoTable};
use crate::model::time::WallClock;
use crate::render::RenderError;
use crate::render::audio::{FRAME, PRIMING};

const FREE: [u8; 16] = [0, 0, 0, 16, b'f', b'r', b'e', b'e', 0, 0, 0, 0, 0, 0, 0, 0];
/// Depends on nothing (ISO/IEC 14496-12 §8.8.3.1).
const SYNC: u32 = 0x0200_0000;
/// Depends on others and is no sync sample.
const DEPENDENT: u32 = 0x0101_0000;

/// One fragment as it lies in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// First byte of its `moof`.
    pub offset: u64,
    /// Bytes of `moof` and `mdat`.
    pub bytes: u64,
    /// First sample of sound in it, counted in packets.
    pub first_packet: usize,
    /// Packets of sound in it.
    pub packets: usize,
    /// Size and place of the sound's bytes.
    pub sound: (u64, u64),
    /// Bytes from the start of its `moof` to the end of its first picture, where that is a keyframe: what an I-frame playlist names.
    pub keyframe_bytes: Option<u64>,
}

/// A file that grows by fragments.
#[derive(Debug)]
pub struct Mp4Writer {
    path: PathBuf,
    file: File,
    movie: Movie,
    free_at: u64,
    end: u64,
    sequence: u32,
    audio: AudioTable,
    video: VideoTable,
    heard: Option<u64>,
}

impl Mp4Writer {
    /// Makes the file anew with everything that stands before the first fragment.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn create(path: &Path, audio: AudioTrack, video: Option<VideoTrack>, created: WallClock) -> Result<Self, RenderError> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path).map_err(RenderError::io(path))?;
        let movie = Movie { audio, video, created_unix_s: created.as_unix_ms() / 1000 };
        let ftyp = encoded(&ftyp())?;
        let moov = encoded(&movie.opening()?)?;
        let mut head = ftyp.clone();
        head.extend_from_slice(&FREE);
        head.extend_from_slice(&moov);
        file.write_all_at(&head, 0).map_err(RenderError::io(path))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            movie,
            free_at: ftyp.len() as u64,
            end: head.len() as u64,
            sequence: 0,
            audio: AudioTable::default(),
            video: VideoTable::default(),
            heard: None,
        })
    }

    /// Nothing comes for a while: no more room is kept than the tables need.
    pub fn rest(&mut self) {
        self.audio.chunks.shrink_to_fit();
        self.video.chunks.shrink_to_fit();
    }

    /// What `hls/init.mp4` holds: `ftyp` and the first `moov`.
    ///
    /// # Errors
    /// Where they cannot be written down.
    pub fn init_segment(&self) -> Result<Vec<u8>, RenderError> {
        Ok([encoded(&ftyp())?, encoded(&self.movie.opening()?)?].concat())
    }

    /// Bytes so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.end
    }

    /// Never: the head is always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// From now on it is known that `samples` a channel are to be heard: a packet that goes beyond them says so in its fragment, because nothing else
    /// tells a player of fragments where the sound ends.
    pub fn ends_at(&mut self, samples: u64) {
        self.heard = Some(samples);
    }

    /// Appends a fragment.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn fragment(&mut self, sound: &[Vec<u8>], pictures: &[VideoSample], until_90k: u64) -> Result<Fragment, RenderError> {
        self.sequence += 1;
        let mut moof = mp4::Moof { mfhd: mp4::Mfhd { sequence_number: self.sequence }, traf: Vec::new() };
        if !pictures.is_empty() {
            moof.traf.push(video_traf(pictures, until_90k));
        }
        if !sound.is_empty() {
            moof.traf.push(self.audio_traf(sound));
        }
        let picture_bytes: usize = pictures.iter().map(|p| p.data.len()).sum();
        let sound_bytes: usize = sound.iter().map(Vec::len).sum();
        let body = encoded(&moof)?.len() + 8;
        for traf in &mut moof.traf {
            let at = if traf.tfhd.track_id == Movie::VIDEO_ID { body } else { body + picture_bytes };
            for trun in &mut traf.trun {
                trun.data_offset = Some(i32::try_from(at).map_err(broken)?);
            }
        }
        let mut bytes = encoded(&moof)?;
        bytes.extend_from_slice(&u32::try_from(8 + picture_bytes + sound_bytes).map_err(broken)?.to_be_bytes());
        bytes.extend_from_slice(b"mdat");
        pictures.iter().for_each(|p| bytes.extend_from_slice(&p.data));
        sound.iter().for_each(|s| bytes.extend_from_slice(s));
        self.file.write_all_at(&bytes, self.end).map_err(RenderError::io(&self.path))?;

        let at = self.end;
        let fragment = Fragment {
            offset: at,
            bytes: bytes.len() as u64,
            first_packet: self.audio.sizes.len(),
            packets: sound.len(),
            sound: (at + (body + picture_bytes) as u64, sound_bytes as u64),
            keyframe_bytes: pictures.first().filter(|p| p.keyframe).map(|p| (body + p.data.len()) as u64),
        };
        self.end += bytes.len() as u64;
        self.note(at + body as u64, sound, pictures)?;
        Ok(fragment)
    }

    fn note(&mut self, body_at: u64, sound: &[Vec<u8>], pictures: &[VideoSample]) -> Result<(), RenderError> {
        let mut offset = body_at;
        if !pictures.is_empty() {
            self.video.chunks.push(Chunk { offset, samples: pictures.len() as u32 });
        }
        for picture in pictures {
            self.video.sizes.push(u32::try_from(picture.data.len()).map_err(broken)?);
            self.video.times.push((picture.dts_90k, i32::try_from(picture.pts_90k as i64 - picture.dts_90k as i64).map_err(broken)?));
            if picture.keyframe {
                self.video.keyframes.push(self.video.sizes.len() as u32);
            }
            offset += picture.data.len() as u64;
        }
        if !sound.is_empty() {
            self.audio.chunks.push(Chunk { offset, samples: sound.len() as u32 });
        }
        for packet in sound {
            self.audio.sizes.push(u16::try_from(packet.len()).map_err(broken)?);
        }
        Ok(())
    }

    fn audio_traf(&self, sound: &[Vec<u8>]) -> mp4::Traf {
        let begins = (self.audio.sizes.len() * FRAME) as u64;
        let end = self.heard.map_or(u64::MAX, |samples| samples + PRIMING as u64);
        let length = |n: usize| end.saturating_sub(begins + (n * FRAME) as u64).clamp(1, FRAME as u64) as u32;
        let shortened = (0..sound.len()).any(|n| length(n) < FRAME as u32);
        let entry = |(n, packet): (usize, &Vec<u8>)| mp4::TrunEntry {
            size: Some(packet.len() as u32),
            duration: shortened.then(|| length(n)),
            ..Default::default()
        };
        let entries = sound.iter().enumerate().map(entry).collect();
        mp4::Traf {
            tfhd: mp4::Tfhd {
                track_id: Movie::AUDIO_ID,
                default_sample_duration: Some(FRAME as u32),
                default_sample_flags: Some(SYNC),
                default_base_is_moof: true,
                ..Default::default()
            },
            tfdt: Some(mp4::Tfdt { base_media_decode_time: begins }),
            trun: vec![mp4::Trun { data_offset: Some(0), samples: mp4::TrunSamples::Explicit(entries) }],
            ..Default::default()
        }
    }

    /// Sound packets written so far.
    #[must_use]
    pub fn packets(&self) -> usize {
        self.audio.sizes.len()
    }

    /// Sizes of packets of sound, in order.
    #[must_use]
    pub fn packet_sizes(&self) -> &[u16] {
        &self.audio.sizes
    }

    /// Appends the index and makes the file an ordinary MP4. `samples` a channel are to be heard.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn finish(self, samples: u64) -> Result<PathBuf, RenderError> {
        let end_90k = samples * u64::from(VIDEO_HZ) / u64::from(self.movie.audio.sample_hz);
        let moov = encoded(&self.movie.moov(samples, &self.audio, &self.video, end_90k)?)?;
        let io = || RenderError::io(&self.path);
        self.file.write_all_at(&moov, self.end).map_err(io())?;
        self.file.sync_data().map_err(io())?;
        let mut header = Vec::with_capacity(16);
        header.extend_from_slice(&1u32.to_be_bytes());
        header.extend_from_slice(b"mdat");
        header.extend_from_slice(&(self.end - self.free_at).to_be_bytes());
        // Without this header the file plays too, by its fragments: it need not be on the disk.
        self.file.write_all_at(&header, self.free_at).map_err(io())?;
        Ok(self.path)
    }
}

fn video_traf(pictures: &[VideoSample], until_90k: u64) -> mp4::Traf {
    let ends = pictures.iter().skip(1).map(|p| p.dts_90k).chain(std::iter::once(until_90k));
    let entries = pictures
        .iter()
        .zip(ends)
        .map(|(picture, end)| mp4::TrunEntry {
            duration: Some(end.saturating_sub(picture.dts_90k).max(1) as u32),
            size: Some(picture.data.len() as u32),
            flags: Some(if picture.keyframe { SYNC } else { DEPENDENT }),
            cts: Some(picture.pts_90k as i64 - picture.dts_90k as i64),
        })
        .collect();
    mp4::Traf {
        tfhd: mp4::Tfhd { track_id: Movie::VIDEO_ID, default_base_is_moof: true, ..Default::default() },
        tfdt: Some(mp4::Tfdt { base_media_decode_time: pictures.first().map_or(0, |p| p.dts_90k) }),
        trun: vec![mp4::Trun { data_offset: Some(0), samples: mp4::TrunSamples::Explicit(entries) }],
        ..Default::default()
    }
}
