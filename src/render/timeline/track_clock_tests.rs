//! The clock of a track against senders whose truth is known.

use proptest::prelude::*;

use super::{Header, Position, TrackClock};

const BLOCK: i64 = 100_000_000;
const HINDSIGHT: i64 = 1_400_000_000;
const DECIDE: i64 = 700_000_000;

/// A packet: when it was spoken, when it arrived, what its header says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub spoken_ns: i64,
    pub arrival_ns: i64,
    pub header: Header,
}

/// Seeded noise, even between 0 and 1.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

struct Sender {
    seed: u64,
    seconds: f64,
    drift_ppm: f64,
    loss: f64,
    jitter_ms: f64,
    sequence: u16,
    timestamp: u32,
}

impl Sender {
    fn packets(&self) -> Vec<Sent> {
        let mut noise = Noise(self.seed | 1);
        let mut all = Vec::new();
        for n in 0..(self.seconds * 50.0) as i64 {
            // A clock that runs fast counts a packet's 160 samples in less time.
            let spoken = (n as f64 * 20e6 / (1.0 + self.drift_ppm * 1e-6)) as i64;
            // Skewed towards quick: what queues do.
            let late = noise.next() * noise.next() * self.jitter_ms * 1e6;
            let lost = noise.next() < self.loss;
            let header = Header {
                sequence: self.sequence.wrapping_add(n as u16),
                timestamp: self.timestamp.wrapping_add((n * 160) as u32),
                ssrc: 7,
                clock_hz: 8000,
            };
            if !lost {
                all.push(Sent { spoken_ns: spoken, arrival_ns: spoken + late as i64, header });
            }
        }
        all.sort_by_key(|s| s.arrival_ns);
        all
    }
}

/// Runs a clock as rendering does and answers for each packet that is not thrown away when it was spoken and how far from that it was placed.
pub(super) fn errors(packets: &[Sent]) -> Vec<(i64, i64)> {
    let mut clock = TrackClock::default();
    let mut waiting: Vec<(Sent, Position)> = Vec::new();
    let mut fed = 0;
    let mut errors = Vec::new();
    let end = packets.iter().map(|p| p.arrival_ns).max().unwrap_or(0) + HINDSIGHT;
    let mut at = 0;
    while at < end {
        at += BLOCK;
        while fed < packets.len() && packets[fed].arrival_ns <= at + HINDSIGHT {
            let packet = packets[fed];
            if let Some(position) = clock.arrive(packet.arrival_ns as u64, packet.header) {
                waiting.push((packet, position));
            }
            fed += 1;
        }
        clock.step(at + DECIDE, BLOCK);
        waiting.sort_by_key(|w| w.1);
        let mut done = 0;
        for (packet, position) in &waiting {
            match clock.placed(*position) {
                Some(placed) if placed < at => errors.push((packet.spoken_ns, placed - packet.spoken_ns)),
                None if clock.is_gone(position.stretch) => {}
                _ => break,
            }
            done += 1;
        }
        waiting.drain(..done);
    }
    errors
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn packets_are_placed_within_ten_milliseconds_of_the_truth(
        seed in any::<u64>(), drift_ppm in -100.0f64..100.0, loss in 0.0f64..0.2, jitter_ms in 0.0f64..200.0,
        sequence in any::<u16>(), timestamp in any::<u32>(),
    ) {
        let packets = Sender { seed, seconds: 60.0, drift_ppm, loss, jitter_ms, sequence, timestamp }.packets();
        let errors = errors(&packets);
        prop_assert_eq!(errors.len(), packets.len());
        let worst = errors.iter().map(|e| e.1.abs()).max().unwrap_or(0);
        prop_assert!(worst <= 10_000_000, "{} ms off", worst as f64 / 1e6);
    }

    #[test]
    fn repeats_and_any_order_within_a_window_change_nothing(seed in any::<u64>()) {
        let mut packets = Sender { seed, seconds: 12.0, drift_ppm: 0.0, loss: 0.0, jitter_ms: 60.0, sequence: 65_500, timestamp: u32::MAX - 900 }.packets();
        let mut noise = Noise(seed | 1);
        let repeats: Vec<Sent> = packets.iter().filter(|_| noise.next() < 0.1).map(|p| Sent { arrival_ns: p.arrival_ns + 150_000_000, ..*p }).collect();
        let count = packets.len();
        packets.extend(repeats);
        packets.sort_by_key(|s| s.arrival_ns);
        let errors = errors(&packets);
        prop_assert_eq!(errors.len(), count);
        prop_assert!(errors.iter().all(|e| e.1.abs() <= 10_000_000));
    }
}

