//! The file as it came: opened with what may be read of it, and looked through once without decoding.

use std::path::Path;

use ffmpeg_next as ffmpeg;

use super::Trouble;
use super::avc;
use crate::render::audio::{FRAME, PRIMING};

/// Containers that hold their own media. Left out are those that name other files or addresses (playlists, `concat`, `dash`, `sdp` …), that are devices,
/// and single pictures.
const FORMATS: &str = "3dostr,4xm,aa,aac,aax,ac3,aiff,amr,amrnb,amrwb,apc,ape,asf,asf_o,ast,au,av1,avi,avr,avs,bink,binka,caf,cavsvideo,cine,dav,dhav,\
     dirac,dnxhd,dsf,dts,dtshd,dv,eac3,ea,flac,flic,flv,g722,g723_1,g729,gif,gsm,gxf,h261,h263,h264,hevc,ilbc,ircam,ivf,kux,live_flv,loas,m4v,\
     matroska,webm,mjpeg,mlp,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,mpeg,mpegts,mpegvideo,mtv,mxf,nsv,nut,nuv,obu,ogg,oma,paf,pva,qcp,rm,roq,rpl,sbc,\
     sln,smjpeg,smk,sol,sox,spdif,swf,tak,thp,truehd,tta,vc1,vc1test,vivo,voc,vqf,w64,wav,wc3movie,wsaud,wtv,wv,xa,xmv,xwma,yuv4mpegpipe";
/// Nothing but the one file.
const PROTOCOLS: &str = "file";
/// A recording is no longer than a day.
pub(super) const LONGEST_S: i64 = 86_400;
/// Errors one after the other after which the rest of a file is given up.
const MOST_ERRORS: u32 = 200;
/// Pictures are copied where a player can be at any instant within so long of a keyframe.
const WIDEST_GROUP_90K: i64 = 10 * 90_000;
/// Copied pictures are no larger than this.
const LARGEST: (u32, u32) = (3840, 2160);

/// Opens the file; what its format says of other files and addresses is not followed.
///
/// # Errors
/// Where FFmpeg does not read it.
pub(super) fn open(path: &Path) -> Result<ffmpeg::format::context::Input, Trouble> {
    let mut options = ffmpeg::Dictionary::new();
    options.set("format_whitelist", FORMATS);
    options.set("protocol_whitelist", PROTOCOLS);
    options.set("max_streams", "64");
    ffmpeg::format::input_with_dictionary(path, options)
        .map_err(|e| Trouble::refused(format!("this is no sound or video file that can be read ({e})")))
}

/// Reads packets of one stream (of all for `None`) until the end, past what is damaged.
pub(super) fn each_packet(
    input: &mut ffmpeg::format::context::Input,
    stream: Option<usize>,
    mut with: impl FnMut(ffmpeg::Packet) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let mut errors = 0;
    loop {
        let mut packet = ffmpeg::Packet::empty();
        match packet.read(input) {
            Ok(()) => {
                errors = 0;
                if stream.is_none_or(|wanted| wanted == packet.stream()) {
                    with(packet)?;
                }
            }
            Err(ffmpeg::Error::Eof) => return Ok(()),
            Err(_) if errors < MOST_ERRORS => errors += 1,
            Err(_) => return Ok(()),
        }
    }
}

/// A stream's own time.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeBase(i64, i64);

impl TimeBase {
    pub(super) fn of(stream: &ffmpeg::format::stream::Stream<'_>) -> Self {
        let base = stream.time_base();
        Self(i64::from(base.numerator()).max(1), i64::from(base.denominator()).max(1))
    }

    /// In units of 1/`hz` s.
    pub(super) fn to(self, at: i64, hz: u32) -> i64 {
        let scaled = i128::from(at) * i128::from(self.0) * i128::from(hz);
        let den = i128::from(self.1);
        i64::try_from((scaled + den / 2).div_euclid(den)).unwrap_or(i64::MAX)
    }
}

/// The sound of a file.
#[derive(Clone, Debug)]
pub(super) struct SoundStream {
    pub index: usize,
    pub base: TimeBase,
    pub packets: u64,
    /// 1/90000 s, of the first packet and after the last.
    first_90k: i64,
    end_90k: i64,
    /// What it is where its packets can be written as they are.
    pub fits: Option<(u32, u8)>,
}

/// The pictures of a file.
#[derive(Clone, Debug)]
pub(super) struct PictureStream {
    pub index: usize,
    pub base: TimeBase,
    pub packets: u64,
    first_90k: i64,
    end_90k: i64,
    /// Degrees clockwise that they are to be turned by, and mirrored; 3 × 3 as FFmpeg gives it.
    pub matrix: Option<[i32; 9]>,
    /// `avcC` where their packets can be written as they are.
    pub fits: Option<Vec<u8>>,
    pub size: (u32, u32),
}

