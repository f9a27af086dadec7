//! The bytes of a chunk (docs/tape.md): a header, then sealed blocks; in a block, once opened, records. All numbers are little-endian.

use bytes::Bytes;

use super::record::{Body, Record, SenderReport};
use crate::model::id::TrackId;
use crate::model::time::MediaTime;

/// The format's version.
pub const VERSION: u16 = 1;
/// A chunk begins with this.
pub const CHUNK_MAGIC: [u8; 8] = *b"FERRTAPE";
/// A chunk header's size.
pub const CHUNK_HEADER: usize = 128;
/// A block begins with this; a reader that has lost its place looks for it.
pub const BLOCK_MAGIC: [u8; 4] = [0xFE, 0x52, 0xB1, 0x0C];
/// A block header's size.
pub const BLOCK_HEADER: usize = 48;
/// The authenticated part of a block header.
pub const BLOCK_AUTHENTICATED: usize = 28;
/// The AES-GCM tag behind a block's body.
pub const TAG: usize = 16;
/// No block's body is longer.
pub const MAX_BODY: usize = 32 << 20;
/// The key number of the session's own key, which events are sealed with.
pub const SESSION_KEY: u16 = 0;
/// What stands before each record's body.
pub const RECORD_HEADER: usize = 15;

/// What stands at the beginning of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkHeader {
    /// The chunk's number, from 1.
    pub number: u32,
    /// Wall-clock time of session time zero, nanoseconds since the Unix epoch.
    pub started_at_ns: i64,
    /// Which master key wraps the tape's keys (a fingerprint).
    pub key_id: [u8; 8],
    /// The number of the first block in it.
    pub first_block: u64,
    /// The session.
    pub session: String,
}

impl ChunkHeader {
    /// The header's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; CHUNK_HEADER] {
        let mut out = [0; CHUNK_HEADER];
        out[0..8].copy_from_slice(&CHUNK_MAGIC);
        out[8..10].copy_from_slice(&VERSION.to_le_bytes());
        out[10..12].copy_from_slice(&(CHUNK_HEADER as u16).to_le_bytes());
        out[12..16].copy_from_slice(&self.number.to_le_bytes());
        out[16..24].copy_from_slice(&self.started_at_ns.to_le_bytes());
        out[24..32].copy_from_slice(&self.key_id);
        out[32..40].copy_from_slice(&self.first_block.to_le_bytes());
        let session = &self.session.as_bytes()[..self.session.len().min(64)];
        out[40] = session.len() as u8;
        out[41..41 + session.len()].copy_from_slice(session);
        let crc = crc32c::crc32c(&out[..CHUNK_HEADER - 4]);
        out[CHUNK_HEADER - 4..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a header; `Err` holds the version where it is a whole header of another one.
    ///
    /// # Errors
    /// `None` where the bytes are no whole header.
    pub fn parse(bytes: &[u8]) -> Result<Self, Option<u16>> {
        let bytes = bytes.get(..CHUNK_HEADER).ok_or(None)?;
        if bytes[0..8] != CHUNK_MAGIC || crc32c::crc32c(&bytes[..CHUNK_HEADER - 4]) != u32_at(bytes, CHUNK_HEADER - 4) {
            return Err(None);
        }
        let version = u16_at(bytes, 8);
        if version != VERSION {
            return Err(Some(version));
        }
        let session = bytes.get(41..41 + usize::from(bytes[40]).min(64)).ok_or(None)?;
        let mut key_id = [0; 8];
        key_id.copy_from_slice(&bytes[24..32]);
        Ok(Self {
            number: u32_at(bytes, 12),
            started_at_ns: u64_at(bytes, 16) as i64,
            key_id,
            first_block: u64_at(bytes, 32),
            session: String::from_utf8(session.to_vec()).map_err(|_| None)?,
        })
    }
}

/// What stands before a block's sealed body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    /// Length of the sealed body with its tag.
    pub body_len: u32,
    /// The block's number in the tape: its position, over all chunks.
    pub number: u64,
    /// Which key seals it.
    pub key: u16,
    /// How many records are in it.
    pub records: u16,
    /// Arrival time of its first record, nanoseconds of session time.
    pub first_at_ns: u64,
    /// AES-GCM nonce.
    pub nonce: [u8; 12],
    /// CRC32C of the sealed body with its tag.
    pub body_crc: u32,
}

