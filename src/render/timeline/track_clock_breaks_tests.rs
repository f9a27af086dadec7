//! Senders that break off and go on again and again: nothing of theirs is thrown away.

use super::track_clock_tests::{Sent, errors};
use super::{Header, TrackClock};

const MS: i64 = 1_000_000;

fn sent(at_ns: i64, number: i64, ticks: i64, ssrc: u32, clock_hz: u32) -> Sent {
    let header = Header { sequence: number as u16, timestamp: ticks as u32, ssrc, clock_hz };
    Sent { spoken_ns: at_ns, arrival_ns: at_ns, header }
}

/// All of it is heard or seen, and within this of when it was.
fn all_is_placed(what: &str, mut packets: Vec<Sent>, within_ns: i64) {
    packets.sort_by_key(|p| p.arrival_ns);
    let errors = errors(&packets);
    assert_eq!(errors.len(), packets.len(), "{what}");
    let worst = errors.iter().map(|e| e.1.abs()).max().unwrap_or(0);
    assert!(worst <= within_ns, "{what}: {} ms off", worst / MS);
}

#[test]
fn pictures_however_seldom_they_come_are_all_seen() {
    for every_ms in [250, 299, 300, 310, 333, 350, 375, 400, 1000] {
        let packet = |n: i64| {
            let (picture, part) = (n / 3, n % 3);
            let at = picture * every_ms * MS;
            Sent { arrival_ns: at + part * MS, ..sent(at, 65_500 + n, picture * every_ms * 90, 7, 90_000) }
        };
        all_is_placed(&format!("a picture each {every_ms} ms"), (0..180).map(packet).collect(), 5 * MS);
    }
}

#[test]
fn speech_between_comfort_noise_is_all_heard() {
    for noise_ms in [300, 320, 340, 360, 400, 500] {
        let (mut packets, mut at_ms) = (Vec::new(), 0);
        for _ in 0..10 {
            for length_ms in std::iter::repeat_n(20, 100).chain(std::iter::repeat_n(noise_ms, 8)) {
                packets.push(sent(at_ms * MS, packets.len() as i64, at_ms * 8, 1, 8000));
                at_ms += length_ms;
            }
        }
        all_is_placed(&format!("noise each {noise_ms} ms"), packets, MS);
    }
}

#[test]
fn sound_that_comes_in_bursts_is_all_heard() {
    for every_ms in [280, 300, 307, 320, 340, 400, 500] {
        let packet = |n: i64| {
            let spoken_ms = n * 20;
            let arrival_ns = (spoken_ms / every_ms + 1) * every_ms * MS + n * 1000;
            Sent { arrival_ns, ..sent(spoken_ms * MS, n, spoken_ms * 8, 1, 8000) }
        };
        all_is_placed(&format!("a burst each {every_ms} ms"), (0..1000).map(packet).collect(), (every_ms + 20) * MS);
    }
}

#[test]
fn two_sources_that_overlap_are_both_heard() {
    let first = |n: i64| sent(n * 20 * MS, n, n * 160, 1, 8000);
    let second = |n: i64| sent(n * 20 * MS + 5 * MS, n + 30_000, n * 160 + 99_999, 2, 8000);
    for together in [1, 3, 10, 50, 300] {
        let packets = (0..300).map(first).chain((300 - together..600).map(second));
        all_is_placed(&format!("{together} packets at once"), packets.collect(), 6 * MS);
    }
}

/// At 50 packets a second the numbers go round in 21 minutes and 51 seconds: what comes then looks late, or like a repeat.
#[test]
fn a_pause_as_long_as_the_numbers_go_round_loses_nothing() {
    for (seconds, shut) in [1200, 1250, 1260, 1290, 1308, 1310, 1311, 1320, 2618].into_iter().flat_map(|s| [(s, true), (s, false)]) {
        let mut clock = TrackClock::default();
        let packet = |n: i64| sent(n * 20 * MS, n + 1000, n * 160 + 77, 7, 8000);
        let paused = seconds * 50;
        let arrive = |clock: &mut TrackClock, n: i64| clock.arrive(packet(n).arrival_ns as u64, packet(n).header);
        assert!((0..500).all(|n| arrive(&mut clock, n).is_some()));
        clock.step(500 * 20 * MS, 100 * MS);
        if shut {
            clock.reopened();
        }
        let after: Vec<_> = (500 + paused..6_500 + paused).map(|n| (packet(n).spoken_ns, arrive(&mut clock, n))).collect();
        clock.step(after[5_999].0, 100 * MS);
        for (spoken_ns, position) in after {
            assert_eq!(position.and_then(|p| clock.placed(p)), Some(spoken_ns), "{seconds} s, shut: {shut}");
        }
        let counts = clock.counts();
        assert_eq!((counts.received, counts.duplicates), (6_500, 0), "{seconds} s, shut: {shut}");
    }
}

#[test]
fn what_is_late_and_what_comes_twice_stays_in_its_stretch() {
    // Decoded in another order than shown, as pictures with B frames are: a late one may be newer than the newest.
    let packet = |n: i64| sent(n * 40 * MS, n + 65_500, (n + if n % 3 == 0 { 2 } else { 0 }) * 3600, 7, 90_000);
    let mut clock = TrackClock::default();
    let mut arrive = |n: i64, late_ms: i64| clock.arrive((packet(n).arrival_ns + late_ms * MS) as u64, packet(n).header);
    let first = arrive(0, 0).unwrap();
    for n in (1..200).filter(|n| n % 10 != 8) {
        assert_eq!(arrive(n, 0).unwrap().stretch, first.stretch);
        if n % 10 == 9 {
            let late = arrive(n - 1, 60).unwrap();
            assert_eq!((late.stretch, late.sequence), (first.stretch, first.sequence + n - 1), "{n}");
            assert_eq!((arrive(n - 1, 65), arrive(n, 30)), (None, None));
        }
    }
    let counts = clock.counts();
    assert_eq!((counts.received, counts.lost, counts.duplicates), (200, 0, 40));
}

/// Whoever takes turns with itself packet by packet for hours costs no more than this, and is forgotten when it stops.
#[test]
fn the_memory_of_sources_that_take_turns_is_bounded() {
    let mut clock = TrackClock::default();
    let mut most = 0;
    for n in 0..30_000i64 {
        let packet = sent(n * 10 * MS, n, n * 80, (n % 2) as u32, 8000);
        clock.arrive(packet.arrival_ns as u64, packet.header);
        if n % 10 == 9 {
            clock.step((n * 10 - 700) * MS, 100 * MS);
            most = most.max(clock.bytes());
        }
    }
    assert!(most < 100_000, "{most} bytes");
    for n in 30_000..30_500i64 {
        let packet = sent(n * 10 * MS, n, n * 80, 1, 8000);
        clock.arrive(packet.arrival_ns as u64, packet.header);
    }
    clock.step((30_499 * 10 - 700) * MS, 100 * MS);
    assert!(clock.bytes() < 6_000, "{} bytes", clock.bytes());
    assert_eq!(clock.counts().received, 30_500);
}
