//! Every reader of what comes from outside, as a function that takes any bytes and must neither panic nor say what is not so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bytes::Bytes;
use ferric::app::config::Config;
use ferric::ingest::{RtcpItem, is_rtcp, read_compound};
use ferric::model::event::{SessionOpened, TapeEvent};
use ferric::model::gate::State;
use ferric::model::manifest::Manifest;
use ferric::model::rtp::RtpPacket;
use ferric::model::settings::{Kind, QueueProperties, Settings, SettingsLayer};
use ferric::model::time::{MediaTime, WallClock};
use ferric::policy::scenario::simulate;
use ferric::render::depacketize::PicturePacket;
use ferric::render::depacketize::h264::H264Depacketizer;
use ferric::render::depacketize::vp8::Vp8Depacketizer;
use ferric::render::timeline::OutputTime;
use ferric::signalling::sdp::{self, AnswerHeader, write_answer};
use ferric::signalling::sip::{Frame, Framer, Reading, read_datagram};
use ferric::signalling::siprec::{ContentType, parse_metadata, read_body, split_multipart};
use ferric::signalling::whip::read_fragment;
use ferric::tape::{Body, Spool, SpoolConfig, TapeReader, format, verify};

/// What there is to be fuzzed.
pub const NAMES: [&str; 12] = ["sip", "sdp", "siprec", "whip", "rtp", "rtcp", "h264", "vp8", "tape", "scenario", "config", "json"];

/// The reader of that name.
pub fn named(name: &str) -> Option<fn(&[u8])> {
    let readers: [fn(&[u8]); NAMES.len()] = [sip, sdp_text, siprec, whip, rtp, rtcp, h264, vp8, tape, scenario, config, json];
    NAMES.iter().position(|n| *n == name).map(|at| readers[at])
}

fn sip(bytes: &[u8]) {
    if let Reading::Refused(status) = read_datagram(bytes) {
        assert!((400..700).contains(&status), "refused with {status}");
    }
    let (mut framer, mut framed) = (Framer::default(), 0);
    framer.push(bytes);
    while let Some(frame) = framer.take() {
        framed += match frame {
            Frame::Ping => 4,
            Frame::Message(part) | Frame::Lost(part) => part.len().max(1),
        };
    }
    assert!(framed <= bytes.len(), "{framed} bytes framed of {}", bytes.len());
}

fn sdp_text(bytes: &[u8]) {
    let Ok(description) = sdp::parse(bytes) else { return };
    for media in &description.media {
        if let Ok(stream) = sdp::read_stream(&description, media) {
            assert!(!stream.formats.is_empty());
        }
    }
    let header = AnswerHeader { session_id: 1, version: 1, address: [127, 0, 0, 1].into() };
    let answer = write_answer(&description, &[], header);
    let again = sdp::parse(answer.as_bytes()).expect("our own answer is readable");
    assert_eq!(again.media.len(), description.media.len(), "an answer has a line for each line");
}

/// The first line is the content type, the rest the body.
fn siprec(bytes: &[u8]) {
    let at = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
    let (head, body) = (String::from_utf8_lossy(&bytes[..at]), bytes.get(at + 1..).unwrap_or_default());
    let _ = ContentType::parse(&head);
    let _ = split_multipart(Some(&head), body);
    let _ = parse_metadata(body);
    if let Ok(bodies) = read_body(Some(&head), body) {
        bodies.sdp.iter().for_each(|sdp| sdp_text(sdp));
        bodies.metadata.iter().for_each(|xml| drop(parse_metadata(xml)));
    }
}

fn whip(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let fragment = read_fragment(&text);
    assert!(fragment.candidates.len() <= text.lines().count());
}

fn rtp(bytes: &[u8]) {
    let Ok(packet) = RtpPacket::parse(bytes) else { return };
    let inside = |part: &[u8]| part.is_empty() || bytes.as_ptr_range().contains(&part.as_ptr());
    assert!(packet.payload_type < 128 && packet.payload.len() + 12 <= bytes.len() && inside(packet.payload));
    for id in 0..16 {
        if let Some(value) = packet.extension(id) {
            assert!((1..=16).contains(&value.len()) && inside(value));
        }
        assert!(packet.audio_level(id).is_none_or(|level| level < 128));
    }
}

fn rtcp(bytes: &[u8]) {
    let mut items = 0;
    let read = read_compound(bytes, |_: RtcpItem| items += 1);
    assert!(items <= bytes.len() / 4, "{items} items of {} bytes", bytes.len());
    assert!(read.is_err() || bytes.len().is_multiple_of(4), "parts are of whole words");
    let _ = is_rtcp(bytes);
}

