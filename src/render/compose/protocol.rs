//! What `SessionRender`'s process and the composing process say to each other over the latter's standard input and output.
//!
//! Every message is a length (u32), a kind (u8) and a body of that length; all numbers are big-endian. Times are ticks:
//! the n-th picture of the output. The first message each way carries [`VERSION`]; the two are always the same program,
//! so another version is an error and nothing is negotiated.

use std::io::{self, Read, Write};

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::model::media::Codec;
use crate::render::settings::VideoEncoder;

/// Version of this protocol.
pub const VERSION: u16 = 1;
/// No message is longer: a longer one is damage.
const MAX_BODY: usize = 64 << 20;

/// How to compose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configure {
    /// Canvas, pixels.
    pub width: u16,
    /// Canvas, pixels.
    pub height: u16,
    /// Ticks a second.
    pub fps: u16,
    /// Ticks from one IDR picture to the next.
    pub keyframe_every: u16,
    /// Encoder.
    pub encoder: VideoEncoder,
}

/// A coded picture of a track. Numbers of a track rise by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackFrame {
    /// Whose.
    pub track: u16,
    /// Its number in its track.
    pub number: u64,
    /// VP8 or H.264.
    pub codec: Codec,
    /// Starts a decoder.
    pub keyframe: bool,
    /// The picture as its depacketizer gave it.
    pub data: Bytes,
}

/// A rectangle of the canvas, pixels, all even.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rect {
    /// From the left.
    pub x: u16,
    /// From the top.
    pub y: u16,
    /// Width.
    pub width: u16,
    /// Height.
    pub height: u16,
}

/// One track's picture in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Whose.
    pub track: u16,
    /// The frame to show: where it did not decode, the last before it …
    pub number: u64,
    /// … but none before this one.
    pub floor: u64,
    /// Where; the picture is fitted into it with its shape kept.
    pub place: Rect,
}

/// One picture to be made. What no cell covers is black.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// Which.
    pub tick: u64,
    /// From back to front.
    pub cells: Vec<Cell>,
}

/// To the composing process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToWorker {
    /// First, once.
    Configure(Configure),
    /// A coded picture.
    Frame(TrackFrame),
    /// A picture to make; every frame it names was sent before.
    Compose(Scene),
    /// Nothing more comes: encode what is left.
    Finish,
}

/// From the composing process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromWorker {
    /// It is there and has what it needs.
    Ready,
    /// `AVCDecoderConfigurationRecord` of what follows.
    Format(Bytes),
    /// A composed picture, AVCC, without parameter sets. Pictures come in order of ticks, which is also their decoding order.
    Picture {
        /// Which.
        tick: u64,
        /// An IDR.
        keyframe: bool,
        /// The access unit.
        data: Bytes,
    },
    /// A frame went through its decoder.
    Decoded {
        /// Whose.
        track: u16,
        /// Which.
        number: u64,
        /// A picture came of it.
        good: bool,
    },
    /// All is encoded; the process ends.
    Done,
    /// It cannot go on, and why; the process ends.
    Failed(String),
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("composing protocol: {what}"))
}

fn write_message(to: &mut impl Write, kind: u8, head: &[u8], data: &[u8]) -> io::Result<()> {
    let length =
        u32::try_from(head.len() + data.len()).ok().filter(|l| *l as usize <= MAX_BODY).ok_or_else(|| damaged("message too long"))?;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(&[kind])?;
    to.write_all(head)?;
    to.write_all(data)
}

