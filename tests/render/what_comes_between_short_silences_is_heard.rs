//! Media that comes in pieces a third of a second apart is all there.

use ferric::model::id::TrackId;
use ferric::tape::Body;

use crate::support::listen::hear;
use crate::support::script::{Script, Sender, tone_at};

#[test]
fn sound_in_bursts_is_all_heard() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::two_parties(20_000);
    // What was spoken in 320 ms arrives at once at their end.
    script.tone(&mut Sender::new(1), 1000.0, 0, 19_840, |n| Some(320.0 - (n % 16) as f64 * 20.0 + (n % 16) as f64 * 0.1));
    script.tone(&mut Sender::new(2), 1600.0, 0, 20_000, |_| Some(4.0));
    let done = script.render(dir.path());
    let heard = hear(&done[0].dir.join("recording.mp4"));
    let spans = heard.spans(0, 1000.0, 8000.0);
    assert!(spans.len() == 1 && spans[0].0 < 0.4 && spans[0].1 > 19.8, "{spans:?}");
    assert!(done[0].manifest.as_ref().unwrap().gaps.len() <= 1, "{:?}", done[0].manifest.as_ref().unwrap().gaps);
}

#[test]
fn words_between_comfort_noise_are_all_heard() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::two_parties(20_000);
    let mut a = Sender::new(1);
    // A word of 400 ms, then noise each 320 ms.
    for word in 0..10u64 {
        let from_ms = word * 2000;
        script.tone(&mut a, 1000.0, from_ms, from_ms + 400, |_| Some(2.0));
        for n in 0..5u64 {
            a.payload_type = 13;
            let packet = a.packet(&[40], 320 * 8);
            script.at_ns((from_ms + 402 + n * 320) * 1_000_000, Body::Rtp { track: a.track, packet });
        }
        a.payload_type = 0;
    }
    script.tone(&mut Sender::new(2), 1600.0, 0, 20_000, |_| Some(4.0));
    let done = script.render(dir.path());
    let heard = hear(&done[0].dir.join("recording.mp4"));
    let spans = heard.spans(0, 1000.0, 8000.0);
    assert_eq!(spans.len(), 10, "{spans:?}");
    for (n, span) in spans.iter().enumerate() {
        let from = n as f64 * 2.0;
        assert!((span.0 - from).abs() < 0.02 && (span.1 - from - 0.4).abs() < 0.02, "{spans:?}");
    }
}

#[test]
fn two_sources_that_overlap_are_both_heard() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::two_parties(12_000);
    script.tone(&mut Sender::new(1), 1000.0, 0, 8000, |_| Some(2.0));
    let mut second = Sender { ssrc: 99, sequence: 7, timestamp: 5, ..Sender::new(1) };
    for at_ms in (4000..12_000).step_by(20) {
        let packet = second.packet(&tone_at(2000.0, at_ms as f64, 160), 160);
        script.at_ns((at_ms + 7) * 1_000_000, Body::Rtp { track: TrackId(1), packet });
    }
    script.tone(&mut Sender::new(2), 1600.0, 0, 12_000, |_| Some(4.0));
    let done = script.render(dir.path());
    let heard = hear(&done[0].dir.join("recording.mp4"));
    for (hz, from, to) in [(1000.0, 0.1, 7.9), (2000.0, 4.1, 11.9)] {
        let spans = heard.spans(0, hz, 8000.0);
        assert!(spans.len() == 1 && spans[0].0 <= from && spans[0].1 >= to, "{hz} Hz: {spans:?}");
    }
}
