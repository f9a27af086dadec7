//! The playlists' texts.

use std::collections::HashMap;

use m3u8_rs::{ByteRange, ExtTag, Map, MasterPlaylist, MediaPlaylist, MediaPlaylistType, MediaSegment, Resolution, VariantStream};

use super::rates::bit_rates;
use crate::model::time::WallClock;

const FILE: &str = "../recording.mp4";
const INIT: &str = "init.mp4";
pub(super) const SECOND_NS: u64 = 1_000_000_000;

/// A keyframe within a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyframe {
    /// When it is shown, nanoseconds on the output's timeline.
    pub at_ns: u64,
    /// First byte of its fragment.
    pub offset: u64,
    /// From there to its last byte.
    pub bytes: u64,
}

/// A segment: whole fragments, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Start on the output's timeline, nanoseconds.
    pub from_ns: u64,
    /// Length, nanoseconds.
    pub length_ns: u64,
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub bytes: u64,
    /// Wall-clock time of its first instant.
    pub starts_at: WallClock,
    /// Its keyframes.
    pub keyframes: Vec<Keyframe>,
}

/// A pause that was cut out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Where on the output's timeline, nanoseconds.
    pub at_ns: u64,
    /// When it began.
    pub from: WallClock,
    /// How long it lasted, nanoseconds.
    pub length_ns: u64,
}

