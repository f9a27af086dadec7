//! What is remembered of each sample until the index is written: a few bytes each.

/// One coded picture.
#[derive(Clone, Debug)]
pub struct VideoSample {
    /// When it is decoded, 1/90000 s.
    pub dts_90k: u64,
    /// When it is shown, 1/90000 s.
    pub pts_90k: u64,
    /// Decodes without anything before it.
    pub keyframe: bool,
    /// NAL units with 4-byte lengths.
    pub data: Vec<u8>,
}

/// Where the samples of one track in one fragment lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk {
    pub offset: u64,
    pub samples: u32,
}

/// The sound's samples: each lasts 1024.
#[derive(Clone, Debug, Default)]
pub(super) struct AudioTable {
    pub sizes: Vec<u16>,
    pub chunks: Vec<Chunk>,
}

/// The pictures.
#[derive(Clone, Debug, Default)]
pub(super) struct VideoTable {
    pub sizes: Vec<u32>,
    /// `(decoding time, shown that much later)`.
    pub times: Vec<(u64, i32)>,
    /// From 1.
    pub keyframes: Vec<u32>,
    pub chunks: Vec<Chunk>,
}

/// Collapses runs of the same value into `(count, value)`.
pub(super) fn runs<T: PartialEq + Copy>(values: impl Iterator<Item = T>) -> Vec<(u32, T)> {
    let mut out: Vec<(u32, T)> = Vec::new();
    for value in values {
        match out.last_mut() {
            Some((count, last)) if *last == value => *count += 1,
            _ => out.push((1, value)),
        }
    }
    out
}
