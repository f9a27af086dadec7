//! Spans, pauses, receipts, erasure: tones are measured where they must be and where they must not.

use ferric::model::event::TapeEvent;
use ferric::model::gate::{DiscardReason, EndedBy, Gate};
use ferric::model::id::OutputKey;
use ferric::model::role::Role;
use ferric::render::RenderSettings;

use crate::support::listen::hear;
use crate::support::script::{Script, Sender, main_output, who};

fn close(spans: &[(f64, f64)], wanted: &[(f64, f64)]) {
    assert_eq!(spans.len(), wanted.len(), "{spans:?} instead of {wanted:?}");
    for (got, want) in spans.iter().zip(wanted) {
        assert!((got.0 - want.0).abs() <= 0.02 && (got.1 - want.1).abs() <= 0.02, "{spans:?} instead of {wanted:?}");
    }
}

fn tones(script: &mut Script, to_ms: u64) {
    script.tone(&mut Sender::new(1), 900.0, 0, to_ms, |_| Some(2.0));
    script.tone(&mut Sender::new(2), 1500.0, 0, to_ms, |_| Some(2.0));
}

#[test]
fn a_party_is_heard_in_exactly_its_open_spans() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::call();
    script.join(0, "a", Role::Agent).join(0, "c", Role::Customer).track(0, 1, "a").track(0, 2, "c");
    script.start(1000, main_output(), "rec").gate(1000, main_output(), "a", Gate::Open);
    script.gate(3337, main_output(), "c", Gate::Open).gate(5011, main_output(), "c", Gate::Masked).gate(
        6500,
        main_output(),
        "c",
        Gate::Open,
    );
    script.gate(8000, main_output(), "c", Gate::Closed).gate(10_000, main_output(), "a", Gate::Closed).end(
        10_000,
        main_output(),
        EndedBy::Stop,
    );
    tones(&mut script, 12_000);
    let done = script.render(dir.path());
    let manifest = done[0].manifest.as_ref().unwrap();
    assert_eq!((manifest.duration_ms, manifest.session_offset_ms, manifest.ended_by), (9000, 1000, EndedBy::Stop));
    let spans: Vec<_> = manifest.spans[&who("c")].iter().map(|s| (s.from_ms, s.to_ms, s.gate)).collect();
    assert_eq!(spans, [(3337, 5011, Gate::Open), (5011, 6500, Gate::Masked), (6500, 8000, Gate::Open)]);
    let heard = hear(&done[0].dir.join("recording.mp4"));
    close(&heard.spans(0, 900.0, 8000.0), &[(0.0, 9.0)]);
    close(&heard.spans(1, 1500.0, 8000.0), &[(2.337, 4.011), (5.5, 7.0)]);
    assert!(heard.level(1, 4.3, 5.3) < 40.0, "{}", heard.level(1, 4.3, 5.3));
}

#[test]
fn a_skipped_pause_is_cut_out_and_a_receipt_runs_through_it() {
    let dir = tempfile::tempdir().unwrap();
    let receipt = OutputKey::Receipt { order: "O-77".to_owned(), number: 1 };
    let mut script = Script::call();
    script.join(0, "a", Role::Agent).join(0, "c", Role::Customer).track(0, 1, "a").track(0, 2, "c");
    script.start(0, main_output(), "rec-main").gate(0, main_output(), "a", Gate::Open).gate(0, main_output(), "c", Gate::Open);
    script.start(2500, receipt.clone(), "rec-receipt").gate(2500, receipt.clone(), "c", Gate::Open).gate(
        2500,
        receipt.clone(),
        "a",
        Gate::Open,
    );
    for id in ["a", "c"] {
        script.gate(4000, main_output(), id, Gate::Closed);
    }
    script.event(4000, TapeEvent::TimelineCut { output: main_output() });
    script.event(7000, TapeEvent::TimelineResumed { output: main_output() });
    for id in ["a", "c"] {
        script.gate(7000, main_output(), id, Gate::Open);
        script.gate(8000, receipt.clone(), id, Gate::Closed);
        script.gate(10_000, main_output(), id, Gate::Closed);
    }
    script.end(8000, receipt.clone(), EndedBy::ReceiptStop).end(10_000, main_output(), EndedBy::End);
    // Beside the tones a marker that is only there during the pause.
    script.tone(&mut Sender::new(1), 900.0, 0, 4000, |_| Some(2.0));
    let mut sender = Sender::new(1);
    (sender.sequence, sender.timestamp) = (65_500u16.wrapping_add(200), (u32::MAX - 4000).wrapping_add(32_000));
    script.tone(&mut sender, 2200.0, 4000, 7000, |_| Some(2.0)).tone(&mut sender, 900.0, 7000, 10_000, |_| Some(2.0));
    script.tone(&mut Sender::new(2), 1500.0, 0, 10_000, |_| Some(2.0));
    let done = script.render(dir.path());
    assert_eq!(done.iter().map(|d| d.output.to_string()).collect::<Vec<_>>(), ["receipt:O-77:1", "main"]);
    let main = hear(&done[1].dir.join("recording.mp4"));
    let manifest = done[1].manifest.as_ref().unwrap();
    assert_eq!(manifest.duration_ms, 7000);
    assert_eq!((manifest.cuts[0].at_ms, manifest.cuts[0].skipped_ms), (4000, 3000));
    close(&main.spans(0, 900.0, 8000.0), &[(0.0, 7.0)]);
    assert!(main.tone(0, 2200.0, 0.0, 7.0) < 30.0);
    let receipt = hear(&done[0].dir.join("recording.mp4"));
    assert_eq!(done[0].manifest.as_ref().unwrap().duration_ms, 5500);
    close(&receipt.spans(0, 2200.0, 8000.0), &[(1.5, 4.5)]);
    close(&receipt.spans(1, 1500.0, 8000.0), &[(0.0, 5.5)]);
    let chapters = std::fs::read_to_string(done[1].dir.join("chapters.vtt")).unwrap();
    assert!(chapters.contains("00:00:04.000 --> 00:00:07.000"), "{chapters}");
}