/// Packets of any payload: a byte of flags, a byte of length, the payload.
fn packets(bytes: &[u8], mut each: impl FnMut(&PicturePacket<'_>)) {
    let (mut rest, mut sequence, mut timestamp) = (bytes, 0i64, 0u32);
    while let [flags, length, after @ ..] = rest {
        let (payload, next) = after.split_at(usize::from(*length).min(after.len()));
        sequence += if flags & 4 == 0 { 1 } else { i64::from(flags >> 4) };
        timestamp = timestamp.wrapping_add(if flags & 2 == 0 { 0 } else { 3000 });
        let ssrc = u32::from(flags >> 3 & 1);
        each(&PicturePacket { at: OutputTime(u64::from(timestamp)), sequence, timestamp, ssrc, marker: flags & 1 == 1, payload });
        rest = next;
    }
}

fn h264(bytes: &[u8]) {
    let mut track = H264Depacketizer::default();
    track.parameter_sets(&[bytes.iter().take(20).copied().collect()]);
    let mut frames = 0;
    packets(bytes, |packet| {
        for frame in track.push(packet) {
            assert!(!frame.data.is_empty());
            frames += 1;
        }
    });
    frames += u64::from(track.finish().is_some());
    assert_eq!(track.counts().whole, frames);
}

fn vp8(bytes: &[u8]) {
    let mut track = Vp8Depacketizer::default();
    let mut frames = 0;
    packets(bytes, |packet| {
        for frame in track.push(packet) {
            assert!(!frame.data.is_empty());
            frames += 1;
        }
    });
    frames += u64::from(track.finish().is_some());
    assert_eq!(track.counts().whole, frames);
}

fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match simulate(text) {
        Ok(answer) => drop(serde_json::from_str::<serde_json::Value>(&answer).expect("the answer is JSON")),
        Err(malformed) => assert!(!malformed.to_string().is_empty()),
    }
}

fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(error) = Config::parse(text, Path::new("ferric.toml")) {
        assert!(error.to_string().contains("ferric.toml"), "{error}");
    }
    // The same bytes as a variable: `NAME=value`.
    if let Some((name, value)) = text.split_once('=') {
        let _ = Config::default().with_environment([(format!("FERRIC_{name}"), value.to_owned())]);
    }
}

/// Bodies of requests and files of our own that somebody may have touched.
fn json(bytes: &[u8]) {
    if let Ok(layer) = serde_json::from_slice::<SettingsLayer>(bytes) {
        let _ = Settings::resolve(Kind::Call, &[&layer], QueueProperties::default());
        let again = serde_json::to_vec(&layer).expect("written");
        assert_eq!(serde_json::from_slice::<SettingsLayer>(&again).expect("read again"), layer);
    }
    if let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) {
        let again = serde_json::to_vec(&manifest).expect("written");
        assert_eq!(serde_json::from_slice::<Manifest>(&again).expect("read again").files, manifest.files);
    }
    let _ = serde_json::from_slice::<TapeEvent>(bytes);
}

struct Real {
    _data: tempfile::TempDir,
    spool: Spool,
    dir: PathBuf,
    chunk: Vec<u8>,
}

/// A tape of an opening and five states.
fn real() -> &'static Real {
    static REAL: OnceLock<Real> = OnceLock::new();
    REAL.get_or_init(|| {
        let data = tempfile::tempdir().expect("a folder");
        let config = SpoolConfig { dir: data.path().join("spool"), master_key: data.path().join("master.key") };
        let spool = Spool::open(config).expect("a spool");
        let opened = SessionOpened {
            session: "s1".parse().expect("an id"),
            project: "p".parse().expect("an id"),
            started_at: WallClock(0),
            settings: Settings::resolve(Kind::Call, &[], QueueProperties::default()),
            external_id: None,
            metadata: BTreeMap::new(),
        };
        let tape = spool.create(&opened).expect("a tape");
        for n in 0..5 {
            tape.event(MediaTime::from_ms(n), &TapeEvent::State { state: State::Recording }).expect("an event");
            tape.flush().expect("written");
        }
        tape.close().expect("closed");
        let dir = tape.dir().to_owned();
        let chunk = std::fs::read(dir.join("000001.tape")).expect("a chunk");
        Real { _data: data, spool, dir, chunk }
    })
}

/// Each four bytes of input change the chunk once: cut off, change a byte, put bytes in, take bytes out.
fn change(chunk: &mut Vec<u8>, deeds: &[u8]) {
    for deed in deeds.chunks_exact(4) {
        let at = usize::from(u16::from_le_bytes([deed[1], deed[2]])) % (chunk.len() + 1);
        let amount = usize::from(deed[3]);
        match deed[0] % 4 {
            0 => chunk.truncate(at),
            1 if at < chunk.len() => chunk[at] ^= deed[3],
            2 => drop(chunk.splice(at..at, std::iter::repeat_n(deed[3], amount))),
            _ => drop(chunk.drain(at..(at + amount).min(chunk.len()))),
        }
    }
}

/// A real chunk changed as the input says: no record is read that was not written, reading ends, and recovery leaves nothing unfinished.
fn tape(input: &[u8]) {
    let block = Bytes::copy_from_slice(input);
    let mut at = 0;
    while let Some((_, next)) = format::decode_record(&block, at) {
        assert!(next > at && next <= block.len());
        at = next;
    }

    let real = real();
    let mut chunk = real.chunk.clone();
    change(&mut chunk, input);
    std::fs::write(real.dir.join("000001.tape"), &chunk).expect("written");
    let mut reader = TapeReader::open(&real.dir, real.spool.master_key()).expect("keys are well");
    let mut records = 0;
    loop {
        match reader.next() {
            Ok(Some(record)) => {
                records += 1;
                assert!(matches!(record.body, Body::Event(TapeEvent::State { .. } | TapeEvent::SessionOpened(_))));
            }
            Ok(None) => break,
            // A sound header of another version is the one error that bytes can make.
            Err(error) => panic!("{error}"),
        }
    }
    assert!(records <= 6, "each block is read at most once");
    real.spool.recover().expect("recovered");
    let after = verify(&real.dir, real.spool.master_key()).expect("verified");
    assert_eq!(after.records, records, "recovery costs no record that could be read");
    assert_eq!(after.unfinished_bytes, 0);
}
