//! The files of an output beside its MP4, by the names of surface.md.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};

use super::RenderError;
use super::hls::{Pause, Stream, iframe_playlist, media_playlist, multivariant_playlist};
use super::output::Output;
use super::{poster, waveform};
use crate::model::manifest::FileEntry;

pub(super) const MP4: &str = "recording.mp4";
pub(super) const INIT: &str = "hls/init.mp4";
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const INDEX: &str = "hls/index.m3u8";
pub(super) const MEDIA: &str = "hls/media.m3u8";
pub(super) const IFRAMES: &str = "hls/iframes.m3u8";
const CHAPTERS: &str = "chapters.vtt";
/// Outputs that are longer get HLS.
pub(super) const HLS_FROM_NS: u64 = 60_000_000_000;

/// Where goes what only those needed who watched a recording grow. It goes for good when nobody waits: what is removed while many recordings end makes room
/// for their new files dear.
pub(super) const LIVE: &str = ".live";

/// Writes anew, whole or not at all, what is written again and again: two files take turns under the name, so that none is made and none goes each time.
/// The one that is not in its turn lies beside it as `<name>.part`.
fn rewrite(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), RenderError> {
    let path = dir.join(name);
    let part = dir.join(format!("{name}.part"));
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(&part)?;
        let before = file.metadata()?.len();
        file.write_all(bytes)?;
        if before > bytes.len() as u64 { file.set_len(bytes.len() as u64) } else { Ok(()) }
    };
    write().map_err(RenderError::io(&part))?;
    // The first time there is nothing to take turns with; some file systems know no turns.
    match renameat2(AT_FDCWD, &part, AT_FDCWD, &path, RenameFlags::RENAME_EXCHANGE) {
        Ok(()) => Ok(()),
        Err(_) => fs::rename(&part, &path).map_err(RenderError::io(&path)),
    }
}

/// Writes a file whole or not at all.
pub(super) fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), RenderError> {
    let path = dir.join(name);
    let part = dir.join(format!("{name}.part"));
    let mut file = fs::File::create(&part).map_err(RenderError::io(&part))?;
    file.write_all(bytes).map_err(RenderError::io(&part))?;
    fs::rename(&part, &path).map_err(RenderError::io(&path))
}

/// RFC 6381 codecs of an output, pictures first.
pub(super) fn codecs(output: &Output) -> Vec<String> {
    let picture = output.picture_size.as_ref().map(|p| p.3.clone());
    picture.into_iter().chain(std::iter::once("mp4a.40.2".to_owned())).collect()
}

/// Writes the playlists anew.
pub(super) fn playlists(output: &Output, whole: bool) -> Result<(), RenderError> {
    let (dir, pauses) = (&output.id.dir, output.cut_pauses());
    let stream = Stream {
        codecs: codecs(output).join(","),
        video_codec: output.picture_size.as_ref().map(|p| p.3.clone()),
        resolution: output.picture_size.as_ref().map(|p| (p.0, p.1)),
        frame_rate: output.picture_size.as_ref().map(|p| f64::from(p.2)),
    };
    // The last time nothing stays beside.
    let write = if whole { write } else { rewrite };
    write(dir, MEDIA, media_playlist(&output.segments, &pauses, whole).as_bytes())?;
    if output.picture_size.is_some() {
        write(dir, IFRAMES, iframe_playlist(&output.segments, whole).as_bytes())?;
    }
    // Rates change little after the first minute; what changes is written where somebody may read it for the first time.
    if whole || output.segments.len() <= 10 {
        write(dir, INDEX, multivariant_playlist(&stream, &output.segments).as_bytes())?;
    }
    Ok(())
}

/// Everything beside the MP4 for an output that is whole.
pub(super) fn complete(output: &mut Output) -> Result<(), RenderError> {
    let dir = output.id.dir.clone();
    if output.now().as_ns() > HLS_FROM_NS {
        playlists(output, true)?;
    } else {
        fs::rename(dir.join("hls"), dir.join(LIVE)).map_err(RenderError::io(&dir))?;
    }
    output.peaks.finish();
    write(&dir, "peaks.json", output.peaks.json().as_bytes())?;
    let png = waveform::png(&output.peaks).map_err(|e| RenderError::Codec(format!("waveform: {e}")))?;
    write(&dir, "waveform.png", &png)?;
    if !output.picture_files.iter().any(|name| name == poster::NAME) {
        poster::of_sound(&dir, &output.peaks)?;
        output.picture_files.push(poster::NAME.to_owned());
    }
    let pauses = output.cut_pauses();
    if !pauses.is_empty() {
        write(&dir, CHAPTERS, chapters(&pauses, output.now().as_ns()).as_bytes())?;
    }
    Ok(())
}