fn read_message(from: &mut impl Read) -> io::Result<Option<(u8, Bytes)>> {
    let mut head = [0; 5];
    let mut have = 0;
    while have < head.len() {
        match from.read(&mut head[have..]) {
            Ok(0) if have == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => have += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
    if length > MAX_BODY {
        return Err(damaged("message too long"));
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    Ok(Some((head[4], body.into())))
}

fn need(body: &Bytes, bytes: usize) -> io::Result<()> {
    if body.remaining() < bytes { Err(damaged("message too short")) } else { Ok(()) }
}

impl ToWorker {
    /// Writes it; does not flush.
    ///
    /// # Errors
    /// Where the other side is gone.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut head = BytesMut::new();
        match self {
            Self::Configure(c) => {
                head.put_u16(VERSION);
                for number in [c.width, c.height, c.fps, c.keyframe_every] {
                    head.put_u16(number);
                }
                head.put_u8(match c.encoder {
                    VideoEncoder::X264enc => 0,
                    VideoEncoder::Openh264enc => 1,
                });
                write_message(to, 1, &head, &[])
            }
            Self::Frame(f) => {
                head.put_u16(f.track);
                head.put_u64(f.number);
                head.put_u8(u8::from(f.codec == Codec::H264));
                head.put_u8(u8::from(f.keyframe));
                write_message(to, 2, &head, &f.data)
            }
            Self::Compose(scene) => {
                head.put_u64(scene.tick);
                for cell in &scene.cells {
                    head.put_u16(cell.track);
                    head.put_u64(cell.number);
                    head.put_u64(cell.floor);
                    for number in [cell.place.x, cell.place.y, cell.place.width, cell.place.height] {
                        head.put_u16(number);
                    }
                }
                write_message(to, 3, &head, &[])
            }
            Self::Finish => write_message(to, 4, &[], &[]),
        }
    }

    /// The next message; `None` at the end.
    ///
    /// # Errors
    /// Where it is no message of this version.
    pub fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let Some((kind, mut body)) = read_message(from)? else { return Ok(None) };
        Ok(Some(match kind {
            1 => {
                need(&body, 11)?;
                if body.get_u16() != VERSION {
                    return Err(damaged("another version"));
                }
                let (width, height, fps, keyframe_every) = (body.get_u16(), body.get_u16(), body.get_u16(), body.get_u16());
                let encoder = match body.get_u8() {
                    0 => VideoEncoder::X264enc,
                    1 => VideoEncoder::Openh264enc,
                    _ => return Err(damaged("unknown encoder")),
                };
                Self::Configure(Configure { width, height, fps, keyframe_every, encoder })
            }
            2 => {
                need(&body, 12)?;
                let (track, number) = (body.get_u16(), body.get_u64());
                let codec = if body.get_u8() == 1 { Codec::H264 } else { Codec::Vp8 };
                let keyframe = body.get_u8() == 1;
                Self::Frame(TrackFrame { track, number, codec, keyframe, data: body })
            }
            3 => {
                need(&body, 8)?;
                let tick = body.get_u64();
                let mut cells = Vec::new();
                while body.has_remaining() {
                    need(&body, 26)?;
                    let (track, number, floor) = (body.get_u16(), body.get_u64(), body.get_u64());
                    let place = Rect { x: body.get_u16(), y: body.get_u16(), width: body.get_u16(), height: body.get_u16() };
                    cells.push(Cell { track, number, floor, place });
                }
                Self::Compose(Scene { tick, cells })
            }
            4 => Self::Finish,
            _ => return Err(damaged("unknown message")),
        }))
    }
}

impl FromWorker {
    /// Writes it and flushes.
    ///
    /// # Errors
    /// Where the other side is gone.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut head = BytesMut::new();
        match self {
            Self::Ready => {
                head.put_u16(VERSION);
                write_message(to, 1, &head, &[])
            }
            Self::Format(avcc) => write_message(to, 2, &[], avcc),
            Self::Picture { tick, keyframe, data } => {
                head.put_u64(*tick);
                head.put_u8(u8::from(*keyframe));
                write_message(to, 3, &head, data)
            }
            Self::Decoded { track, number, good } => {
                head.put_u16(*track);
                head.put_u64(*number);
                head.put_u8(u8::from(*good));
                write_message(to, 4, &head, &[])
            }
            Self::Done => write_message(to, 5, &[], &[]),
            Self::Failed(why) => write_message(to, 6, &[], why.as_bytes()),
        }?;
        to.flush()
    }

    /// The next message; `None` at the end.
    ///
    /// # Errors
    /// Where it is no message of this version.
    pub fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let Some((kind, mut body)) = read_message(from)? else { return Ok(None) };
        Ok(Some(match kind {
            1 => {
                need(&body, 2)?;
                if body.get_u16() != VERSION {
                    return Err(damaged("another version"));
                }
                Self::Ready
            }
            2 => Self::Format(body),
            3 => {
                need(&body, 9)?;
                Self::Picture { tick: body.get_u64(), keyframe: body.get_u8() == 1, data: body }
            }
            4 => {
                need(&body, 11)?;
                Self::Decoded { track: body.get_u16(), number: body.get_u64(), good: body.get_u8() == 1 }
            }
            5 => Self::Done,
            6 => Self::Failed(String::from_utf8_lossy(&body).into_owned()),
            _ => return Err(damaged("unknown message")),
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(message: &ToWorker) -> ToWorker {
        let mut bytes = Vec::new();
        message.write(&mut bytes).unwrap();
        ToWorker::read(&mut bytes.as_slice()).unwrap().unwrap()
    }

    proptest! {
        #[test]
        fn frames_and_scenes_survive_the_pipe(track: u16, number: u64, floor: u64, tick: u64, at: [u16; 4], data: Vec<u8>, keyframe: bool) {
            let frame = ToWorker::Frame(TrackFrame { track, number, codec: Codec::H264, keyframe, data: data.clone().into() });
            prop_assert_eq!(round_trip(&frame), frame);
            let place = Rect { x: at[0], y: at[1], width: at[2], height: at[3] };
            let scene = ToWorker::Compose(Scene { tick, cells: vec![Cell { track, number, floor, place }; (tick % 3) as usize] });
            prop_assert_eq!(round_trip(&scene), scene);
            let picture = FromWorker::Picture { tick, keyframe, data: data.into() };
            let mut bytes = Vec::new();
            picture.write(&mut bytes).unwrap();
            prop_assert_eq!(FromWorker::read(&mut bytes.as_slice()).unwrap().unwrap(), picture);
        }

        #[test]
        fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = ToWorker::read(&mut bytes.as_slice());
            let _ = FromWorker::read(&mut bytes.as_slice());
        }
    }

    #[test]
    fn another_version_is_refused() {
        let mut bytes = Vec::new();
        FromWorker::Ready.write(&mut bytes).unwrap();
        bytes[6] = 99;
        assert!(FromWorker::read(&mut bytes.as_slice()).is_err());
    }
}