/// What a file holds.
#[derive(Clone, Debug)]
pub(super) struct Survey {
    pub sound: Option<SoundStream>,
    pub pictures: Option<PictureStream>,
    /// What is the recording's first instant, 1/90000 s of the file's own time.
    pub origin_90k: i64,
    /// How long it lasts, 1/90000 s.
    pub length_90k: i64,
}

impl Survey {
    /// Where the pictures end on the recording's timeline.
    pub(super) fn pictures_end_90k(&self) -> i64 {
        self.pictures.as_ref().map_or(0, |p| p.end_90k - self.origin_90k)
    }

    fn sound_end_90k(&self) -> i64 {
        self.sound.as_ref().map_or(0, |s| s.end_90k - self.origin_90k)
    }
}

/// Looks through the file.
///
/// # Errors
/// Where there is nothing in it to hear or to see.
pub(super) fn survey(path: &Path) -> Result<Survey, Trouble> {
    let mut input = open(path)?;
    let mut sound = best_sound(&input);
    let mut pictures = best_pictures(&input);
    let mut of_sound = Watched::default();
    let mut of_pictures = Watched::default();
    each_packet(&mut input, None, |packet| {
        if let Some(stream) = sound.as_mut().filter(|s| s.index == packet.stream()) {
            of_sound.sound(stream, &packet);
        } else if let Some(stream) = pictures.as_mut().filter(|p| p.index == packet.stream()) {
            of_pictures.picture(stream, &packet);
        }
        Ok(())
    })?;
    let sound = sound.filter(|s| s.packets > 0);
    let mut pictures = pictures.filter(|p| p.packets > 0);
    if sound.is_none() && pictures.is_none() {
        return Err(Trouble::refused("there is neither sound nor video in this file"));
    }
    let firsts = sound.iter().map(|s| s.first_90k).chain(pictures.iter().map(|p| p.first_90k));
    let origin_90k = match firsts.min().unwrap_or(0) {
        // What an encoder put in front for itself.
        early if (-20_000..=0).contains(&early) => 0,
        other => other,
    };
    let ends = sound.iter().map(|s| s.end_90k).chain(pictures.iter().map(|p| p.end_90k));
    let length_90k = ends.max().unwrap_or(0) - origin_90k;
    if length_90k > LONGEST_S * 90_000 {
        return Err(Trouble::refused("by its own times this file lasts longer than 24 hours"));
    }
    if let Some(stream) = &mut pictures {
        stream.fits = of_pictures.can_be_copied().then(|| avc::configuration_in(path)).flatten();
    }
    let mut found = Survey { sound, pictures, origin_90k, length_90k };
    // Copied packets cannot wait, nor be filled up: whatever is not in step by itself is made anew.
    let in_step = origin_90k == 0 && found.sound_end_90k() + 9000 >= found.pictures_end_90k();
    if let Some(stream) = &mut found.sound
        && !(in_step && of_sound.is_unbroken)
    {
        stream.fits = None;
    }
    let trailing = found.pictures.is_some() && found.sound_end_90k() > found.pictures_end_90k() + WIDEST_GROUP_90K;
    if let Some(stream) = found.pictures.as_mut().filter(|p| trailing || p.first_90k < origin_90k) {
        stream.fits = None;
    }
    Ok(found)
}

fn best_sound(input: &ffmpeg::format::context::Input) -> Option<SoundStream> {
    let stream = input.streams().best(ffmpeg::media::Type::Audio)?;
    let decoder = ffmpeg::codec::Context::from_parameters(stream.parameters()).ok()?.decoder().audio();
    let fits = decoder.ok().and_then(|decoder| {
        let (rate, channels) = (decoder.rate(), u8::try_from(decoder.channels()).unwrap_or(u8::MAX));
        let is_low =
            decoder.id() == ffmpeg::codec::Id::AAC && decoder.profile() == ffmpeg::codec::Profile::AAC(ffmpeg::codec::profile::AAC::Low);
        let usual = matches!(rate, 8000 | 11_025 | 12_000 | 16_000 | 22_050 | 24_000 | 32_000 | 44_100 | 48_000);
        // Raw AAC carries a header in each packet.
        (is_low && usual && matches!(channels, 1 | 2) && input.format().name().contains("mp4")).then_some((rate, channels))
    });
    Some(SoundStream { index: stream.index(), base: TimeBase::of(&stream), packets: 0, first_90k: 0, end_90k: 0, fits })
}

