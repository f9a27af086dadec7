//! A stored recording looked at again, long after: hashes against the manifest, the index, and every packet of sound through another demuxer.

use std::fs::File;
use std::path::Path;

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use super::structure::read_structure;
use crate::model::manifest::Manifest;
use crate::render::RenderError;
use crate::render::files;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifiedRecording {
    /// Files whose hashes were compared.
    pub files: usize,
    /// Packets of sound that decoded.
    pub packets: u64,
    /// What is not as the manifest says, one line each; empty where all is well.
    pub damage: Vec<String>,
}

/// Verifies a recording's folder.
///
/// # Errors
/// Where there is no readable manifest; all other damage is in the answer.
pub fn verify_recording(dir: &Path) -> Result<VerifiedRecording, RenderError> {
    let path = dir.join(files::MANIFEST);
    let json = std::fs::read(&path).map_err(RenderError::io(&path))?;
    let manifest: Manifest = serde_json::from_slice(&json).map_err(|e| RenderError::check(path.display().to_string(), e.to_string()))?;
    let mut found = VerifiedRecording::default();
    for entry in &manifest.files {
        found.files += 1;
        match files::hash(&dir.join(&entry.name)) {
            Ok((bytes, _)) if bytes != entry.bytes => found.damage.push(format!("{}: {bytes} bytes, not {}", entry.name, entry.bytes)),
            Ok((_, sha256)) if sha256 != entry.sha256 => found.damage.push(format!("{}: its SHA-256 is another", entry.name)),
            Ok(_) => {}
            Err(e) => found.damage.push(e.to_string()),
        }
    }
    let mp4 = dir.join(files::MP4);
    match read_structure(&mp4) {
        Ok(structure) => {
            let meant = manifest.duration_ms * u64::from(manifest.media.sample_hz) / 1000;
            if structure.samples.abs_diff(meant) > u64::from(manifest.media.sample_hz) / 100 {
                found.damage.push(format!("{}: {} samples, not {meant}", files::MP4, structure.samples));
            }
        }
        Err(e) => found.damage.push(e.to_string()),
    }
    match decode_all(&mp4) {
        Ok(packets) => found.packets = packets,
        Err(why) => found.damage.push(format!("{}: {why}", files::MP4)),
    }
    Ok(found)
}

/// Every packet of sound, by Symphonia's own demuxer and decoder.
fn decode_all(path: &Path) -> Result<u64, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
    let mut hint = Hint::new();
    hint.with_extension("mp4");
    let probe = symphonia::default::get_probe();
    let mut format =
        probe.probe(&hint, stream, FormatOptions::default(), MetadataOptions::default()).map_err(|e| format!("not to be opened: {e}"))?;
    let track = format.default_track(TrackType::Audio).ok_or("no sound in it")?;
    let id = track.id;
    let parameters = track.codec_params.as_ref().and_then(|c| c.audio()).ok_or("its sound has no parameters")?;
    let codecs = symphonia::default::get_codecs();
    let mut decoder = codecs.make_audio_decoder(parameters, &AudioDecoderOptions::default()).map_err(|e| e.to_string())?;
    let mut packets = 0;
    while let Some(packet) = format.next_packet().map_err(|e| format!("after {packets} packets: {e}"))? {
        if packet.track_id == id {
            decoder.decode(&packet).map_err(|e| format!("packet {packets} does not decode: {e}"))?;
            packets += 1;
        }
    }
    Ok(packets)
}
