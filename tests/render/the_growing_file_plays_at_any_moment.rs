//! Live: bursts, the live playlist, a crash in the middle; and the same bytes however it was read.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use ferric::model::time::MediaTime;
use ferric::render::RenderSettings;

use crate::support::listen::{hear, probe};
use crate::support::script::{Script, Sender};

fn long_call(seconds: u64) -> Script {
    let mut script = Script::two_parties(seconds * 1000);
    script.tone(&mut Sender::new(1), 700.0, 0, seconds * 1000, |n| (n % 97 != 5).then_some((n % 7) as f64));
    script.tone(&mut Sender::new(2), 1300.0, 0, seconds * 1000, |n| Some((n % 11) as f64));
    script
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for folder in [dir.to_owned(), dir.join("hls")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                all.insert(path.strip_prefix(dir).unwrap().display().to_string(), std::fs::read(path).unwrap());
            }
        }
    }
    all
}

#[test]
fn live_or_afterwards_the_same_tape_gives_the_same_bytes() {
    let script = long_call(75);
    let (live, later, again) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut render = script.open(live.path(), RenderSettings::default());
    for ms in (0..75_000).step_by(330) {
        assert!(render.advance(MediaTime::from_ms(ms)).unwrap().is_empty());
    }
    let grown = render.growing()[0].2;
    assert!((65_000..75_000).contains(&grown), "{grown} ms rendered at 75 s");
    render.finish().unwrap();
    script.render(later.path());
    script.render(again.path());
    let (live, later, again) = (files(&live.path().join("rec-1")), files(&later.path().join("rec-1")), files(&again.path().join("rec-1")));
    let names: Vec<_> = later.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["hls/index.m3u8", "hls/init.mp4", "hls/media.m3u8", "manifest.json", "peaks.json", "poster.jpg", "recording.mp4", "waveform.png"]
    );
    for name in later.keys() {
        assert!(live[name] == later[name] && again[name] == later[name], "{name} differs");
    }
}

#[test]
fn what_only_watchers_needed_of_a_short_one_is_out_of_the_way_at_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut render = long_call(20).open(dir.path(), RenderSettings::default());
    (0..20_000).step_by(330).for_each(|ms| assert!(render.advance(MediaTime::from_ms(ms)).unwrap().is_empty()));
    let folder = dir.path().join("rec-1");
    assert!(folder.join("hls/media.m3u8").exists(), "it can be watched while it grows");
    let output = render.finish().unwrap().remove(0);
    let names: Vec<_> = output.manifest.as_ref().unwrap().files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["peaks.json", "poster.jpg", "recording.mp4", "waveform.png"]);
    assert!(!folder.join("hls").exists());
    output.nobody_watches();
    let mut left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["manifest.json", "peaks.json", "poster.jpg", "recording.mp4", "waveform.png"]);
}

#[test]
fn a_file_cut_off_in_the_middle_plays_up_to_there() {
    let dir = tempfile::tempdir().unwrap();
    let script = long_call(40);
    let mut render = script.open(dir.path(), RenderSettings::default());
    render.advance(MediaTime::from_ms(30_000)).unwrap();
    let grown = std::fs::read(dir.path().join("rec-1/recording.mp4")).unwrap();
    let whole = dir.path().join("grown.mp4");
    std::fs::write(&whole, &grown).unwrap();
    let heard = hear(&whole);
    assert!(heard.seconds() > 20.0, "{}", heard.seconds());
    assert!(heard.tone(0, 700.0, 1.0, 20.0) > 6000.0);
    // Torn in the middle of a fragment: all fragments before it play.
    let torn = dir.path().join("torn.mp4");
    std::fs::write(&torn, &grown[..grown.len() * 2 / 3]).unwrap();
    let out = Command::new("ffmpeg").args(["-v", "quiet", "-i"]).arg(&torn).args(["-f", "s16le", "-"]).output().unwrap();
    let seconds = out.stdout.len() as f64 / 4.0 / 8000.0;
    assert!(seconds > 12.0, "{seconds}");
    // The live playlist names whole fragments and has no end yet.
    let playlist = std::fs::read_to_string(dir.path().join("rec-1/hls/media.m3u8")).unwrap();
    assert!(playlist.contains("#EXT-X-PLAYLIST-TYPE:EVENT") && !playlist.contains("ENDLIST"), "{playlist}");
}

