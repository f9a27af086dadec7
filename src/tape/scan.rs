//! Finding blocks in a chunk's bytes, over damage. Pure: the bytes that are there, and what they are.

use super::format::{BLOCK_HEADER, BLOCK_MAGIC, BlockHeader};

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A whole block; the next place is `BLOCK_HEADER + body_len` further.
    Block(BlockHeader),
    /// A block whose header is sound and whose body is not: this many bytes to pass over.
    BadBody(usize),
    /// No block begins here: this many bytes to pass over to where one may begin. At most the bytes that are there.
    Lost(usize),
    /// What is there may be the beginning of a block: ask again when there is more.
    More,
}

/// What the bytes begin with.
pub(super) fn look(bytes: &[u8]) -> Found {
    if bytes.len() < BLOCK_HEADER {
        return Found::More;
    }
    let Some(header) = BlockHeader::parse(bytes) else {
        return Found::Lost(distance_to_a_header(bytes));
    };
    let end = BLOCK_HEADER + header.body_len as usize;
    match bytes.get(BLOCK_HEADER..end) {
        None => Found::More,
        Some(body) if crc32c::crc32c(body) == header.body_crc => Found::Block(header),
        Some(_) => Found::BadBody(end),
    }
}

fn distance_to_a_header(bytes: &[u8]) -> usize {
    let last = bytes.len() - BLOCK_HEADER;
    let mut at = 1;
    while at <= last {
        match bytes[at..].iter().position(|b| *b == BLOCK_MAGIC[0]) {
            Some(step) if at + step <= last => {
                at += step;
                if BlockHeader::parse(&bytes[at..]).is_some() {
                    return at;
                }
                at += 1;
            }
            _ => break,
        }
    }
    last + 1
}

/// Where the last whole block of a chunk ends (`from` if there is none), and how many damaged places lie before it.
pub(super) fn sound_end(bytes: &[u8], from: usize) -> (usize, u64) {
    let (mut at, mut end, mut damaged, mut since_end) = (from.min(bytes.len()), from.min(bytes.len()), 0, 0);
    let mut lost = false;
    loop {
        match look(&bytes[at..]) {
            Found::More => return (end, damaged),
            Found::Block(header) => {
                at += BLOCK_HEADER + header.body_len as usize;
                end = at;
                damaged += since_end;
                since_end = 0;
                lost = false;
            }
            Found::BadBody(skip) => {
                at += skip;
                since_end += 1;
                lost = false;
            }
            Found::Lost(skip) => {
                at += skip;
                since_end += u64::from(!lost);
                lost = true;
            }
        }
    }
}
