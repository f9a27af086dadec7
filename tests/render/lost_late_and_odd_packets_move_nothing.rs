//! Real senders: jitter, loss, drift, another SSRC in mid-call, a changed codec, hold, key tones.

use ferric::model::event::GapCause;
use ferric::model::id::TrackId;
use ferric::render::audio::linear_to_ulaw;
use ferric::tape::Body;

use crate::support::listen::{hear, lag};
use crate::support::script::{Script, Sender};

/// Seeded noise between 0 and 1.
fn noise(seed: &mut u64) -> f64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 11) as f64 / (1u64 << 53) as f64
}

/// The same click-like noise on both legs tells their alignment.
fn same_noise(n: usize) -> Vec<u8> {
    let mut seed = 77 + n as u64 * 7919;
    (0..160).map(|_| linear_to_ulaw(((noise(&mut seed) - 0.5) * 12_000.0) as i16)).collect()
}

#[test]
fn legs_stay_aligned_through_jitter_loss_and_drift() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::two_parties(60_000);
    let (mut a, mut c) = (Sender::new(1), Sender::new(2));
    let mut seed = 3;
    for n in 0..3000usize {
        let payload = same_noise(n);
        let (first, second) = (a.packet(&payload, 160), c.packet(&payload, 160));
        let at = n as f64 * 20e6;
        script.at_ns((at + noise(&mut seed) * 30e6) as u64, Body::Rtp { track: TrackId(1), packet: first });
        if noise(&mut seed) > 0.03 {
            // The second leg's clock is 80 ppm slow and its network jitters by up to 150 ms.
            let late = noise(&mut seed) * noise(&mut seed) * 150e6;
            script.at_ns((at * 1.00008 + late) as u64, Body::Rtp { track: TrackId(2), packet: second });
        }
    }
    let done = script.render(dir.path());
    let heard = hear(&done[0].dir.join("recording.mp4"));
    for from in [2.0, 20.0, 40.0, 55.0] {
        let part = |c: usize| &heard.channels[c][(from * heard.rate) as usize..((from + 3.0) * heard.rate) as usize];
        // At 80 ppm the truth itself drifts apart by 0.08 ms a second.
        let off = lag(part(0), part(1), heard.rate, 0.1) - from * 80e-6;
        assert!(off.abs() < 0.012, "legs are {off} s apart at {from} s");
    }
    let report = &done[0].manifest.as_ref().unwrap().tracks[1];
    assert!(report.lost > 50 && report.lost < 140, "{report:?}");
    assert!((report.drift_ppm + 80.0).abs() < 60.0, "{report:?}");
}

#[test]
fn a_new_source_a_new_codec_and_a_hold_are_one_track() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::two_parties(20_000);
    let mut a = Sender::new(1);
    script.tone(&mut a, 1000.0, 0, 5000, |_| Some(4.0));
    // Another SSRC with other numbers.
    let mut a = Sender { ssrc: 99, sequence: 7, timestamp: 5, payload_type: 0, ..a };
    script.tone(&mut a, 1000.0, 5000, 8000, |_| Some(4.0));
    // A hold of four seconds during which the sender's clock stands still.
    script.mute(8000, 1, true, GapCause::Hold).mute(12_000, 1, false, GapCause::Hold);
    script.tone(&mut a, 1000.0, 12_000, 16_000, |_| Some(4.0));
    // One and a half seconds lost, then on to the end.
    script.tone(&mut a, 1000.0, 16_000, 20_000, |n| (n >= 75).then_some(4.0));
    script.tone(&mut Sender::new(2), 1600.0, 0, 20_000, |_| Some(4.0));
    let done = script.render(dir.path());
    let heard = hear(&done[0].dir.join("recording.mp4"));
    let spans = heard.spans(0, 1000.0, 8000.0);
    for (got, want) in spans.iter().zip([(0.0, 8.0), (12.0, 16.0), (17.5, 20.0)]) {
        assert!((got.0 - want.0).abs() <= 0.02 && (got.1 - want.1).abs() <= 0.02, "{spans:?}");
    }
    assert_eq!(spans.len(), 3, "{spans:?}");
    let gaps: Vec<_> = done[0].manifest.as_ref().unwrap().gaps.iter().map(|g| (g.from_ms / 50, g.to_ms / 50, g.cause)).collect();
    assert_eq!(gaps, [(160, 240, GapCause::Hold), (320, 350, GapCause::Network)], "{:?}", done[0].manifest.as_ref().unwrap().gaps);
    assert_eq!(done[0].manifest.as_ref().unwrap().tracks[0].lost, 75);
}

#[test]
fn key_tones_and_comfort_noise_are_not_heard() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::two_parties(6000);
    let mut a = Sender::new(1);
    script.tone(&mut a, 1000.0, 0, 2000, |_| Some(4.0));
    let start = a.timestamp;
    for n in 0..50u64 {
        a.payload_type = 101;
        a.timestamp = start;
        let packet = a.packet(&[5, 10, 0, (n * 160).to_be_bytes()[7]], 0);
        script.at_ns((2_004 + n * 20) * 1_000_000, Body::Rtp { track: a.track, packet });
    }
    a.timestamp = start.wrapping_add(8000);
    a.payload_type = 13;
    let packet = a.packet(&[40], 8000);
    script.at_ns(3_004_000_000, Body::Rtp { track: a.track, packet });
    a.payload_type = 0;
    script.tone(&mut a, 1000.0, 4000, 6000, |_| Some(4.0));
    script.tone(&mut Sender::new(2), 1600.0, 0, 6000, |_| Some(4.0));
    let done = script.render(dir.path());
    let heard = hear(&done[0].dir.join("recording.mp4"));
    assert!(heard.level(0, 2.2, 3.8) < 30.0, "{}", heard.level(0, 2.2, 3.8));
    let spans = heard.spans(0, 1000.0, 8000.0);
    assert_eq!(spans.len(), 2, "{spans:?}");
    assert!((spans[1].0 - 4.0).abs() < 0.02, "{spans:?}");
}

/// A lost packet of a voice is filled with what was heard before it; a longer hole is left silent.
#[test]
fn a_short_hole_is_filled_and_a_long_one_is_silent() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::two_parties(20_000);
    let mut a = Sender::new(1);
    // Every half second one packet is lost, at 15 s ten in a row.
    script.tone(&mut a, 250.0, 0, 20_000, |n| (n % 25 != 7 && !(750..760).contains(&n)).then_some(3.0));
    let done = script.render(dir.path());
    let heard = hear(&done[0].dir.join("recording.mp4"));
    for n in (0..30).map(|k| 7 + 25 * k) {
        let from = n as f64 * 0.02;
        let there = heard.tone(0, 250.0, from, from + 0.02);
        assert!(there > 5500.0, "{there:.0} of 8000 in the hole at {from} s");
    }
    let silent = heard.level(0, 15.08, 15.18);
    assert!(silent < 400.0, "{silent} in a hole of 200 ms");
    assert_eq!(done[0].manifest.as_ref().unwrap().tracks[0].lost, 40 + 10 - 1, "what is filled was lost all the same");
}