#[test]
fn hls_is_the_same_file_by_byte_ranges() {
    let dir = tempfile::tempdir().unwrap();
    let done = long_call(65).render(dir.path());
    let folder = &done[0].dir;
    let index = std::fs::read(folder.join("hls/index.m3u8")).unwrap();
    let Ok((_, m3u8_rs::Playlist::MasterPlaylist(index))) = m3u8_rs::parse_playlist(&index) else { panic!("no multivariant playlist") };
    assert_eq!(index.variants[0].codecs.as_deref(), Some("mp4a.40.2"));
    let media = std::fs::read(folder.join("hls/media.m3u8")).unwrap();
    let Ok((_, m3u8_rs::Playlist::MediaPlaylist(media))) = m3u8_rs::parse_playlist(&media) else { panic!("no media playlist") };
    assert!(media.end_list && media.independent_segments);
    let total: f32 = media.segments.iter().map(|s| s.duration).sum();
    assert!((total - 65.0).abs() < 0.002, "{total}");
    let size = std::fs::metadata(folder.join("recording.mp4")).unwrap().len();
    let mut expected = None;
    for segment in &media.segments {
        assert!(segment.duration.round() as u64 <= media.target_duration && segment.program_date_time.is_some());
        let range = segment.byte_range.as_ref().unwrap();
        let offset = range.offset.unwrap();
        assert!(expected.is_none_or(|e| e == offset) && offset + range.length <= size);
        expected = Some(offset + range.length);
    }
    let heard = hear(&folder.join("hls/index.m3u8"));
    assert!((64.9..65.4).contains(&heard.seconds()), "{}", heard.seconds());
    assert!(heard.tone(1, 1300.0, 60.0, 64.5) > 6000.0);
    let duration: f64 = probe(&folder.join("recording.mp4"), "format=duration").parse().unwrap();
    assert!((duration - 65.0).abs() < 0.001, "{duration}");
    // Seeking lands where it should: decode two seconds from 50 s.
    let part = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-ss", "50", "-t", "2", "-i"])
        .arg(folder.join("recording.mp4"))
        .args(["-f", "s16le", "-"])
        .output()
        .unwrap();
    assert!(part.stderr.is_empty() && (part.stdout.len() as f64 / 32_000.0 - 2.0).abs() < 0.2, "{}", String::from_utf8_lossy(&part.stderr));
}

/// At 8 kHz the encoder's priming is 128 ms long, and so is a packet: neither may show in the stream.
#[test]
fn hls_is_as_long_as_the_recording_and_in_step_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::two_parties(66_330);
    let (mut agent, mut customer) = (Sender::new(1), Sender::new(2));
    script.tone(&mut agent, 700.0, 0, 66_320, |n| (n / 50 % 2 == 1).then_some(3.0));
    script.tone(&mut customer, 1300.0, 0, 66_320, |n| (n / 35 % 2 == 1).then_some(3.0));
    let done = script.render(dir.path());
    let folder = &done[0].dir;
    let media = std::fs::read(folder.join("hls/media.m3u8")).unwrap();
    let Ok((_, m3u8_rs::Playlist::MediaPlaylist(media))) = m3u8_rs::parse_playlist(&media) else { panic!("no media playlist") };
    let told: f32 = media.segments.iter().map(|s| s.duration).sum();
    assert!((told - 66.33).abs() < 0.002, "the playlist tells {told} s");
    // FFmpeg's HLS reader gives the packets times by the edit list, and leaves it to the player not to play what is before zero.
    let packets = probe(&folder.join("hls/index.m3u8"), "packet=pts_time");
    let times: Vec<f64> = packets.lines().map(|l| l.parse().unwrap()).collect();
    let (begins, last) = (times[0], times[times.len() - 1]);
    assert!((begins + 0.128).abs() < 0.001 && (66.202..66.33).contains(&last), "{begins} to {last} s");
    let (mut hls, mp4) = (hear(&folder.join("hls/index.m3u8")), hear(&folder.join("recording.mp4")));
    hls.channels.iter_mut().for_each(|c| drop(c.drain(..(-begins * 8000.0).round() as usize)));
    for (channel, hz) in [(0, 700.0), (1, 1300.0)] {
        let (there, here) = (hls.spans(channel, hz, 8000.0), mp4.spans(channel, hz, 8000.0));
        assert!(there.len() == here.len() && here.len() > 30, "{} and {}", there.len(), here.len());
        for (a, b) in there.iter().zip(&here) {
            assert!((a.0 - b.0).abs() <= 0.02 && (a.1 - b.1).abs() <= 0.02, "HLS {a:?}, MP4 {b:?}");
        }
    }
}
