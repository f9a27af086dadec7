use ferric::model::media::Codec;
use ferric::render::depacketize::{PicturePacket, h264::H264Depacketizer, vp8::Vp8Depacketizer};
use proptest::prelude::*;

use crate::camera::{Camera, coded_frames};
use crate::composed::Scenario;

/// What becomes of a stream of which these packets are lost: the numbers of the frames handed on, checked byte for byte.
fn survivors(name: &str, lost: &[bool]) -> Vec<u64> {
    let (codec, frames) = coded_frames(name);
    let camera = Camera::new(1, "a", name, 0);
    let (mut vp8, mut h264) = (Vp8Depacketizer::default(), H264Depacketizer::default());
    let mut numbers = Vec::new();
    for (sent, _) in camera.packets.iter().zip(lost).filter(|(_, lost)| !**lost) {
        let p = camera.placed(sent);
        let packet =
            PicturePacket { at: p.at, sequence: p.sequence, timestamp: p.rtp_timestamp, ssrc: 1, marker: p.marker, payload: p.payload };
        for frame in if codec == Codec::Vp8 { vp8.push(&packet) } else { h264.push(&packet) } {
            let number = u64::from(frame.timestamp / 3000);
            let original = &frames[number as usize];
            if number > 0 {
                assert_eq!(frame.data, original, "{name}: frame {number} is broken");
            }
            assert_eq!(frame.keyframe, number % 30 == 0, "{name}: frame {number}");
            let follows = numbers.last().is_some_and(|last| last + 1 == number);
            assert!(frame.keyframe || follows, "{name}: frame {number} builds on one that is missing");
            numbers.push(number);
        }
    }
    numbers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_lost(rate in 0.0f64..0.2, dice in proptest::collection::vec(0.0f64..1.0, 1500), h264: bool) {
        let lost: Vec<bool> = dice.iter().map(|d| *d < rate).collect();
        survivors(if h264 { "host.h264" } else { "host.ivf" }, &lost);
    }
}

#[test]
fn one_lost_packet_costs_at_most_the_rest_of_its_second() {
    for name in ["host.ivf", "host.h264"] {
        let camera = Camera::new(1, "a", name, 0);
        let at = camera.packets.iter().position(|p| p.timestamp == 40 * 3000).unwrap();
        let mut lost = vec![false; camera.packets.len()];
        lost[at] = true;
        let expected: Vec<u64> = (0..40).chain(60..600).collect();
        assert_eq!(survivors(name, &lost), expected, "{name}");
    }
}

/// Decoders get nothing that they cannot decode, and what is composed is a picture that was sent, never a smear of two.
#[test]
fn with_losses_the_picture_is_held_and_never_smeared() {
    let mut camera = Camera::new(1, "a", "host.ivf", 0).until(4_000);
    let mut n = 7u64;
    camera.packets.retain(|_| {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (n >> 33) % 1000 >= 8
    });
    let lossy = Scenario::new(vec![camera], 4_000).run();
    assert!(lossy.frames.received < 120 && lossy.frames.decoded > 30, "{:?}", lossy.frames);
    let whole = Scenario::new(vec![Camera::new(1, "a", "host.ivf", 0).until(4_000)], 4_000).run().decode();
    for (n, picture) in lossy.decode().iter().enumerate().skip(3).step_by(9) {
        // Every 31st byte tells a smear as well as all of them.
        let error = |m: usize| -> u64 {
            let pairs = picture.pixels.iter().zip(&whole[m].pixels).step_by(31);
            let count = pairs.len() as u64;
            pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>() / count
        };
        let best = (0..=n).rev().map(error).min().unwrap();
        assert!(best <= 6, "picture {n} is none of those sent: off by {best}");
    }
}