#[test]
fn an_hour_of_drift_is_followed() {
    for drift_ppm in [-100.0, 100.0] {
        let packets = Sender { seed: 5, seconds: 3600.0, drift_ppm, loss: 0.01, jitter_ms: 40.0, sequence: 1, timestamp: 2 }.packets();
        let worst = errors(&packets).iter().map(|e| e.1.abs()).max().unwrap();
        assert!(worst <= 10_000_000, "{drift_ppm} ppm: {} ms off", worst as f64 / 1e6);
    }
}

#[test]
fn a_hold_that_stops_the_senders_clock_lasts_as_long_as_it_lasted() {
    let mut packets = Sender { seed: 9, seconds: 20.0, drift_ppm: 0.0, loss: 0.0, jitter_ms: 10.0, sequence: 9, timestamp: 9 }.packets();
    for packet in packets.iter_mut().filter(|p| p.spoken_ns >= 8_000_000_000) {
        packet.spoken_ns += 5_000_000_000;
        packet.arrival_ns += 5_000_000_000;
    }
    let worst = errors(&packets).iter().map(|e| e.1.abs()).max().unwrap();
    assert!(worst <= 10_000_000, "{} ms off", worst as f64 / 1e6);
}

#[test]
fn a_stall_of_the_network_moves_nothing() {
    let mut packets = Sender { seed: 9, seconds: 20.0, drift_ppm: 0.0, loss: 0.0, jitter_ms: 5.0, sequence: 9, timestamp: 9 }.packets();
    for packet in packets.iter_mut().filter(|p| (8_000_000_000..8_600_000_000).contains(&p.spoken_ns)) {
        packet.arrival_ns = packet.arrival_ns.max(8_600_000_000 + (packet.spoken_ns - 8_000_000_000) / 50);
    }
    packets.sort_by_key(|s| s.arrival_ns);
    let errors = errors(&packets);
    assert_eq!(errors.len(), packets.len());
    let worst = errors.iter().map(|e| e.1.abs()).max().unwrap();
    assert!(worst <= 10_000_000, "{} ms off", worst as f64 / 1e6);
}

#[test]
fn another_source_and_another_time_base_go_on_where_the_first_stopped() {
    let sender = |seed, ssrc, timestamp| {
        let mut packets =
            Sender { seed, seconds: 10.0, drift_ppm: 0.0, loss: 0.0, jitter_ms: 10.0, sequence: seed as u16, timestamp }.packets();
        packets.iter_mut().for_each(|p| p.header.ssrc = ssrc);
        packets
    };
    let mut packets = sender(3, 1, 77);
    for (n, next) in [sender(4, 2, 4_000_000_000), sender(5, 2, 12)].into_iter().enumerate() {
        let later = (n as i64 + 1) * 10_000_000_000;
        packets.extend(next.into_iter().map(|p| Sent { spoken_ns: p.spoken_ns + later, arrival_ns: p.arrival_ns + later, ..p }));
    }
    let errors = errors(&packets);
    assert_eq!(errors.len(), packets.len());
    let worst = errors.iter().map(|e| e.1.abs()).max().unwrap();
    assert!(worst <= 10_000_000, "{} ms off", worst as f64 / 1e6);
}

#[test]
fn what_was_lost_and_what_came_twice_is_counted() {
    let all = Sender { seed: 1, seconds: 10.0, drift_ppm: 0.0, loss: 0.0, jitter_ms: 0.0, sequence: 65_300, timestamp: 0 }.packets();
    let mut clock = TrackClock::default();
    for (n, packet) in all.iter().enumerate().filter(|(n, _)| n % 10 != 5) {
        clock.arrive(packet.arrival_ns as u64, packet.header);
        if n % 50 == 0 {
            clock.arrive(packet.arrival_ns as u64 + 1, packet.header);
        }
    }
    let counts = clock.counts();
    assert_eq!((counts.received, counts.lost, counts.duplicates), (450, 50, 10));
}