#[test]
fn a_decline_takes_a_party_out_of_every_output_also_of_finished_ones() {
    let dir = tempfile::tempdir().unwrap();
    let receipt = OutputKey::Receipt { order: "x".to_owned(), number: 1 };
    let mut script = Script::call();
    script.join(0, "a", Role::Agent).join(0, "c", Role::Customer).track(0, 1, "a").track(0, 2, "c");
    for (key, id) in [(main_output(), "rec-m"), (receipt.clone(), "rec-r")] {
        script.start(0, key.clone(), id).gate(0, key.clone(), "a", Gate::Open).gate(0, key, "c", Gate::Open);
    }
    script.end(4000, receipt.clone(), EndedBy::ReceiptStop);
    script.gate(14_000, main_output(), "c", Gate::Closed);
    script.event(14_000, TapeEvent::Erased { participant: who("c") });
    script.gate(20_000, main_output(), "a", Gate::Closed).end(20_000, main_output(), EndedBy::End);
    tones(&mut script, 20_000);
    // Live: the receipt is finished and reported before the decline.
    let mut render = script.open(dir.path(), RenderSettings::default());
    // The reader of a script has everything at once, so what comes later is kept back by `now` alone.
    let mut reports = Vec::new();
    for ms in (0..20_000u64).step_by(500) {
        reports.extend(render.advance(ferric::model::time::MediaTime::from_ms(ms)).unwrap());
    }
    reports.extend(render.finish().unwrap());
    let receipts = reports.iter().filter(|r| r.output == receipt).count();
    assert_eq!(receipts, 2, "once before the decline and once anew");
    for name in ["rec-m", "rec-r"] {
        let heard = hear(&dir.path().join(name).join("recording.mp4"));
        let end = heard.seconds();
        assert!(heard.tone(0, 900.0, 0.2, end - 0.4) > 7000.0);
        for channel in [0, 1] {
            assert!(heard.tone(channel, 1500.0, 0.0, end) < 3.0, "{name}: {}", heard.tone(channel, 1500.0, 0.0, end));
        }
    }
    for report in &reports[reports.len() - 2..] {
        assert!(!report.manifest.as_ref().unwrap().spans.contains_key(&who("c")));
    }
    let peaks: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.path().join("rec-m/peaks.json")).unwrap()).unwrap();
    let right = peaks["data"].as_array().unwrap().chunks(4).all(|c| c[2] == 0 && c[3] == 0);
    assert!(right, "the right lane is not silent");
}

#[test]
fn a_discarded_output_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::two_parties(3000);
    tones(&mut script, 3000);
    script.discard(3000, main_output(), DiscardReason::TooShort);
    let done = script.render(dir.path());
    assert_eq!(done.len(), 1);
    assert_eq!(done[0].discarded, Some(DiscardReason::TooShort));
    assert!(!done[0].dir.exists());
}
