//! Cutting a stream into messages (RFC 3261 §18.3). Pure.

use bytes::{Buf, Bytes, BytesMut};

use super::body::{BodyLength, body_length, body_start, values};

/// A request line and fields longer than this are no SIP.
const LONGEST_HEAD: usize = 65_536;
/// More than the metadata of a conference of hundreds; what waits for more is memory that anybody could take.
const LONGEST_BODY: usize = 262_144;

/// What a stream is cut into.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// A keep-alive that wants CRLF for an answer (RFC 5626 §4.4.1).
    Ping,
    /// A message from its first line to the end of its body, readable or not.
    Message(Bytes),
    /// A message of which nobody can say where it ends, as far as its fields go: nothing after it can be understood.
    Lost(Bytes),
}

/// Cuts a stream into messages (RFC 3261 §18.3), in whatever pieces it comes.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: BytesMut,
    /// So much has been looked through for the end of the fields.
    searched: usize,
    /// The length of the message whose fields have all come.
    awaited: Option<usize>,
    lost: bool,
}

impl Framer {
    /// Takes in what came.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.lost {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next frame that is complete; nothing after [`Frame::Lost`].
    pub fn take(&mut self) -> Option<Frame> {
        let length = match self.awaited {
            Some(length) => length,
            None => match self.begin()? {
                Ok(length) => *self.awaited.insert(length),
                Err(frame) => return Some(frame),
            },
        };
        if self.buffer.len() < length {
            return None;
        }
        (self.searched, self.awaited) = (0, None);
        Some(Frame::Message(self.buffer.split_to(length).freeze()))
    }

    /// The length of the message that begins here, once that can be said.
    fn begin(&mut self) -> Option<Result<usize, Frame>> {
        match self.buffer.as_ref() {
            [b'\r', b'\n', b'\r', b'\n', ..] => {
                self.buffer.advance(4);
                return Some(Err(Frame::Ping));
            }
            // Half a ping, or an empty line before a message: the next byte tells.
            [] | [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => return None,
            // To be passed over (RFC 3261 §7.5).
            [b'\r', b'\n', ..] => self.buffer.advance(2),
            _ => {}
        }
        let from = self.searched.saturating_sub(3);
        let Some(end) = body_start(&self.buffer[from..]).map(|at| from + at).filter(|end| *end <= LONGEST_HEAD) else {
            self.searched = self.buffer.len();
            if self.buffer.len() < LONGEST_HEAD {
                return None;
            }
            // An answer repeats fields: none that was cut in the middle.
            let lines = self.buffer.iter().take(LONGEST_HEAD).rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
            return Some(Err(self.lose(lines)));
        };
        let head = &self.buffer[..end];
        Some(match body_length(head) {
            BodyLength::Stated(length) if length <= LONGEST_BODY => Ok(end + length),
            // A body there may be, and no telling where it ends.
            BodyLength::Missing if values(head, "content-type", "c").is_empty() => Ok(end),
            _ => Err(self.lose(end)),
        })
    }

    fn lose(&mut self, length: usize) -> Frame {
        self.lost = true;
        let head = self.buffer.split_to(length).freeze();
        self.buffer.clear();
        Frame::Lost(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n";

    fn framed(bytes: &[u8], piece: usize) -> Vec<Frame> {
        let mut framer = Framer::default();
        let mut frames = Vec::new();
        for piece in bytes.chunks(piece) {
            framer.push(piece);
            frames.extend(std::iter::from_fn(|| framer.take()));
        }
        frames
    }

    #[test]
    fn a_stream_is_cut_alike_in_whatever_pieces_it_comes() {
        let (one, two) = (format!("{HEAD}\r\n"), format!("{HEAD}c: text/plain\r\nl: 8\r\n\r\na\r\n\r\nb\r\n"));
        let stream = format!("\r\n{one}\r\n\r\n{two}no SIP\r\n\r\n{HEAD}l: -1\r\n\r\n{one}");
        let message = |text: &str| Frame::Message(Bytes::copy_from_slice(text.as_bytes()));
        let lost = Frame::Lost(Bytes::from(format!("{HEAD}l: -1\r\n\r\n")));
        let expected = [message(&one), Frame::Ping, message(&two), message("no SIP\r\n\r\n"), lost];
        for piece in [1, 2, 3, 7, 50, stream.len()] {
            assert_eq!(framed(stream.as_bytes(), piece), expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn a_message_without_an_end_in_sight_is_lost() {
        let lost = |text: String| matches!(framed(text.as_bytes(), 9000).as_slice(), [Frame::Lost(head)] if head.len() <= LONGEST_HEAD);
        assert!(lost("x".repeat(LONGEST_HEAD)));
        assert!(lost(format!("{HEAD}Subject: {}\r\n\r\n", "x".repeat(LONGEST_HEAD))));
        assert!(lost(format!("{HEAD}l: {}\r\n\r\n", LONGEST_BODY + 1)));
        assert!(lost(format!("{HEAD}c: application/sdp\r\n\r\nv=0\r\n")));
    }
}