/// A chapter from cut to cut. A cue lasts at least a millisecond (WebVTT §3.1: its end is greater than its start): pauses at one place are one, and
/// nothing begins after a pause that lasts to the end.
fn chapters(pauses: &[Pause], end_ns: u64) -> String {
    let end_ms = end_ns / 1_000_000;
    let mut starts = vec![(0, 0)];
    for pause in pauses {
        let at_ms = pause.at_ns / 1_000_000;
        match starts.last_mut() {
            Some((last_ms, paused_ns)) if *last_ms == at_ms => *paused_ns += pause.length_ns,
            _ if at_ms >= end_ms => {}
            _ => starts.push((at_ms, pause.length_ns)),
        }
    }
    let mut text = "WEBVTT\n".to_owned();
    for (number, (at_ms, paused_ns)) in starts.iter().enumerate() {
        let until_ms = starts.get(number + 1).map_or(end_ms, |next| next.0);
        let after = match (paused_ns + 500_000_000) / 1_000_000_000 {
            _ if *paused_ns == 0 => String::new(),
            seconds => format!(", after a pause of {seconds} s"),
        };
        text.push_str(&format!("\n{0}\n{1} --> {2}\nPart {0}{after}\n", number + 1, stamp(*at_ms), stamp(until_ms)));
    }
    text
}

fn stamp(ms: u64) -> String {
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "mp4" => "video/mp4",
        "m3u8" => "application/vnd.apple.mpegurl",
        "jpg" => "image/jpeg",
        "png" => "image/png",
        "vtt" => "text/vtt",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

/// Every file of a folder but the manifest, by name, with size and hash.
pub(super) fn entries(dir: &Path) -> Result<Vec<FileEntry>, RenderError> {
    let mut names = Vec::new();
    for (folder, prefix) in [(dir.to_owned(), ""), (dir.join("hls"), "hls/")] {
        let Ok(listing) = fs::read_dir(&folder) else { continue };
        for entry in listing {
            let entry = entry.map_err(RenderError::io(&folder))?;
            if entry.file_type().map_err(RenderError::io(&folder))?.is_file() {
                names.push(format!("{prefix}{}", entry.file_name().to_string_lossy()));
            }
        }
    }
    names.sort();
    let wanted = names.into_iter().filter(|n| n != MANIFEST);
    wanted
        .map(|name| {
            let (bytes, sha256) = hash(&dir.join(&name))?;
            Ok(FileEntry { media_type: media_type(&name).to_owned(), name, bytes, sha256 })
        })
        .collect()
}

/// Size and SHA-256 of a file, read from the disk.
pub(super) fn hash(path: &Path) -> Result<(u64, String), RenderError> {
    let mut file = fs::File::open(path).map_err(RenderError::io(path))?;
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let (mut buffer, mut bytes) = (vec![0u8; 256 * 1024], 0);
    loop {
        let read = file.read(&mut buffer).map_err(RenderError::io(path))?;
        if read == 0 {
            return Ok((bytes, hex::encode(context.finish())));
        }
        context.update(&buffer[..read]);
        bytes += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::model::time::WallClock;

    #[test]
    fn every_chapter_has_a_length() {
        let cues = |pauses: &[(u64, u64)], end_ms: u64| {
            let pause = |&(at_us, seconds)| Pause { at_ns: at_us * 1000, from: WallClock(0), length_ns: seconds * 1_000_000_000 };
            let text = chapters(&pauses.iter().map(pause).collect::<Vec<_>>(), end_ms * 1_000_000 + 200_000);
            text.split("\n\n").skip(1).map(|cue| cue.trim().lines().skip(1).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
        };
        let first = "00:00:00.000 --> 00:00:04.000 Part 1";
        assert_eq!(cues(&[(4_000_000, 3)], 7_000), [first, "00:00:04.000 --> 00:00:07.000 Part 2, after a pause of 3 s"]);
        // It ends while it is paused.
        assert_eq!(cues(&[(4_000_100, 3)], 4_000), [first]);
        // Two pauses at one place, and within a millisecond of each other.
        for again in [4_000_000, 4_000_900] {
            assert_eq!(cues(&[(4_000_000, 3), (again, 2)], 7_000), [first, "00:00:04.000 --> 00:00:07.000 Part 2, after a pause of 5 s"]);
        }
        // It begins with one.
        assert_eq!(cues(&[(0, 3)], 4_000), [format!("{first}, after a pause of 3 s")]);
    }

    #[test]
    fn two_files_take_turns_under_a_name_and_the_last_is_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut inodes = BTreeSet::new();
        for text in ["a", "longer than before", "short", "", "the last but one"] {
            rewrite(dir.path(), "x.m3u8", text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(dir.path().join("x.m3u8")).unwrap(), text);
            inodes.insert(fs::metadata(dir.path().join("x.m3u8")).unwrap().ino());
        }
        assert_eq!(inodes.len(), 2);
        write(dir.path(), "x.m3u8", b"whole").unwrap();
        let names: Vec<_> = entries(dir.path()).unwrap().into_iter().map(|file| (file.name, file.bytes)).collect();
        assert_eq!(names, [("x.m3u8".to_owned(), 5)]);
    }
}