fn best_pictures(input: &ffmpeg::format::context::Input) -> Option<PictureStream> {
    use ffmpeg::format::stream::Disposition;
    let moving = input.streams().filter(|stream| {
        stream.parameters().medium() == ffmpeg::media::Type::Video && !stream.disposition().contains(Disposition::ATTACHED_PIC)
    });
    let sized = moving.filter_map(|stream| {
        let decoder = ffmpeg::codec::Context::from_parameters(stream.parameters()).ok()?.decoder().video().ok()?;
        Some((u64::from(decoder.width()) * u64::from(decoder.height()), stream, decoder))
    });
    let (_, stream, decoder) = sized.max_by_key(|(area, stream, _)| (*area, std::cmp::Reverse(stream.index())))?;
    let matrix = stream.side_data().find(|data| data.kind() == ffmpeg::codec::packet::side_data::Type::DisplayMatrix).and_then(|data| {
        let mut matrix = [0i32; 9];
        for (entry, bytes) in matrix.iter_mut().zip(data.data().chunks_exact(4)) {
            *entry = i32::from_ne_bytes(bytes.try_into().ok()?);
        }
        Some(matrix)
    });
    let size = (decoder.width(), decoder.height());
    let square = matches!((decoder.aspect_ratio().numerator(), decoder.aspect_ratio().denominator()), (0, _) | (1, 1));
    let eight_bit = matches!(decoder.format(), ffmpeg::format::Pixel::YUV420P | ffmpeg::format::Pixel::YUVJ420P);
    let sized = size.0 % 2 == 0
        && size.1 % 2 == 0
        && size.0.max(size.1) <= LARGEST.0
        && size.0.min(size.1) <= LARGEST.1
        && size.0.min(size.1) >= 16;
    let upright = matrix.is_none_or(|m| m[0] > 0 && m[1] == 0 && m[3] == 0 && m[4] > 0);
    let candidate =
        decoder.id() == ffmpeg::codec::Id::H264 && square && eight_bit && sized && upright && input.format().name().contains("mp4");
    Some(PictureStream {
        index: stream.index(),
        base: TimeBase::of(&stream),
        packets: 0,
        first_90k: 0,
        end_90k: 0,
        matrix,
        fits: candidate.then(Vec::new),
        size,
    })
}

/// What was seen of a stream's packets.
#[derive(Debug, Default)]
struct Watched {
    is_unbroken: bool,
    candidate: bool,
    last_dts: Option<i64>,
    key_90k: i64,
    /// Something that cannot be copied.
    odd: bool,
}

impl Watched {
    fn sound(&mut self, stream: &mut SoundStream, packet: &ffmpeg::Packet) {
        let Some(at) = packet.pts().or(packet.dts()) else { return };
        let at_90k = stream.base.to(at, 90_000);
        if let Some((rate, _)) = stream.fits {
            let meant = (stream.packets as i64 * FRAME as i64) - PRIMING as i64;
            let here = (stream.base.to(at, rate) - meant).abs() <= 1;
            self.is_unbroken = here && (self.is_unbroken || stream.packets == 0);
        }
        note(&mut stream.packets, &mut stream.first_90k, &mut stream.end_90k, at_90k, stream.base.to(packet.duration(), 90_000));
    }

    fn picture(&mut self, stream: &mut PictureStream, packet: &ffmpeg::Packet) {
        let at = packet.pts().or(packet.dts());
        let Some(at) = at else {
            stream.packets += 1;
            self.odd = true;
            return;
        };
        let at_90k = stream.base.to(at, 90_000);
        if stream.packets == 0 {
            self.candidate = stream.fits.is_some();
            self.odd |= !packet.is_key();
        }
        let dts = packet.dts();
        self.odd |= packet.pts().is_none() || dts.is_none() || packet.is_corrupt() || packet.size() == 0;
        self.odd |= matches!((dts, self.last_dts), (Some(now), Some(before)) if now <= before);
        self.last_dts = dts;
        if packet.is_key() {
            self.odd |= stream.packets > 0 && at_90k - self.key_90k > WIDEST_GROUP_90K;
            self.key_90k = at_90k;
        } else {
            // Shown before the keyframe that it follows: its group is not closed. Or the last group is too long.
            self.odd |= at_90k < self.key_90k || at_90k - self.key_90k > WIDEST_GROUP_90K;
        }
        note(&mut stream.packets, &mut stream.first_90k, &mut stream.end_90k, at_90k, stream.base.to(packet.duration(), 90_000));
    }

    fn can_be_copied(&self) -> bool {
        self.candidate && !self.odd
    }
}

fn note(packets: &mut u64, first: &mut i64, end: &mut i64, at: i64, length: i64) {
    let until = at.saturating_add(length.clamp(0, 900_000));
    if *packets == 0 {
        (*first, *end) = (at, until);
    } else {
        (*first, *end) = ((*first).min(at), (*end).max(until));
    }
    *packets += 1;
}
