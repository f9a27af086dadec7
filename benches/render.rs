//! Rendering in pieces: `cargo bench --bench render -- <timeline|depacketize|mix_encode|mux|playlist>`.
#![allow(missing_docs, reason = "criterion makes functions of its own")]

use std::hint::black_box;
use std::path::PathBuf;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ferric::model::media::Codec;
use ferric::model::role::Role;
use ferric::model::rtp::RtpPacket;
use ferric::model::settings::Kind;
use ferric::model::time::WallClock;
use ferric::render::AudioLayout;
use ferric::render::audio::{AacEncoder, Packet, Place, Voice, mix_into, ulaw_to_linear};
use ferric::render::hls::{Segment, media_playlist};
use ferric::render::mp4::{AudioTrack, Mp4Writer};
use ferric::render::timeline::{Header, TrackClock};

/// A minute of one leg.
const PACKETS: u64 = 3000;
const MINUTE: usize = 480_000;

fn speech() -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/speech/agent.ulaw");
    let file = std::fs::read(path).unwrap_or_else(|_| vec![0xff; 160_000]);
    file.iter().copied().cycle().take(MINUTE).collect()
}

fn header(n: u64) -> Header {
    Header { sequence: n as u16, timestamp: n as u32 * 160, ssrc: 1, clock_hz: 8000 }
}

fn timeline(c: &mut Criterion) {
    let mut group = c.benchmark_group("timeline");
    group.throughput(Throughput::Elements(PACKETS));
    group.bench_function("a minute of packets placed", |b| {
        b.iter(|| {
            let mut clock = TrackClock::default();
            let mut last = 0;
            for n in 0..PACKETS {
                let position = clock.arrive(n * 20_000_000 + n * 7919 % 9_000_000, header(n));
                if n % 5 == 4 {
                    clock.step(n as i64 * 20_000_000, 100_000_000);
                }
                last = position.and_then(|p| clock.placed(p)).unwrap_or(last);
            }
            black_box(last)
        });
    });
    group.finish();
}

fn depacketize(c: &mut Criterion) {
    let speech = speech();
    let packets: Vec<Bytes> = speech
        .chunks_exact(160)
        .enumerate()
        .map(|(n, part)| {
            let mut bytes = vec![0x80, 0];
            bytes.extend((n as u16).to_be_bytes());
            bytes.extend((n as u32 * 160).to_be_bytes());
            bytes.extend(1u32.to_be_bytes());
            bytes.extend(part);
            bytes.into()
        })
        .collect();
    let mut group = c.benchmark_group("depacketize");
    group.throughput(Throughput::Bytes(packets.iter().map(|p| p.len() as u64).sum()));
    group.bench_function("a minute of µ-law to the session's grid", |b| {
        b.iter(|| {
            let (mut clock, mut voice) = (TrackClock::default(), Voice::default());
            let mut block = vec![0f32; 800];
            for (n, bytes) in packets.iter().enumerate() {
                let Ok(packet) = RtpPacket::parse(bytes) else { continue };
                if let Some(position) = clock.arrive(n as u64 * 20_000_000, header(n as u64)) {
                    voice.push(Packet { position, codec: Codec::Pcmu, hz: 8000, payload: bytes.slice_ref(packet.payload), spot: None });
                }
                if n >= 75 && n % 5 == 4 {
                    clock.step(n as i64 * 20_000_000, 100_000_000);
                    block.fill(0.0);
                    voice.render(&clock, 8000, (n as i64 - 74) * 160, &mut block);
                }
            }
            black_box(block[0])
        });
    });
    group.finish();
}

fn stereo() -> Vec<f32> {
    let speech: Vec<f32> = speech().iter().map(|&b| f32::from(ulaw_to_linear(b))).collect();
    let other: Vec<f32> = speech.iter().skip(40_000).chain(&speech[..40_000]).copied().collect();
    let mut bus = vec![0f32; MINUTE * 2];
    mix_into(&mut bus, 2, Place::of(Role::Agent, Kind::Call, AudioLayout::Split), &speech);
    mix_into(&mut bus, 2, Place::of(Role::Customer, Kind::Call, AudioLayout::Split), &other);
    bus
}

fn encoded(bus: &[f32]) -> Vec<Vec<u8>> {
    let mut encoder = AacEncoder::new(8000, 2);
    let mut packets = Vec::new();
    for part in bus.chunks(96_000) {
        encoder.push(part);
        packets.extend(encoder.encode(encoder.ready()).unwrap_or_default());
    }
    packets.extend(encoder.finish().unwrap_or_default());
    packets
}

fn mix_encode(c: &mut Criterion) {
    ffmpeg_next::util::log::set_level(ffmpeg_next::util::log::Level::Error);
    let mut group = c.benchmark_group("mix_encode");
    group.throughput(Throughput::Elements(60)).sample_size(10);
    group.bench_function("a minute of stereo at 8 kHz (elements are seconds)", |b| b.iter(|| black_box(encoded(&stereo()))));
    group.finish();
}

fn mux(c: &mut Criterion) {
    let packets = encoded(&stereo());
    let path = std::env::temp_dir().join(format!("ferric-bench-{}.mp4", std::process::id()));
    let mut group = c.benchmark_group("mux");
    group.throughput(Throughput::Bytes(packets.iter().map(|p| p.len() as u64).sum())).sample_size(20);
    group.bench_function("a minute in fragments, and the index", |b| {
        b.iter(|| {
            let audio = AudioTrack { sample_hz: 8000, channels: 2, config: [0x15, 0x90], bit_rate: 32_000 };
            let Ok(mut writer) = Mp4Writer::create(&path, audio, None, WallClock(0)) else { return };
            for part in packets.chunks(7) {
                let _ = black_box(writer.fragment(part, &[], 0));
            }
            let _ = black_box(writer.finish(MINUTE as u64));
        });
    });
    group.finish();
    let _ = std::fs::remove_file(path);
}

fn playlist(c: &mut Criterion) {
    let segments: Vec<Segment> = (0..600)
        .map(|n| Segment {
            from_ns: n * 6_000_000_000,
            length_ns: 6_000_000_000,
            offset: n * 24_000,
            bytes: 24_000,
            starts_at: WallClock::from_unix_ms(1_790_000_000_000 + n as i64 * 6000),
            keyframes: Vec::new(),
        })
        .collect();
    let mut group = c.benchmark_group("playlist");
    group.throughput(Throughput::Elements(segments.len() as u64));
    group.bench_function("an hour's media playlist", |b| b.iter(|| black_box(media_playlist(&segments, &[], true))));
    group.finish();
}

criterion_group!(benches, timeline, depacketize, mix_encode, mux, playlist);
criterion_main!(benches);
