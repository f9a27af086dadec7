//! The boxes of a finished file, read again from the disk.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use mp4_atom::Atom;

use crate::render::RenderError;

/// What the index says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    /// Samples a channel that are to be heard.
    pub samples: u64,
    /// Packets of sound.
    pub packets: usize,
    /// Pictures.
    pub pictures: usize,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Walks `ftyp`, the one `mdat` and the `moov` at the end, and sees that every chunk lies within the `mdat`.
///
/// # Errors
/// Where anything is not as it must be.
pub fn read_structure(path: &Path) -> Result<Structure, RenderError> {
    let broken = |why: &str| RenderError::check(path.display().to_string(), why);
    let file = File::open(path).map_err(RenderError::io(path))?;
    let bytes = file.metadata().map_err(RenderError::io(path))?.len();
    let mut at = 0u64;
    let mut boxes: Vec<([u8; 4], u64, u64)> = Vec::new();
    while at < bytes {
        let mut head = [0u8; 16];
        let there = (bytes - at).min(16) as usize;
        file.read_exact_at(&mut head[..there], at).map_err(RenderError::io(path))?;
        let short = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let kind = [head[4], head[5], head[6], head[7]];
        let (header, size) = match short {
            1 => (16, u64::from_be_bytes([head[8], head[9], head[10], head[11], head[12], head[13], head[14], head[15]])),
            n => (8, n),
        };
        if size < header || at + size > bytes {
            return Err(broken("a box ends outside the file"));
        }
        boxes.push((kind, at + header, at + size));
        at += size;
    }
    let kinds: Vec<&[u8; 4]> = boxes.iter().map(|(kind, ..)| kind).collect();
    if kinds != [b"ftyp", b"mdat", b"moov"] {
        return Err(broken("it is not ftyp, mdat, moov"));
    }
    let ((_, media_from, media_to), (_, index_from, index_to)) = (&boxes[1], &boxes[2]);
    let mut index = vec![0u8; (index_to - index_from) as usize];
    file.read_exact_at(&mut index, *index_from).map_err(RenderError::io(path))?;
    let moov = mp4_atom::Moov::decode_body(&mut index.as_slice()).map_err(|e| broken(&format!("moov: {e}")))?;
    let mut structure = Structure { samples: moov.mvhd.duration, packets: 0, pictures: 0, bytes };
    for trak in &moov.trak {
        let stbl = &trak.mdia.minf.stbl;
        let sizes = match &stbl.stsz.samples {
            mp4_atom::StszSamples::Different { sizes } => sizes.clone(),
            mp4_atom::StszSamples::Identical { count, size } => vec![*size; *count as usize],
        };
        let chunks = stbl.co64.as_ref().map(|c| c.entries.as_slice()).unwrap_or_default();
        let mut sample = 0;
        for (number, &offset) in chunks.iter().enumerate() {
            let run = stbl.stsc.entries.iter().rev().find(|e| e.first_chunk as usize <= number + 1);
            let count = run.map_or(0, |e| e.samples_per_chunk as usize);
            let length: u64 = sizes.iter().skip(sample).take(count).map(|&s| u64::from(s)).sum();
            if offset < *media_from || offset + length > *media_to {
                return Err(broken("a chunk lies outside the mdat"));
            }
            sample += count;
        }
        if sample != sizes.len() {
            return Err(broken("chunks and samples do not agree"));
        }
        if trak.mdia.hdlr.handler == mp4_atom::FourCC::new(b"vide") {
            structure.pictures = sizes.len();
        } else {
            structure.packets = sizes.len();
        }
    }
    Ok(structure)
}
