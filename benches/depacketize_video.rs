//! What it costs to put frames together: bytes of payload a second through the VP8 and the H.264 depacketizer, real streams.

#![allow(missing_docs, reason = "criterion's macro makes a public function")]

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ferric::render::depacketize::{CodedFrame, PicturePacket, h264::H264Depacketizer, vp8::Vp8Depacketizer};
use ferric::render::timeline::OutputTime;
use rtc::rtp::codec::h264::H264Payloader;
use rtc::rtp::codec::vp8::Vp8Payloader;
use rtc::rtp::packetizer::Payloader;

struct Sent {
    timestamp: u32,
    marker: bool,
    payload: Bytes,
}

fn packets(frames: &[Bytes], payloader: &mut dyn Payloader) -> Vec<Sent> {
    let mut packets = Vec::new();
    for (n, frame) in frames.iter().enumerate() {
        let payloads = payloader.payload(1200, frame).expect("the fixture is sound");
        let last = payloads.len().saturating_sub(1);
        packets.extend(payloads.into_iter().enumerate().map(|(at, payload)| Sent {
            timestamp: n as u32 * 3000,
            marker: at == last,
            payload,
        }));
    }
    packets
}

fn ivf_frames(file: &[u8]) -> Vec<Bytes> {
    let mut frames = Vec::new();
    let mut rest = file.get(32..).unwrap_or_default();
    while let Some((head, after)) = rest.split_at_checked(12) {
        let size = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some((frame, after)) = after.split_at_checked(size) else { break };
        frames.push(Bytes::copy_from_slice(frame));
        rest = after;
    }
    frames
}

/// Access units of a byte stream: one begins with what is no slice, or with a slice from the first macroblock, after a slice.
fn access_units(file: &[u8]) -> Vec<Bytes> {
    let mut starts: Vec<usize> = file.windows(3).enumerate().filter(|(_, w)| *w == [0, 0, 1]).map(|(at, _)| at + 3).collect();
    starts.push(file.len());
    let (mut units, mut unit, mut has_slice) = (Vec::new(), Vec::new(), false);
    for pair in starts.windows(2) {
        let nal = &file[pair[0]..pair[1]];
        let slice = matches!(nal[0] & 0x1f, 1 | 5);
        if has_slice && (!slice || nal[1] & 0x80 != 0) {
            units.push(Bytes::from(std::mem::take(&mut unit)));
            has_slice = false;
        }
        has_slice |= slice;
        unit.extend_from_slice(&[0, 0, 1]);
        unit.extend_from_slice(nal.strip_suffix(&[0, 0, 0, 1]).or(nal.strip_suffix(&[0, 0, 1])).unwrap_or(nal));
    }
    units.push(Bytes::from(unit));
    units
}

fn through(packets: &[Sent], mut push: impl FnMut(&PicturePacket<'_>) -> Vec<CodedFrame>) -> usize {
    let mut frames = 0;
    for (sequence, sent) in packets.iter().enumerate() {
        frames += push(&PicturePacket {
            at: OutputTime::ZERO,
            sequence: sequence as i64,
            timestamp: sent.timestamp,
            ssrc: 1,
            marker: sent.marker,
            payload: &sent.payload,
        })
        .len();
    }
    frames
}

fn depacketize(c: &mut Criterion) {
    let room = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/room/");
    let read = |name: &str| std::fs::read(format!("{room}{name}")).expect("the fixture is there");
    let vp8 = packets(&ivf_frames(&read("host.ivf")), &mut Vp8Payloader::default());
    let h264 = packets(&access_units(&read("host.h264")), &mut H264Payloader::default());
    let frames = |packets: &[Sent]| packets.iter().filter(|p| p.marker).count();
    assert_eq!((frames(&vp8), frames(&h264)), (600, 600));
    let mut group = c.benchmark_group("depacketize_video");
    for (name, packets) in [("vp8", &vp8), ("h264", &h264)] {
        group.throughput(Throughput::Bytes(packets.iter().map(|p| p.payload.len() as u64).sum()));
        group.bench_function(name, |b| {
            b.iter(|| {
                let (mut v, mut h) = (Vp8Depacketizer::default(), H264Depacketizer::default());
                let whole = through(packets, |packet| if name == "vp8" { v.push(packet) } else { h.push(packet) });
                assert_eq!(whole, 600);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, depacketize);
criterion_main!(benches);
