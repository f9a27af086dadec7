//! H.264 between its two ways of standing in a file: units with start codes (ISO/IEC 14496-10 annex B) and units with lengths (ISO/IEC 14496-15).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// The largest index that is read into memory.
const LARGEST_INDEX: u64 = 64 << 20;

/// The body of `avcC` in an MP4 that has exactly one, of a kind that every player knows: 4-byte lengths; Baseline, Main or High.
pub(super) fn configuration_in(path: &Path) -> Option<Vec<u8>> {
    let moov = index_of(path)?;
    let mut found = Vec::new();
    walk(&moov, &mut found);
    match found.as_slice() {
        [one] if one.len() > 8 && one[0] == 1 && one[4] & 3 == 3 && matches!(one[1], 66 | 77 | 100) => Some((*one).to_vec()),
        _ => None,
    }
}

fn index_of(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    loop {
        let mut head = [0u8; 16];
        file.read_exact(head.get_mut(..8)?).ok()?;
        let small = u64::from(u32::from_be_bytes(*head.first_chunk::<4>()?));
        let (size, header) = match small {
            0 => (u64::MAX, 8),
            1 => {
                file.read_exact(head.get_mut(8..)?).ok()?;
                (u64::from_be_bytes(*head.last_chunk::<8>()?), 16)
            }
            other => (other, 8),
        };
        let body = size.checked_sub(header)?;
        if head.get(4..8)? == b"moov" {
            let mut moov = Vec::new();
            file.take(body.min(LARGEST_INDEX)).read_to_end(&mut moov).ok()?;
            return Some(moov);
        }
        file.seek(SeekFrom::Current(i64::try_from(body).ok()?)).ok()?;
    }
}

fn walk<'a>(boxes: &'a [u8], found: &mut Vec<&'a [u8]>) {
    let mut rest = boxes;
    while let Some((head, _)) = rest.split_first_chunk::<8>() {
        let size = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(body) = rest.get(8..size) else { return };
        let skipped = match &head[4..] {
            b"trak" | b"mdia" | b"minf" | b"stbl" => Some(0),
            b"stsd" => Some(8),
            b"avc1" | b"avc3" => Some(78),
            b"avcC" => {
                found.push(body);
                None
            }
            _ => None,
        };
        if let Some(inner) = skipped.and_then(|bytes| body.get(bytes..)) {
            walk(inner, found);
        }
        rest = &rest[size..];
    }
}

/// An access unit of an encoder: its units with lengths, without parameter sets and delimiters, and `avcC` where it carries both parameter sets.
pub(super) fn with_lengths(stream: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let (mut units, mut sps, mut pps) = (Vec::with_capacity(stream.len() + 16), None, None);
    for unit in units_of(stream) {
        match unit.first().map_or(0, |first| first & 0x1f) {
            7 => sps = Some(unit),
            8 => pps = Some(unit),
            0 | 9 => {}
            _ => {
                units.extend_from_slice(&(unit.len() as u32).to_be_bytes());
                units.extend_from_slice(unit);
            }
        }
    }
    (units, sps.zip(pps).and_then(|(sps, pps)| configuration(sps, pps)))
}

fn configuration(sps: &[u8], pps: &[u8]) -> Option<Vec<u8>> {
    let profile = sps.get(1..4)?;
    let mut avcc = vec![1, profile[0], profile[1], profile[2], 0xff, 0xe1];
    avcc.extend_from_slice(&u16::try_from(sps.len()).ok()?.to_be_bytes());
    avcc.extend_from_slice(sps);
    avcc.push(1);
    avcc.extend_from_slice(&u16::try_from(pps.len()).ok()?.to_be_bytes());
    avcc.extend_from_slice(pps);
    if profile[0] == 100 {
        // 4:2:0, 8 bits both, no extensions.
        avcc.extend_from_slice(&[0xfd, 0xf8, 0xf8, 0]);
    }
    Some(avcc)
}

fn units_of(stream: &[u8]) -> Vec<&[u8]> {
    let mut starts = Vec::new();
    let mut at = 0;
    while let Some(found) = stream.get(at..).and_then(|rest| rest.windows(3).position(|w| w == [0, 0, 1])) {
        starts.push(at + found);
        at += found + 3;
    }
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    let unit = |(start, end): (&usize, usize)| {
        let unit = stream.get(start + 3..end).unwrap_or_default();
        // A zero before the next start code belongs to it.
        let kept = unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        &unit[..kept]
    };
    starts.iter().zip(ends).map(unit).filter(|unit| !unit.is_empty()).collect()
}

/// Whether units with lengths add up to a packet.
pub(super) fn adds_up(packet: &[u8]) -> bool {
    let mut rest = packet;
    while !rest.is_empty() {
        let Some((length, after)) = rest.split_first_chunk::<4>() else { return false };
        let Some(next) = after.get(u32::from_be_bytes(*length) as usize..) else { return false };
        rest = next;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_codes_become_lengths_and_parameter_sets_a_configuration() {
        let stream = [0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x67, 100, 0, 31, 5, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 7, 8];
        let (units, avcc) = with_lengths(&stream);
        assert_eq!(units, [0, 0, 0, 3, 0x65, 7, 8]);
        assert_eq!(avcc.unwrap(), [1, 100, 0, 31, 0xff, 0xe1, 0, 5, 0x67, 100, 0, 31, 5, 1, 0, 2, 0x68, 1, 0xfd, 0xf8, 0xf8, 0]);
        assert!(adds_up(&units) && !adds_up(&units[..5]) && !adds_up(&stream));
    }

    #[test]
    fn boxes_that_lie_about_their_size_end_the_walk() {
        for bytes in
            [&[0u8, 0, 0, 200, b't', b'r', b'a', b'k', 1, 2][..], &[0, 0, 0, 0, b't', b'r', b'a', b'k'], &[0, 0, 0, 4, 1, 2, 3, 4, 5]]
        {
            let mut found = Vec::new();
            walk(bytes, &mut found);
            assert!(found.is_empty());
        }
    }
}