impl BlockHeader {
    /// The header's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; BLOCK_HEADER] {
        let mut out = [0; BLOCK_HEADER];
        out[0..4].copy_from_slice(&BLOCK_MAGIC);
        out[4..8].copy_from_slice(&self.body_len.to_le_bytes());
        out[8..16].copy_from_slice(&self.number.to_le_bytes());
        out[16..18].copy_from_slice(&self.key.to_le_bytes());
        out[18..20].copy_from_slice(&self.records.to_le_bytes());
        out[20..28].copy_from_slice(&self.first_at_ns.to_le_bytes());
        out[28..40].copy_from_slice(&self.nonce);
        out[40..44].copy_from_slice(&self.body_crc.to_le_bytes());
        let crc = crc32c::crc32c(&out[..BLOCK_HEADER - 4]);
        out[BLOCK_HEADER - 4..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a header whose checksum holds.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..BLOCK_HEADER)?;
        if bytes[0..4] != BLOCK_MAGIC || crc32c::crc32c(&bytes[..BLOCK_HEADER - 4]) != u32_at(bytes, BLOCK_HEADER - 4) {
            return None;
        }
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&bytes[28..40]);
        let header = Self {
            body_len: u32_at(bytes, 4),
            number: u64_at(bytes, 8),
            key: u16_at(bytes, 16),
            records: u16_at(bytes, 18),
            first_at_ns: u64_at(bytes, 20),
            nonce,
            body_crc: u32_at(bytes, 40),
        };
        (TAG..=MAX_BODY).contains(&(header.body_len as usize)).then_some(header)
    }
}

/// A record's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RecordKind {
    /// An RTP packet.
    Rtp = 1,
    /// A sender report.
    SenderReport = 2,
    /// An event, as JSON.
    Event = 3,
}

/// Appends a record.
pub fn encode_record(out: &mut Vec<u8>, kind: RecordKind, track: TrackId, at: MediaTime, body: &[u8]) {
    let mut header = [0; RECORD_HEADER];
    header[0] = kind as u8;
    header[1..3].copy_from_slice(&track.0.to_le_bytes());
    header[3..11].copy_from_slice(&at.as_ns().to_le_bytes());
    header[11..15].copy_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(body);
}

/// A sender report's bytes.
#[must_use]
pub fn encode_report(report: &SenderReport) -> [u8; 24] {
    let mut out = [0; 24];
    out[0..4].copy_from_slice(&report.ssrc.to_le_bytes());
    out[4..12].copy_from_slice(&report.ntp.to_le_bytes());
    out[12..16].copy_from_slice(&report.rtp.to_le_bytes());
    out[16..20].copy_from_slice(&report.packets.to_le_bytes());
    out[20..24].copy_from_slice(&report.octets.to_le_bytes());
    out
}

/// Reads an opened block's record at `at` and where the next one begins. Bodies share the block's memory.
///
/// `None` at the end and where the bytes are no record; the two are told apart by `at == block.len()`.
#[must_use]
pub fn decode_record(block: &Bytes, at: usize) -> Option<(Record, usize)> {
    let header = block.get(at..at.checked_add(RECORD_HEADER)?)?;
    let track = TrackId(u16_at(header, 1));
    let time = MediaTime(u64_at(header, 3));
    let start = at + RECORD_HEADER;
    let end = start.checked_add(u32_at(header, 11) as usize)?;
    let bytes = block.get(start..end)?;
    let body = match header[0] {
        1 => Body::Rtp { track, packet: block.slice(start..end) },
        2 if bytes.len() == 24 => Body::SenderReport {
            track,
            report: SenderReport {
                ssrc: u32_at(bytes, 0),
                ntp: u64_at(bytes, 4),
                rtp: u32_at(bytes, 12),
                packets: u32_at(bytes, 16),
                octets: u32_at(bytes, 20),
            },
        },
        3 => Body::Event(serde_json::from_slice(bytes).ok()?),
        _ => return None,
    };
    Some((Record { at: time, body }, end))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let mut out = [0; 2];
    out.copy_from_slice(&bytes[at..at + 2]);
    u16::from_le_bytes(out)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut out = [0; 4];
    out.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(out)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut out = [0; 8];
    out.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..220) {
            let _ = ChunkHeader::parse(&bytes);
            let _ = BlockHeader::parse(&bytes);
            let block = Bytes::from(bytes);
            if let Some((_, next)) = decode_record(&block, at) {
                prop_assert!(next > at && next <= block.len());
            }
        }

        #[test]
        fn headers_survive_the_way_to_bytes_and_back(
            number in any::<u32>(), started_at_ns in any::<i64>(), key_id in any::<[u8; 8]>(), first_block in any::<u64>(),
            session in "[a-z0-9._-]{1,64}", flip in 0usize..CHUNK_HEADER,
        ) {
            let header = ChunkHeader { number, started_at_ns, key_id, first_block, session };
            let mut bytes = header.encode();
            prop_assert_eq!(ChunkHeader::parse(&bytes), Ok(header));
            bytes[flip] ^= 0x10;
            prop_assert_eq!(ChunkHeader::parse(&bytes), Err(None));
        }
    }
}