/// What a multivariant playlist says of the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// RFC 6381, as `avc1.64001f,mp4a.40.2`.
    pub codecs: String,
    /// The picture's own codec, where there are pictures.
    pub video_codec: Option<String>,
    /// Pixels.
    pub resolution: Option<(u32, u32)>,
    /// Frames a second.
    pub frame_rate: Option<f64>,
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    let _ = write(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn seconds(ns: u64) -> f32 {
    (ns as f64 / SECOND_NS as f64) as f32
}

fn map() -> Option<Map> {
    Some(Map { uri: INIT.to_owned(), byte_range: None, other_attributes: HashMap::new() })
}

/// The target duration of segments of these lengths, seconds.
pub(super) fn target(lengths: impl Iterator<Item = u64>) -> u64 {
    lengths.map(|ns| (ns + SECOND_NS / 2) / SECOND_NS).max().unwrap_or(0).max(1)
}

/// The media playlist: EVENT while the file grows, VOD with an end when it is whole.
#[must_use]
pub fn media_playlist(segments: &[Segment], pauses: &[Pause], whole: bool) -> String {
    let list = MediaPlaylist {
        version: Some(7),
        // A playlist's target may not change while it is live: 7 s hold for every segment that is made.
        target_duration: if whole { target(segments.iter().map(|s| s.length_ns)) } else { 7 },
        end_list: whole,
        playlist_type: Some(if whole { MediaPlaylistType::Vod } else { MediaPlaylistType::Event }),
        independent_segments: true,
        segments: segments
            .iter()
            .enumerate()
            .map(|(number, segment)| MediaSegment {
                uri: FILE.to_owned(),
                duration: seconds(segment.length_ns),
                byte_range: Some(ByteRange { length: segment.bytes, offset: Some(segment.offset) }),
                map: if number == 0 { map() } else { None },
                program_date_time: segment.starts_at.to_string().parse().ok(),
                unknown_tags: pauses_within(pauses, segment),
                ..MediaSegment::default()
            })
            .collect(),
        ..MediaPlaylist::default()
    };
    text(|bytes| list.write_to(bytes))
}

/// A pause is a `DATERANGE` of no length on the playlist's own clock: the wall clock jumps over it. How long it was is in `X-SKIPPED`.
fn pauses_within(pauses: &[Pause], segment: &Segment) -> Vec<ExtTag> {
    let end = segment.from_ns + segment.length_ns;
    pauses
        .iter()
        .enumerate()
        .filter(|(_, p)| p.at_ns >= segment.from_ns && p.at_ns < end)
        .map(|(number, p)| {
            let skipped = p.length_ns as f64 / SECOND_NS as f64;
            let rest = format!(
                "ID=\"pause-{}\",CLASS=\"org.ferric.pause\",START-DATE=\"{}\",DURATION={skipped:.3},X-AT={:.3}",
                number + 1,
                p.from,
                p.at_ns as f64 / SECOND_NS as f64
            );
            ExtTag { tag: "X-DATERANGE".to_owned(), rest: Some(rest) }
        })
        .collect()
}

/// Every keyframe, and how long it is until the next or the end.
fn keyframes(segments: &[Segment]) -> Vec<(&Keyframe, u64)> {
    let keyframes: Vec<&Keyframe> = segments.iter().flat_map(|s| &s.keyframes).collect();
    let end = segments.last().map_or(0, |s| s.from_ns + s.length_ns);
    let until = keyframes.iter().skip(1).map(|k| k.at_ns).chain(std::iter::once(end));
    keyframes.iter().copied().zip(until).map(|(k, until)| (k, until.saturating_sub(k.at_ns))).collect()
}

/// The I-frame playlist: each keyframe with the `moof` it needs.
#[must_use]
pub fn iframe_playlist(segments: &[Segment], whole: bool) -> String {
    let parts = keyframes(segments);
    let list = MediaPlaylist {
        version: Some(7),
        target_duration: target(parts.iter().map(|p| p.1)),
        end_list: whole,
        playlist_type: Some(if whole { MediaPlaylistType::Vod } else { MediaPlaylistType::Event }),
        i_frames_only: true,
        segments: parts
            .iter()
            .enumerate()
            .map(|(number, (keyframe, length))| MediaSegment {
                uri: FILE.to_owned(),
                duration: seconds(*length),
                byte_range: Some(ByteRange { length: keyframe.bytes, offset: Some(keyframe.offset) }),
                map: if number == 0 { map() } else { None },
                ..MediaSegment::default()
            })
            .collect(),
        ..MediaPlaylist::default()
    };
    text(|bytes| list.write_to(bytes))
}

/// The multivariant playlist, with rates measured on what there is.
#[must_use]
pub fn multivariant_playlist(stream: &Stream, segments: &[Segment]) -> String {
    let (peak, average) = bit_rates(&segments.iter().map(|s| (s.bytes, s.length_ns)).collect::<Vec<_>>());
    let resolution = stream.resolution.map(|(w, h)| Resolution { width: u64::from(w), height: u64::from(h) });
    let mut variants = vec![VariantStream {
        uri: "media.m3u8".to_owned(),
        bandwidth: peak,
        average_bandwidth: Some(average),
        codecs: Some(stream.codecs.clone()),
        resolution,
        frame_rate: stream.frame_rate,
        ..VariantStream::default()
    }];
    if let Some(codec) = &stream.video_codec {
        let (peak, average) = bit_rates(&keyframes(segments).iter().map(|(k, ns)| (k.bytes, *ns)).collect::<Vec<_>>());
        variants.push(VariantStream {
            is_i_frame: true,
            uri: "iframes.m3u8".to_owned(),
            bandwidth: peak.max(1),
            average_bandwidth: Some(average),
            codecs: Some(codec.clone()),
            resolution,
            ..VariantStream::default()
        });
    }
    let list = MasterPlaylist { version: Some(7), independent_segments: true, variants, ..MasterPlaylist::default() };
    text(|bytes| list.write_to(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(n: u64) -> Segment {
        Segment {
            from_ns: n * 6 * SECOND_NS,
            length_ns: 6 * SECOND_NS,
            offset: 1000 + n * 50_000,
            bytes: 50_000,
            starts_at: WallClock::from_unix_ms(1_800_000_000_000 + n as i64 * 6000),
            keyframes: (0..3)
                .map(|k| Keyframe { at_ns: (n * 6 + k * 2) * SECOND_NS, offset: 1000 + n * 50_000 + k * 100, bytes: 90 })
                .collect(),
        }
    }

    #[test]
    fn what_is_written_is_read_back_by_the_parser() {
        let segments: Vec<_> = (0..4).map(segment).collect();
        let pauses = [Pause { at_ns: 7 * SECOND_NS, from: WallClock::from_unix_ms(1_800_000_007_000), length_ns: 2_500_000_000 }];
        let written = media_playlist(&segments, &pauses, true);
        let Ok((_, m3u8_rs::Playlist::MediaPlaylist(read))) = m3u8_rs::parse_playlist(written.as_bytes()) else { panic!("{written}") };
        assert!(read.end_list && read.independent_segments && read.playlist_type == Some(MediaPlaylistType::Vod));
        assert_eq!((read.target_duration, read.segments.len()), (6, 4));
        assert_eq!(read.segments[2].byte_range, Some(ByteRange { length: 50_000, offset: Some(101_000) }));
        assert!(read.segments.iter().all(|s| s.program_date_time.is_some()));
        assert_eq!(read.segments[0].map.as_ref().map(|m| m.uri.as_str()), Some("init.mp4"));
        let range = read.segments[1].daterange.as_ref().expect("a pause in the second segment");
        assert_eq!((range.id.as_str(), range.duration), ("pause-1", Some(2.5)));
        let iframes = iframe_playlist(&segments, true);
        assert!(iframes.contains("#EXT-X-I-FRAMES-ONLY") && iframes.matches("#EXTINF").count() == 12, "{iframes}");
    }

    #[test]
    fn the_multivariant_playlist_names_codecs_and_rates() {
        let stream = Stream {
            codecs: "avc1.64001f,mp4a.40.2".to_owned(),
            video_codec: Some("avc1.64001f".to_owned()),
            resolution: Some((1280, 720)),
            frame_rate: Some(25.0),
        };
        let written = multivariant_playlist(&stream, &[segment(0), segment(1)]);
        let Ok((_, m3u8_rs::Playlist::MasterPlaylist(read))) = m3u8_rs::parse_playlist(written.as_bytes()) else { panic!("{written}") };
        assert_eq!(read.variants.len(), 2);
        assert_eq!(read.variants[0].bandwidth, 66_666);
        assert!(read.variants[1].is_i_frame);
        assert_eq!((read.variants[1].bandwidth, read.variants[1].average_bandwidth), (360, Some(360)));
    }

    #[test]
    fn the_bandwidth_of_i_frames_is_that_of_their_peak() {
        let stream =
            Stream { codecs: "avc1.64001f".to_owned(), video_codec: Some("avc1.64001f".to_owned()), resolution: None, frame_rate: None };
        let mut segments = [segment(0), segment(1)];
        // A new scene, and two seconds until the next keyframe.
        segments[1].keyframes[1].bytes = 40_000;
        let written = multivariant_playlist(&stream, &segments);
        let Ok((_, m3u8_rs::Playlist::MasterPlaylist(read))) = m3u8_rs::parse_playlist(written.as_bytes()) else { panic!("{written}") };
        assert_eq!((read.variants[1].bandwidth, read.variants[1].average_bandwidth), (160_000, Some((40_000 + 5 * 90) * 8 / 12)));
    }
}
